"""How a command ends when it does not succeed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from packetflow._core.errors import InvalidInput, NotUnderstood, PacketFlowError, PlanRejected

if TYPE_CHECKING:
    from collections.abc import Sequence

FAILED: Final = 1
"""The work failed."""
USAGE: Final = 2
"""The command was used wrongly, or its input is wrong; nothing was done."""

_BAD_INPUT = frozenset({"invalid_input", "unknown_capability", "declaration_error"})
"""Codes of errors that lie in what the user gave."""


class CommandFailed(Exception):
    """A command cannot go on; said to the user in words, without a traceback."""

    def __init__(
        self, message: str, *, code: str = "failed", status: int = FAILED, problems: Sequence[str] = ()
    ) -> None:
        """Say what happened, to which thing, and what to do next. `code` is the stable name for programs."""
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status
        self.problems = tuple(problems)

    def as_json(self) -> dict[str, Any]:
        """Give the form that `--json` prints."""
        return {"error": {"code": self.code, "message": self.message, "problems": list(self.problems)}}


def usage(message: str, *, code: str = "invalid_input", problems: Sequence[str] = ()) -> CommandFailed:
    """Make the failure of a command that was given something wrong."""
    return CommandFailed(message, code=code, status=USAGE, problems=problems)


def status_of(code: str) -> int:
    """Give the exit status for an error's code."""
    return USAGE if code in _BAD_INPUT else FAILED


def failure_of(error: PacketFlowError) -> CommandFailed:
    """Put any error of PacketFlow into words for the terminal."""
    problems: list[str] = []
    if isinstance(error, InvalidInput | PlanRejected):
        problems = [str(problem) for problem in error.problems]
    elif isinstance(error, NotUnderstood):
        problems = [f"{one.capability_id} ({one.score:.2f}): {one.reason or one.intent}" for one in error.candidates]
    code = str(error.details.get("code", error.code))
    return CommandFailed(error.message, code=code, status=status_of(code), problems=problems)
