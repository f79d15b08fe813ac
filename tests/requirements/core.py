"""What the nouns promise: capabilities, actors, schemas, events, grants, plans and their proof."""

from tests.requirements.requirement import Requirement

ACTOR = "tests/core/test_actor.py::"
CAPABILITY = "tests/core/test_capability.py::"
SCHEMA = "tests/core/test_schema.py::"
JSON = "tests/core/test_json.py::"
EVENT = "tests/core/test_event.py::"
GRANT = "tests/core/test_grant.py::"
CONSTRAINT = "tests/core/test_constraint.py::"
POLICY = "tests/core/test_policy.py::"
PLAN = "tests/core/test_plan.py::"
PROOF = "tests/core/test_proof.py::"
FITS = "tests/core/test_compatibility.py::"
REGISTRY = "tests/core/test_registry.py::"
SEARCH = "tests/core/test_search.py::"
RUN = "tests/core/test_run.py::"

REQUIREMENTS = (
    Requirement(
        id="core.actor.names",
        source="design 3",
        promise=(
            "An actor's class gives its type and topic their names, and a subclass keeps the options that it does "
            "not change."
        ),
        tests=(
            f"{ACTOR}test_a_class_is_named_in_snake_case_and_its_topic_after_it",
            f"{ACTOR}test_a_subclass_inherits_the_options_it_does_not_give",
        ),
    ),
    Requirement(
        id="core.actor.refused",
        source="design 3",
        promise=(
            "An actor with options or a state that cannot work is refused when it is declared, not when it is used."
        ),
        tests=(
            f"{ACTOR}test_options_that_cannot_be_are_refused",
            f"{ACTOR}test_a_state_must_be_made_without_arguments_and_have_a_json_form",
        ),
    ),
    Requirement(
        id="core.actor.emit",
        source="design 4.6",
        promise="What an actor emits is a draft without a place until its message is committed.",
        tests=(f"{ACTOR}test_an_event_emitted_is_a_draft_until_it_is_committed",),
    ),
    Requirement(
        id="core.capability.function",
        source="design 3",
        promise=(
            "A capability stays the plain function it decorates, and takes arguments by place or by name as that "
            "function does."
        ),
        tests=(
            f"{CAPABILITY}test_a_capability_is_still_a_function",
            f"{CAPABILITY}test_arguments_get_their_names_as_in_a_call",
        ),
    ),
    Requirement(
        id="core.capability.context",
        source="design 3",
        promise="The context is given to a capability that declares it and is no input, so no caller can send one.",
        tests=(f"{CAPABILITY}test_the_context_is_injected_and_no_input",),
    ),
    Requirement(
        id="core.capability.described",
        source="design 3",
        promise="What is declared (id, intent, effect, examples, schemas) is what discovery and planners are told.",
        tests=(
            f"{CAPABILITY}test_what_is_declared_is_described",
            f"{CAPABILITY}test_the_schema_of_one_field_stands_alone",
        ),
    ),
    Requirement(
        id="core.capability.message",
        source="design 3",
        promise=(
            "A message of an actor is a capability whose first input is the actor's key; a subclass answers it "
            "under its own name."
        ),
        tests=(
            f"{CAPABILITY}test_a_message_has_the_key_of_its_actor_as_first_input",
            f"{CAPABILITY}test_a_subclass_answers_its_parents_messages_under_its_own_name",
        ),
    ),
    Requirement(
        id="core.capability.verified",
        source="design 3",
        promise=(
            "A declaration, parameter or option that cannot work is refused with its reason, and every good one "
            "is taken."
        ),
        tests=(
            f"{CAPABILITY}test_a_declaration_that_cannot_work_is_refused_when_it_is_verified",
            f"{CAPABILITY}test_options_that_cannot_be_are_refused",
            f"{CAPABILITY}test_every_good_declaration_is_verified",
            f"{SCHEMA}test_a_parameter_that_cannot_be_an_input_is_a_declaration_error",
        ),
    ),
    Requirement(
        id="core.schema.types",
        source="design 3",
        promise="Values of every type that a signature can name come in and go out in their JSON form, unchanged.",
        tests=(
            f"{SCHEMA}test_every_kind_of_type_comes_in_its_json_form",
            f"{SCHEMA}test_what_a_contract_takes_it_gives_back_unchanged",
            f"{SCHEMA}test_types_declared_in_a_function_are_found_though_annotations_are_text",
        ),
    ),
    Requirement(
        id="core.schema.problems",
        source="design 4.1",
        promise="Every missing, unknown and wrong field of an input is named at once, by its path.",
        tests=(
            f"{SCHEMA}test_a_field_of_the_wrong_type_is_named",
            f"{SCHEMA}test_every_missing_unknown_and_wrong_field_is_named_at_once",
            f"{SCHEMA}test_the_forms_of_a_union_are_no_part_of_a_path",
            f"{SCHEMA}test_one_field_can_be_checked_alone",
        ),
    ),
    Requirement(
        id="core.schema.strict",
        source="design 4.1",
        promise="Nothing is guessed of an input: a text is no number, and what JSON cannot say is refused.",
        tests=(
            f"{SCHEMA}test_numbers_and_texts_are_not_taken_for_each_other_at_any_depth",
            f"{SCHEMA}test_what_json_cannot_say_is_no_input",
            f"{SCHEMA}test_a_value_that_contains_itself_is_no_input",
        ),
    ),
    Requirement(
        id="core.schema.fields",
        source="design 3",
        promise=(
            "Defaults, descriptions and limits of a parameter reach its schema and are held, whatever the "
            "parameter is called."
        ),
        tests=(
            f"{SCHEMA}test_defaults_are_filled_in_anew_for_each_call",
            f"{SCHEMA}test_descriptions_and_limits_of_fields_reach_the_schema_and_are_held",
            f"{SCHEMA}test_fields_may_have_names_that_models_use_for_themselves",
        ),
    ),
    Requirement(
        id="core.schema.output",
        source="design 4.12",
        promise="An output is given as its schema says, or the call fails: it promises nothing that it does not give.",
        tests=(
            f"{SCHEMA}test_an_output_is_given_as_its_schema_says",
            f"{SCHEMA}test_an_output_promises_its_defaults_and_nothing_it_does_not_give",
            f"{SCHEMA}test_a_wrong_output_breaks_the_contract",
            f"{SCHEMA}test_an_output_that_was_spoiled_after_it_was_made_is_not_given",
        ),
    ),
    Requirement(
        id="core.json.canonical",
        source="docs/guides/plans.md",
        promise=(
            "Equal values have equal bytes and digests whatever the order of their fields, and the bytes are read "
            "back as the value."
        ),
        tests=(
            f"{JSON}test_canonical_bytes_are_read_back_as_the_same_value",
            f"{JSON}test_the_order_of_fields_does_not_matter_to_a_digest_and_their_values_do",
        ),
    ),
    Requirement(
        id="core.json.plain",
        source="design 4.3",
        promise="A value is copied into its JSON form when it is taken, and one that has none is refused.",
        tests=(
            f"{JSON}test_values_are_copied_into_what_they_are_on_the_wire",
            f"{JSON}test_what_has_no_json_form_is_refused",
        ),
    ),
    Requirement(
        id="core.errors.codes",
        source="docs/reference/http.md",
        promise=(
            "Every error has a code of its own and carries what is wrong, as one line for people and as JSON for "
            "machines."
        ),
        tests=(
            f"{JSON}test_a_problem_reads_as_one_line_and_as_json",
            f"{JSON}test_every_error_has_a_code_of_its_own",
            f"{JSON}test_an_error_carries_what_is_wrong",
        ),
    ),
    Requirement(
        id="core.event.fact",
        source="docs/glossary.md",
        promise=(
            "An event never changes, is equal to another by what it tells, and knows its place in the journal "
            "once it was read."
        ),
        tests=(
            f"{EVENT}test_an_event_cannot_change_and_cannot_hide_its_place",
            f"{EVENT}test_events_are_equal_by_what_they_tell_not_by_where_they_stand",
            f"{EVENT}test_an_event_knows_its_place_once_it_was_read",
        ),
    ),
    Requirement(
        id="core.event.read-back",
        source="docs/guides/actors.md",
        promise=(
            "A stored event is read as the class that it was, keeps its fields when that class is gone, and never "
            "fits by force."
        ),
        tests=(
            f"{EVENT}test_an_event_without_a_class_keeps_its_fields",
            f"{EVENT}test_of_two_classes_of_one_name_the_module_and_then_the_later_one_counts",
            f"{EVENT}test_a_journal_that_holds_another_shape_is_told",
        ),
    ),
    Requirement(
        id="core.grant.narrows",
        source="design 4.11",
        promise=(
            "No chain of delegations permits more than the grant it started from, and where two grants meet the "
            "limits of both hold."
        ),
        tests=(
            f"{GRANT}test_ten_thousand_delegation_chains_never_widen",
            f"{GRANT}test_what_two_grants_share_is_what_both_permit",
            f"{GRANT}test_limits_that_only_look_alike_are_both_kept_when_grants_meet",
        ),
    ),
    Requirement(
        id="core.grant.root",
        source="docs/guides/authority.md",
        promise="Only the root may do everything; a grant of nothing permits nothing, not even when it is passed on.",
        tests=(
            f"{GRANT}test_the_root_may_do_everything_in_anyones_name",
            f"{GRANT}test_a_grant_of_nothing_permits_nothing_not_even_when_passed_on",
        ),
    ),
    Requirement(
        id="core.grant.names",
        source="docs/guides/authority.md",
        promise="A grant names capabilities by id or by the beginning of ids with a star.",
        tests=(f"{GRANT}test_a_star_stands_for_every_id_with_that_beginning",),
    ),
    Requirement(
        id="core.grant.delegate",
        source="docs/guides/authority.md",
        promise=(
            "Whoever holds a grant acts as itself and for those that it was allowed to name; a senseless "
            "delegation is refused."
        ),
        tests=(
            f"{GRANT}test_a_delegate_acts_for_itself_and_for_those_named_and_allowed",
            f"{GRANT}test_a_delegation_that_makes_no_sense_is_refused",
        ),
    ),
    Requirement(
        id="core.grant.unforgeable",
        source="design 2",
        promise="A grant cannot be made up: a copy with the same content is another grant.",
        tests=(f"{GRANT}test_a_grant_is_compared_by_identity",),
    ),
    Requirement(
        id="core.constraint.holds",
        source="docs/guides/authority.md",
        promise="Each limit on an argument lets through what is within it and refuses all else, without ever raising.",
        tests=(
            f"{CONSTRAINT}test_these_arguments_are_within_the_limit",
            f"{CONSTRAINT}test_these_arguments_are_refused",
            f"{CONSTRAINT}test_no_argument_makes_a_check_raise",
        ),
    ),
    Requirement(
        id="core.constraint.value",
        source="docs/guides/authority.md",
        promise=(
            "A limit is a JSON value that can be shown and stored, cannot be changed, and is refused when it "
            "makes no sense."
        ),
        tests=(
            f"{CONSTRAINT}test_a_limit_that_makes_no_sense_is_a_value_error",
            f"{CONSTRAINT}test_a_limit_is_a_json_value",
            f"{CONSTRAINT}test_a_limit_does_not_change_with_the_list_it_was_made_of",
            f"{CONSTRAINT}test_a_limit_survives_json",
        ),
    ),
    Requirement(
        id="core.policy.deny",
        source="design 4.11",
        promise=(
            "What a grant does not name, or limits in an argument that is absent, or permitted until a moment "
            "past, is denied."
        ),
        tests=(
            f"{POLICY}test_what_is_not_named_is_denied",
            f"{POLICY}test_a_limited_argument_that_is_absent_is_denied",
            f"{POLICY}test_a_grant_ends_at_its_end",
        ),
    ),
    Requirement(
        id="core.policy.confirmation",
        source="docs/guides/authority.md",
        promise="A person's yes is for exactly one call, and a capability may want it whatever the grant says.",
        tests=(
            f"{POLICY}test_a_confirmation_lets_exactly_one_call_pass",
            f"{POLICY}test_a_capability_may_want_a_persons_yes_whatever_the_grant",
        ),
    ),
    Requirement(
        id="core.policy.unconditional",
        source="docs/guides/authority.md",
        promise="A decision is told to be unconditional only when no argument and no moment could change it.",
        tests=(f"{POLICY}test_a_decision_is_unconditional_only_when_nothing_can_change_it",),
    ),
    Requirement(
        id="core.plan.identity",
        source="docs/guides/plans.md",
        promise="A plan's id is of what it does and not of why, and stays the same through JSON, pickle and copies.",
        tests=(
            f"{PLAN}test_a_thousand_plans_keep_their_id_through_json_pickle_and_copies",
            f"{PLAN}test_the_id_is_of_what_a_plan_does_and_not_of_why",
            f"{PLAN}test_inputs_named_like_explanations_count",
        ),
    ),
    Requirement(
        id="core.plan.frozen",
        source="design 4.3",
        promise=(
            "A plan is data that never changes: what it holds has a JSON form, is copied in, and a changed copy "
            "is checked again."
        ),
        tests=(
            f"{PLAN}test_a_copy_with_other_fields_is_checked",
            f"{PLAN}test_a_value_in_a_plan_does_not_change_with_the_list_it_was_made_of",
            f"{PLAN}test_a_value_without_a_json_form_cannot_stand_in_a_plan",
        ),
    ),
    Requirement(
        id="core.plan.by-hand",
        source="docs/tutorial/first-steps.md",
        promise=(
            "Steps written in Python become one node each, with names and order, wired by outputs, within lists "
            "and objects too."
        ),
        tests=(
            f"{PLAN}test_a_step_used_twice_is_one_node",
            f"{PLAN}test_steps_may_have_names_and_follow_each_other",
            f"{PLAN}test_lists_and_objects_may_hold_outputs",
            f"{PLAN}test_what_is_no_binding_says_what_one_is",
        ),
    ),
    Requirement(
        id="core.plan.unwritable",
        source="design 4.4",
        promise=(
            "Steps that wait for each other, or use an output that does not exist yet as a value, cannot be written."
        ),
        tests=(
            f"{PLAN}test_steps_that_wait_for_each_other_cannot_be_written",
            f"{PLAN}test_an_output_that_does_not_exist_yet_refuses_to_be_used_as_a_value",
        ),
    ),
    Requirement(
        id="core.plan.loops",
        source="packetflow._core.combinators",
        promise=(
            "A loop gives its steps one item after another, or what the round before gave, and its variable "
            "cannot leave it."
        ),
        tests=(
            f"{PLAN}test_a_fold_gives_each_round_what_the_round_before_gave",
            f"{PLAN}test_a_loop_variable_cannot_leave_its_loop",
            f"{PLAN}test_an_inner_loop_may_use_the_item_of_the_outer",
        ),
    ),
    Requirement(
        id="core.plan.blocks",
        source="packetflow._core.writer",
        promise=(
            "A step stands in the innermost block where all that use it can see it: within a loop, branch or "
            "retry only if just that uses it."
        ),
        tests=(
            f"{PLAN}test_what_a_loop_does_not_need_stands_outside_and_runs_once",
            f"{PLAN}test_what_is_also_used_outside_of_a_branch_runs_once_before",
            f"{PLAN}test_what_only_a_branch_uses_runs_only_when_it_is_chosen",
            f"{PLAN}test_only_what_is_retried_is_repeated",
            f"{PLAN}test_a_step_that_is_retried_cannot_be_used_on_its_own_as_well",
            f"{PLAN}test_a_step_that_two_branches_share_must_be_given_a_place",
        ),
    ),
    Requirement(
        id="core.plan.size",
        source="design 4.10",
        promise="Long chains and wide diamonds of steps are written without repeating anything.",
        tests=(f"{PLAN}test_a_long_chain_and_a_wide_diamond_are_written_in_no_time",),
        gap="That a plan of 100 steps is proven within 2 ms is a benchmark's to show.",
    ),
    Requirement(
        id="core.proof.sound",
        source="design 4.4",
        promise=(
            "An accepted plan never fails for its structure: of random plans and wirings, all that are accepted run."
        ),
        tests=(
            f"{PROOF}test_ten_thousand_random_plans_are_accepted_only_if_they_run",
            f"{PROOF}test_whatever_is_wired_at_random_runs_once_it_is_accepted",
        ),
    ),
    Requirement(
        id="core.proof.every-problem",
        source="docs/guides/plans.md",
        promise=(
            "A plan is rejected before anything runs with every problem at once, each with code, node, path and "
            "what would be right."
        ),
        tests=(
            f"{PROOF}test_every_problem_is_told_not_only_the_first",
            f"{PROOF}test_a_rejected_plan_raises_with_its_problems_and_id",
            f"{PROOF}test_a_path_that_is_not_promised_names_what_is",
        ),
    ),
    Requirement(
        id="core.proof.acyclic",
        source="design 4.4",
        promise=(
            "A plan whose nodes wait for each other in a circle, be it through a block, is rejected, naming the "
            "nodes of the circle."
        ),
        tests=(
            f"{PROOF}test_only_the_nodes_of_a_circle_are_told_of_it",
            f"{PROOF}test_a_circle_through_a_block_is_found",
        ),
    ),
    Requirement(
        id="core.proof.scope",
        source="docs/guides/plans.md",
        promise=(
            "A name means one node, is known only within its block, and blocks do not stand within blocks without end."
        ),
        tests=(
            f"{PROOF}test_nodes_of_a_block_and_loop_variables_are_unknown_outside",
            f"{PROOF}test_a_name_used_twice_in_different_blocks_is_a_problem",
            f"{PROOF}test_blocks_may_not_stand_within_blocks_without_end",
        ),
    ),
    Requirement(
        id="core.proof.types",
        source="design 4.4",
        promise=(
            "Loops, branches and retries give what their parts give, and are rejected when that does not fit what "
            "uses it."
        ),
        tests=(
            f"{PROOF}test_the_output_of_a_map_is_a_list_of_what_each_gives",
            f"{PROOF}test_mapping_over_what_is_no_list_is_a_problem_of_the_map",
            f"{PROOF}test_a_fold_may_begin_with_an_empty_list_or_a_number",
            f"{PROOF}test_a_fold_that_cannot_go_on_from_what_it_gave_is_a_problem",
            f"{PROOF}test_a_branch_without_otherwise_may_give_nothing",
            f"{PROOF}test_values_without_an_order_cannot_be_compared",
            f"{PROOF}test_what_a_retry_gives_is_what_either_way_gives",
        ),
    ),
    Requirement(
        id="core.proof.parts",
        source="design 4.4",
        promise="An output that may be anything fits no typed input, and a part of an output keeps its type.",
        tests=(
            f"{PROOF}test_an_output_that_may_be_anything_fits_no_typed_input",
            f"{PROOF}test_a_part_of_a_recursive_output_keeps_its_definitions",
        ),
    ),
    Requirement(
        id="core.proof.authority",
        source="design 4.4",
        promise=(
            "What the holder's grant does not name is as unknown to a plan as what does not exist, and its limits "
            "hold for literals."
        ),
        tests=(
            f"{PROOF}test_with_a_grant_its_limits_hold_for_what_stands_in_the_plan",
            f"{PROOF}test_what_the_grant_does_not_name_is_as_unknown_as_what_does_not_exist",
        ),
    ),
    Requirement(
        id="core.fit.sound",
        source="design 4.4",
        promise=(
            "What one schema gives is said to fit another only if an independent JSON Schema validator takes "
            "every such value."
        ),
        tests=(
            f"{FITS}test_what_is_said_to_fit_is_valid_for_an_independent_validator",
            f"{FITS}test_a_failed_assumption_takes_with_it_what_was_built_on_it",
            f"{FITS}test_definitions_of_one_name_stay_apart_when_schemas_are_joined",
        ),
    ),
    Requirement(
        id="core.fit.useful",
        source="design 4.4",
        promise="Every schema fits itself and what is plainly wider; what does not fit says why.",
        tests=(
            f"{FITS}test_every_schema_fits_itself",
            f"{FITS}test_these_fit",
            f"{FITS}test_these_do_not_fit_and_say_why",
            f"{FITS}test_either_of_two_schemas_takes_what_one_of_them_takes",
        ),
    ),
    Requirement(
        id="core.fit.paths",
        source="design 4.4",
        promise="A path into an output leads only to what is always there, with its schema.",
        tests=(
            f"{FITS}test_a_part_that_is_promised_is_there_and_keeps_its_schema",
            f"{FITS}test_every_item_of_a_list_keeps_the_schema_of_its_items",
            f"{FITS}test_paths_name_what_is_sure_and_no_more",
        ),
    ),
    Requirement(
        id="core.registry.unique",
        source="design 3",
        promise=(
            "Two capabilities of one name are refused when the app is made, and an unknown name is told with the "
            "nearest ones."
        ),
        tests=(
            f"{REGISTRY}test_two_of_one_name_are_a_declaration_error",
            f"{REGISTRY}test_an_unknown_name_is_told_with_what_is_near",
        ),
    ),
    Requirement(
        id="core.registry.view",
        source="docs/guides/authority.md",
        promise="What a holder may not use is in no list and no search; who may use the same sees the same.",
        tests=(
            f"{REGISTRY}test_a_view_hides_what_the_grant_does_not_name",
            f"{REGISTRY}test_who_may_call_the_same_shares_one_view",
            f"{SEARCH}test_a_narrowed_index_finds_only_its_documents_and_narrows_further",
        ),
    ),
    Requirement(
        id="core.registry.found",
        source="docs/reference/http.md",
        promise=(
            "Capabilities are found by words, by effect, and by a chain from the fields one has to those one needs."
        ),
        tests=(
            f"{REGISTRY}test_capabilities_are_found_by_what_one_has_and_needs",
            f"{REGISTRY}test_capabilities_are_found_by_words_and_effect",
        ),
    ),
    Requirement(
        id="core.search.best-first",
        source="docs/reference/http.md",
        promise=(
            "A search finds by id, intent, fields and examples, best first and the same each time, and nothing "
            "that shares no word."
        ),
        tests=(
            f"{SEARCH}test_the_nearest_document_comes_first_whatever_the_ending_of_the_word",
            f"{SEARCH}test_field_names_descriptions_and_examples_are_searched_too",
            f"{SEARCH}test_a_word_in_the_id_weighs_more_than_one_in_a_field",
            f"{SEARCH}test_words_are_split_at_dots_underscores_and_capitals",
            f"{SEARCH}test_stop_words_carry_no_meaning",
            f"{SEARCH}test_documents_without_a_common_word_are_left_out",
            f"{SEARCH}test_scores_fall_are_positive_and_do_not_depend_on_the_order_of_documents",
            f"{SEARCH}test_equal_scores_are_told_apart_by_id_and_the_limit_is_kept",
        ),
    ),
    Requirement(
        id="core.run.folded",
        source="docs/guides/plans.md",
        promise=(
            "A run is folded from its events, live or years later, and going on from a stored record gives the same."
        ),
        tests=(
            f"{RUN}test_a_run_is_read_back_from_its_events",
            f"{RUN}test_a_record_survives_json_and_goes_on",
            f"{RUN}test_events_of_no_run_are_no_run",
        ),
    ),
    Requirement(
        id="core.run.steps",
        source="docs/guides/plans.md",
        promise=(
            "The record of a run holds every step, those of loops and new attempts too, and none is under way "
            "when the run has ended."
        ),
        tests=(
            f"{RUN}test_no_step_of_an_ended_run_is_under_way",
            f"{RUN}test_a_step_that_is_tried_again_starts_afresh",
            f"{RUN}test_steps_within_a_loop_are_added_as_they_come",
        ),
    ),
)
