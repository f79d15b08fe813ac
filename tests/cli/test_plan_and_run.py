"""`packetflow plan`, `run` and `runs`."""

import json
import signal
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Outcome, Shell

CUPS = "price the order of cups"


def plan_of(*nodes: dict[str, Any]) -> str:
    """Write a plan whose output is that of its last step."""
    return json.dumps({"nodes": nodes, "output": {"step": nodes[-1]["id"]}})


def step(name: str, capability_id: str, **inputs: object) -> dict[str, Any]:
    """Write a step with literal inputs."""
    bound = {field: {"literal": value} for field, value in inputs.items()}
    return {"kind": "step", "id": name, "capability_id": capability_id, "inputs": bound}


def test_a_sentence_is_planned_with_its_reasons_and_nothing_runs(asked: "Callable[..., Outcome]") -> None:
    before = asked("runs", "--limit", "500", "--json").json
    planned = asked("plan", CUPS, "--hint", "item=cup", "--json")
    (only,) = planned.json["nodes"]
    assert (only["capability_id"], only["inputs"]["item"]) == ("price_order", {"literal": "cup"})
    assert only["why"]["chosen"]["reason"]
    shown = asked("plan", CUPS, "--hint", "item=cup").out
    assert "price_order" in shown
    assert "why: " in shown
    assert asked("runs", "--limit", "500", "--json").json == before


def test_a_planned_plan_is_proven_from_its_file(shell: "Shell", asked: "Callable[..., Outcome]") -> None:
    (shell.folder / "plan.json").write_text(asked("plan", CUPS, "--hint", "item=cup", "--json").out)
    assert shell("plan", "--check", "plan.json", "--json").json["accepted"] is True


def test_a_sentence_that_no_capability_fits_is_refused_with_1(asked: "Callable[..., Outcome]") -> None:
    ended = asked("plan", "paint the moon", "--json")
    assert (ended.status, ended.json["error"]["code"]) == (1, "not_understood")


def test_a_plan_file_that_does_not_fit_is_refused_with_every_problem(shell: "Shell") -> None:
    (shell.folder / "plan.json").write_text(plan_of(step("a", "nothing"), step("b", "burn")))
    ended = shell("plan", "--check", "plan.json", "--json")
    assert (ended.status, ended.json["error"]["code"]) == (1, "plan_rejected")
    assert len(ended.json["error"]["problems"]) == 2
    (shell.folder / "plan.json").write_text('{"nodes": []}')
    assert shell("plan", "--check", "plan.json").status == 2
    assert not (shell.folder / ".packetflow").exists()


def test_a_batch_of_cases_needs_no_data_and_lists_bad_lines(shell: "Shell") -> None:
    city = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    tool = {"name": "get_weather", "description": "Get the weather of a city.", "parameters": city}
    cases = [
        json.dumps({"id": str(n), "query": f"weather in {place}", "tools": [tool]})
        for n, place in enumerate(("Rome", "Oslo"))
    ]
    (shell.folder / "cases.jsonl").write_text("\n".join([cases[0], "nonsense", cases[1]]))
    ended = shell("plan", "--batch", "cases.jsonl", "--out", "out.jsonl", "--json")
    assert ended.status == 1
    assert [bad["line"] for bad in ended.json["bad"]] == [2]
    predicted = [json.loads(line) for line in (shell.folder / "out.jsonl").read_text().splitlines()]
    assert [one["id"] for one in predicted] == ["0", "1"]
    assert [one["calls"][0]["arguments"] for one in predicted] == [{"city": "Rome"}, {"city": "Oslo"}]
    assert not (shell.folder / ".packetflow").exists()
    assert shell("plan", "--batch", "cases.jsonl").status == 2


def test_a_line_nested_too_deep_is_bad_and_the_next_one_is_planned(
    inside: "Callable[..., Outcome]", tmp_path: "Path"
) -> None:
    deep = "[" * 100_000 + "]" * 100_000
    flat: dict[str, Any] = {"id": "1", "query": "weather", "tools": []}
    lines = [f'{{"id": "0", "query": "x", "tools": {deep}}}', r'{"id": "\ud800", "query": "x", "tools": []}']
    (tmp_path / "cases.jsonl").write_text("\n".join([*lines, json.dumps(flat)]))
    out = tmp_path / "out.jsonl"
    ended = inside("plan", "--batch", str(tmp_path / "cases.jsonl"), "--out", str(out), "--json")
    assert ended.status == 1
    assert [bad["line"] for bad in ended.json["bad"]] == [1, 2]
    assert ended.json["bad"][0]["reason"] == "nested too deep"
    assert [json.loads(line)["id"] for line in out.read_text().splitlines()] == ["1"]


def test_a_run_shows_its_steps_and_can_be_looked_at_later(served: "Shell", asked: "Callable[..., Outcome]") -> None:
    ended = served("run", CUPS, "--hint", "item=cup", "--json")
    assert ended.status == 0, ended.err
    assert "✓ price_order" in ended.err
    assert ended.json["result"]["item"] == "cup"
    found = asked("runs", "show", ended.json["id"][:10], "--json").json
    assert (found["id"], found["status"], found["steps"][0]["inputs"]["item"]) == (ended.json["id"], "succeeded", "cup")
    assert ended.json["id"][:12] in asked("runs").out
    trace = asked("runs", "show", ended.json["id"]).out
    assert 'item = "cup"' in trace
    assert "→ " in trace


