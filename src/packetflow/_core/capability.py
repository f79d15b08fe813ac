"""Named, typed operations with a declared effect."""

from __future__ import annotations

import inspect
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property, partial, update_wrapper
from inspect import currentframe
from types import GenericAlias
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Final,
    Generic,
    Literal,
    ParamSpec,
    Protocol,
    TypedDict,
    TypeVar,
    Unpack,
    cast,
    get_args,
    get_type_hints,
    overload,
)

from packetflow._core.actor import Actor
from packetflow._core.cache import Cache
from packetflow._core.context import Context, bare_context
from packetflow._core.effect import EFFECTS, Effect
from packetflow._core.errors import DeclarationError
from packetflow._core.ref import Message
from packetflow._core.retry import Retry
from packetflow._core.schema import InputContract, OutputContract, item_type, return_annotation
from packetflow._core.shape import properties, types
from packetflow._core.step import Step

if TYPE_CHECKING:
    from types import FrameType

    from packetflow._core.grant import Grant
    from packetflow._core.json import JsonObject

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C")
D = TypeVar("D", bound="Declaration")
A = TypeVar("A", bound="Actor[Any]")
A_contra = TypeVar("A_contra", bound="Actor[Any]", contravariant=True)

Kind = Literal["async", "def", "stream"]
_OBJECT: Final = frozenset({"object"})


@dataclass(frozen=True, slots=True)
class Options:
    """What the decorator was told."""

    effect: Effect = "write"
    examples: tuple[str, ...] = ()
    name: str | None = None
    version: int = 1
    timeout: timedelta | None = None
    confirm: bool = False
    tags: tuple[str, ...] = ()
    retry: Retry | None = None
    cache: Cache | None = None


