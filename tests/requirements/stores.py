"""What a store on disk promises beyond the contract of every store."""

from tests.requirements.requirement import Requirement

SQLITE = "tests/stores/test_sqlite.py::"
CRASH = "tests/stores/test_sqlite_crash.py::"
FAILURES = "tests/stores/test_sqlite_failures.py::"
FILE = "tests/stores/test_sqlite_file.py::"

REQUIREMENTS = (
    Requirement(
        id="stores.sqlite.acknowledged",
        source="design 4.12",
        promise="What was acknowledged before a process was killed, or forgot to close its store, is stored once.",
        tests=(
            f"{CRASH}test_what_was_acknowledged_before_a_kill_is_stored_once",
            f"{CRASH}test_a_program_that_forgets_to_close_its_store_ends_and_keeps_what_was_acknowledged",
        ),
        gap=(
            "Power failure is left to SQLite's synchronous=FULL; a few kills are tried in the suite, more with "
            "KILLS=100."
        ),
    ),
    Requirement(
        id="stores.sqlite.one-process",
        source="design 4.8",
        promise="One store at a time has the file, of this or another process; a second one is told who has it.",
        tests=(
            f"{CRASH}test_while_another_process_has_the_store_it_cannot_be_opened",
            f"{FILE}test_a_second_store_on_the_file_is_refused_until_the_first_is_closed",
        ),
    ),
    Requirement(
        id="stores.sqlite.group",
        source="docs/decisions/0001-group-commit-in-raw-statements.md",
        promise=(
            "Commits that wait together share a transaction up to a limit, in order, and as many as ever are "
            "asked for come through."
        ),
        tests=(
            f"{SQLITE}test_commits_that_wait_together_share_a_transaction",
            f"{SQLITE}test_a_group_has_its_limit",
            f"{SQLITE}test_more_writes_than_the_queue_holds_all_come_through_in_order",
        ),
    ),
    Requirement(
        id="stores.sqlite.alone",
        source="docs/decisions/0001-group-commit-in-raw-statements.md",
        promise="A write that cannot be stored fails alone, not with those beside it.",
        tests=(
            f"{SQLITE}test_a_number_too_large_fails_alone",
            f"{SQLITE}test_text_that_is_not_unicode_fails_alone",
        ),
    ),
    Requirement(
        id="stores.sqlite.disk-full",
        source="design 4.12",
        promise=(
            "On a full disk exactly those are told whose writes are not stored, and writing goes on when there is room."
        ),
        tests=(
            f"{SQLITE}test_on_a_full_disk_everybody_is_told_and_writing_goes_on_when_there_is_room",
            f"{SQLITE}test_on_a_full_disk_only_the_callers_whose_commits_do_not_fit_are_told",
            f"{FAILURES}test_a_full_disk_loses_nothing_acknowledged_and_writing_goes_on_when_there_is_room",
        ),
    ),
    Requirement(
        id="stores.sqlite.locked",
        source="docs/guides/stores.md",
        promise="While another program has locked the file everybody is told so after one wait, and then it goes on.",
        tests=(f"{FAILURES}test_while_another_program_has_locked_it_everybody_is_told_at_once_and_then_it_goes_on",),
    ),
    Requirement(
        id="stores.sqlite.gone",
        source="docs/guides/stores.md",
        promise=(
            "A store whose file was moved, deleted, replaced or made read-only acknowledges nothing, touches no other "
            "file, and goes on by itself when it is back."
        ),
        tests=(
            f"{FAILURES}test_a_store_that_was_moved_acknowledges_nothing_until_it_is_back",
            f"{FAILURES}test_a_file_that_is_not_the_stores_is_never_written",
            f"{FAILURES}test_a_commit_is_not_acknowledged_when_the_file_vanishes_in_the_middle_of_it",
            f"{FAILURES}test_a_store_that_cannot_be_written_for_a_while_is_read_and_then_goes_on",
        ),
        gap="A write-ahead log that is deleted by itself, under a running process, is not noticed.",
    ),
    Requirement(
        id="stores.sqlite.slow-disk",
        source="docs/guides/stores.md",
        promise=(
            "While the disk is slow nothing is acknowledged, reading goes on, and callers that give up do the others "
            "no harm."
        ),
        tests=(f"{FAILURES}test_while_the_disk_is_slow_nothing_is_acknowledged_and_whoever_gave_up_does_no_harm",),
    ),
    Requirement(
        id="stores.sqlite.remembered",
        source="docs/decisions/0001-group-commit-in-raw-statements.md",
        promise=(
            "What the writer takes for granted to be quick, that messages are new and what it wrote itself, is never "
            "wrong in what it answers."
        ),
        tests=(
            f"{FAILURES}test_a_repeated_message_or_event_among_many_new_ones_does_them_no_harm",
            f"{FAILURES}test_what_the_writer_remembers_may_be_forgotten_at_any_time",
        ),
    ),
    Requirement(
        id="stores.sqlite.switch-interval",
        source="docs/guides/stores.md",
        promise="The interpreter's switch interval is lowered while a store is open only, and then given back.",
        tests=(f"{FAILURES}test_the_switch_interval_is_lowered_while_a_store_is_open_and_given_back",),
    ),
    Requirement(
        id="stores.sqlite.reading",
        source="design 4.10",
        promise=(
            "Reading does not wait for writing, one answer is of one moment, and a cancelled reader leaves the "
            "others in peace."
        ),
        tests=(
            f"{SQLITE}test_reading_does_not_wait_for_writing",
            f"{SQLITE}test_a_page_of_several_kinds_is_of_one_moment",
            f"{SQLITE}test_a_cancelled_reader_leaves_the_others_in_peace",
        ),
    ),
    Requirement(
        id="stores.sqlite.indexed",
        source="design 4.10",
        promise="No statement reads a whole table or sorts one.",
        tests=(f"{FILE}test_no_statement_reads_a_whole_table_or_sorts_one",),
    ),
    Requirement(
        id="stores.sqlite.open-close",
        source="design 4.9",
        promise=(
            "A cancelled opening lets the file go, a cancelled closing finishes what was accepted, and then one "
            "file is left."
        ),
        tests=(
            f"{SQLITE}test_a_cancelled_opening_lets_the_file_go",
            f"{SQLITE}test_a_cancelled_closing_still_finishes_what_was_accepted",
            f"{SQLITE}test_a_closed_store_is_one_file_and_its_lock",
        ),
    ),
    Requirement(
        id="stores.sqlite.loop",
        source="design 6",
        promise="A store belongs to the event loop that opened it, be it asyncio's or uvloop's.",
        tests=(
            f"{SQLITE}test_a_store_belongs_to_the_loop_that_opened_it",
            f"{SQLITE}test_it_works_on_uvloop",
        ),
    ),
    Requirement(
        id="stores.sqlite.new-file",
        source="design 6",
        promise="An empty file or a missing folder becomes a store; a path that cannot be a file is refused.",
        tests=(
            f"{FILE}test_an_empty_file_and_a_missing_folder_become_a_store",
            f"{FILE}test_a_path_that_cannot_be_a_file_is_refused",
            f"{FILE}test_a_store_that_forgets_is_another_one",
        ),
    ),
    Requirement(
        id="stores.sqlite.foreign-file",
        source="design 4.12",
        promise="A file that is no store, of another program, newer or broken inside is refused and left alone.",
        tests=(
            f"{FILE}test_a_database_broken_inside_is_refused",
            f"{FILE}test_a_file_that_is_no_database_is_refused_and_left_alone",
            f"{FILE}test_a_store_whose_schema_is_newer_is_refused_and_left_alone",
            f"{FILE}test_the_database_of_another_program_is_refused_and_left_alone",
        ),
    ),
    Requirement(
        id="stores.sqlite.migrations",
        source="design 6",
        promise=(
            "The shipped migrations lead to exactly the tables that statements are built from, and take a store of an "
            "earlier release along with all that it holds."
        ),
        tests=(
            f"{FILE}test_the_migrations_lead_to_the_tables_that_statements_are_built_from",
            f"{FILE}test_the_newest_migration_is_the_schema_that_is_expected",
            f"{FILE}test_a_store_of_the_first_release_is_opened_with_all_that_it_holds",
        ),
    ),
)