def test_a_run_that_fails_says_which_step_why_and_what_is_kept(served: "Shell") -> None:
    (served.folder / "fail.json").write_text(
        plan_of(step("first", "price_order", item="cup"), step("second", "refuse", item="cup"))
    )
    ended = served("run", "--plan", "fail.json")
    assert ended.status == 1
    assert "Step 'second' failed: there is no cup left" in ended.out
    assert "Kept: the results of first" in ended.out


def test_a_call_that_destroys_runs_after_a_yes_only(shell: "Shell") -> None:
    (shell.folder / "burn.json").write_text(plan_of(step("burn", "burn", item="letter")))
    refused = shell("run", "--plan", "burn.json")
    assert refused.status == 2
    assert "burn (delete) would be called with" in refused.err
    assert "--yes" in refused.err
    assert not (shell.folder / "burned.txt").exists()
    tried = shell("run", "--plan", "burn.json", "--dry", "--json").json
    assert [(each["node"], each["decision"]) for each in tried["steps"]] == [("burn", "confirm")]
    assert not (shell.folder / "burned.txt").exists()
    agreed = shell("run", "--plan", "burn.json", "--yes", "--json")
    assert (agreed.status, agreed.json["result"]) == (0, "letter is gone")
    assert (shell.folder / "burned.txt").read_text() == "letter\n"


def test_a_run_that_waits_goes_on_once_it_is_approved_by_a_later_command(shell: "Shell") -> None:
    (shell.folder / "burn.json").write_text(plan_of(step("burn", "burn", item="letter")))
    assert shell("run", "--plan", "burn.json").status == 2
    [question] = shell("runs", "approvals", "--json").json
    assert (question["capability_id"], question["arguments"]) == ("burn", {"item": "letter"})
    assert question["run_id"][:12] in shell("runs", "approvals").out
    agreed = shell("runs", "approve", question["run_id"][:10], "--json")
    assert (agreed.status, agreed.json["result"]) == (0, "letter is gone")
    assert (shell.folder / "burned.txt").read_text() == "letter\n"
    again = shell("runs", "approve", question["run_id"])
    assert again.status == 2
    assert "asks nothing now" in again.err


def test_a_refused_call_is_not_made_and_its_run_fails_with_the_reason(shell: "Shell") -> None:
    (shell.folder / "burn.json").write_text(plan_of(step("burn", "burn", item="letter")))
    assert shell("run", "--plan", "burn.json").status == 2
    [waiting] = shell("runs", "list", "--status", "waiting", "--json").json
    refused = shell("runs", "refuse", waiting["id"], "--reason", "I still need it", "--json")
    assert (refused.json["status"], refused.json["failure"]["code"]) == ("failed", "approval_refused")
    assert "I still need it" in refused.json["failure"]["message"]
    assert not (shell.folder / "burned.txt").exists()


def test_what_failed_is_tried_again_without_what_was_done(served: "Shell", asked: "Callable[..., Outcome]") -> None:
    (served.folder / "half.json").write_text(
        plan_of(step("first", "price_order", item="cup"), step("second", "refuse", item="cup"))
    )
    ended = asked("run", "--plan", str(served.folder / "half.json"), "--json").json
    again = asked("runs", "retry", ended["id"], "--json")
    assert again.status == 1
    assert [step["node"] for step in again.json["steps"]] == ["second"]


def test_letters_are_listed_and_an_unknown_one_is_refused(asked: "Callable[..., Outcome]") -> None:
    assert asked("letters", "--json").json == []
    assert "No letter is on its way" in asked("letters").out
    missing = asked("letters", "replay", "nothing")
    assert missing.status == 1
    assert "there is no dead letter 'nothing'" in missing.err


@pytest.mark.parametrize("where", ["shell", "served"])
def test_ctrl_c_cancels_the_run_and_waits_for_its_steps(
    where: str, asked: "Callable[..., Outcome]", request: pytest.FixtureRequest
) -> None:
    folder: Shell = request.getfixturevalue(where)
    (folder.folder / "wait.json").write_text(plan_of(step("wait", "wait_forever", item="rain")))
    (folder.folder / "ended.txt").unlink(missing_ok=True)
    running = folder.start("run", "--plan", "wait.json")
    if where == "shell":
        assert running.line() == "waiting\n"
    else:
        while not asked("runs", "list", "--status", "running", "--json").json:
            pass
    stopped = running.stop(signal.SIGINT)
    assert stopped.status == 130
    assert "Cancelled run" in stopped.err
    assert "Traceback" not in stopped.err
    assert (folder.folder / "ended.txt").read_text() == "rain"
    latest = folder("runs", "--limit", "1", "--json").json[0]
    assert latest["status"] == "cancelled"
    assert folder("runs", "cancel", latest["id"], "--json").json["cancelled"] is False


def test_an_unknown_run_is_an_error(asked: "Callable[..., Outcome]") -> None:
    ended = asked("runs", "show", "0" * 32, "--json")
    assert (ended.status, ended.json["error"]["code"]) == (1, "not_found")


def test_a_run_is_named_by_at_least_the_beginning_of_its_id(asked: "Callable[..., Outcome]") -> None:
    asked("run", "price a cup", "--json")
    for command in ("show", "cancel", "retry"):
        for nothing in ("", " "):
            ended = asked("runs", command, nothing)
            assert ended.status == 2
            assert "name the run by its id" in ended.err
