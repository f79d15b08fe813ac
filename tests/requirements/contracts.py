"""What every store and every fabric promises, proven by one suite over all of them."""

from tests.requirements.requirement import Requirement

STORE = "tests/contracts/test_store_contract.py::"
AGREE = "tests/contracts/test_store_agreement.py::"
FABRIC = "tests/contracts/test_fabric_contract.py::"

REQUIREMENTS = (
    Requirement(
        id="contracts.store.commit",
        source="design 4.7",
        promise=(
            "State, events and reply of a commit are stored together or not at all, also when the commit is cancelled."
        ),
        tests=(
            f"{STORE}TestMemoryStore",
            f"{STORE}TestSQLiteStore",
            f"{STORE}TestSQLiteStoreOfSmallGroups",
        ),
    ),
    Requirement(
        id="contracts.store.one-writer",
        source="design 4.8",
        promise="A commit that read another revision is a conflict that changes nothing and harms no commit beside it.",
        tests=(
            f"{STORE}TestMemoryStore",
            f"{STORE}TestSQLiteStore",
            f"{STORE}TestSQLiteStoreOfSmallGroups",
        ),
    ),
    Requirement(
        id="contracts.store.once",
        source="design 4.7",
        promise=(
            "A message is committed once and an event with a known id is stored once, however and whenever they "
            "are written again."
        ),
        tests=(
            f"{STORE}TestMemoryStore",
            f"{STORE}TestSQLiteStore",
            f"{STORE}TestSQLiteStoreOfSmallGroups",
        ),
    ),
    Requirement(
        id="contracts.store.journal",
        source="design 2",
        promise=(
            "The events of a topic have places from one on without a gap, and are read by page, kind, id and from "
            "the end."
        ),
        tests=(
            f"{STORE}TestMemoryStore",
            f"{STORE}TestSQLiteStore",
            f"{STORE}TestSQLiteStoreOfSmallGroups",
        ),
    ),
    Requirement(
        id="contracts.store.runs",
        source="docs/guides/plans.md",
        promise=(
            "Runs, calls and decisions are kept and listed from the latest; a run that was under way at the end "
            "is interrupted."
        ),
        tests=(
            f"{STORE}TestMemoryStore",
            f"{STORE}TestSQLiteStore",
            f"{STORE}TestSQLiteStoreOfSmallGroups",
        ),
    ),
    Requirement(
        id="contracts.store.forget",
        source="docs/reference/http.md",
        promise="A forgotten actor leaves nothing behind.",
        tests=(
            f"{STORE}TestMemoryStore",
            f"{STORE}TestSQLiteStore",
            f"{STORE}TestSQLiteStoreOfSmallGroups",
        ),
    ),
    Requirement(
        id="contracts.store.refused",
        source="design 4.12",
        promise="A moment without a time zone is refused and nothing is stored; a closed store refuses everything.",
        tests=(
            f"{STORE}TestMemoryStore",
            f"{STORE}TestSQLiteStore",
            f"{STORE}TestSQLiteStoreOfSmallGroups",
        ),
    ),
    Requirement(
        id="contracts.store.same",
        source="design 4.14",
        promise=(
            "Every store answers the same, whatever is written and asked in whatever order, many at once, and "
            "after opening again."
        ),
        tests=(
            f"{AGREE}test_the_store_on_disk_answers_like_the_one_in_memory",
            f"{AGREE}test_a_long_history_is_read_the_same",
        ),
        gap="PostgreSQL is not there yet.",
    ),
    Requirement(
        id="contracts.fabric.deliver",
        source="design 4.14",
        promise="Every listener hears each event of its topic from then on, in order, and nothing of other topics.",
        tests=(
            f"{FABRIC}TestLocalFabric",
            f"{FABRIC}TestFaultyFabricWithoutFaults",
        ),
        gap="One fabric exists, the local one; a fabric between processes is not there yet.",
    ),
    Requirement(
        id="contracts.fabric.lag",
        source="design 4.6",
        promise=(
            "A listener that lags loses the oldest events and can see that it did; stored events are not lost to "
            "unstored ones."
        ),
        tests=(
            f"{FABRIC}TestLocalFabric",
            f"{FABRIC}TestFaultyFabricWithoutFaults",
        ),
    ),
)
