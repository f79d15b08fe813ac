"""What turning a sentence into a plan promises: by rules, by a language model, and for measuring."""

from tests.requirements.requirement import Requirement

CLAUSES = "tests/planners/test_rules_clauses.py::"
DRAFT = "tests/planners/test_rules_draft.py::"
EVERYDAY = "tests/planners/test_rules_everyday.py::"
QUANTITIES = "tests/planners/test_rules_quantities.py::"
SLOTS = "tests/planners/test_rules_slots.py::"
BATCH = "tests/planners/test_batch.py::"
MODEL = "tests/planners/test_llm_planner.py::"
WRITTEN = "tests/planners/test_llm_draft.py::"
OUTAGES = "tests/planners/test_llm_outages.py::"
PRIVACY = "tests/planners/test_llm_privacy.py::"
SHORTLIST = "tests/planners/test_llm_shortlist.py::"

REQUIREMENTS = (
    Requirement(
        id="planners.rules.clauses",
        source="packetflow.planners.rules.clauses",
        promise=(
            "A request is split where a new verb starts, never within a list, a quote or an address; what points "
            "back is known."
        ),
        tests=(
            f"{CLAUSES}test_a_request_is_split_where_a_new_verb_starts",
            f"{CLAUSES}test_lists_quotes_brackets_and_addresses_stay_whole",
            f"{CLAUSES}test_a_clause_that_points_back_says_so",
            f"{CLAUSES}test_spans_lie_in_order_and_hold_the_words_of_their_clause",
        ),
    ),
    Requirement(
        id="planners.rules.steps",
        source="packetflow.planners.rules.draft",
        promise=(
            "Each part of a request becomes a step, one for each item that it names, wired only where one needs "
            "the other."
        ),
        tests=(
            f"{DRAFT}test_one_clause_makes_one_step",
            f"{DRAFT}test_one_tool_over_several_items_makes_a_step_each",
            f"{DRAFT}test_parts_that_state_an_input_anew_make_a_call_each_and_inherit_the_rest",
            f"{DRAFT}test_a_request_inside_a_request_becomes_its_own_step",
            f"{DRAFT}test_clauses_that_need_nothing_of_each_other_make_independent_steps",
            f"{DRAFT}test_it_means_the_latest_result",
            f"{EVERYDAY}test_one_result_goes_to_each_place_that_is_named",
        ),
    ),
    Requirement(
        id="planners.rules.lookups",
        source="design 4.3",
        promise=(
            "What a step needs and nobody said is looked up by a step that only reads, when one gives exactly that."
        ),
        tests=(
            f"{DRAFT}test_a_name_is_looked_up_where_an_identity_is_asked_for",
            f"{DRAFT}test_an_input_without_a_value_is_looked_up_first",
            f"{DRAFT}test_only_reading_tools_are_put_into_a_plan_unasked",
            f"{DRAFT}test_an_identity_is_never_taken_from_another_text",
        ),
    ),
    Requirement(
        id="planners.rules.links",
        source="design 4.5",
        promise="The output of a step goes into an input of another only where its type is welcome.",
        tests=(
            f"{DRAFT}test_an_output_is_linked_only_where_its_type_is_welcome",
            f"{DRAFT}test_both_results_are_one_list_where_a_list_is_asked_for",
            f"{DRAFT}test_both_results_are_posted_one_by_one_where_one_text_is_asked_for",
            f"{DRAFT}test_the_summary_of_one_room_is_posted_in_another",
            f"{EVERYDAY}test_both_results_of_clear_parts_go_where_they_are_sent_surely",
        ),
    ),
    Requirement(
        id="planners.rules.examples",
        source="design 3",
        promise=(
            "A request like a declared example takes its capability surely, and reads the values from their places."
        ),
        tests=(
            f"{EVERYDAY}test_a_request_like_an_example_takes_its_capability_surely_and_reads_the_values_from_their_places",
            f"{EVERYDAY}test_a_question_like_a_whole_example_is_passed_on_as_it_is",
            f"{EVERYDAY}test_an_example_with_other_words_than_values_is_not_the_same_request",
        ),
    ),
    Requirement(
        id="planners.rules.everyday",
        source="packetflow.planners.rules.planner",
        promise=(
            "Keys, names, messages and counts are read the way people write them, spelling mistakes in verbs included."
        ),
        tests=(
            f"{EVERYDAY}test_a_key_is_read_however_it_is_named",
            f"{EVERYDAY}test_a_number_before_what_is_listed_limits_the_list",
            f"{EVERYDAY}test_a_thing_to_be_made_is_called_what_the_request_calls_it_and_not_after_whom_it_is_for",
            f"{EVERYDAY}test_what_is_told_or_asked_is_the_message",
            f"{EVERYDAY}test_spelling_does_not_matter_in_a_verb",
        ),
    ),
    Requirement(
        id="planners.rules.refused",
        source="design 4.12",
        promise=(
            "What nothing can do is refused as a whole, naming the part, what is missing and the nearest capabilities."
        ),
        tests=(
            f"{DRAFT}test_a_plan_with_a_part_that_no_tool_can_do_is_refused_and_says_which",
            f"{DRAFT}test_a_refusal_names_what_is_missing_and_the_nearest_tools",
            f"{DRAFT}test_a_request_over_no_tools_is_refused",
            f"{DRAFT}test_what_no_tool_can_do_is_refused",
            f"{EVERYDAY}test_a_part_that_nothing_can_do_refuses_the_whole_and_is_named",
            f"{EVERYDAY}test_a_verb_alone_asks_for_what_is_missing",
            f"{EVERYDAY}test_a_verb_that_nothing_knows_is_never_taken_for_another",
            f"{EVERYDAY}test_what_nothing_can_do_is_refused",
        ),
    ),
    Requirement(
        id="planners.rules.sure",
        source="docs/guides/plans.md",
        promise=(
            "Every step says why it was chosen and what else was weighed, and a clear request is surer than a "
            "vague one."
        ),
        tests=(
            f"{DRAFT}test_a_clear_request_is_surer_than_a_vague_one",
            f"{DRAFT}test_every_step_says_why_and_what_else_was_weighed",
        ),
    ),
    Requirement(
        id="planners.rules.robust",
        source="packetflow.planners.rules.planner",
        promise="Any words at all give a sound draft or a refusal, the same each time.",
        tests=(
            f"{DRAFT}test_any_words_give_the_same_sound_draft_again",
            f"{DRAFT}test_no_text_breaks_the_planner",
            f"{EVERYDAY}test_whatever_is_typed_there_is_an_answer_and_no_error",
        ),
        gap="How many requests are understood rightly is measured by a benchmark, not by a test.",
    ),
    Requirement(
        id="planners.rules.hints",
        source="docs/reference/http.md",
        promise="Facts at hand fill what the sentence leaves open, and nothing that it says.",
        tests=(
            f"{DRAFT}test_hints_of_the_surroundings_fill_what_is_left_open",
            f"{SLOTS}test_a_hint_fills_what_the_sentence_leaves_open_and_nothing_else",
            f"{EVERYDAY}test_a_hint_fills_what_is_pointed_to_and_no_optional_input",
        ),
    ),
    Requirement(
        id="planners.rules.numbers",
        source="packetflow.planners.rules.quantities",
        promise=(
            "Numbers are read with sign, scale and unit, in words and digits, lists and ranges; codes are no numbers."
        ),
        tests=(
            f"{QUANTITIES}test_a_number_is_read_with_its_sign_scale_and_unit",
            f"{QUANTITIES}test_codes_are_no_numbers",
            f"{QUANTITIES}test_lists_of_numbers_and_coordinates_are_series",
            f"{QUANTITIES}test_the_ends_of_a_range_are_two_numbers",
        ),
    ),
    Requirement(
        id="planners.rules.units",
        source="packetflow.planners.rules.quantities",
        promise="A quantity is given in the unit that a field asks for, and never converted to one of another kind.",
        tests=(
            f"{QUANTITIES}test_a_percentage_keeps_the_stated_number",
            f"{QUANTITIES}test_a_quantity_is_converted_only_to_a_unit_of_its_own_kind",
            f"{SLOTS}test_a_quantity_is_given_in_the_unit_that_is_asked_for",
            f"{SLOTS}test_a_percentage_is_a_fraction_for_a_rate_and_stays_for_a_percentage",
        ),
    ),
    Requirement(
        id="planners.rules.days",
        source="packetflow.planners.rules.dates",
        promise=(
            "Days and times are read from words and digits and written in the layout of the field; an impossible "
            "one is none."
        ),
        tests=(
            f"{QUANTITIES}test_a_day_is_read_from_words_and_digits",
            f"{QUANTITIES}test_a_day_is_written_as_the_description_lays_it_out",
            f"{QUANTITIES}test_a_range_lends_its_year_to_both_ends",
            f"{QUANTITIES}test_an_impossible_day_is_no_day",
            f"{QUANTITIES}test_times_of_day_are_read_on_both_clocks",
            f"{SLOTS}test_days_are_written_in_the_layout_of_the_field",
        ),
    ),
    Requirement(
        id="planners.rules.today",
        source="packetflow.planners.rules.dates",
        promise="A relative day is not guessed when nobody says what day it is.",
        tests=(f"{QUANTITIES}test_a_relative_day_is_not_guessed_without_today",),
    ),
    Requirement(
        id="planners.rules.which-field",
        source="packetflow.planners.rules.slots",
        promise="A value goes to the field that its words, unit, preposition or place in the sentence tell.",
        tests=(
            f"{SLOTS}test_numbers_go_to_the_fields_whose_names_stand_near",
            f"{SLOTS}test_numbers_go_to_the_fields_whose_unit_they_have",
            f"{SLOTS}test_numbers_without_a_hint_are_taken_in_order",
            f"{SLOTS}test_places_are_told_apart_by_their_prepositions",
            f"{SLOTS}test_the_noun_before_a_number_belongs_to_an_identity",
            f"{SLOTS}test_a_required_input_takes_back_what_an_optional_one_took_by_little",
            f"{SLOTS}test_city_and_country_are_one_value_or_two_as_the_fields_want",
            f"{SLOTS}test_addresses_and_links_find_their_fields",
        ),
    ),
    Requirement(
        id="planners.rules.forms",
        source="packetflow.planners.rules.slots",
        promise=(
            "Choices, switches, lists, objects, formulas and running text are filled in the form that the field "
            "declares."
        ),
        tests=(
            f"{SLOTS}test_a_choice_is_found_by_its_words",
            f"{SLOTS}test_a_switch_is_on_when_named_and_off_when_denied",
            f"{SLOTS}test_an_example_of_the_description_counts_as_a_choice",
            f"{SLOTS}test_lists_take_their_type_from_their_items",
            f"{SLOTS}test_an_object_is_filled_by_its_own_fields",
            f"{SLOTS}test_a_formula_is_taken_whole",
            f"{SLOTS}test_running_text_ends_where_another_field_begins",
            f"{SLOTS}test_an_integer_field_never_takes_a_broken_number",
            f"{SLOTS}test_older_type_names_are_understood",
        ),
    ),
    Requirement(
        id="planners.rules.left-open",
        source="design 4.4",
        promise="What is missing is named, and a default stays the capability's own unless the input is required.",
        tests=(
            f"{SLOTS}test_what_is_missing_is_named",
            f"{SLOTS}test_defaults_stay_out_unless_the_input_is_required",
        ),
    ),
    Requirement(
        id="planners.batch.cases",
        source="docs/reference/cli.md",
        promise="A file of cases gives one prediction for each, in order, and reports the lines that are none.",
        tests=(
            f"{BATCH}test_each_case_gets_one_prediction_in_order",
            f"{BATCH}test_lines_that_are_no_case_are_reported_and_left_out",
            f"{BATCH}test_what_a_refused_case_lacks_is_told",
            f"{BATCH}test_what_is_no_tool_is_refused",
        ),
    ),
    Requirement(
        id="planners.batch.forms",
        source="docs/reference/cli.md",
        promise="Cases may describe their tools in tables, and predictions are written with labels and references.",
        tests=(
            f"{BATCH}test_many_steps_are_written_with_labels_and_references",
            f"{BATCH}test_tables_of_parameters_are_read_as_schemas",
        ),
    ),
    Requirement(
        id="planners.batch.keeps",
        source="docs/reference/cli.md",
        promise="A file that is missing leaves the old predictions alone.",
        tests=(f"{BATCH}test_a_missing_file_leaves_the_old_predictions_alone",),
    ),
    Requirement(
        id="planners.model.proven",
        source="docs/guides/plans.md",
        promise=(
            "With a vendor's key alone a sentence becomes a proven plan in one request, which says who made it "
            "and why each step."
        ),
        tests=(
            f"{MODEL}test_a_vendor_with_only_its_key_set_gives_a_proven_plan_in_one_request",
            f"{MODEL}test_a_step_says_why_its_capability_was_chosen_and_what_else_was_weighed",
            f"{MODEL}test_the_plan_names_the_planner_and_the_model_that_made_it",
            f"{MODEL}test_the_same_answer_gives_the_same_plan",
            f"{MODEL}test_a_server_of_ones_own_needs_no_key",
        ),
        gap="The vendors' real servers are not asked by a test; loopback servers speak their forms.",
    ),
    Requirement(
        id="planners.model.corrected",
        source="packetflow.planners.llm.planner",
        promise=(
            "A wrong plan is sent back with its problems, as often as the limits say, and then there is no plan "
            "but the reason."
        ),
        tests=(
            f"{MODEL}test_a_wrong_capability_is_corrected_in_one_more_request",
            f"{MODEL}test_an_answer_in_another_form_is_corrected_too",
            f"{MODEL}test_three_wrong_plans_end_without_a_plan_and_with_the_reason",
            f"{OUTAGES}test_corrections_are_as_many_as_the_limits_say",
        ),
    ),
    Requirement(
        id="planners.model.no-plan",
        source="design 4.12",
        promise=(
            "A model that finds no plan, refuses or only chats is never told as one that planned: the asker "
            "learns what is missing."
        ),
        tests=(
            f"{MODEL}test_a_model_may_give_up_after_a_correction",
            f"{MODEL}test_a_model_that_only_chats_ends_without_a_plan",
            f"{MODEL}test_a_model_without_a_plan_asks_back_and_names_what_is_missing",
            f"{MODEL}test_a_refusal_is_told_as_one_and_never_as_a_plan",
        ),
    ),
    Requirement(
        id="planners.model.not-asked",
        source="packetflow.planners.llm.planner",
        promise="No model is asked without one configured, without capabilities, or for what makes no sense to send.",
        tests=(
            f"{MODEL}test_without_any_capability_no_model_is_asked",
            f"{MODEL}test_without_any_model_in_the_environment_there_is_no_planner",
            f"{MODEL}test_a_request_that_makes_no_sense_to_send_is_not_sent",
        ),
    ),
    Requirement(
        id="planners.model.request",
        source="design 4.11",
        promise=(
            "A model is told the sentence, the moment, the hints and at most twelve capabilities, and can use no other."
        ),
        tests=(
            f"{MODEL}test_a_capability_that_was_not_shown_cannot_be_used",
            f"{MODEL}test_of_many_capabilities_a_model_is_shown_at_most_twelve",
            f"{MODEL}test_the_request_carries_the_moment_the_hints_and_the_sentence",
            f"{MODEL}test_several_requests_at_once_share_one_planner",
        ),
    ),
    Requirement(
        id="planners.model.shortlist",
        source="packetflow.planners.llm.shortlist",
        promise=(
            "A model is shown what the words of the request find and what those need, the best first, each with "
            "the reason."
        ),
        tests=(
            f"{SHORTLIST}test_a_small_registry_is_shown_whole_and_the_best_comes_first",
            f"{SHORTLIST}test_what_gives_a_needed_field_is_shown_although_no_word_names_it",
            f"{SHORTLIST}test_what_gives_a_needed_type_is_shown_although_neither_word_nor_field_names_it",
            f"{SHORTLIST}test_a_field_that_is_known_needs_nobody_to_give_it",
            f"{SHORTLIST}test_a_request_in_other_words_still_gets_something_to_choose_from",
            f"{SHORTLIST}test_every_candidate_says_why_it_is_there",
            f"{SHORTLIST}test_a_shortlist_is_of_the_asked_length_without_doubles_and_best_first",
        ),
    ),
    Requirement(
        id="planners.model.draft",
        source="packetflow.planners.llm.draft",
        promise="Whatever a model writes becomes a proven plan, or problems that say which step and where.",
        tests=(
            f"{WRITTEN}test_whatever_a_model_writes_becomes_a_proven_plan_or_problems_that_say_where",
            f"{WRITTEN}test_a_wrong_draft_is_told_by_code_and_step",
            f"{WRITTEN}test_json_that_is_none_is_a_problem_with_its_step_and_path",
            f"{WRITTEN}test_ids_that_a_plan_cannot_have_are_replaced_everywhere",
        ),
    ),
    Requirement(
        id="planners.model.wiring",
        source="packetflow.planners.llm.draft",
        promise="Values, links, order, loops and lists arrive in the plan in the types that the inputs want.",
        tests=(
            f"{WRITTEN}test_values_links_and_order_arrive_in_the_plan",
            f"{WRITTEN}test_a_list_is_put_together_from_several_steps",
            f"{WRITTEN}test_a_list_may_be_written_in_any_way_a_model_writes_it",
            f"{WRITTEN}test_a_step_over_a_list_becomes_a_map",
            f"{WRITTEN}test_a_text_that_looks_like_json_stays_a_text_where_a_text_is_wanted",
            f"{WRITTEN}test_an_actors_key_is_an_input_like_any_other",
            f"{WRITTEN}test_the_output_is_the_named_step_or_else_the_last",
        ),
    ),
    Requirement(
        id="planners.model.form",
        source="packetflow.planners.llm.draft",
        promise="The form that a model fills is one that vendors' strict modes take as it is, within one request.",
        tests=(
            f"{WRITTEN}test_the_form_is_one_that_the_strict_modes_accept_as_it_is",
            f"{WRITTEN}test_both_forms_together_stay_within_the_limits_of_one_request",
            f"{MODEL}test_the_draft_of_the_tests_is_the_one_a_model_would_write",
        ),
    ),
    Requirement(
        id="planners.model.fallback",
        source="docs/guides/plans.md",
        promise=(
            "When one vendor fails or is silent the other gives the plan; when all fail the planner is unavailable."
        ),
        tests=(
            f"{OUTAGES}test_when_the_first_vendor_fails_the_second_gives_the_plan_at_once",
            f"{OUTAGES}test_when_every_vendor_fails_the_planner_is_unavailable",
            f"{OUTAGES}test_the_order_of_vendors_is_the_configured_one",
            f"{OUTAGES}test_a_failure_during_a_correction_goes_on_with_the_second_vendor",
            f"{OUTAGES}test_a_silent_vendor_is_left_in_time_for_the_second",
            f"{OUTAGES}test_a_vendor_without_a_second_is_asked_again_after_the_time_it_names",
        ),
    ),
    Requirement(
        id="planners.model.bounded",
        source="design 4.9",
        promise="A plan has a deadline, and one that takes too many tokens or too much money is not taken.",
        tests=(
            f"{OUTAGES}test_a_vendor_without_a_second_that_stays_silent_ends_at_the_deadline",
            f"{OUTAGES}test_a_plan_that_costs_too_much_is_not_taken",
            f"{OUTAGES}test_a_plan_that_takes_too_many_tokens_is_not_taken",
            f"{OUTAGES}test_a_model_without_a_published_price_is_no_reason_to_stop",
        ),
    ),
    Requirement(
        id="planners.model.cut",
        source="design 4.12",
        promise="An answer that was cut at its length is asked for again, and never read as a plan.",
        tests=(
            f"{OUTAGES}test_an_answer_cut_at_its_length_is_asked_for_again",
            f"{OUTAGES}test_answers_that_are_always_cut_are_no_plan_but_an_outage",
        ),
    ),
    Requirement(
        id="planners.model.key",
        source="design 7",
        promise="A key travels in its header alone: it is in no error, and follows no redirect.",
        tests=(
            f"{PRIVACY}test_a_key_does_not_follow_a_redirect_to_another_server",
            f"{PRIVACY}test_a_key_is_in_no_error_even_when_the_server_repeats_it",
            f"{PRIVACY}test_a_key_travels_in_its_header_and_nowhere_else",
        ),
    ),
    Requirement(
        id="planners.model.data",
        source="design 4.13",
        promise=(
            "What others wrote stays data within its tags, and a model that obeys it gets no capability outside "
            "the view."
        ),
        tests=(
            f"{PRIVACY}test_a_model_that_obeys_hostile_text_gets_no_capability_outside_the_view",
            f"{PRIVACY}test_hostile_names_in_an_answer_come_back_to_the_model_as_data",
            f"{PRIVACY}test_the_persons_own_sentence_cannot_leave_its_tags_either",
            f"{PRIVACY}test_what_others_wrote_stays_inside_its_tags",
        ),
    ),
    Requirement(
        id="planners.model.trace",
        source="design 6",
        promise="A trace tells model, vendor and tokens, and holds prompts and answers only when that is switched on.",
        tests=(
            f"{PRIVACY}test_a_trace_holds_prompts_and_answers_only_when_that_is_switched_on",
            f"{PRIVACY}test_a_trace_tells_the_model_its_vendor_and_the_tokens",
        ),
    ),
)
