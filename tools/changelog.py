"""Check the changelog fragments in changelog.d/: names, kinds and content.

A fragment is one file `<topic>.<kind>.md` holding at least one sentence; the kinds are those of `[tool.towncrier]` in
pyproject.toml. Whether the fragments can be built into a changelog is then towncrier's own word.

Usage: python tools/changelog.py [ROOT]    exit status 1, and one line for each finding, if a fragment is wrong.
"""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

SENTENCE_END = re.compile(r"[.!?)`]$")


def kinds(pyproject: Path) -> frozenset[str]:
    """Read the names of the kinds of change."""
    towncrier = tomllib.loads(pyproject.read_text())["tool"]["towncrier"]
    return frozenset(kind["directory"] for kind in towncrier["type"])


def findings(folder: Path, known: frozenset[str]) -> Iterator[str]:
    """Yield one sentence for each fragment that is wrongly named, empty or unfinished."""
    for file in sorted(folder.iterdir()):
        if file.name == "README.md":
            continue
        match = re.fullmatch(r"[a-z0-9][a-z0-9-]*\.(?P<kind>[a-z]+)\.md", file.name)
        if match is None or match["kind"] not in known:
            yield f"{folder.name}/{file.name}: must be named <topic>.<kind>.md, kind one of {', '.join(sorted(known))}"
        elif not SENTENCE_END.search(file.read_text().strip()):
            yield f"{folder.name}/{file.name}: must hold at least one whole sentence"


def main(root: Path) -> int:
    """Print the findings under `root`; return the exit status."""
    found = list(findings(root / "changelog.d", kinds(root / "pyproject.toml")))
    for finding in found:
        print(finding)
    if found:
        return 1
    draft = [sys.executable, "-m", "towncrier", "build", "--draft", "--version", "next", "--dir", str(root)]
    built = subprocess.run(draft, capture_output=True, text=True, check=False)
    if built.returncode:
        print(built.stderr or built.stdout)
    return built.returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent))
