"""What holds when somebody tries to break it."""

from tests.requirements.requirement import Requirement

DEFENCE = "tests/runtime/test_defence.py::"

REQUIREMENTS = (
    Requirement(
        id="defence.follow",
        source="docs/guides/authority.md",
        promise="Events are followed by those whom the actor lets read it, and runs by those who may see them.",
        tests=(f"{DEFENCE}test_nobody_follows_a_private_room_or_anothers_agent_or_any_other_topic",),
    ),
    Requirement(
        id="defence.name",
        source="design 4.11",
        promise="A name is authority, too: nobody becomes somebody else by delegating.",
        tests=(
            "tests/core/test_grant.py::test_nobody_becomes_somebody_else_by_delegating",
            f"{DEFENCE}test_nobody_reads_as_somebody_else_by_delegating_under_their_name",
        ),
    ),
    Requirement(
        id="defence.careful",
        source="docs/guides/plans.md",
        promise="Asking for a yes before risky effects takes no other authority away.",
        tests=(
            "tests/core/test_grant.py::test_asking_for_a_yes_takes_nothing_else_away",
            f"{DEFENCE}test_the_owner_sees_in_a_careful_run_what_the_owner_sees_in_any_other",
        ),
    ),
    Requirement(
        id="defence.ended",
        source="design 4.12",
        promise="A run ends as what it was, also when an output or an error cannot be written.",
        tests=(
            f"{DEFENCE}test_an_output_or_an_error_that_cannot_be_written_ends_its_step_and_its_run",
            f"{DEFENCE}test_half_a_character_in_a_typed_message_is_invalid_input",
        ),
    ),
    Requirement(
        id="defence.size",
        source="design 4.9",
        promise="A plan, a map and a list of problems have a largest size.",
        tests=(
            f"{DEFENCE}test_a_plan_and_a_map_have_a_largest_size",
            f"{DEFENCE}test_the_problems_of_a_large_plan_stay_short",
        ),
    ),
    Requirement(
        id="defence.start",
        source="README",
        promise="A first start that was cut off is finished by the next one, and adds nothing twice.",
        tests=(
            f"{DEFENCE}test_a_first_start_that_was_cut_off_is_finished_by_the_next_one",
            f"{DEFENCE}test_an_app_whose_seed_failed_can_be_entered_again",
        ),
    ),
)
