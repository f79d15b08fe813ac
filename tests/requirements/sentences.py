"""What hostile and careful sentences are promised: an answer with bounded work, and nothing done that is not asked."""

from tests.requirements.requirement import Requirement

BOUNDS = "tests/planners/test_rules_bounds.py::"
CAUTION = "tests/planners/test_rules_caution.py::"
SENTENCES = "tests/chat/test_sentences.py::"

REQUIREMENTS = (
    Requirement(
        id="sentences.bounded",
        source="packetflow.planners.rules.planner",
        promise=(
            "Whatever is typed is answered with bounded work and without an error: too long a request is refused with "
            "its length, and a long one is planned beside the event loop."
        ),
        tests=(
            f"{BOUNDS}test_a_hostile_request_of_the_longest_length_is_answered_at_once",
            f"{BOUNDS}test_a_request_of_more_than_two_thousand_characters_is_refused_with_its_length",
            f"{BOUNDS}test_a_request_of_too_many_words_is_refused_with_their_number",
            f"{BOUNDS}test_a_request_for_too_many_things_at_once_is_refused_with_their_number",
            f"{BOUNDS}test_a_long_request_is_planned_beside_the_event_loop",
            f"{BOUNDS}test_a_number_beyond_all_measure_is_no_number",
            f"{BOUNDS}test_any_mixture_of_hostile_pieces_is_answered",
        ),
    ),
    Requirement(
        id="sentences.caution",
        source="packetflow.planners.rules.caution",
        promise=(
            "A negation, a condition, a repetition, a day or a number that no input takes is never dropped in silence: "
            "the request is asked back; what is quoted or told is only text."
        ),
        tests=(
            f"{CAUTION}test_a_denial_a_condition_a_repetition_or_a_time_without_an_input_is_never_a_likely_step",
            f"{CAUTION}test_a_thing_that_is_named_and_taken_by_no_input_of_a_change_is_asked_about",
            f"{CAUTION}test_what_is_quoted_denies_and_limits_nothing",
            f"{CAUTION}test_a_limit_that_a_reading_tool_cannot_heed_is_asked_about",
            f"{CAUTION}test_a_limit_that_has_an_input_is_heeded_surely",
            f"{CAUTION}test_an_optional_person_is_never_read_from_a_bare_name",
            f"{SENTENCES}test_what_is_denied_limited_or_repeated_is_asked_back_and_not_done",
            f"{SENTENCES}test_two_acts_in_a_sentence_are_two_steps_and_none_is_dropped",
            f"{SENTENCES}test_what_is_quoted_or_told_is_posted_whatever_it_denies",
        ),
    ),
)
