"""A flow is a plain function that wires steps: proven when an app is made of it, and as serious as its steps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from packetflow._core.cache import Cache
from packetflow._core.capability import Capability, capability
from packetflow._core.combinators import each, fold
from packetflow._core.context import Context
from packetflow._core.errors import DeclarationError
from packetflow._core.flow import DEEPEST, Flow, flow, settle
from packetflow._core.grant import Grant
from packetflow._core.plan import Literally, Plan
from packetflow._core.proof import prove
from packetflow._core.registry import Registry
from packetflow._core.retry import Retry
from packetflow._core.step import Step


class Person(BaseModel):
    name: str
    age: int = 0


@capability(effect="read")
async def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@capability(effect="read")
async def numbers(count: int) -> list[int]:
    """Count up."""
    return list(range(count))


@capability(effect="read")
async def greet(person: Person) -> str:
    """Greet a person."""
    return person.name


@capability(effect="external")
async def send(text: str) -> bool:
    """Send a text."""
    return bool(text)


@flow(examples=["sum the first five"])
def total(count: int, start: int = 5) -> Step[int]:
    """Sum up the first numbers.

    Slowly.
    """
    return fold(numbers.step(count).output, start, lambda sum_, number: add.step(sum_, number))  # noqa: PLW0108


@flow
def hello(person: Person, names: list[str]) -> Step[bool]:
    """Greet a person and send it."""
    del names
    return send.step(greet.step(person).output)


def settled(*declared: Any) -> Registry:  # noqa: ANN401 - declarations
    registry = Registry(declared)
    for one in declared:
        one.verify()
    settle(registry)
    return registry


def test_a_flow_is_described_like_any_capability() -> None:
    settled(add, numbers, total)
    described = total.described()
    assert described["id"] == "total"
    assert described["intent"] == "Sum up the first numbers."
    assert described["requires"] == ["count"]
    assert described["input_schema"]["properties"]["start"]["default"] == 5
    assert described["output_schema"] == {"type": "integer"}
    assert described["effect"] == "read"


def test_a_flow_is_as_serious_as_the_most_serious_of_its_steps() -> None:
    outer = flow(name="outer")(lambda_of(hello))
    settled(send, greet, hello, outer)
    assert hello.effect == outer.effect == "external"

    @flow(effect="code")
    def careful(text: str) -> Step[bool]:
        """Send a text, and call it code."""
        return send.step(text)

    settled(send, careful)
    assert careful.effect == "code"


def lambda_of(inner: Flow[..., Any]) -> Callable[[str], Step[Any]]:
    def wiring(name: str) -> Step[bool]:
        """Greet by name."""
        return inner.step(person={"name": name, "age": 1}, names=[name])

    return wiring


def test_a_flow_cannot_be_declared_as_less_serious_than_its_steps() -> None:
    @flow(effect="read")
    def harmless(text: str) -> Step[bool]:
        """Send a text."""
        return send.step(text)

    with pytest.raises(DeclarationError, match="one of its steps has the effect 'external'"):
        settled(send, harmless)


def test_the_plan_of_a_flow_holds_what_it_was_given_and_needs_nothing_else() -> None:
    registry = settled(add, numbers, total)
    plan = total.plan({"count": 3, "start": 1})
    assert not prove(plan, registry)
    assert Plan[Any].model_validate_json(plan.model_dump_json()).id == plan.id
    assert plan.steps()[0].inputs == {"count": Literally(literal=3)}
    assert plan.id != total.plan({"count": 4, "start": 1}).id


def test_a_step_of_a_flow_is_proven_like_any_step() -> None:
    registry = settled(add, numbers, total)
    assert not prove(Plan(add.step(total.step(3).output, 1)), registry)
    found = prove(Plan[Any](total.step_of({"count": "x", "more": 1})), registry)
    assert [(p.code, p.path) for p in found] == [
        ("wrong_value", ("inputs", "count")),
        ("unknown_input", ("inputs", "more")),
    ]


def test_to_whom_a_step_is_withheld_the_flow_does_not_exist() -> None:
    registry = settled(send, greet, hello, add, numbers, total)
    reader = Grant.root().delegate("ada", effects=["read"])
    only = Grant.root().delegate("bob", only=["hello"])
    whole = Grant.root().delegate("eve", only=["hello", "greet", "send"])
    assert [*registry.view(reader)] == ["greet", "add", "numbers", "total"]
    assert [*registry.view(only)] == []
    assert [*registry.view(whole)] == ["send", "greet", "hello"]
    plan = Plan(hello.step(Person(name="ada"), []))
    assert [p.code for p in prove(plan, registry, only)] == ["unknown_capability"]
    assert not prove(plan, registry, whole)


def test_calling_a_flow_wires_its_steps_and_runs_nothing() -> None:
    step = total(3, start=1)
    assert isinstance(step, Step)
    assert isinstance(total, Capability)
    assert not prove(Plan(step), settled(add, numbers))


def test_flows_within_flows_are_settled_from_the_inside() -> None:
    made: list[Flow[..., Any]] = [total]
    for number in range(DEEPEST):
        made.append(flow(_calling(made[-1], f"level{number}")))
    settled(*reversed(made[:DEEPEST]), add, numbers)
    assert made[DEEPEST - 1].size == DEEPEST - 1 + total.size
    assert set(made[DEEPEST - 1].uses) == {*made[: DEEPEST - 1], add, numbers}
    with pytest.raises(DeclarationError, match="more than 8 deep"):
        settled(*made, add, numbers)


def _calling(inner: Flow[..., Any], name: str) -> Callable[[int], Step[int]]:
    def level(count: int) -> Step[int]:
        """Sum up."""
        return inner.step(count=count)

    level.__name__ = name
    return level


def test_a_flow_that_runs_itself_is_refused() -> None:
    @flow
    def there(count: int) -> Step[int]:
        """Go there."""
        return back.step(count)

    @flow
    def back(count: int) -> Step[int]:
        """Go back."""
        return there.step(count)

    with pytest.raises(DeclarationError, match="runs itself, by way of there -> back -> there"):
        settled(there, back)


def test_flows_that_grow_without_measure_are_refused() -> None:
    wide: list[Flow[..., Any]] = [total]
    for number in range(4):
        wide.append(flow(_ten_times(wide[-1], f"wide{number}")))
    with pytest.raises(DeclarationError, match="nodes with the flows within it"):
        settled(add, numbers, *wide)


def _ten_times(inner: Flow[..., Any], name: str) -> Callable[[int], Step[int]]:
    def many(count: int) -> Step[int]:
        """Do it ten times."""
        last: Step[int] = inner.step(count=count)
        for _ in range(9):
            last = add.step(last.output, inner.step(count=count).output)
        return last

    many.__name__ = name
    return many


def wrong_type(count: int) -> Step[str]:
    """Promise a text."""
    return add.step(count, 1)  # pyright: ignore[reportReturnType] - the point


def no_step(count: int) -> Step[int]:
    """Give no step."""
    return count  # pyright: ignore[reportReturnType] - the point


def compares(count: int) -> Step[int]:
    """Look at what is not there yet."""
    return add.step(count, 1) if count > 3 else add.step(count, 2)


def iterates(texts: list[str]) -> Step[bool]:
    """Go over what is not there yet."""
    return [send.step(text) for text in texts][0]  # noqa: RUF015 - the point


def no_annotation(count: int) -> int:
    """Promise no step."""
    return count


async def awaits(count: int) -> Step[int]:
    """Be no plain function."""
    return add.step(count, 1)


def with_context(ctx: Context, count: int) -> Step[int]:
    """Ask for a context."""
    del ctx
    return add.step(count, 1)


def misfit_inside(text: str) -> Step[int]:
    """Wire a text to a number."""
    return add.step(text, 1)  # pyright: ignore[reportArgumentType] - the point


def missing(text: str) -> Step[list[int]]:
    """Use what is not in the app."""
    del text
    return each(
        numbers.step(3).output, lambda number: Step("step", {"capability_id": "ghost", "inputs": {"n": number}})
    )


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (wrong_type, "does not give what it promises: it gives integer where string is wanted"),
        (no_step, "must return the step it ends with, not Pointer"),
        (compares, r"cannot be written as a plan: an output cannot be compared .* use branch"),
        (iterates, "an output cannot be iterated while the plan is written"),
        (no_annotation, r"annotate it as Step\[...\]"),
        (awaits, "must be a plain function"),
        (with_context, "must be a plain function without Context"),
        (misfit_inside, "input.text does not fit input 'a'"),
        (missing, "there is no capability 'ghost'"),
    ],
)
def test_a_flow_that_cannot_be_is_refused_with_the_reason(function: Any, why: str) -> None:  # noqa: ANN401 - a function
    with pytest.raises(DeclarationError, match=why):
        settled(add, numbers, send, flow(function))


def test_a_flow_takes_lists_of_texts_as_examples() -> None:
    with pytest.raises(DeclarationError, match="a list of texts"):
        flow(examples="one")


@pytest.mark.parametrize("option", [{"retry": Retry()}, {"cache": Cache(timedelta(1))}, {"confirm": True}])
def test_a_flow_refuses_what_only_its_steps_can_have(option: dict[str, Any]) -> None:
    made: Any = flow
    with pytest.raises(DeclarationError, match=next(iter(option))):
        made(**option)
