"""The laws of the runtime, by a simulated bank; and that the search for broken ones finds them."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from tools.broken_stores import BROKEN
from tools.simulate import every_call, scenario

from packetflow.testing.simulation import LawBroken, simulate

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Thousands of refusals and crashes are logged by these."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


def test_no_law_breaks_in_two_hundred_worlds_with_faults_and_deaths() -> None:
    report = simulate(scenario, range(200))
    assert report.seeds == 200
    assert report.lives > 500


def test_no_law_breaks_whichever_call_of_store_or_fabric_fails() -> None:
    assert every_call(0, stride=29) > 100


def test_a_world_is_the_same_again_with_the_same_seed() -> None:
    assert simulate(scenario, range(300, 308)) == simulate(scenario, range(300, 308))


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_store_that_breaks_its_word_is_found_within_a_few_seeds(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.simulate.PATIENCE", 5)  # what never ends need not be waited for
    with pytest.raises(LawBroken):
        simulate(partial(scenario, between=BROKEN[name]), range(20))


def test_a_law_that_was_broken_is_broken_again_with_the_same_seed() -> None:
    broken = partial(scenario, between=BROKEN["Loses"])
    with pytest.raises(LawBroken) as found:
        simulate(broken, range(20))
    with pytest.raises(LawBroken) as again:
        simulate(broken, [found.value.seed])
    assert (again.value.law, again.value.trace) == (found.value.law, found.value.trace)


def test_the_command_prints_one_line_and_the_same_trace_in_another_process() -> None:
    def search(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tools.simulate", *arguments]
        chance = {**os.environ, "PYTHONHASHSEED": "random"}
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120, env=chance)

    first, second = (search("--seeds", "2", "--first", "7") for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    lines = [json.loads(ended.stdout) for ended in (first, second)]
    assert lines[0]["seeds"] == 2
    assert lines[0]["broken"] is None
    assert [line["trace"] for line in lines] == [lines[0]["trace"]] * 2
