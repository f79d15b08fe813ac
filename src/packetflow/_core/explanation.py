"""Why a capability was chosen: data that a person, a model and a test can read."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Candidate(BaseModel):
    """One capability that was weighed for a request."""

    model_config = ConfigDict(frozen=True)

    capability_id: str
    intent: str = ""
    """The first sentence of its docstring."""
    score: float
    """Evidence for it, from 0 to 1; only scores of one request compare."""
    reason: str = ""


class Explanation(BaseModel):
    """Why one step uses the capability it uses."""

    model_config = ConfigDict(frozen=True)

    chosen: Candidate
    rejected: tuple[Candidate, ...] = ()
    """The others that were weighed, best first."""
