"""Runs outlive kill -9: what was finished is not done again, what is unsure is asked, an approval waits on."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Generator

ROOT = Path(__file__).parents[2]


class Life:
    """One process with the app."""

    def __init__(self, folder: Path, held: str = "") -> None:
        (folder / "held").write_text(held, encoding="utf-8")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.journeys.survivor", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self._told: list[dict[str, Any]] = []
        self.until("up")

    def tell(self, **command: object) -> None:
        """Give it a command."""
        stdin = self._process.stdin
        assert stdin is not None
        stdin.write(json.dumps(command) + "\n")
        stdin.flush()

    def until(self, what: str, value: object = None) -> Any:  # noqa: ANN401 - any JSON
        """Read what it tells until it tells that; what comes before is kept for later."""
        stdout = self._process.stdout
        assert stdout is not None
        for number, told in enumerate(self._told):
            if what in told and value in (None, told[what]):
                return self._told.pop(number)[what]
        for line in stdout:
            told = cast("dict[str, Any]", json.loads(line))
            if what in told and value in (None, told[what]):
                return told[what]
            self._told.append(told)
        raise AssertionError(f"the process ended before it told {what!r}")

    def ask(self, what: str, **command: object) -> Any:  # noqa: ANN401 - any JSON
        """Give it a command and read what it tells."""
        self.tell(**command)
        return self.until(what)

    def kill(self) -> None:
        """End it at once, as the machine does when it has no memory left."""
        self._process.kill()
        self._process.wait(10)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()


@contextmanager
def life(folder: Path, held: str = "") -> Generator[Life]:
    process = Life(folder, held)
    try:
        yield process
    finally:
        process.kill()


def effects(folder: Path) -> Counter[str]:
    path = folder / "effects.txt"
    return Counter(path.read_text(encoding="utf-8").splitlines() if path.exists() else [])


def step(name: str, capability: str, *after: str) -> dict[str, Any]:
    inputs = {"name": {"literal": name}}
    return {"kind": "step", "id": name, "capability_id": capability, "inputs": inputs, "depends_on": list(after)}


def plan(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"nodes": list(steps), "output": {"step": steps[-1]["id"]}}


def test_a_killed_run_goes_on_without_doing_again_what_was_finished(tmp_path: Path) -> None:
    work = plan(step("a", "send"), step("b", "look", "a"), step("c", "send", "b"))
    with life(tmp_path, held="b") as first:
        run_id = first.ask("started", start=work)
        first.until("did", "look b")
        first.kill()
    with life(tmp_path) as second:
        run = second.ask("run", wait=run_id)
        assert (run["status"], run["result"]) == ("succeeded", "c")
    assert effects(tmp_path) == {"send a": 1, "look b": 2, "send c": 1}


def test_a_call_that_was_under_way_at_the_kill_is_asked_about_and_not_repeated_by_itself(tmp_path: Path) -> None:
    work = plan(step("a", "send"), step("b", "look", "a"))
    with life(tmp_path, held="a") as first:
        run_id = first.ask("started", start=work)
        first.until("did", "send a")
        first.kill()
    digests: list[str] = []
    for _ in range(2):  # nobody answers, and it is killed again
        with life(tmp_path) as waiting:
            run = waiting.ask("run", wait=run_id)
            assert (run["status"], run["steps"][0]["status"]) == ("waiting", "uncertain")
            digests += [question["digest"] for question in waiting.ask("approvals", approvals=True)]
            assert effects(tmp_path) == {"send a": 1}
    assert len(digests) == 2
    assert len(set(digests)) == 1
    with life(tmp_path) as last:
        last.ask("run", wait=run_id)
        last.ask("answered", answer="again", digest=digests[0], run=run_id)
        run = last.ask("run", wait=run_id)
        assert (run["status"], run["result"]) == ("succeeded", "b")
    assert effects(tmp_path) == {"send a": 2, "look b": 1}


def test_an_approval_outlives_the_process_that_asked_for_it_and_is_used_once(tmp_path: Path) -> None:
    work = plan(step("a", "look"), step("b", "drop", "a"), step("c", "look", "b"))
    with life(tmp_path) as first:
        run_id = first.ask("started", start=work, careful=True)
        assert first.ask("run", wait=run_id)["status"] == "waiting"
        (asked,) = first.ask("approvals", approvals=True)
        first.kill()
    with life(tmp_path, held="c") as second:
        assert second.ask("run", wait=run_id)["status"] == "waiting"
        assert second.ask("approvals", approvals=True) == [asked]
        wrong = asked["digest"][:-1] + ("1" if asked["digest"][-1] == "0" else "0")
        assert second.ask("error", approve=wrong, run=run_id) == "conflict"
        second.ask("approved", approve=asked["digest"], run=run_id)
        second.until("did", "look c")
        second.kill()
    with life(tmp_path) as third:
        run = third.ask("run", wait=run_id)
        assert (run["status"], run["result"]) == ("succeeded", "c")
        assert third.ask("error", approve=asked["digest"], run=run_id) == "conflict"
    assert effects(tmp_path) == {"look a": 1, "drop b": 1, "look c": 2}


def test_a_run_that_is_killed_in_every_step_ends_and_repeats_nothing_that_was_finished(tmp_path: Path) -> None:
    names = ["a", "b", "c", "d"]
    kinds = ["look", "send", "look", "send"]
    steps = [step(name, kind, *names[:n][-1:]) for n, (name, kind) in enumerate(zip(names, kinds, strict=True))]
    run_id, before = "", ""
    for name, kind in zip(names, kinds, strict=True):
        with life(tmp_path, held=name) as process:
            run_id = run_id or process.ask("started", start=plan(*steps))
            if before == "send":
                again(process, run_id)
            process.until("did", f"{kind} {name}")
            process.kill()
        before = kind
    with life(tmp_path) as last:
        again(last, run_id)
        run = last.ask("run", wait=run_id)
        assert (run["status"], run["result"]) == ("succeeded", "d")
    assert effects(tmp_path) == {"look a": 2, "send b": 2, "look c": 2, "send d": 2}


def again(process: Life, run_id: str) -> None:
    """Let the call that was under way at the kill be made again, as the run asks."""
    assert process.ask("run", wait=run_id)["status"] == "waiting"
    (question,) = process.ask("approvals", approvals=True)
    process.ask("answered", answer="again", digest=question["digest"], run=run_id)
