"""What is said to whoever asked, and what is rather asked back."""

from tests.requirements.requirement import Requirement

ANSWER = "tests/core/test_answer.py::"

REQUIREMENTS = (
    Requirement(
        id="answers.words",
        source="design 4.12",
        promise="An answer is told in words: an object's own, who said what, facts without ids, and how many more.",
        tests=(
            f"{ANSWER}test_an_objects_own_words_are_its_answer",
            f"{ANSWER}test_messages_read_as_who_said_what",
            f"{ANSWER}test_facts_are_told_with_moments_cut_to_the_minute_and_without_ids",
            f"{ANSWER}test_a_long_list_says_how_many_more_there_are",
            f"{ANSWER}test_nothing_is_said_as_nothing",
        ),
    ),
    Requirement(
        id="answers.sure",
        source="docs/guides/plans.md",
        promise="What would change something is planned only when a planner is sure; a likelihood is asked back.",
        tests=("tests/runtime/test_planning.py::test_what_would_change_something_is_not_planned_on_a_mere_likelihood",),
    ),
    Requirement(
        id="answers.memory",
        source="README",
        promise="What one says to remember is kept, and a plain question finds it.",
        tests=("tests/chat/test_agents.py::test_what_one_says_to_remember_is_kept_and_found_by_a_plain_question",),
    ),
    Requirement(
        id="answers.strangers",
        source="docs/guides/actors.md",
        promise="A state that holds more than its type knows is refused and left as it is.",
        tests=(
            "tests/runtime/test_transaction.py::test_a_state_that_another_program_wrote_is_refused_and_left_as_it_is",
        ),
    ),
)
