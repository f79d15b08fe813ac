"""What is kept for those it belongs to: state within its actor, answers, questions, the rest of a run, time, files."""

from tests.requirements.requirement import Requirement

ANSWERS = "tests/runtime/test_answers.py::"
BORDER = "tests/runtime/test_border.py::"
CONTINUATION = "tests/runtime/test_continuation.py::"
HALF = "tests/runtime/test_half_characters.py::"
TIME = "tests/runtime/test_time_under_way.py::"
ACTORS, RUNS = "docs/guides/actors.md", "docs/guides/runs.md"

REQUIREMENTS = (
    Requirement(
        id="keeping.state.copied",
        source=ACTORS,
        promise="The state of a durable or snapshot actor changes by its own messages alone: arguments and replies "
        "that could be changed are copies.",
        tests=(
            f"{BORDER}test_who_may_only_read_cannot_change_a_state_by_the_reply",
            f"{BORDER}test_an_argument_that_its_sender_changes_later_is_as_it_was_sent",
            f"{BORDER}test_an_argument_changed_while_its_message_waits_is_as_it_was_sent",
            f"{BORDER}test_only_what_cannot_be_changed_is_shared",
        ),
    ),
    Requirement(
        id="keeping.state.read",
        source=ACTORS,
        promise="In asyncio's debug mode a read message that changed the state fails.",
        tests=(f"{BORDER}test_a_read_that_changes_the_state_is_told_in_the_event_loops_debug_mode",),
    ),
    Requirement(
        id="keeping.answer.uncancelled",
        source=RUNS,
        promise="An answer whose giver goes away while it is being stored counts.",
        tests=(f"{ANSWERS}test_a_yes_whose_giver_goes_away_while_it_is_stored_still_counts",),
    ),
    Requirement(
        id="keeping.question.stored",
        source=RUNS,
        promise="A question is stored before anybody can answer it.",
        tests=(f"{ANSWERS}test_a_question_is_stored_before_it_can_be_answered",),
    ),
    Requirement(
        id="keeping.question.private",
        source=RUNS,
        promise="Questions of runs are seen by their holder, by those it is a delegate of, and by nobody whose name is "
        "only alike.",
        tests=(f"{ANSWERS}test_a_name_that_begins_like_anothers_sees_none_of_their_questions",),
    ),
    Requirement(
        id="keeping.question.stays",
        source=RUNS,
        promise="A question that was asked stays asked when a new version of the app would not ask it.",
        tests=(f"{ANSWERS}test_what_was_asked_stays_asked_when_a_new_version_would_not_ask",),
    ),
    Requirement(
        id="keeping.rest.once",
        source=RUNS,
        promise="The rest of a run is done once: while another run does it, or when one has, nobody does it again.",
        tests=(
            f"{CONTINUATION}test_two_retries_at_once_do_the_rest_once",
            f"{CONTINUATION}test_a_run_whose_rest_was_done_is_not_continued_again_even_after_a_restart",
            f"{CONTINUATION}test_a_run_is_continued_again_when_what_continued_it_failed_and_nobody_has_done_its_rest",
            f"{CONTINUATION}test_a_run_is_not_continued_while_another_does_its_rest",
        ),
    ),
    Requirement(
        id="keeping.time.killed",
        source=RUNS,
        promise="A kill forgets no more than a tenth of the time that a run may be under way.",
        tests=(
            f"{TIME}test_the_time_of_a_call_that_was_killed_is_spent_but_for_a_tenth_of_the_budget",
            f"{TIME}test_time_is_told_ten_times_at_most_and_by_bounded_runs_alone",
        ),
    ),
    Requirement(
        id="keeping.undo.unbounded",
        source=RUNS,
        promise="Undoing is not bounded by the budget.",
        tests=("tests/runtime/test_undo.py::test_undoing_is_not_bounded_by_the_budget_that_ended_the_run",),
    ),
    Requirement(
        id="keeping.depth",
        source="docs/guides/flows.md",
        promise="A circle of events ends, also one that goes through a handler which asks another actor.",
        tests=(
            "tests/runtime/test_depth.py::test_a_circle_through_a_handler_that_asks_another_actor_ends_as_a_dead_letter",
        ),
    ),
    Requirement(
        id="keeping.file.one-name",
        source="design 4.8",
        promise="A store on SQLite that is open is not opened a second time by a symbolic link to it.",
        tests=("tests/stores/test_sqlite_file.py::test_a_store_that_is_open_is_not_opened_by_another_name",),
    ),
    Requirement(
        id="keeping.half-characters",
        source="docs/guides/actors.md",
        promise="Half a character in a key or a request is refused as invalid input, and in the id of a run or letter "
        "names none.",
        tests=(
            f"{HALF}test_no_actor_has_half_a_character_in_its_key",
            f"{HALF}test_no_run_and_no_letter_has_half_a_character_in_its_name",
            f"{HALF}test_a_request_with_half_a_character_is_refused",
        ),
    ),
)
