"""What a store in PostgreSQL promises beyond the contract of every store."""

from tests.requirements.requirement import Requirement

CONTRACT = "tests/contracts/test_store_contract.py::"
AGREEMENT = "tests/contracts/test_store_agreement.py::"
STORE = "tests/stores/test_postgres.py::"
LOSS = "tests/stores/test_postgres_loss.py::"
CLI = "tests/cli/test_store_option.py::"
DECISION = "docs/decisions/0006-postgresql-in-groups-over-one-connection.md"
GUIDE = "docs/guides/postgresql.md"

REQUIREMENTS = (
    Requirement(
        id="postgres.contract",
        source="docs/guides/postgresql.md",
        promise="A PostgreSQL store keeps every sentence of the Store port, and answers like the one in memory.",
        tests=(
            f"{CONTRACT}TestPostgresStore",
            f"{CONTRACT}TestPostgresStoreOfSmallGroups",
            f"{AGREEMENT}test_a_store_in_postgresql_answers_like_the_one_in_memory",
        ),
    ),
    Requirement(
        id="postgres.acknowledged",
        source="docs/guides/postgresql.md",
        promise="What was acknowledged before the server or the process was killed under load is stored once.",
        tests=(
            f"{LOSS}test_a_server_that_is_killed_under_load_and_comes_back_has_all_that_was_acknowledged",
            f"{LOSS}test_a_process_that_is_killed_loses_nothing_it_acknowledged_and_another_one_goes_on",
            f"{STORE}test_acknowledged_means_flushed_even_where_the_database_would_not_wait",
        ),
        gap="A failure of power is left to PostgreSQL's fsync and synchronous_commit.",
    ),
    Requirement(
        id="postgres.back",
        source="docs/guides/postgresql.md",
        promise="While the server or the connection is gone every write is refused, and it goes on without a restart.",
        tests=(
            f"{LOSS}test_a_server_that_is_gone_is_told_at_once_and_without_harm",
            f"{LOSS}test_a_connection_that_is_ended_by_the_server_is_replaced",
            f"{LOSS}test_a_store_can_be_closed_while_the_server_is_gone",
        ),
    ),
    Requirement(
        id="postgres.verdict",
        source=DECISION,
        promise="A commit whose answer is lost is told to be stored, not to be stored, or to be read again: truly.",
        tests=(
            f"{LOSS}test_a_commit_whose_answer_is_lost_is_told_to_be_stored",
            f"{LOSS}test_a_commit_that_never_reached_the_server_is_told_not_to_be_stored",
            f"{LOSS}test_a_commit_that_nobody_can_tell_of_says_so",
        ),
    ),
    Requirement(
        id="postgres.one-owner",
        source="spec distributed 5",
        promise="One process owns the database; a second is told who, and one that lost it refuses until it owns it.",
        tests=(
            f"{LOSS}test_while_another_process_owns_the_database_it_cannot_be_opened",
            f"{LOSS}test_a_store_that_lost_the_lock_to_another_refuses_until_it_owns_again",
            f"{STORE}test_two_that_open_an_empty_database_at_once_do_not_race",
            f"{STORE}test_a_cancelled_opening_lets_the_database_go",
            f"{STORE}test_stores_in_two_schemas_of_a_database_do_not_know_each_other",
        ),
    ),
    Requirement(
        id="postgres.fence",
        source="spec distributed 5",
        promise="Revisions, epochs and places are compared by the statements: two writers at once harm nobody.",
        tests=(
            f"{LOSS}test_two_that_both_believe_they_own_the_database_harm_nobody",
            f"{STORE}test_what_another_process_wrote_is_seen_and_not_overwritten",
            f"{STORE}test_a_commit_of_an_earlier_epoch_is_refused_alone",
        ),
    ),
    Requirement(
        id="postgres.group",
        source=DECISION,
        promise="Commits that wait together share a transaction up to a limit, in order, however many there are.",
        tests=(
            f"{STORE}test_commits_that_wait_together_share_a_transaction",
            f"{STORE}test_a_group_has_its_limit",
            f"{STORE}test_more_writes_than_the_queue_holds_all_come_through_in_order",
        ),
    ),
    Requirement(
        id="postgres.hostile",
        source=GUIDE,
        promise="Any Unicode text comes back as it was and in its order; what cannot be stored fails alone.",
        tests=(
            f"{STORE}test_hostile_texts_come_back_as_they_were_and_in_their_order",
            f"{STORE}test_a_name_that_cannot_be_stored_fails_alone",
            f"{STORE}test_a_number_too_large_fails_alone",
        ),
    ),
    Requirement(
        id="postgres.password",
        source=GUIDE,
        promise="A password is shown in no error, representation, log or finding.",
        tests=(
            f"{STORE}test_a_password_is_shown_nowhere",
            f"{STORE}test_an_address_that_cannot_be_read_is_refused_without_its_password",
            f"{STORE}test_an_address_is_shown_without_password_and_options",
            f"{CLI}test_the_doctor_tells_of_the_database",
        ),
    ),
    Requirement(
        id="postgres.foreign",
        source=GUIDE,
        promise="A database of another program, of a newer PacketFlow, or not in Unicode is refused and left alone.",
        tests=(
            f"{STORE}test_the_database_of_another_program_is_refused_and_left_alone",
            f"{STORE}test_a_database_of_a_newer_packetflow_is_refused_and_left_alone",
            f"{STORE}test_a_database_that_is_not_in_unicode_is_refused",
        ),
    ),
    Requirement(
        id="postgres.migrations",
        source="docs/guides/postgresql.md",
        promise="The migrations that all stores share lead to exactly the tables that statements are built from.",
        tests=(f"{STORE}test_the_migrations_lead_to_the_tables_that_statements_are_built_from",),
    ),
    Requirement(
        id="postgres.loop",
        source="design 6",
        promise="A PostgreSQL store belongs to the event loop that opened it, be it asyncio's or uvloop's.",
        tests=(
            f"{STORE}test_a_store_belongs_to_the_loop_that_opened_it",
            f"{STORE}test_it_works_on_uvloop",
        ),
    ),
    Requirement(
        id="postgres.chosen",
        source="docs/guides/postgresql.md",
        promise="Any command is put on PostgreSQL by `--store` or `$PACKETFLOW_STORE`; wrong ones are told.",
        tests=(
            f"{CLI}test_a_server_and_the_commands_after_it_work_on_the_same_database",
            f"{CLI}test_an_address_that_cannot_be_read_is_refused_in_words",
            f"{CLI}test_without_the_driver_its_extra_is_named",
            f"{STORE}test_an_address_names_its_store",
        ),
    ),
)