@dataclass(eq=False)
class Declaration:
    """What is known of a capability: identity, intent, effect and contract. Immutable once the app is built."""

    function: Callable[..., Any]
    options: Options
    locals: Mapping[str, Any] = field(repr=False)
    """Names visible where it was declared, to resolve annotations that were written as text."""
    owner: type[Actor[Any]] | None = None
    """The actor class of a message; None for a function."""

    @cached_property
    def id(self) -> str:
        """The unique name: `summarize`, or `room.post` for a message of an actor."""
        name = self.options.name or self.function.__name__
        return name if self.options.name or self.owner is None else f"{self.owner.actor_type.name}.{name}"

    @cached_property
    def intent(self) -> str:
        """What it is for, in a human's words: the docstring up to its first empty line."""
        return " ".join((inspect.getdoc(self.function) or "").split("\n\n")[0].split())

    @property
    def effect(self) -> Effect:
        """What it does to the world."""
        return self.options.effect

    @property
    def examples(self) -> tuple[str, ...]:
        """Sentences that ask for it."""
        return self.options.examples

    @cached_property
    def kind(self) -> Kind:
        """How it runs: awaited, called, or iterated."""
        if inspect.isasyncgenfunction(self.function):
            return "stream"
        return "async" if inspect.iscoroutinefunction(self.function) else "def"

    @cached_property
    def takes_context(self) -> bool:
        """Whether its first parameter (after self) is the Context."""
        parameters = self._own_parameters
        return bool(parameters) and self._hints.get(parameters[0].name) is Context

    @cached_property
    def parameters(self) -> tuple[inspect.Parameter, ...]:
        """Its inputs: parameters without self and without the Context."""
        return self._own_parameters[1:] if self.takes_context else self._own_parameters

    @cached_property
    def input(self) -> InputContract:
        """What it accepts; for a message of an actor without the actor's key."""
        return InputContract(self.id, self.parameters, self._hints)

    @cached_property
    def output(self) -> OutputContract:
        """What it promises; a stream promises the list of its items."""
        returned = return_annotation(self.id, self._signature, self._hints)
        item = item_type(returned)
        if (item is not None) != (self.kind == "stream"):
            message = f"capability {self.id!r}: an async generator, and nothing else, returns AsyncIterator[...]"
            raise DeclarationError(message)
        return OutputContract(self.id, GenericAlias(list, (item,)) if item is not None else returned)

    @cached_property
    def input_schema(self) -> JsonObject:
        """JSON Schema of the whole input; for a message of an actor with the actor's key as its first field."""
        schema = self.input.schema
        if self.owner is None:
            return schema
        name = self.owner.actor_type.key
        about = f"Which {self.owner.actor_type.name.replace('_', ' ')}."
        key = {name: {"type": "string", "minLength": 1, "description": about}}
        return {
            **schema,
            "properties": {**key, **schema["properties"]},
            "required": [name, *schema.get("required", ())],
        }

    @cached_property
    def output_schema(self) -> JsonObject:
        """JSON Schema of the output."""
        return self.output.schema

    @cached_property
    def requires(self) -> tuple[str, ...]:
        """Names of the inputs that must be given."""
        return tuple(self.input_schema.get("required", ()))

    @cached_property
    def provides(self) -> tuple[str, ...]:
        """Names of the fields of its output; `result` when the output is no object."""
        found = properties(self.output_schema) if types(self.output_schema) == _OBJECT else ()
        return found or ("result",)

    def open_to(self, grant: Grant) -> bool:
        """Whether the holder of a grant may know of it and name it in a call, its arguments and time aside."""
        return grant.may_name(self.id, self.effect)

    def field_schema(self, field: str) -> JsonObject:
        """Give the JSON Schema of one input, standing alone; raises KeyError when there is no such input."""
        found = self._field_schemas.get(field)
        if found is None:
            definitions = self.input_schema.get("$defs")
            found = {**self.input_schema["properties"][field], **({"$defs": definitions} if definitions else {})}
            self._field_schemas[field] = found
        return found

    @cached_property
    def _field_schemas(self) -> dict[str, JsonObject]:
        return {}

    def verify(self) -> None:
        """Build every contract now; raises DeclarationError for the first thing that cannot work."""
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.-]{0,127}", self.id):
            message = f"{self.id!r} is no name for a capability: use letters, digits, _ . and -"
            raise DeclarationError(message)
        if self.effect not in EFFECTS:
            message = f"capability {self.id!r}: effect {self.effect!r} is none of {', '.join(EFFECTS)}"
            raise DeclarationError(message)
        if not self.intent:
            message = f"capability {self.id!r} needs a docstring: its first sentence is the intent people search by"
            raise DeclarationError(message)
        self._verify_signature()
        self._verify_repetition()
        _ = self.input_schema, self.output_schema

    def _verify_signature(self) -> None:
        if self.owner is not None and any(p.name == self.owner.actor_type.key for p in self.parameters):
            message = f"capability {self.id!r}: {self.owner.actor_type.key!r} is the actor's key; rename one of them"
            raise DeclarationError(message)
        if any(Context in (hint := self._hints.get(p.name), *get_args(hint)) for p in self.parameters):
            message = f"capability {self.id!r}: only the first parameter can be the Context, annotated with it alone"
            raise DeclarationError(message)
        if inspect.isgeneratorfunction(self.function):
            message = f"capability {self.id!r}: a generator must be async (`async def` with AsyncIterator[...])"
            raise DeclarationError(message)
        if self.options.version < 1 or (self.options.timeout is not None and self.options.timeout <= timedelta(0)):
            message = f"capability {self.id!r}: timeout and version must be positive"
            raise DeclarationError(message)

    def _verify_repetition(self) -> None:
        if self.options.retry is not None and self.kind == "stream":
            message = f"capability {self.id!r}: a stream cannot be repeated, its first parts have left; drop `retry`"
            raise DeclarationError(message)
        if self.options.cache is None:
            return
        problem = None
        if self.effect != "read":
            problem = f"has the effect {self.effect!r}; only the result of a `read` is given again"
        elif self.owner is not None:
            problem = "is an actor's message; its state is in memory already, and a kept reply would hide newer ones"
        elif self.kind == "stream":
            problem = "is a stream; only whole results are kept"
        elif self.options.cache.shared and self.takes_context:
            problem = "knows who asks by its Context, so that its results must not be shared; drop one of them"
        if problem is not None:
            message = f"capability {self.id!r} cannot have a cache: it {problem}"
            raise DeclarationError(message)

    def described(self) -> JsonObject:
        """Give what discovery shows."""
        return {
            "id": self.id,
            "intent": self.intent,
            "effect": self.effect,
            "effects": [self.effect],
            "requires": list(self.requires),
            "provides": list(self.provides),
            "input_schema": self.input_schema,
            "output_schema": self.output_schema,
            "examples": list(self.examples),
            "version": self.options.version,
            "confirm": self.options.confirm,
            "tags": list(self.options.tags),
            "retry": self.options.retry.attempts if self.options.retry else None,
            "cache_seconds": self.options.cache.ttl.total_seconds() if self.options.cache else None,
            "streams": self.kind == "stream",
            "actor": self.owner.actor_type.name if self.owner else None,
        }

    def step_of(self, inputs: Mapping[str, Any]) -> Step[Any]:
        """Make a step with these inputs by name; unknown names are found when the plan is proven."""
        return Step("step", {"capability_id": self.id, "inputs": dict(inputs)})

    def named_arguments(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Give positional arguments their names; raises TypeError as a call would for too many or doubled ones."""
        names = [parameter.name for parameter in self.parameters if parameter.kind is not parameter.KEYWORD_ONLY]
        if len(args) > len(names):
            message = f"{self.id} takes {len(names)} arguments, {len(args)} were given"
            raise TypeError(message)
        named = dict(zip(names, args, strict=False))
        if doubled := named.keys() & kwargs.keys():
            message = f"{self.id} got {min(doubled)!r} twice"
            raise TypeError(message)
        return {**named, **kwargs}

    @cached_property
    def _signature(self) -> inspect.Signature:
        return inspect.signature(self.function)

    @cached_property
    def _own_parameters(self) -> tuple[inspect.Parameter, ...]:
        parameters = tuple(self._signature.parameters.values())
        return parameters[1:] if self.owner is not None else parameters

    @cached_property
    def _hints(self) -> dict[str, Any]:
        try:
            return get_type_hints(self.function, localns=dict(self.locals), include_extras=True)
        except (NameError, AttributeError, TypeError, SyntaxError) as error:
            message = f"capability {self.function.__qualname__!r}: an annotation cannot be resolved: {error}"
            raise DeclarationError(message) from error


class Capability(Declaration, Generic[P, R, C]):
    """A capability that is a function. Calling it calls the function: no app, no checks, as a test would."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> C:
        """Call the plain function; a declared Context is one without app or authority."""
        return self.bind(bare_context())(*args, **kwargs)

    def bind(self, context: Context) -> Callable[P, C]:
        """Give the plain function with this Context, for a test that wants to say who calls."""
        function = self.function
        if not self.takes_context:
            return function

        def bound(*args: P.args, **kwargs: P.kwargs) -> C:
            return function(context, *args, **kwargs)

        return bound

    def step(self, *args: P.args, **kwargs: P.kwargs) -> Step[R]:
        """Write a call of this capability into a plan; outputs of other steps may stand for any argument."""
        return self.step_of(self.named_arguments(args, kwargs))


class ActorCapability(Declaration, Message[A_contra, P, R]):
    """A capability that is a message of an actor. Send it with `ref.ask`, `ref.tell` or through a plan."""

    def __set_name__(self, owner: type[Actor[Any]], name: str) -> None:
        """Learn the class it is declared in."""
        self.owner = owner

    @overload
    def __get__(self, instance: None, owner: object) -> ActorCapability[A_contra, P, R]: ...
    @overload
    def __get__(self, instance: Actor[Any], owner: object) -> Callable[P, Any]: ...
    def __get__(self, instance: Actor[Any] | None, owner: object) -> Any:
        """On the class: the capability. On an actor: the method, called within the message in hand."""
        if instance is None:
            return self
        if not self.takes_context:
            return self.function.__get__(instance)
        return partial(self.function, instance, instance.context)

    def verify(self) -> None:
        """Build every contract now; raises DeclarationError also for a message that belongs to no actor."""
        if self.owner is None or not issubclass(self.owner, Actor):  # pyright: ignore[reportUnnecessaryIsInstance] - any class may hold it
            message = f"{self.function.__qualname__!r} takes self, so it must be a method of an Actor"
            raise DeclarationError(message)
        super().verify()

    def rebound(self, owner: type[Actor[Any]]) -> ActorCapability[Any, P, R]:
        """Give the same message for a subclass of its actor, under the subclass's name."""
        rebound: ActorCapability[Any, P, R] = type(self)(self.function, self.options, self.locals, owner)
        return dressed(rebound, self.function)

    def step(self, key: str, *args: P.args, **kwargs: P.kwargs) -> Step[R]:
        """Write this message to the actor `key` into a plan."""
        owner = cast("type[Actor[Any]]", self.owner)
        return self.step_of({owner.actor_type.key: key, **self.named_arguments(args, kwargs)})


class Given(TypedDict, total=False):
    """The options of `capability`, as they are written; what each means is told there."""

    effect: Effect
    examples: Sequence[str]
    name: str | None
    version: int
    timeout: timedelta | None
    confirm: bool
    tags: Sequence[str]
    retry: Retry | None
    cache: Cache | timedelta | None


class _Decorator(Protocol):
    """`capability(...)` with options, waiting for the function."""

    @overload
    def __call__(self, fn: Callable[Concatenate[A, Context, P], Awaitable[R]], /) -> ActorCapability[A, P, R]: ...  # pyright: ignore[reportOverlappingOverload] - the first that fits is meant
    @overload
    def __call__(  # pyright: ignore[reportOverlappingOverload] - the first that fits is meant
        self, fn: Callable[Concatenate[A, Context, P], AsyncIterator[R]], /
    ) -> ActorCapability[A, P, list[R]]: ...
    @overload
    def __call__(self, fn: Callable[Concatenate[A, Context, P], R], /) -> ActorCapability[A, P, R]: ...
    @overload
    def __call__(self, fn: Callable[Concatenate[A, P], Awaitable[R]], /) -> ActorCapability[A, P, R]: ...
    @overload
    def __call__(self, fn: Callable[Concatenate[A, P], AsyncIterator[R]], /) -> ActorCapability[A, P, list[R]]: ...
    @overload
    def __call__(self, fn: Callable[Concatenate[A, P], R], /) -> ActorCapability[A, P, R]: ...
    @overload
    def __call__(self, fn: Callable[Concatenate[Context, P], Awaitable[R]], /) -> Capability[P, R, Awaitable[R]]: ...
    @overload
    def __call__(
        self, fn: Callable[Concatenate[Context, P], AsyncIterator[R]], /
    ) -> Capability[P, list[R], AsyncIterator[R]]: ...
    @overload
    def __call__(self, fn: Callable[Concatenate[Context, P], R], /) -> Capability[P, R, R]: ...
    @overload
    def __call__(self, fn: Callable[P, Awaitable[R]], /) -> Capability[P, R, Awaitable[R]]: ...
    @overload
    def __call__(self, fn: Callable[P, AsyncIterator[R]], /) -> Capability[P, list[R], AsyncIterator[R]]: ...
    @overload
    def __call__(self, fn: Callable[P, R], /) -> Capability[P, R, R]: ...


@overload
def capability(fn: Callable[Concatenate[A, Context, P], Awaitable[R]], /) -> ActorCapability[A, P, R]: ...  # pyright: ignore[reportOverlappingOverload] - the first that fits is meant
@overload
def capability(fn: Callable[Concatenate[A, Context, P], AsyncIterator[R]], /) -> ActorCapability[A, P, list[R]]: ...  # pyright: ignore[reportOverlappingOverload] - the first that fits is meant
@overload
def capability(fn: Callable[Concatenate[A, Context, P], R], /) -> ActorCapability[A, P, R]: ...
@overload
def capability(fn: Callable[Concatenate[A, P], Awaitable[R]], /) -> ActorCapability[A, P, R]: ...
@overload
def capability(fn: Callable[Concatenate[A, P], AsyncIterator[R]], /) -> ActorCapability[A, P, list[R]]: ...
@overload
def capability(fn: Callable[Concatenate[A, P], R], /) -> ActorCapability[A, P, R]: ...
@overload
def capability(fn: Callable[Concatenate[Context, P], Awaitable[R]], /) -> Capability[P, R, Awaitable[R]]: ...
@overload
def capability(
    fn: Callable[Concatenate[Context, P], AsyncIterator[R]], /
) -> Capability[P, list[R], AsyncIterator[R]]: ...
@overload
def capability(fn: Callable[Concatenate[Context, P], R], /) -> Capability[P, R, R]: ...
@overload
def capability(fn: Callable[P, Awaitable[R]], /) -> Capability[P, R, Awaitable[R]]: ...
@overload
def capability(fn: Callable[P, AsyncIterator[R]], /) -> Capability[P, list[R], AsyncIterator[R]]: ...
@overload
def capability(fn: Callable[P, R], /) -> Capability[P, R, R]: ...
@overload
def capability(**options: Unpack[Given]) -> _Decorator: ...
def capability(fn: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Declare a function or an actor's method as a capability.

    `effect` is what it does to the world and `write` unless declared, so that a forgotten declaration is the careful
    one. `examples` are sentences that ask for it. `name` replaces the id. `timeout` bounds one call. `confirm` makes
    every call wait for a person's yes. `retry` declares that it may be repeated, and how often it is when it fails in a
    way that may pass. `cache` gives the result of a `read` again for a time. The docstring's first paragraph is the
    intent.

    A plain function may be `async def`, `def` (it runs in a worker thread, so it may block) or an async generator
    (streams partial outputs; its output is their list). A method may be `async def`, `def` (runs in place, so it must
    not block) or an async generator. A first parameter annotated `Context` is filled in and is no input.
    """
    if text := [name for name in ("examples", "tags") if isinstance(options.get(name), str)]:
        message = f"{text[0]} of a capability is a list of texts, not one text"
        raise DeclarationError(message)
    examples, tags = tuple(options.pop("examples", ())), tuple(options.pop("tags", ()))
    cache = Cache(kept) if isinstance(kept := options.pop("cache", None), timedelta) else kept
    for name, value, kind in (("retry", options.get("retry"), Retry), ("cache", cache, Cache)):
        if not isinstance(value, kind | None):
            message = f"{name} of a capability is a {kind.__name__}, not {value!r}"
            raise DeclarationError(message)
    made = Options(examples=examples, tags=tags, cache=cache, **options)

    def declare(function: Callable[..., Any]) -> Any:  # noqa: ANN401 - the overloads say what it is
        first = next(iter(inspect.signature(function).parameters), None)
        visible = visible_names(function, currentframe())
        kind = cast("type[Declaration]", ActorCapability if first == "self" else Capability)
        return dressed(kind(function, made, visible), function)

    return declare(fn) if fn is not None else declare


def dressed(declared: D, function: Callable[..., Any]) -> D:
    """Give a declaration the name, the docstring and the place of its function."""
    update_wrapper(cast("Callable[..., Any]", declared), function, updated=())
    return declared


def visible_names(function: Callable[..., Any], frame: FrameType | None) -> dict[str, Any]:
    """Collect what annotations written as text name, from the functions and classes the function is declared in.

    Their frames are the only way to it. They are told from mere callers by their qualified names.
    """
    texts = " ".join(map(str, getattr(function, "__annotations__", {}).values()))
    wanted = set(re.findall(r"\w+", texts))
    visible: dict[str, Any] = {}
    while frame is not None:
        around = frame.f_globals is function.__globals__ and frame.f_locals is not frame.f_globals
        if around and function.__qualname__.startswith(f"{frame.f_code.co_qualname}."):
            visible = {name: frame.f_locals[name] for name in wanted & frame.f_locals.keys()} | visible
        frame = frame.f_back
    return visible


async def _readable(self: Actor[Any], ctx: Context) -> bool:
    """Tell whether the caller may follow this actor."""
    return self.readable_by(ctx)


def reading_of(kind: type[Actor[Any]]) -> ActorCapability[Any, [], bool]:
    """Give the message that asks an actor whether its caller may follow it; it is in no registry."""
    return ActorCapability(_readable, Options(effect="read", name=f"{kind.actor_type.name}.readable"), {}, kind)
