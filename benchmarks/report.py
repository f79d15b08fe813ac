"""How benchmarks print: a line about the machine, then a line of JSON for each figure, beside a peer in the same run.

A figure is better when it is higher, unless its unit is a time or bytes. `ratio` is above 1 where ours is better.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

COSTS = frozenset({"s", "ms", "us", "µs", "ns", "bytes", "awaits"})


def header(*packages: str, **facts: object) -> None:
    """Print the first line: what ran where, with the versions of the packages that matter, and other facts."""
    line = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
        "cores": os.cpu_count(),
        "load": [round(load, 2) for load in os.getloadavg()],
        "versions": {package: _version(package) for package in ("packetflow", *packages)},
        **facts,
    }
    print(json.dumps(line), flush=True)


def figure(
    name: str,
    ours: float,
    unit: str,
    *,
    peer: str | None = None,
    theirs: float | None = None,
    goal: str | None = None,
    met: bool | None = None,
) -> None:
    """Print one figure; `goal` says in words what ours, or the ratio, should be, and `met` whether it is."""
    ratio = None if theirs is None else (theirs / ours if unit in COSTS else ours / theirs)
    line = {
        "name": name,
        "ours": _rounded(ours),
        "unit": unit,
        "peer": peer,
        "theirs": _rounded(theirs),
        "ratio": _rounded(ratio),
        "goal": goal,
        "met": met,
    }
    print(json.dumps(line), flush=True)


def percentile(values: Sequence[float], part: float) -> float:
    """Give the value that `part` (0 to 1) of the values are not above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
