"""What people do with PacketFlow from beginning to end, on real servers."""

from tests.requirements.requirement import Requirement

JOB = "tests/journeys/test_main_job.py::"
MEMORY = "tests/journeys/test_memory.py::"

REQUIREMENTS = (
    Requirement(
        id="journeys.first-minutes",
        source="design 1",
        promise=(
            "A fresh start has seeded rooms and answers its first sentence with a plan and a run that can be looked at."
        ),
        tests=(f"{JOB}test_a_fresh_start_answers_the_usage_example_with_its_plan_and_run",),
    ),
    Requirement(
        id="journeys.start-again",
        source="design 1",
        promise="Starting again changes nothing, and an empty start has no rooms.",
        tests=(
            f"{JOB}test_a_second_start_changes_nothing",
            f"{JOB}test_an_empty_start_has_no_rooms",
        ),
    ),
    Requirement(
        id="journeys.import",
        source="docs/guides/import.md",
        promise=(
            "A log is imported once, summarized by a sentence, and messages and run are the same after the server "
            "was killed."
        ),
        tests=(f"{JOB}test_an_imported_log_is_stored_once_summarized_and_survives_a_crash",),
    ),
    Requirement(
        id="journeys.exactly-once",
        source="design 4.12",
        promise="An acknowledged message is stored exactly once, and a wrong one not at all.",
        tests=(f"{JOB}test_a_message_is_stored_exactly_once_and_a_wrong_one_not_at_all",),
    ),
    Requirement(
        id="journeys.two-steps",
        source="design 4.5",
        promise=(
            "A sentence that asks for two things becomes two steps that are wired by a typed reference, and both "
            "are done."
        ),
        tests=(f"{JOB}test_a_summary_of_one_room_is_posted_in_another_by_a_typed_reference",),
    ),
    Requirement(
        id="journeys.truth",
        source="design 4.12",
        promise=(
            "A step that fails is told with its reason while the results of the others are kept, and a room that "
            "is none is said to be none."
        ),
        tests=(
            f"{JOB}test_a_failing_step_is_told_with_its_reason_and_the_others_are_kept",
            f"{JOB}test_asked_about_a_room_that_does_not_exist_it_says_so",
        ),
    ),
    Requirement(
        id="journeys.memory",
        source="design 4.7",
        promise=(
            "An agent answers what was discussed yesterday though its process was killed since, and answers "
            "nobody else from it."
        ),
        tests=(f"{MEMORY}test_an_agent_answers_what_was_discussed_yesterday_from_what_was_said_after_a_crash",),
    ),
)
