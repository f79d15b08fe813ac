"""What holds when somebody presses: handlers that raise anything, strange ids and replies, and too much at once."""

from tests.requirements.requirement import Requirement

AUTHORITY = "tests/runtime/test_authority.py::"
SUPERVISION = "tests/runtime/test_supervision.py::"
TRANSACTION = "tests/runtime/test_transaction.py::"

REQUIREMENTS = (
    Requirement(
        id="pressure.crash.no-exception",
        source="docs/guides/actors.md",
        promise=(
            "A handler that raises what is no Exception fails its own caller alone; its message is undone, and the "
            "messages behind it are handled."
        ),
        tests=(
            f"{SUPERVISION}test_what_is_no_exception_undoes_its_message_and_fails_its_caller",
            f"{SUPERVISION}test_what_is_no_exception_fails_only_its_own_message_in_a_mailbox",
        ),
    ),
    Requirement(
        id="pressure.crash.program-ends",
        source="design 4.4",
        promise="What ends the program reaches the event loop from any handler, and no mailbox is left unserved by it.",
        tests=(
            f"{SUPERVISION}test_what_ends_the_program_reaches_the_loop_and_the_app_still_closes",
            f"{SUPERVISION}test_a_mailbox_whose_task_is_cancelled_from_outside_is_served_on",
            f"{SUPERVISION}test_a_bug_of_the_store_while_a_snapshot_is_saved_is_logged_and_the_actor_serves_on",
        ),
    ),
    Requirement(
        id="pressure.message-id.unambiguous",
        source="design 4.4",
        promise="The message id of one principal is never taken for that of another, whatever letters they use.",
        tests=(f"{TRANSACTION}test_a_message_id_and_a_name_are_never_taken_for_another_pair_of_the_same_letters",),
    ),
    Requirement(
        id="pressure.reply.sendable",
        source="design 4.4",
        promise="A message whose reply cannot be written as JSON is undone instead of committed.",
        tests=(f"{TRANSACTION}test_a_reply_that_cannot_be_written_as_json_is_never_committed",),
    ),
    Requirement(
        id="pressure.saved.authority",
        source="docs/guides/actors.md",
        promise="The saved states of a class of actors are shown only to those who may read every actor of it.",
        tests=(f"{AUTHORITY}test_the_saved_states_of_a_class_are_for_those_who_may_read_every_one_of_it",),
    ),
    Requirement(
        id="pressure.plans.proven-again",
        source="docs/guides/plans.md",
        promise="A remembered plan is proven again before it is given, and only to the principal it was made for.",
        tests=(
            f"{AUTHORITY}test_a_remembered_plan_is_proven_again_under_the_grant_of_the_day",
            f"{AUTHORITY}test_a_plan_remembered_by_an_app_with_a_capability_is_not_taken_by_one_without",
            f"{AUTHORITY}test_a_plan_is_remembered_for_whom_it_was_made_whatever_the_hints_say",
        ),
    ),
    Requirement(
        id="pressure.events.overflow",
        source="design 4.7",
        promise="A live listener that falls behind further than its queue holds misses no stored event.",
        tests=(f"{AUTHORITY}test_a_live_listener_that_overflows_gets_what_it_missed_from_the_store",),
    ),
    Requirement(
        id="pressure.stop.runs-first",
        source="design 4.6",
        promise="An app that stops interrupts its runs before the actors they wait for: their steps have not failed.",
        tests=(f"{AUTHORITY}test_leaving_an_app_interrupts_its_runs_before_the_actors_they_wait_for",),
    ),
    Requirement(
        id="pressure.records.bounded",
        source="design 4.11",
        promise="At most 100,000 records of a kind wait for a slow store; the others are counted as lost.",
        tests=(f"{AUTHORITY}test_records_that_a_slow_store_does_not_take_are_bounded_and_the_lost_ones_counted",),
    ),
    Requirement(
        id="pressure.sqlite.bounded",
        source="design 4.12",
        promise="At most 8,192 writes wait for the disk; whoever writes more is held up, and told if the store closes.",
        tests=("tests/stores/test_sqlite.py::test_at_most_8192_writes_wait_and_whoever_comes_later_is_held_up",),
    ),
    Requirement(
        id="pressure.snapshot.emits",
        source="docs/guides/actors.md",
        promise="A snapshot actor is saved together with the events it emits.",
        tests=(f"{AUTHORITY}test_a_snapshot_actor_is_saved_with_the_message_that_emits",),
    ),
)
