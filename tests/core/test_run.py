"""A run is what its events tell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from packetflow._core.event import Event
from packetflow._core.plan import Plan
from packetflow._core.run import (
    Failure,
    Run,
    RunFinished,
    RunStarted,
    RunStatus,
    StepFailed,
    StepSkipped,
    StepStarted,
    StepSucceeded,
    folded,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PLAN = Plan[Any](
    nodes=[{"kind": "step", "id": name, "capability_id": "act"} for name in ("a", "b", "c")], output={"step": "a"}
)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def begun(*events: Event) -> Run[Any]:
    first = RunStarted(run_id="r", plan=PLAN, principal="ada", intent="act", trace_id="t", at=NOON)
    return cast("Run[Any]", folded([first, *events]))


def ended(status: RunStatus, output: object = None) -> RunFinished:
    return RunFinished(run_id="r", status=status, output=output, at=at(9))


def test_a_run_is_read_back_from_its_events() -> None:
    failure = Failure(code="capability_failed", message="no")
    run = begun(
        StepStarted(run_id="r", node="a", capability_id="act", inputs={"x": 1}, at=at(1)),
        StepSucceeded(run_id="r", node="a", output=5, at=at(3)),
        StepStarted(run_id="r", node="b", at=at(1)),
        StepFailed(run_id="r", node="b", failure=failure, at=at(2)),
        StepSkipped(run_id="r", node="c", because="'b' did not succeed", at=at(2)),
        ended("failed"),
    )
    assert [(s.node, s.status, s.seconds) for s in run.steps] == [
        ("a", "succeeded", 2),
        ("b", "failed", 1),
        ("c", "skipped", None),
    ]
    assert run.step("b").failure == failure
    assert run.done == 3
    assert run.ended_at == at(9)
    with pytest.raises(RuntimeError, match="it is failed"):
        _ = run.output
    with pytest.raises(KeyError):
        run.step("d")


@pytest.mark.parametrize("status", ["cancelled", "interrupted", "failed"])
def test_no_step_of_an_ended_run_is_under_way(status: RunStatus) -> None:
    run = begun(StepStarted(run_id="r", node="a", at=at(1)), ended(status))
    assert [step.status for step in run.steps] == ["cancelled", "skipped", "skipped"]
    assert status in run.step("a").because


def test_a_step_that_is_tried_again_starts_afresh() -> None:
    failure = Failure(code="x", message="once")
    run = begun(
        StepStarted(run_id="r", node="a", at=at(1)),
        StepFailed(run_id="r", node="a", failure=failure, at=at(2)),
        StepStarted(run_id="r", node="a", at=at(3)),
        StepSucceeded(run_id="r", node="a", output=1, at=at(4)),
    )
    assert (run.step("a").failure, run.step("a").seconds, run.step("a").output) == (None, 1, 1)


def test_steps_within_a_loop_are_added_as_they_come() -> None:
    names = [f"each[{number}]/act" for number in range(2_000)]
    run = begun(*(StepSucceeded(run_id="r", node=name, output=1, at=at(1)) for name in names), ended("succeeded", [1]))
    assert [step.node for step in run.steps[3:]] == names
    assert run.output == [1]


def test_events_of_no_run_are_no_run() -> None:
    assert folded([]) is None
    assert folded([ended("succeeded")]) is None


def test_a_record_survives_json_and_goes_on() -> None:
    run = Run[Any].model_validate_json(begun(StepStarted(run_id="r", node="a", at=at(1))).model_dump_json())
    run.apply(StepSucceeded(run_id="r", node="a", output=1, at=at(2)))
    assert run.step("a").status == "succeeded"
    assert Run[int] is Run
