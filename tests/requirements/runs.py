"""What runs promise when the process dies, a person is asked, a step fails half way, or the budget is used up."""

from tests.requirements.requirement import Requirement

RESUME = "tests/runtime/test_resume.py::"
APPROVALS = "tests/runtime/test_approvals.py::"
UNDO = "tests/runtime/test_undo.py::"
BUDGET = "tests/runtime/test_budget.py::"
REPLAN = "tests/runtime/test_replan.py::"
DRY = "tests/runtime/test_dry_run.py::"
SURVIVE = "tests/journeys/test_runs_survive.py::"
SOURCE = "docs/guides/runs.md"

REQUIREMENTS = (
    Requirement(
        id="runs.resume",
        source=SOURCE,
        promise="A run goes on when an app starts on its store, after an orderly end and after kill -9 alike.",
        tests=(
            f"{RESUME}test_a_run_goes_on_when_the_app_starts_again_and_repeats_nothing_that_was_finished",
            f"{RESUME}test_a_crash_leaves_a_run_that_goes_on_however_often_the_process_dies",
            f"{RESUME}test_many_interrupted_runs_all_go_on",
            f"{RESUME}test_somebody_who_follows_a_run_hears_that_it_goes_on",
            "tests/runtime/test_every_cut.py::test_a_run_ends_the_same_wherever_its_journal_was_cut_off",
            "tests/runtime/test_every_cut.py::test_a_run_ends_the_same_when_it_is_cut_off_again_and_again",
            f"{SURVIVE}test_a_killed_run_goes_on_without_doing_again_what_was_finished",
            f"{SURVIVE}test_a_run_that_is_killed_in_every_step_ends_and_repeats_nothing_that_was_finished",
        ),
    ),
    Requirement(
        id="runs.resume.interrupted",
        source=SOURCE,
        promise=(
            "Leaving an app lets calls end that cannot be repeated, begins nothing and interrupts its runs; an app may "
            "leave such runs as they are."
        ),
        tests=(
            f"{RESUME}test_leaving_the_app_interrupts_its_runs_and_the_record_says_so",
            f"{RESUME}test_leaving_an_app_lets_a_call_end_that_cannot_be_repeated_and_begins_no_other",
            f"{RESUME}test_an_app_that_is_being_left_begins_no_run",
        ),
    ),
    Requirement(
        id="runs.store-away",
        source=SOURCE,
        promise="A run goes on when the store was away for a moment, and each of its events is in the journal once.",
        tests=(f"{RESUME}test_a_store_that_was_away_for_a_moment_has_each_event_once_and_the_run_goes_on",),
    ),
    Requirement(
        id="runs.resume.cancelled",
        source=SOURCE,
        promise="A cancelled run stays cancelled, and a crash while it ends does not bring it back.",
        tests=(
            f"{RESUME}test_a_cancelled_run_stays_cancelled",
            f"{UNDO}test_cancelling_is_gone_on_with_after_a_crash",
            f"{RESUME}test_a_run_that_is_interrupted_can_be_cancelled_and_goes_on_no_more",
            f"{RESUME}test_a_start_that_is_cancelled_while_it_is_stored_leaves_no_run_that_goes_on",
        ),
    ),
    Requirement(
        id="runs.resume.stored-before",
        source=SOURCE,
        promise=(
            "The start of a call that cannot be repeated is in the store before the call is made, and its end before "
            "anything that rests on it begins."
        ),
        tests=(
            f"{RESUME}test_a_call_that_cannot_be_repeated_is_in_the_store_before_it_is_made",
            f"{RESUME}test_the_end_of_a_call_that_cannot_be_repeated_is_stored_before_what_rests_on_it_begins",
        ),
    ),
    Requirement(
        id="runs.resume.uncertain",
        source=SOURCE,
        promise=(
            "A call that cannot be repeated and was under way at the death of the process is asked about, and not made "
            "again unless a person says so."
        ),
        tests=(
            f"{RESUME}test_a_call_nobody_saw_the_end_of_is_asked_about_and_not_repeated",
            f"{RESUME}test_an_answer_to_an_uncertain_step_that_was_acknowledged_survives_a_crash",
            f"{RESUME}test_an_uncertain_step_asks_the_same_question_after_another_crash",
            f"{SURVIVE}test_a_call_that_was_under_way_at_the_kill_is_asked_about_and_not_repeated_by_itself",
        ),
    ),
    Requirement(
        id="runs.resume.said-output",
        source=SOURCE,
        promise="An output that a person says a call gave keeps the capability's promise, or changes nothing.",
        tests=(f"{RESUME}test_an_output_said_by_a_person_must_keep_the_promise_and_a_wrong_one_changes_nothing",),
    ),
    Requirement(
        id="runs.resume.durable-message",
        source=SOURCE,
        promise="A message to a durable actor that a run sends again after a crash takes effect once.",
        tests=(f"{RESUME}test_a_message_to_a_durable_actor_is_sent_again_and_takes_effect_once",),
    ),
    Requirement(
        id="runs.resume.loops",
        source=SOURCE,
        promise="Loops go on with the rounds that are left, without the pauses that are over.",
        tests=(
            f"{RESUME}test_a_loop_goes_on_with_the_items_that_are_left",
            f"{RESUME}test_pauses_of_a_loop_that_are_over_are_not_waited_for_again",
        ),
    ),
    Requirement(
        id="runs.resume.authority",
        source=SOURCE,
        promise="A run goes on under the grant it began with, and stays interrupted where the app cannot run its plan.",
        tests=(
            f"{RESUME}test_a_run_goes_on_under_the_grant_it_began_with_and_no_other",
            f"{RESUME}test_a_run_has_no_more_time_after_a_restart_than_it_had_before",
            f"{RESUME}test_a_run_the_app_cannot_run_any_more_stays_interrupted_until_it_can",
        ),
    ),
    Requirement(
        id="runs.approval",
        source=SOURCE,
        promise="A step that needs a person's yes waits for it, while what does not need it goes on.",
        tests=(
            f"{APPROVALS}test_a_careful_run_waits_for_a_yes_and_then_makes_the_call_once",
            f"{APPROVALS}test_what_needs_no_yes_goes_on_meanwhile",
            f"{APPROVALS}test_a_run_in_which_something_goes_on_is_not_said_to_wait",
            f"{APPROVALS}test_the_words_for_a_run_that_waits_say_what_for",
            f"{APPROVALS}test_a_capability_that_always_wants_a_yes_gets_it_from_its_own_holder",
            f"{APPROVALS}test_cancelling_a_run_that_waits_ends_its_question",
        ),
    ),
    Requirement(
        id="runs.approval.bound",
        source=SOURCE,
        promise="A yes holds for one call of one step of one run, every byte of its arguments included, and once.",
        tests=(
            f"{APPROVALS}test_an_approval_holds_for_nothing_but_its_very_call",
            f"{APPROVALS}test_an_answer_to_one_byte_less_is_refused_and_changes_nothing",
            f"{APPROVALS}test_arguments_that_changed_in_the_store_are_asked_about_again",
            f"{APPROVALS}test_two_answers_at_once_are_one_answer",
            f"{APPROVALS}test_a_yes_to_a_call_is_none_to_the_same_call_made_by_it",
            f"{APPROVALS}test_each_item_of_a_loop_is_asked_about_by_itself",
        ),
    ),
    Requirement(
        id="runs.approval.durable",
        source=SOURCE,
        promise="A question, its expiry, and a yes that was acknowledged survive kill -9.",
        tests=(
            f"{APPROVALS}test_a_question_is_the_same_with_the_same_expiry_after_a_restart",
            f"{APPROVALS}test_an_approval_that_was_acknowledged_survives_a_crash_before_the_call",
            f"{APPROVALS}test_an_answer_is_acknowledged_when_it_is_stored_and_not_before",
            f"{SURVIVE}test_an_approval_outlives_the_process_that_asked_for_it_and_is_used_once",
        ),
    ),
    Requirement(
        id="runs.approval.ends",
        source=SOURCE,
        promise="A question that is refused or expires, by the app's clock, fails its step and is not asked again.",
        tests=(
            f"{APPROVALS}test_refusing_fails_the_step_and_says_who_and_why",
            f"{APPROVALS}test_nobody_answering_in_time_fails_the_step_by_the_apps_clock",
            f"{APPROVALS}test_a_question_that_expired_while_the_app_was_down_fails_its_step_at_the_start",
            f"{APPROVALS}test_a_refused_step_is_not_asked_about_again_by_a_retry_but_its_fallback_runs",
            f"{APPROVALS}test_a_yes_is_waited_for_a_day_unless_the_app_says_otherwise",
        ),
    ),
    Requirement(
        id="runs.approval.who",
        source=SOURCE,
        promise=(
            "Only somebody who could make the call without being asked may agree to it; who did, and who tried, is in "
            "the audit."
        ),
        tests=(f"{APPROVALS}test_who_may_approve",),
    ),
    Requirement(
        id="runs.undo",
        source=SOURCE,
        promise=(
            "A run that fails or is cancelled takes back what its steps can undo, the latest success first, and says "
            "what is undone and what is kept."
        ),
        tests=(
            f"{UNDO}test_a_failed_run_undoes_what_succeeded_the_latest_first_and_says_what_is_kept",
            f"{UNDO}test_a_cancelled_run_undoes_what_succeeded_before_the_cancellation_is_said_to_be_done",
            f"{UNDO}test_a_run_that_succeeds_undoes_nothing",
            f"{UNDO}test_an_undo_that_fails_is_told_and_the_others_are_undone",
            f"{UNDO}test_each_round_of_a_loop_is_undone_with_its_own_item",
            f"{UNDO}test_what_is_undone_may_need_a_yes_too",
        ),
    ),
    Requirement(
        id="runs.undo.resumed",
        source=SOURCE,
        promise="Undoing goes on after a restart, repeats nothing that was undone, and does not begin the run anew.",
        tests=(f"{UNDO}test_undoing_goes_on_after_a_restart_and_repeats_nothing",),
    ),
    Requirement(
        id="runs.timeout",
        source=SOURCE,
        promise="A step ends with `deadline_exceeded` at its own time limit.",
        tests=(f"{UNDO}test_a_step_has_its_own_time_limit",),
    ),
    Requirement(
        id="runs.budget",
        source=SOURCE,
        promise=(
            "A run that has used up its time, calls, tokens or money starts nothing more and fails with "
            "`budget_exceeded`, which names the budget and what was spent."
        ),
        tests=(
            f"{BUDGET}test_a_run_makes_no_more_calls_than_it_may",
            f"{BUDGET}test_tokens_and_money_that_capabilities_tell_of_are_counted",
            f"{BUDGET}test_a_call_is_cancelled_when_the_time_of_its_run_is_up",
            f"{BUDGET}test_nothing_more_is_tried_by_a_retry_when_the_budget_is_used_up",
            f"{BUDGET}test_the_apps_budget_is_for_runs_that_bring_none",
            f"{BUDGET}test_a_budget_below_nothing_is_refused",
        ),
    ),
    Requirement(
        id="runs.budget.survives",
        source=SOURCE,
        promise="What a run has spent survives restarts; time it waits, or the app is down, is not spent.",
        tests=(
            f"{BUDGET}test_what_was_spent_before_a_restart_stays_spent",
            f"{BUDGET}test_time_under_way_is_bounded_and_neither_waiting_nor_being_down_counts",
            f"{BUDGET}test_the_time_between_a_crash_and_the_next_start_is_not_spent",
        ),
    ),
    Requirement(
        id="runs.rest",
        source=SOURCE,
        promise="The rest of a run is done as a new run that names it, without what was finished, loops included.",
        tests=(
            f"{REPLAN}test_a_retried_run_does_only_what_was_left",
            f"{REPLAN}test_a_run_can_be_done_again_from_a_step_on",
            f"{REPLAN}test_a_loop_is_retried_without_the_items_that_were_done",
            f"{REPLAN}test_a_run_under_way_has_no_rest_yet_and_nobody_elses_run_is_retried",
        ),
    ),
    Requirement(
        id="runs.replan",
        source=SOURCE,
        promise=(
            "A capability that failed is replaced in the rest of a plan by one that is proven to fit and does not more "
            "to the world, or stays."
        ),
        tests=(
            f"{REPLAN}test_a_capability_that_failed_is_replaced_by_another_that_is_proven_to_fit",
            f"{REPLAN}test_what_does_more_to_the_world_or_does_not_fit_takes_nobodys_place",
            f"{REPLAN}test_outputs_of_finished_steps_stand_in_the_new_plan_and_texts_that_look_like_wires_stay_texts",
        ),
    ),
    Requirement(
        id="runs.dry",
        source=SOURCE,
        promise="A dry run tells order, effects, decisions, limits and typical durations, and does nothing.",
        tests=(
            f"{DRY}test_a_dry_run_tells_order_effects_and_time_and_does_nothing",
            f"{DRY}test_the_digest_of_a_call_whose_arguments_stand_in_the_plan_lets_that_call_pass",
            f"{DRY}test_decisions_are_those_of_the_holder",
            f"{DRY}test_the_steps_of_a_flow_are_looked_at_one_by_one",
            f"{DRY}test_loops_are_counted_where_their_list_stands_in_the_plan",
        ),
    ),
    Requirement(
        id="runs.many",
        source="docs/guides/runs.md",
        promise="A thousand concurrent runs that are cancelled at random leave no task and hold no memory.",
        tests=(
            "tests/runtime/test_many_runs.py::test_a_thousand_runs_cancelled_at_random_leave_no_task_and_hold_no_memory",
        ),
    ),
    Requirement(
        id="runs.ended-from-outside",
        source="design 4.6",
        promise="What is no Exception fails the run, which is told before it goes on.",
        tests=("tests/runtime/test_run.py::test_what_is_no_exception_fails_the_run_and_is_told_before_it_goes_on",),
    ),
)
