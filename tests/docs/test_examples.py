"""The examples of the documentation are real files, and they run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
EXAMPLE = re.compile(r"<!-- (?P<source>docs_src/\w+\.py) -->\n```python\n(?P<code>.*?)```", re.DOTALL)

EXPECTED = {
    "rooms.py": ["2 messages by ada", "succeeded ['room.history', 'summarize']", "1 message", "2 message"],
    "weather.py": ["a coat", "[4.0, 10.0]"],
    "calls.py": ["3.0 after 3 attempts\n3.0 after 3 attempts"],
    "simulation.py": ["100 worlds, ", "no law broken", "1 sale, an hour later"],
    "supervision.py": ["1\n'sensor.read' failed: Unreadable: ?\n2\n", "attic stopped\n1 stopped\n1"],
    "runs.py": ["waiting ['garden']", "pay {'amount': 80", "failed undone []", "paid 80 for garden 2"],
    "letters.py": ["2 placed", "mugs taken: 1", "order 1 is expired", "dead: shelf.take unicorn there is no"],
    "flows.py": ["10\n8 ['basket', 'add', 'basket/map']\n['corner: lamp', 'lamp: paid']\npaid"],
    "memory.py": ["a purse cannot hold less than nothing", "5"],
}


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "docs_src").glob("*.py")))
def test_every_example_runs_without_a_warning_and_prints_what_it_says(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(ROOT / "docs_src" / name)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    for line in EXPECTED[name]:
        assert line in done.stdout


def test_every_python_example_of_the_pages_is_part_of_an_example_that_runs() -> None:
    shown = 0
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        quoted = list(EXAMPLE.finditer(text))
        own_idea = len(re.findall(r"```python", text)) - len(quoted)
        assert own_idea == 0 or page.name == "design.md", f"{page.name} shows code that no test runs"
        for found in quoted:
            shown += 1
            source = (ROOT / found["source"]).read_text(encoding="utf-8")
            assert _plain(found["code"]) in _plain(source), f"{page.name} and {found['source']} differ"
    assert shown > 0


def test_the_public_example_of_the_design_is_the_one_that_runs() -> None:
    page = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    shown = re.search(r"```python\n(?P<code>from datetime.*?)```", page, re.DOTALL)
    assert shown is not None
    runs = _words((ROOT / "docs_src" / "rooms.py").read_text(encoding="utf-8"))
    missing = [line for line in shown["code"].splitlines() if _words(line) not in runs]
    assert missing == ["            print(event)"]  # the file prints the place of the event, too, and stops after two


def _plain(code: str) -> str:
    return re.sub(r"\n\s*\n", "\n", code).strip()


def _words(code: str) -> str:
    return " ".join(re.sub(r"#.*", "", code).split())
