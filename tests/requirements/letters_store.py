"""What every store promises about letters, versions of state and retention, proven by the contract suite."""

from tests.requirements.requirement import Requirement

STORE = "tests/contracts/test_store_contract.py::"
ALL = (f"{STORE}TestMemoryStore", f"{STORE}TestSQLiteStore", f"{STORE}TestSQLiteStoreOfSmallGroups")

REQUIREMENTS = (
    Requirement(
        id="letters-store.outbox",
        source="docs/decisions/0005-letters-in-one-table.md",
        promise="A commit stores its state, sends, settles and cancels letters together, or does nothing of it.",
        tests=ALL,
    ),
    Requirement(
        id="letters-store.once",
        source="docs/decisions/0005-letters-in-one-table.md",
        promise="A letter is kept once by its id, and of all who settle one occurrence exactly one does.",
        tests=ALL,
    ),
    Requirement(
        id="letters-store.order",
        source="docs/decisions/0005-letters-in-one-table.md",
        promise="Letters are listed in the order of sending; their numbers rise, and none is given twice.",
        tests=ALL,
    ),
    Requirement(
        id="letters-store.reminders",
        source="docs/decisions/0005-letters-in-one-table.md",
        promise=(
            "A reminder takes the place of its namesake at the same receiver, comes again when it is settled so, and "
            "is cancelled by name."
        ),
        tests=ALL,
    ),
    Requirement(
        id="letters-store.dead",
        source="docs/decisions/0005-letters-in-one-table.md",
        promise="Failed deliveries are counted with their reason; a dead letter waits to be revived or dropped.",
        tests=ALL,
    ),
    Requirement(
        id="letters-store.forget",
        source="docs/decisions/0005-letters-in-one-table.md",
        promise="A forgotten actor gets no letters, neither waiting nor dead ones.",
        tests=ALL,
    ),
    Requirement(
        id="letters-store.version",
        source="docs/guides/stores.md",
        promise="A state is kept with the version of its shape, which changes only with the state.",
        tests=ALL,
    ),
    Requirement(
        id="letters-store.prune",
        source="docs/guides/stores.md",
        promise=(
            "What is older than a horizon is deleted page by page: replies, records, ended runs, and the beginnings "
            "of journals, whose last event stays."
        ),
        tests=ALL,
    ),
)
