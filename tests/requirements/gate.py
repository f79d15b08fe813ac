"""The one gate that every call passes: what else it does with a call, and what it costs."""

from tests.requirements.requirement import Requirement

BREAKER = "tests/runtime/test_breaker.py::"
CACHE = "tests/runtime/test_cache.py::"
GATE = "tests/runtime/test_gate.py::"
MODEL = "tests/models/test_model.py::"
RETRY = "tests/runtime/test_retry.py::"
SETTINGS = "tests/models/test_model_settings.py::"
HTTP = "tests/http/test_gate.py::"
GUIDE = "docs/guides/calls.md"

REQUIREMENTS = (
    Requirement(
        id="gate.failures",
        source=GUIDE,
        promise=(
            "Whatever a capability raises is CapabilityFailed with the cause chained, BaseException included; only "
            "KeyboardInterrupt and SystemExit pass as they are."
        ),
        tests=(
            f"{GATE}test_an_exception_that_is_no_exception_is_a_failure_of_its_capability",
            f"{GATE}test_what_ends_the_program_passes_as_it_is",
        ),
    ),
    Requirement(
        id="gate.cancellation",
        source=GUIDE,
        promise=(
            "Cancelling a caller cancels its capability, in the same task, and waits for its end; a cancellation from "
            "elsewhere is an error and cancels nobody."
        ),
        tests=(
            f"{GATE}test_cancelling_the_caller_cancels_the_capability_and_waits_for_its_end",
            f"{GATE}test_a_cancellation_that_is_not_the_callers_is_an_error_and_ends_nobody",
            f"{GATE}test_a_capability_stays_in_its_callers_task",
        ),
        gap="A `def` in its thread cannot be stopped: its result is dropped, as the guide says.",
    ),
    Requirement(
        id="gate.deadline",
        source=GUIDE,
        promise="A call that waits is ended at its deadline, whenever it begins to wait.",
        tests=(f"{GATE}test_a_call_is_late_however_many_turns_it_took_before",),
        gap="A capability that never waits is not interrupted, as the guide says.",
    ),
    Requirement(
        id="gate.records",
        source=GUIDE,
        promise=(
            "Call and audit records that are made and written later are whole, in order, and name the arguments that "
            "were decided."
        ),
        tests=(
            f"{GATE}test_the_audit_names_the_arguments_that_were_decided_whatever_became_of_them",
            f"{GATE}test_a_burst_of_calls_is_recorded_whole_and_in_order",
            f"{GATE}test_ids_are_unique_and_a_forked_process_has_others",
        ),
        gap="A process that is killed loses the records of its last milliseconds, as the guide says.",
    ),
    Requirement(
        id="gate.quick",
        source=GUIDE,
        promise=(
            "The gate costs at most 25 us above the handler: what is not asked for is not done, and nothing of its "
            "promises is lost by that."
        ),
        tests=(
            f"{GATE}test_every_log_line_of_a_call_has_its_trace_id_though_nothing_is_traced",
            f"{GATE}test_a_tracer_provider_that_is_set_later_is_noticed_at_the_next_tick",
            f"{GATE}test_a_capability_gets_every_circumstance_of_its_call",
        ),
        gap="The 25 us are shown by benchmarks/gate.py, not by a timed test.",
    ),
    Requirement(
        id="gate.spending",
        source=GUIDE,
        promise="A call's record holds the tokens and the money that it spent itself, its failed questions included.",
        tests=(
            f"{GATE}test_what_a_call_spent_is_in_its_own_record",
            f"{MODEL}test_what_an_answer_took_is_told_to_the_call_that_asked",
            f"{MODEL}test_answers_that_were_no_good_are_told_too",
            f"{MODEL}test_cost_is_counted_by_the_price_of_the_model_that_answered",
            f"{MODEL}test_the_call_record_of_a_capability_that_asks_a_model_has_its_tokens_and_cost",
            f"{SETTINGS}test_a_price_is_what_a_million_tokens_cost_in_and_out",
            f"{SETTINGS}test_a_price_that_is_none_is_refused_by_the_name_of_its_variable",
        ),
        gap="Tokens of a question that was never answered are the vendor's to know.",
    ),
    Requirement(
        id="gate.fingerprint",
        source="design 2",
        promise="A grant's fingerprint is the same in every process, and another when it permits something else.",
        tests=(f"{GATE}test_a_grants_fingerprint_depends_on_what_it_permits_and_on_nothing_else",),
    ),
    Requirement(
        id="gate.retry",
        source=GUIDE,
        promise=(
            "A capability that declares `retry` is repeated on failures that may pass, with growing random pauses, and "
            "on no others."
        ),
        tests=(
            f"{RETRY}test_a_failure_that_may_pass_is_repeated_with_growing_pauses",
            f"{RETRY}test_the_last_failure_is_told_when_there_are_no_more_attempts",
            f"{RETRY}test_what_the_same_call_meets_again_is_not_repeated",
            f"{RETRY}test_when_says_what_is_repeated_by_code_or_class",
            f"{RETRY}test_no_lasting_failure_is_named_to_be_repeated",
            f"{RETRY}test_a_pause_is_never_longer_than_the_longest",
            f"{RETRY}test_two_calls_wait_for_pauses_of_their_own",
            f"{RETRY}test_a_retry_that_cannot_be_is_refused_where_it_is_declared",
            f"{RETRY}test_what_is_no_retry_is_refused_where_it_is_declared",
            f"{RETRY}test_a_stream_cannot_be_repeated",
        ),
    ),
    Requirement(
        id="gate.retry.bounded",
        source=GUIDE,
        promise=(
            "No attempt begins after the caller's deadline or the end of its grant, each has the capability's whole "
            "timeout, and cancelling ends the wait between two."
        ),
        tests=(
            f"{RETRY}test_no_attempt_begins_after_the_callers_deadline",
            f"{RETRY}test_no_attempt_begins_after_the_grant_has_ended",
            f"{RETRY}test_each_attempt_has_the_whole_timeout_of_its_own",
            f"{RETRY}test_cancelling_ends_the_wait_between_two_attempts",
        ),
    ),
    Requirement(
        id="gate.retry.once",
        source=GUIDE,
        promise=(
            "All attempts are one call: decided and recorded once, with the arguments as they were sent, and for an "
            "actor one message that takes effect once."
        ),
        tests=(
            f"{RETRY}test_a_message_that_is_repeated_takes_effect_once",
            f"{RETRY}test_every_attempt_gets_the_arguments_that_were_sent",
            f"{RETRY}test_a_call_of_many_attempts_is_decided_and_recorded_once_and_each_attempt_is_logged_and_counted",
            f"{RETRY}test_every_attempt_is_a_span_within_that_of_its_call",
            f"{RETRY}test_discovery_tells_how_often_it_may_be_called",
        ),
    ),
    Requirement(
        id="gate.breaker",
        source=GUIDE,
        promise=(
            "A breaker refuses calls after failures in a row, says when to come again, lets a few try after its time "
            "and closes only when they succeed."
        ),
        tests=(
            f"{BREAKER}test_failures_in_a_row_open_it_and_a_success_between_them_begins_the_count_again",
            f"{BREAKER}test_an_open_one_refuses_and_says_when_to_come_again",
            f"{BREAKER}test_after_its_recovery_time_a_few_calls_try_and_close_it",
            f"{BREAKER}test_one_failed_try_opens_it_again_for_the_whole_time",
            f"{BREAKER}test_what_a_late_call_tells_says_nothing_about_now",
            f"{BREAKER}test_a_cancelled_try_gives_its_place_to_another",
            f"{BREAKER}test_an_answer_that_is_a_refusal_is_no_failure",
            f"{BREAKER}test_whatever_happens_no_more_than_its_trial_calls_run_before_it_is_closed",
            f"{BREAKER}test_the_same_name_is_the_same_breaker_and_all_are_listed",
            f"{BREAKER}test_a_clock_that_is_set_back_does_not_keep_it_open_for_longer",
            f"{BREAKER}test_a_breaker_that_cannot_be_is_refused_where_it_is_declared",
            f"{HTTP}test_an_open_breaker_is_a_503_that_says_when_to_come_again",
            f"{RETRY}test_a_breaker_stops_the_attempts_and_later_calls_until_it_recovers",
        ),
    ),
    Requirement(
        id="gate.cache",
        source=GUIDE,
        promise=(
            "A result of a capability that only reads is given again for its time to equal calls, failures never, and "
            "each answer tells whether it was kept."
        ),
        tests=(
            f"{CACHE}test_a_result_is_given_again_until_its_time_is_over",
            f"{CACHE}test_equal_inputs_are_equal_however_they_are_written_and_others_are_not",
            f"{CACHE}test_a_failure_is_told_to_all_who_wait_and_is_not_kept",
            f"{CACHE}test_only_so_many_results_are_kept_those_used_last",
            f"{CACHE}test_a_key_may_leave_inputs_out_and_cannot_change_them",
            f"{CACHE}test_a_key_that_raises_fails_the_call_and_nothing_is_executed",
            f"{CACHE}test_a_hit_is_told_by_the_call_record_and_counted",
            f"{HTTP}test_an_answer_tells_whether_it_was_kept_and_the_metrics_count_hits_and_attempts",
            f"{CACHE}test_only_what_reads_may_have_a_cache",
            f"{CACHE}test_a_message_of_an_actor_and_a_stream_have_no_cache",
            f"{CACHE}test_a_cache_that_cannot_be_is_refused_where_it_is_declared",
            f"{CACHE}test_discovery_tells_how_old_an_answer_may_be",
        ),
    ),
    Requirement(
        id="gate.cache.authority",
        source=GUIDE,
        promise=(
            "A kept result lets nobody in: authority is decided at every call, and what one was given another gets "
            "only where that is declared."
        ),
        tests=(
            f"{CACHE}test_authority_is_decided_before_a_kept_result_is_looked_for",
            f"{CACHE}test_a_result_is_only_for_who_asked_unless_it_is_shared",
            f"{CACHE}test_a_shared_result_must_not_depend_on_who_asks",
            f"{CACHE}test_what_a_caller_does_to_its_result_is_seen_by_no_other",
        ),
    ),
    Requirement(
        id="gate.cache.shared-execution",
        source=GUIDE,
        promise=(
            "Equal calls at the same time share one execution: any of them may leave or be late, and it is cancelled "
            "when nobody waits for it."
        ),
        tests=(
            f"{CACHE}test_a_thousand_equal_calls_at_once_share_one_execution",
            f"{CACHE}test_the_first_caller_may_leave_and_the_others_get_the_result",
            f"{CACHE}test_when_the_last_caller_leaves_the_execution_is_cancelled_and_has_ended",
            f"{CACHE}test_a_short_deadline_is_its_callers_own",
            f"{CACHE}test_retries_happen_within_the_shared_execution",
            f"{CACHE}test_leaving_the_app_ends_what_is_under_way",
            f"{CACHE}test_an_actor_does_not_wait_for_an_execution_that_waits_for_it",
        ),
    ),
)
