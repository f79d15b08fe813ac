"""What a capability does to the world: the declaration that policy, planner and protocols read."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

Effect: TypeAlias = Literal["read", "write", "delete", "money", "external", "code"]
"""`read` changes nothing; `write` adds or changes; `delete` destroys; `money` spends; `external` reaches other
systems; `code` executes what it is given."""

EFFECTS: Final[tuple[Effect, ...]] = get_args(Effect)

RISKY: Final[frozenset[Effect]] = frozenset({"delete", "money", "external", "code"})
"""Effects that an agent or a plan of a planner may not cause before a person has confirmed them."""
