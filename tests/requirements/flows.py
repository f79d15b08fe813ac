"""Composition: patterns as plan nodes, flows as capabilities, what events set off, state machines."""

from tests.requirements.requirement import Requirement

COMBINATORS = "tests/core/test_combinators.py::"
FLOW = "tests/core/test_flow.py::"
FLOWS = "tests/runtime/test_flows.py::"
MACHINE = "tests/runtime/test_machine.py::"
PATTERNS = "tests/runtime/test_patterns.py::"
TRIGGERS = "tests/runtime/test_triggers.py::"
GUIDE = "docs/guides/flows.md"

REQUIREMENTS = (
    Requirement(
        id="flows.patterns.as-capabilities",
        source=GUIDE,
        promise="Every composition pattern can be declared as a capability that is found, called and planned with like "
        "any other, and whose trace shows each step.",
        tests=(
            f"{PATTERNS}test_a_pattern_declared_as_a_flow_is_found_and_called_like_any_capability_and_traced",
            f"{MACHINE}test_events_move_an_instance_and_what_they_set_off_runs_once_in_the_name_of_the_machine",
            f"{MACHINE}test_a_machine_is_found_like_any_capability",
            "tests/http/test_flows.py::test_a_flow_is_found_called_and_planned_with_over_http",
        ),
    ),
    Requirement(
        id="flows.patterns.proven",
        source="docs/guides/plans.md",
        promise="A plan with any pattern is accepted only if it runs, with every type known beforehand.",
        tests=(
            "tests/core/test_proof.py::test_ten_thousand_random_plans_are_accepted_only_if_they_run",
            "tests/runtime/test_random_runs.py::test_a_thousand_random_proven_plans_run_without_any_structural_error",
            f"{COMBINATORS}test_a_fallback_gives_what_any_of_its_steps_gives_and_each_sees_why_the_one_before_failed",
            f"{COMBINATORS}test_the_error_of_a_fallback_is_unknown_outside_of_it",
            f"{COMBINATORS}test_a_pipe_wires_each_step_to_the_one_before",
            f"{COMBINATORS}test_loops_within_branches_within_loops_find_their_variables",
            f"{COMBINATORS}test_only_calls_have_a_limit_of_their_own_or_are_taken_back",
            f"{COMBINATORS}test_a_node_out_of_bounds_is_no_plan",
            f"{COMBINATORS}test_items_are_grouped_by_a_part_that_each_surely_has_and_that_can_be_compared",
            f"{COMBINATORS}test_a_repetition_has_a_bound_and_a_condition_over_what_it_carries",
            f"{COMBINATORS}test_what_takes_a_call_back_sees_its_output_and_stands_with_it",
        ),
    ),
    Requirement(
        id="flows.patterns.old-plans",
        source="docs/guides/plans.md",
        promise="A plan that was written before nodes learned to say more stays readable and keeps its id.",
        tests=(
            f"{COMBINATORS}test_a_plan_written_before_there_were_more_nodes_keeps_its_id",
            f"{COMBINATORS}test_what_a_node_newly_says_changes_the_id_of_its_plan",
        ),
    ),
    Requirement(
        id="flows.patterns.plan-view",
        source="docs/guides/plans.md",
        promise="A plan of any patterns can be drawn for a person and completed by an edge, whatever blocks it has.",
        tests=(
            "tests/cli/test_plan_view.py::test_every_node_of_a_random_plan_is_drawn",
            "tests/cli/test_plan_view.py::test_a_pattern_says_what_it_does",
            f"{COMBINATORS}test_a_node_is_rebuilt_with_every_block_of_its_own_changed",
        ),
    ),
    Requirement(
        id="flows.patterns.pipeline",
        source=GUIDE,
        promise="A pipeline stops at its first error, which a fallback may map to something else, and what it did "
        "can be taken back, the last first.",
        tests=(
            f"{PATTERNS}test_what_fails_in_a_pipeline_is_mapped_to_what_the_fallback_makes_of_the_error",
            f"{PATTERNS}test_a_failing_pipeline_takes_back_what_it_did_the_last_first",
            f"{FLOWS}test_what_a_flow_did_is_taken_back_when_the_run_around_it_fails_later",
        ),
    ),
    Requirement(
        id="flows.patterns.parallel",
        source=GUIDE,
        promise="Parallel branches run at once, at most as many as allowed; the first failure ends the others, or the "
        "others are kept and every failed or late branch is told.",
        tests=(
            f"{PATTERNS}test_the_first_branch_that_fails_ends_the_others_and_leaves_no_task",
            f"{PATTERNS}test_branches_may_fail_and_be_late_and_the_others_are_kept",
            f"{PATTERNS}test_no_more_branches_run_at_once_than_allowed",
            f"{COMBINATORS}test_what_one_branch_alone_uses_stands_in_it_and_what_two_use_runs_once_before",
            f"{COMBINATORS}test_together_takes_at_least_one_branch_and_none_called_failures_where_some_may_fail",
            f"{COMBINATORS}test_what_a_branch_gives_has_its_own_type_and_may_be_absent_where_some_may_fail",
        ),
    ),
    Requirement(
        id="flows.patterns.loops",
        source=GUIDE,
        promise="Maps take chunks, try items again and may leave out failed ones; loops end when they are told to, "
        "never without bound, and pause on the app's clock.",
        tests=(
            f"{PATTERNS}test_failed_items_of_a_map_are_left_out_or_null_or_tried_again_and_the_trace_tells",
            f"{PATTERNS}test_a_map_takes_its_items_in_chunks",
            f"{PATTERNS}test_a_loop_that_would_not_end_is_an_error",
            f"{PATTERNS}test_pauses_of_a_loop_are_taken_on_the_clock_of_the_app",
            f"{COMBINATORS}test_an_item_of_a_map_in_chunks_is_a_list",
            f"{COMBINATORS}test_failed_items_that_give_null_are_in_the_type_of_the_list",
            f"{COMBINATORS}test_the_end_of_a_fold_is_proven_over_what_it_carries_and_the_item",
            f"{COMBINATORS}test_map_reduce_gives_one_value_or_one_for_each_key",
        ),
    ),
    Requirement(
        id="flows.patterns.retry",
        source=GUIDE,
        promise="A retry waits longer each time up to its limit, by chance where asked, repeats only what is worth it, "
        "and leaves alone what its breaker guards.",
        tests=(
            f"{PATTERNS}test_a_retry_waits_longer_each_time_up_to_its_limit_and_by_chance",
            f"{COMBINATORS}test_a_retry_is_written_with_its_waits_its_codes_and_its_breaker",
            f"{COMBINATORS}test_a_whole_retry_repeats_what_only_its_step_uses",
            f"{PATTERNS}test_an_error_that_is_not_worth_it_is_not_tried_again",
            f"{PATTERNS}test_an_open_breaker_leaves_alone_what_failed_too_often",
            f"{PATTERNS}test_the_whole_of_a_pipeline_is_repeated_when_it_is_asked_for",
        ),
    ),
    Requirement(
        id="flows.patterns.cancel",
        source=GUIDE,
        promise="Cancelling a run cancels whatever its patterns have under way and leaves no task.",
        tests=(f"{PATTERNS}test_cancelling_a_run_cancels_every_pattern_in_it_and_leaves_no_task",),
    ),
    Requirement(
        id="flows.flow.declared",
        source=GUIDE,
        promise="A flow that cannot run, runs itself, grows without measure, promises what it does not give or is less "
        "serious than its steps is refused when the app is made, with every reason.",
        tests=(
            f"{FLOW}test_a_flow_that_cannot_be_is_refused_with_the_reason",
            f"{FLOW}test_a_flow_is_described_like_any_capability",
            f"{FLOW}test_a_flow_takes_lists_of_texts_as_examples",
            f"{FLOW}test_a_step_of_a_flow_is_proven_like_any_step",
            f"{FLOW}test_a_flow_that_runs_itself_is_refused",
            f"{FLOW}test_flows_within_flows_are_settled_from_the_inside",
            f"{FLOW}test_flows_that_grow_without_measure_are_refused",
            f"{FLOW}test_a_flow_cannot_be_declared_as_less_serious_than_its_steps",
            f"{FLOW}test_a_flow_is_as_serious_as_the_most_serious_of_its_steps",
        ),
    ),
    Requirement(
        id="flows.flow.called",
        source=GUIDE,
        promise="A flow called directly is a run of its own with a typed output, is ended in time, runs once for one "
        "message id, and tells in which run and at which step it failed; in a plan it runs in place.",
        tests=(
            f"{FLOWS}test_a_flow_called_directly_is_a_run_of_its_own_with_a_typed_output",
            f"{FLOWS}test_a_flow_in_a_plan_runs_in_place_and_its_steps_are_named_within_it",
            f"{FLOW}test_calling_a_flow_wires_its_steps_and_runs_nothing",
            f"{FLOW}test_the_plan_of_a_flow_holds_what_it_was_given_and_needs_nothing_else",
            f"{FLOWS}test_wrong_input_to_a_flow_names_the_fields_and_runs_nothing",
            f"{FLOWS}test_a_failing_flow_says_in_which_run_and_at_which_step",
            f"{FLOWS}test_a_flow_that_takes_too_long_is_ended_with_its_run",
            f"{FLOWS}test_the_same_message_id_runs_a_flow_once",
            "tests/runtime/test_names.py::test_a_message_id_used_for_other_inputs_of_a_flow_is_a_conflict",
            f"{FLOWS}test_cancelling_the_caller_of_a_flow_cancels_its_run_and_leaves_no_task",
            f"{FLOWS}test_a_run_with_a_flow_that_was_interrupted_goes_on_behind_what_it_had_done",
        ),
    ),
    Requirement(
        id="flows.flow.authority",
        source=GUIDE,
        promise="A flow adds no authority: each step is decided under the grant of its caller, a person is asked about "
        "the steps, and to whom a step is withheld the flow does not exist.",
        tests=(
            f"{FLOWS}test_every_step_of_a_flow_is_decided_under_the_grant_of_its_caller",
            f"{FLOWS}test_a_capability_may_call_a_flow_under_its_own_callers_authority_and_trace",
            f"{FLOWS}test_a_person_is_asked_about_the_steps_of_a_flow_and_not_about_the_flow",
            f"{FLOWS}test_a_flow_is_recorded_as_a_call_and_audited_besides_its_steps",
            f"{FLOW}test_to_whom_a_step_is_withheld_the_flow_does_not_exist",
        ),
    ),
    Requirement(
        id="flows.typing",
        source=GUIDE,
        promise="Wrong wiring in a flow, a pattern or a trigger is an error to the type checker.",
        tests=("tests/typing/test_wiring.py::test_each_wrong_line_is_an_error_and_no_other",),
    ),
    Requirement(
        id="flows.triggers.once",
        source=GUIDE,
        promise="What an event sets off is stored in the commit of the event, survives the end of the app, and runs "
        "once.",
        tests=(
            f"{TRIGGERS}test_what_was_set_off_before_the_app_stopped_runs_when_it_starts_again_and_only_once",
            f"{TRIGGERS}test_a_letter_delivered_twice_is_one_run",
            f"{TRIGGERS}test_a_message_that_fails_sets_nothing_off",
            f"{TRIGGERS}test_the_very_first_message_of_an_app_sets_off_what_it_should",
        ),
    ),
    Requirement(
        id="flows.triggers.wiring",
        source=GUIDE,
        promise="A trigger is wired to the fields of the event and the key of its teller, proven when the app is made, "
        "and asks its condition first.",
        tests=(
            f"{TRIGGERS}test_an_event_sets_off_a_flow_whose_steps_are_in_the_trace",
            f"{TRIGGERS}test_a_capability_gets_the_fields_of_the_event_and_an_actor_the_key_of_the_teller",
            f"{TRIGGERS}test_a_condition_over_the_event_and_the_class_decide",
            f"{TRIGGERS}test_a_trigger_that_cannot_run_is_refused_when_the_app_is_built",
            f"{TRIGGERS}test_events_of_a_volatile_actor_set_nothing_off_and_the_log_says_so_once",
        ),
    ),
    Requirement(
        id="flows.triggers.authority",
        source=GUIDE,
        promise="A trigger acts as itself and may call what its steps call, nothing else.",
        tests=(f"{TRIGGERS}test_a_trigger_may_call_what_its_steps_call_and_nothing_else",),
    ),
    Requirement(
        id="flows.triggers.depth",
        source=GUIDE,
        promise="Events that set each other off end after sixteen, as a dead letter that says so.",
        tests=(
            f"{TRIGGERS}test_events_that_set_each_other_off_in_a_circle_end_as_a_dead_letter",
            f"{TRIGGERS}test_a_run_that_is_resumed_is_as_deep_in_the_circle_as_it_was",
        ),
    ),
    Requirement(
        id="flows.patterns.proof-cost",
        source="docs/guides/plans.md",
        promise="Proving a plan takes a bounded time whatever the plan says; what would take longer is refused.",
        tests=(
            "tests/core/test_proof.py::test_what_a_plan_says_costs_its_proof_only_so_much",
            "tests/core/test_proof.py::test_the_items_of_a_long_literal_keep_what_is_known_of_them",
        ),
    ),
    Requirement(
        id="flows.patterns.run-bounds",
        source="docs/guides/plans.md",
        promise="The items and rounds of one run, and the bytes its nodes give, are bounded, and a loop with nothing "
        "to wait for lets the rest of the app have its turn.",
        tests=(
            f"{PATTERNS}test_the_items_of_all_maps_of_a_run_are_bounded_and_start_few_tasks",
            f"{PATTERNS}test_outputs_that_double_are_refused_before_they_are_written",
            f"{PATTERNS}test_what_the_nodes_of_a_run_give_is_bounded_together",
        ),
    ),
    Requirement(
        id="flows.patterns.breakers-bounded",
        source=GUIDE,
        promise="Breakers are bounded in number: those that know nothing are dropped first, then those asked for "
        "longest ago.",
        tests=("tests/runtime/test_breaker.py::test_breakers_are_bounded_and_those_that_know_nothing_go_first",),
    ),
    Requirement(
        id="flows.flow.options",
        source=GUIDE,
        promise="A flow refuses the options that only its steps can have.",
        tests=(f"{FLOW}test_a_flow_refuses_what_only_its_steps_can_have",),
    ),
    Requirement(
        id="flows.machine.authority",
        source=GUIDE,
        promise="Only events move an instance of a state machine: whoever does not hold all authority cannot name the "
        "message that moves it, whatever was granted.",
        tests=(f"{MACHINE}test_nobody_but_its_triggers_and_the_holder_of_all_authority_can_move_a_machine",),
    ),
    Requirement(
        id="flows.machine",
        source=GUIDE,
        promise="A state machine keeps where each instance is, moves it by events, tells what moved nothing, and is "
        "refused when a state is unknown or cannot be reached.",
        tests=(
            f"{MACHINE}test_an_event_that_leads_nowhere_is_told_and_changes_nothing",
            f"{MACHINE}test_a_condition_decides_between_two_moves_and_instances_do_not_mix",
            f"{MACHINE}test_a_machine_that_cannot_be_is_refused",
            f"{MACHINE}test_a_move_that_is_wired_to_what_its_event_does_not_have_is_refused",
        ),
    ),
)
