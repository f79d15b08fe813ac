"""`packetflow bench`: what this machine gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Outcome, Shell

FIGURES = {
    "create an actor and send its first message",
    "ask an actor and get its reply",
    "tell an actor, handled",
    "actors at work at the same time",
    "memory of an idle actor",
    "call a capability through the whole gate",
    "prove a plan of 100 steps",
    "a step of a run, journalled in memory",
    "the disk: append a kilobyte and flush it",
    "durable messages of 64 actors, a kilobyte each",
    "a durable message, at the 99th percentile",
}


def test_it_measures_and_leaves_nothing_behind(shell: Shell) -> None:
    before = {path.name for path in shell.folder.iterdir()}
    ended = shell("bench", "--seconds", "0.5", "--folder", str(shell.folder), "--json")
    assert ended.status == 0
    told = ended.json
    assert {figure["name"] for figure in told["figures"]} == FIGURES
    assert all(figure["value"] > 0 for figure in told["figures"])
    assert {path.name for path in shell.folder.iterdir()} == before


def test_a_thousand_actors_are_made_and_messaged_within_their_goals(shell: Shell) -> None:
    """On a loaded machine, too: the goals leave a hundredfold of room."""
    figures = {figure["name"]: figure for figure in shell("bench", "--seconds", "0.5", "--json").json["figures"]}
    goals = {name: figure for name, figure in figures.items() if figure["goal"] is not None and "plan" not in name}
    assert len(goals) == 5
    assert {name: figure["value"] for name, figure in goals.items() if not figure["met"]} == {}


def test_a_person_sees_a_table_with_goals(shell: Shell) -> None:
    ended = shell("bench", "--seconds", "0.2")
    assert ended.status == 0
    assert "create an actor and send its first message" in ended.out
    assert "<= 1 ms" in ended.out


def test_times_and_folders_that_cannot_be_are_refused(inside: Callable[..., Outcome], tmp_path: Path) -> None:
    for arguments in (["--seconds", "0"], ["--seconds", "1e9"], ["--folder", str(tmp_path / "none")]):
        ended = inside("bench", *arguments)
        assert (ended.status, ended.out) == (2, "")
        assert arguments[0] in ended.err
