"""The shape of one promise in the manifest."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """One thing PacketFlow promises, and the tests that would fail if it were broken."""

    id: str
    """`area.topic.what`, stable for ever: reports and notes refer to it."""
    source: str
    """Where the promise is made: `design 4.6`, `README`, `docs/guides/rooms.md`, an RFC."""
    promise: str
    """One sentence in the present tense that a user can hold us to."""
    tests: tuple[str, ...]
    """Node ids as pytest takes them, without parameters: `tests/core/test_plan.py::test_a_cycle_is_rejected`.

    The id of a class stands for all of its tests; so does that of a state machine (`TestMailbox = Mailbox.TestCase`).
    """
    gap: str = ""
    """What part of the promise no test proves yet, and why; empty when all of it is proven."""
