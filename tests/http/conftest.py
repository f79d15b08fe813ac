"""One server over the small app, for tests that need nothing special of it."""

from collections.abc import AsyncGenerator

import pytest
from tests.http.club import Gate, club
from tests.http.serving import Served, serving


@pytest.fixture
def gate() -> Gate:
    """Return what the capability `wait` of the served app waits for."""
    return Gate()


@pytest.fixture
async def served(gate: Gate) -> AsyncGenerator[Served]:
    """Serve the app as its local owner meets it."""
    async with serving(club(gate)) as running:
        yield running
