"""What one run may come to, whatever its plan says: rounds of its loops, and bytes of what its nodes give."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from packetflow._core.run import Failure
from packetflow._runtime.result import Result
from packetflow._runtime.scope import LARGEST, TOO_LARGE, BlockFailed, listed, named

ROUNDS: Final = 100_000
"""Rounds of all maps, loops and retries of a run together."""

KEPT: Final = 64 * 1024 * 1024
"""Bytes of all that the nodes of a run give, as JSON."""

_BREATH: Final = 50
"""Rounds after which all of the run let the rest of the app have its turn, for they may have nothing to wait for."""


class Quota:
    """What is left of it for one run. Raises BlockFailed when it is used up."""

    def __init__(self) -> None:
        """Begin with all of it."""
        self._rounds = self._turns = self._kept = 0

    def claim(self, path: str, rounds: int) -> None:
        """Count rounds of the node at `path`, before it begins them."""
        self._rounds += rounds
        if self._rounds > ROUNDS:
            message = f"the maps and loops of one run take at most {ROUNDS:,} items and rounds together"
            raise BlockFailed(Failure(code="too_many_items", message=message), path)

    async def give_way(self) -> None:
        """Let everything else have its turn when enough was done in this round of the event loop."""
        if self._turns == 0:
            asyncio.get_running_loop().call_soon(self._anew)
        self._turns += 1
        if self._turns > _BREATH:
            await asyncio.sleep(0)

    def _anew(self) -> None:
        self._turns = 0

    def keep(self, path: str, result: Result) -> None:
        """Count what the node at `path` gives."""
        if result.json is None or isinstance(result.json, bool | int | float):
            return
        largest(path, result.size)
        self._kept += result.size
        if self._kept > KEPT:
            message = f"what the nodes of one run give is at most {KEPT // 1024**2} MiB together"
            raise BlockFailed(Failure(code="too_large", message=message), path)


def list_of(path: str, results: Sequence[Result]) -> Result:
    """Put the results of rounds together as the output of the node at `path`."""
    made = listed(results)
    largest(path, made.size)
    return made


def object_of(path: str, results: Mapping[str, Result]) -> Result:
    """Put named results together as the output of the node at `path`."""
    made = named(results)
    largest(path, made.size)
    return made


def largest(path: str, size: int) -> None:
    """Refuse what is too large for one node."""
    if size > LARGEST:
        raise BlockFailed(TOO_LARGE, path)
