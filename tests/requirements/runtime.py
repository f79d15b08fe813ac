"""What moves, and what it promises: actors, calls, planning, runs, streams and records."""

from tests.requirements.requirement import Requirement

ACTIVATION = "tests/runtime/test_activation.py::"
DEADLINE = "tests/runtime/test_deadline.py::"
ENGINE = "tests/runtime/test_engine.py::"
PLANNING = "tests/runtime/test_planning.py::"
RANDOM = "tests/runtime/test_random_runs.py::"
RECORDS = "tests/runtime/test_records.py::"
RUN = "tests/runtime/test_run.py::"
STREAMS = "tests/runtime/test_streams.py::"
STRESS = "tests/runtime/test_stress.py::"
SUPERVISION = "tests/runtime/test_supervision.py::"
TELEMETRY = "tests/runtime/test_telemetry.py::"
TIMER = "tests/runtime/test_timer.py::"
TRANSACTION = "tests/runtime/test_transaction.py::"

REQUIREMENTS = (
    Requirement(
        id="runtime.actor.one-at-a-time",
        source="docs/guides/actors.md",
        promise="An actor handles one message at a time, in the order they were sent, asked or told.",
        tests=(
            f"{ACTIVATION}test_a_thousand_concurrent_asks_are_handled_one_at_a_time_in_the_order_they_were_sent",
            f"{ACTIVATION}test_a_thousand_concurrent_writes_are_all_counted",
            f"{ACTIVATION}test_a_tell_before_an_ask_is_handled_before_it",
            f"{ACTIVATION}test_asks_and_tells_keep_their_order",
        ),
    ),
    Requirement(
        id="runtime.actor.independent",
        source="design 4.10",
        promise="A busy actor delays no other.",
        tests=(
            f"{ACTIVATION}test_a_busy_actor_delays_no_other",
            f"{ACTIVATION}test_handlers_that_never_suspend_do_not_keep_others_from_the_loop",
            f"{ACTIVATION}test_one_key_under_two_classes_is_two_actors",
        ),
        gap="A handler that computes without ever awaiting holds up its process, as the guide says.",
    ),
    Requirement(
        id="runtime.actor.sleep",
        source="docs/guides/actors.md",
        promise=(
            "An actor that nobody uses sleeps and forgets nothing; a busy one, or one that is used now and then, "
            "stays awake."
        ),
        tests=(
            f"{ACTIVATION}test_a_busy_actor_does_not_sleep",
            f"{ACTIVATION}test_a_thousand_actors_idle_at_once_all_sleep_and_keep_their_memory",
            f"{ACTIVATION}test_an_actor_that_is_used_now_and_then_stays_awake",
        ),
        gap="What a million idle actors take is a benchmark's to show.",
    ),
    Requirement(
        id="runtime.actor.stop",
        source="docs/reference/http.md",
        promise="A stopped actor is cancelled, refuses what waits and keeps its memory.",
        tests=(
            f"{ACTIVATION}test_stopping_a_busy_actor_cancels_it_refuses_what_waits_and_keeps_its_memory",
            f"{ACTIVATION}test_stopping_an_idle_actor_saves_its_snapshot",
        ),
    ),
    Requirement(
        id="runtime.actor.cancelled",
        source="docs/guides/actors.md",
        promise=(
            "A caller that is cancelled takes its message along, before or while it is handled, and strands nobody."
        ),
        tests=(
            f"{ACTIVATION}test_a_caller_cancelled_in_the_mailbox_takes_its_message_along",
            f"{ACTIVATION}test_a_caller_cancelled_while_its_message_from_the_mailbox_is_in_hand_ends_it",
            f"{ACTIVATION}test_a_cancelled_caller_leaves_no_trace_and_strands_nobody",
            f"{ACTIVATION}test_a_handler_that_awaits_something_cancelled_by_others_fails_and_stops_nothing",
        ),
    ),
    Requirement(
        id="runtime.actor.tell",
        source="docs/guides/actors.md",
        promise="What is told is no part of the teller's call, and its failure is counted and logged.",
        tests=(
            f"{ACTIVATION}test_what_is_told_is_no_part_of_the_tellers_call",
            f"{ACTIVATION}test_a_failure_of_what_was_told_is_counted_and_logged",
        ),
    ),
    Requirement(
        id="runtime.actor.cycle",
        source="docs/guides/actors.md",
        promise="A call that leads back to its actor is refused at once.",
        tests=(f"{ACTIVATION}test_a_call_that_leads_back_to_its_actor_is_refused",),
    ),
    Requirement(
        id="runtime.actor.callers-fault",
        source="design 4.1",
        promise="Arguments that do not fit are the caller's fault and no crash of the actor.",
        tests=(f"{ACTIVATION}test_arguments_that_do_not_fit_are_the_callers_fault",),
    ),
    Requirement(
        id="runtime.close",
        source="design 4.9",
        promise=(
            "Closing an app ends what its actors and runs do, saves what is to be saved, and leaves no task behind."
        ),
        tests=(
            f"{ACTIVATION}test_closing_the_app_ends_busy_actors_and_leaves_no_task",
            f"{RUN}test_closing_the_app_interrupts_its_runs_and_leaves_no_task",
            f"{TRANSACTION}test_closing_the_app_saves_snapshots",
        ),
    ),
    Requirement(
        id="runtime.deadline.handler",
        source="design 4.9",
        promise=(
            "A message that is handled for too long is cancelled and rolled back, one that waits for too long is "
            "dropped, told or asked."
        ),
        tests=(
            f"{DEADLINE}test_a_handler_that_waits_for_too_long_is_cancelled_and_rolled_back",
            f"{DEADLINE}test_a_message_that_waits_in_the_mailbox_for_too_long_is_dropped",
            f"{DEADLINE}test_the_wait_in_the_mailbox_and_the_handling_share_one_deadline",
            f"{DEADLINE}test_what_was_told_has_a_deadline_too",
            f"{DEADLINE}test_a_call_whose_deadline_is_over_is_not_begun",
        ),
    ),
    Requirement(
        id="runtime.deadline.shortest",
        source="design 4.9",
        promise="The shortest of the deadlines of message, caller and capability counts.",
        tests=(
            f"{DEADLINE}test_a_shorter_deadline_of_the_caller_counts",
            f"{DEADLINE}test_a_shorter_timeout_of_the_message_counts_asked_and_told",
            f"{DEADLINE}test_the_callers_own_timeout_around_an_ask_is_heard",
            f"{ENGINE}test_a_call_that_takes_too_long_is_cancelled",
        ),
    ),
    Requirement(
        id="runtime.deadline.clean",
        source="design 4.9",
        promise="A deadline that passes cancels its handler and nothing else.",
        tests=(
            f"{DEADLINE}test_a_deadline_that_passes_leaves_its_task_uncancelled",
            f"{DEADLINE}test_a_caller_that_is_cancelled_as_its_deadline_passes_stays_cancelled",
        ),
    ),
    Requirement(
        id="runtime.timer",
        source="design 4.9",
        promise="The clock of deadlines and sleep never goes backwards, and a loop that was late loses no time.",
        tests=(
            f"{TIMER}test_listeners_hear_every_tick_that_is_let_pass",
            f"{TIMER}test_a_started_timer_ticks_by_itself_and_never_backwards",
            f"{TIMER}test_a_late_loop_skips_ticks_and_loses_no_time",
        ),
    ),
    Requirement(
        id="runtime.message.whole",
        source="design 4.7",
        promise=(
            "State, events and reply of a message are committed together before the reply, and a crash leaves the "
            "state before it."
        ),
        tests=(
            f"{SUPERVISION}test_after_a_crash_a_durable_actor_has_the_state_after_the_message_before",
            f"{SUPERVISION}test_messages_behind_a_crash_are_handled",
            f"{TRANSACTION}test_a_journal_holds_the_events_of_the_message_in_hand",
            f"{TRANSACTION}test_a_state_that_leaves_its_type_is_never_committed",
            f"{TRANSACTION}test_a_read_that_emits_breaks_its_contract",
        ),
    ),
    Requirement(
        id="runtime.message.acknowledged",
        source="design 4.12",
        promise="Whatever is acknowledged is counted once, whatever crashes, refuses or is cancelled beside it.",
        tests=(f"{STRESS}test_every_acknowledged_write_is_counted_once_whatever_happens_beside_it",),
    ),
    Requirement(
        id="runtime.message.once",
        source="design 4.7",
        promise=(
            "A message id sent again by its sender gives the first reply and has one effect, also while the first "
            "is in hand."
        ),
        tests=(
            f"{TRANSACTION}test_a_message_id_is_its_senders_own",
            f"{TRANSACTION}test_a_message_id_repeated_while_the_first_is_in_hand_has_one_effect",
            f"{TRANSACTION}test_a_message_id_sent_again_gives_the_first_reply_and_has_one_effect",
            f"{TRANSACTION}test_an_event_with_the_same_id_is_stored_once",
            f"{ENGINE}test_a_repeated_message_id_gives_the_first_reply_and_acts_once",
        ),
    ),
    Requirement(
        id="runtime.message.again",
        source="docs/guides/actors.md",
        promise="A message that failed may be tried again with its id.",
        tests=(f"{TRANSACTION}test_a_message_id_that_failed_may_be_tried_again",),
    ),
    Requirement(
        id="runtime.message.commit-uninterrupted",
        source="design 4.12",
        promise="Neither a cancelled caller, a deadline nor a stop interrupts a commit or makes a lie of its reply.",
        tests=(
            f"{TRANSACTION}test_a_caller_cancelled_during_the_commit_waits_for_it_and_the_next_message_sees_it",
            f"{TRANSACTION}test_a_deadline_that_passes_during_the_commit_does_not_make_a_lie_of_the_reply",
            f"{TRANSACTION}test_stopping_an_actor_that_commits_waits_for_the_commit",
        ),
    ),
    Requirement(
        id="runtime.message.one-writer",
        source="design 4.8",
        promise="A second writer of the same actor is seen, and its truth is read before the next message.",
        tests=(f"{TRANSACTION}test_a_second_writer_is_seen_and_its_truth_is_read",),
        gap="Two processes on one store are refused by the store on disk; several nodes are not there yet.",
    ),
    Requirement(
        id="runtime.durability",
        source="docs/guides/actors.md",
        promise=(
            "A snapshot actor is saved every ten seconds, before it sleeps and when it emits; a volatile one "
            "begins afresh."
        ),
        tests=(
            f"{SUPERVISION}test_after_a_crash_a_snapshot_actor_has_the_state_of_its_last_snapshot",
            f"{SUPERVISION}test_after_a_crash_a_volatile_actor_begins_afresh",
            f"{TRANSACTION}test_a_snapshot_actor_is_saved_every_ten_seconds",
            f"{TRANSACTION}test_a_snapshot_that_the_store_refused_is_saved_later",
            f"{TRANSACTION}test_a_volatile_actors_events_are_heard_live_and_stored_nowhere",
        ),
        gap="That a snapshot actor is saved whenever it emits is not tested.",
    ),
    Requirement(
        id="runtime.state-shape",
        source="design 4.12",
        promise="A saved state of another shape is an error and stays as it is.",
        tests=(f"{TRANSACTION}test_a_saved_state_of_another_shape_is_an_error_and_stays_as_it_is",),
    ),
    Requirement(
        id="runtime.journal",
        source="docs/guides/actors.md",
        promise="A journal of any length is read from its start, a place or its end, by class or ids.",
        tests=(
            f"{TRANSACTION}test_a_journal_is_read_from_a_place_from_its_end_and_by_ids",
            f"{TRANSACTION}test_a_journal_longer_than_a_page_is_read_whole",
            f"{TRANSACTION}test_a_journal_read_by_a_wider_class_holds_its_subclasses",
        ),
    ),
    Requirement(
        id="runtime.supervision.limit",
        source="docs/guides/actors.md",
        promise=(
            "An actor that crashes more often than its limit is stopped for a while, says until when, and stops "
            "no other."
        ),
        tests=(
            f"{SUPERVISION}test_over_the_limit_an_actor_is_stopped_and_says_when_it_is_back",
            f"{SUPERVISION}test_crashes_further_apart_than_the_window_stop_nothing",
            f"{SUPERVISION}test_a_stopped_actor_stops_no_other",
            f"{SUPERVISION}test_what_waits_for_an_actor_that_is_stopped_is_told",
            f"{SUPERVISION}test_an_actor_that_cannot_start_fails_its_caller_and_then_stops",
        ),
    ),
    Requirement(
        id="runtime.supervision.no-crash",
        source="docs/guides/actors.md",
        promise="A refusal on purpose, a failing store and another actor's crash are no crash of the actor.",
        tests=(
            f"{SUPERVISION}test_a_refusal_is_no_crash",
            f"{SUPERVISION}test_a_store_that_fails_is_no_crash_of_the_actor",
            f"{SUPERVISION}test_one_actors_crash_leaves_the_handler_that_asked_it_in_charge",
        ),
    ),
    Requirement(
        id="runtime.mailbox",
        source="design 4.9",
        promise="A full mailbox refuses messages and takes them again when there is room.",
        tests=(f"{SUPERVISION}test_a_full_mailbox_refuses_and_takes_messages_again_later",),
    ),
    Requirement(
        id="runtime.call.door",
        source="design 4.1",
        promise=(
            "A call by declaration or by id is checked, decided, audited and recorded once, and gives the typed output."
        ),
        tests=(
            f"{ENGINE}test_a_call_by_declaration_or_id_gives_the_typed_output",
            f"{ENGINE}test_each_decision_is_audited_once_and_each_call_recorded_once",
            f"{ENGINE}test_every_missing_unknown_and_wrong_field_is_named",
            f"{ENGINE}test_an_unknown_capability_is_told_with_the_nearest_ones",
        ),
    ),
    Requirement(
        id="runtime.call.thread",
        source="design 3",
        promise="A plain function runs in a worker thread, where it may block.",
        tests=(f"{ENGINE}test_a_plain_function_runs_in_a_worker_thread",),
    ),
    Requirement(
        id="runtime.call.authority",
        source="design 4.11",
        promise=(
            "Whoever calls is who its grant says, a capability calls on with no more, and what is not granted "
            "does not exist."
        ),
        tests=(
            f"{ENGINE}test_a_capability_calls_on_with_its_callers_authority_and_no_more",
            f"{ENGINE}test_identity_comes_from_the_grant_and_acting_for_others_has_to_be_granted",
            f"{ENGINE}test_what_is_not_granted_is_as_unknown_as_what_does_not_exist",
            f"{ENGINE}test_limits_on_arguments_hold_for_calls_and_typed_messages",
            f"{ENGINE}test_a_typed_message_that_is_not_granted_is_refused",
        ),
    ),
    Requirement(
        id="runtime.call.truth",
        source="design 4.12",
        promise="An output that breaks its promise is an error and no success.",
        tests=(f"{ENGINE}test_an_output_that_breaks_its_promise_is_an_error_and_no_success",),
    ),
    Requirement(
        id="runtime.planning.order",
        source="docs/guides/plans.md",
        promise=(
            "A sure plan of an earlier planner is taken at once, an unsure one gives way and is taken when the "
            "others fail."
        ),
        tests=(
            f"{PLANNING}test_a_sure_plan_of_the_first_planner_is_taken_and_no_other_is_asked",
            f"{PLANNING}test_an_unsure_plan_gives_way_to_the_next_planner_and_is_taken_when_that_fails",
        ),
    ),
    Requirement(
        id="runtime.planning.same",
        source="docs/guides/plans.md",
        promise=(
            "A repeated request gives the same plan without asking anybody, for whoever may run it, until the next day."
        ),
        tests=(
            f"{PLANNING}test_a_repeated_request_gives_the_same_plan_without_asking_anybody_until_the_next_day",
            f"{PLANNING}test_a_remembered_plan_is_not_used_by_who_may_not_run_it",
            f"{PLANNING}test_rules_plan_a_sentence_with_its_reasons_and_the_same_sentence_always_gives_the_same_bytes",
        ),
    ),
    Requirement(
        id="runtime.planning.question",
        source="docs/guides/plans.md",
        promise=(
            "Without a plan the asker is asked back with at most three candidates and what is missing; an empty "
            "request is refused."
        ),
        tests=(
            f"{PLANNING}test_without_a_plan_it_asks_back_with_at_most_three_candidates_and_what_is_missing",
            f"{PLANNING}test_an_empty_request_is_refused",
        ),
    ),
    Requirement(
        id="runtime.planning.proven",
        source="design 4.4",
        promise="A plan that does not fit is never taken, however sure its planner is.",
        tests=(f"{PLANNING}test_a_plan_that_does_not_fit_is_never_taken_however_sure_its_planner_is",),
    ),
    Requirement(
        id="runtime.run.structure",
        source="design 4.4",
        promise="A run of a proven plan never fails for its structure.",
        tests=(f"{RANDOM}test_a_thousand_random_proven_plans_run_without_any_structural_error",),
    ),
    Requirement(
        id="runtime.run.no-barriers",
        source="docs/guides/plans.md",
        promise="A step starts as soon as all it needs has succeeded, and waits for nothing else.",
        tests=(f"{RUN}test_independent_steps_run_together_and_a_dependent_one_after_them",),
    ),
    Requirement(
        id="runtime.run.blocks",
        source="packetflow._core.combinators",
        promise=(
            "Loops keep order and concurrency, a branch runs its first case that holds alone, a retry only its attempt."
        ),
        tests=(
            f"{RUN}test_branch_runs_the_first_case_that_holds_and_nothing_else",
            f"{RUN}test_fold_carries_the_output_of_one_item_to_the_next",
            f"{RUN}test_map_keeps_order_and_never_exceeds_its_concurrency",
            f"{RUN}test_retry_repeats_the_attempt_alone_and_falls_back_when_all_failed",
        ),
    ),
    Requirement(
        id="runtime.run.partial",
        source="design 4.12",
        promise="A step that fails skips what needs it, and the results of the others are kept.",
        tests=(f"{RUN}test_a_failing_step_keeps_the_results_of_the_others_and_skips_what_needs_it",),
    ),
    Requirement(
        id="runtime.run.confirmation",
        source="design 4.11",
        promise="A careful run stops before a risky step until exactly that call is confirmed.",
        tests=(f"{RUN}test_a_careful_run_stops_before_a_risky_step_until_exactly_that_call_is_confirmed",),
    ),
    Requirement(
        id="runtime.run.authority",
        source="design 4.11",
        promise="A plan that uses what its holder was not granted runs nothing, and runs of others are not found.",
        tests=(
            f"{RUN}test_a_plan_that_uses_what_the_holder_was_not_granted_is_rejected_and_runs_nothing",
            f"{RUN}test_another_holder_finds_no_run_of_mine",
        ),
    ),
    Requirement(
        id="runtime.run.cancel",
        source="docs/guides/plans.md",
        promise="Cancelling a run, or the wait for it, cancels the capability that is running, and is recorded.",
        tests=(
            f"{RUN}test_cancelling_a_run_cancels_the_running_capability_and_is_recorded",
            f"{RUN}test_cancelling_the_wait_for_a_run_cancels_the_run",
        ),
    ),
    Requirement(
        id="runtime.run.events",
        source="docs/guides/plans.md",
        promise=(
            "The events of a run tell its progress and partial outputs, and it is found with its steps after a restart."
        ),
        tests=(
            f"{RUN}test_a_run_is_found_with_its_steps_after_a_restart",
            f"{RUN}test_the_events_of_a_run_tell_its_progress_and_partial_outputs",
        ),
    ),
    Requirement(
        id="runtime.stream.parts",
        source="design 3",
        promise=(
            "The parts of a stream come in order as they are made, the whole is committed, and a crash midway is "
            "raised after them."
        ),
        tests=(
            f"{STREAMS}test_a_stream_that_crashes_midway_raises_after_its_parts",
            f"{STREAMS}test_an_ask_of_a_stream_gives_the_list_of_its_parts",
            f"{STREAMS}test_parts_come_in_order_and_the_whole_is_committed",
        ),
    ),
    Requirement(
        id="runtime.stream.pace",
        source="design 4.9",
        promise="A slow reader slows the stream, and one that leaves early ends and undoes it.",
        tests=(
            f"{STREAMS}test_a_reader_that_leaves_early_ends_the_handler_and_undoes_it",
            f"{STREAMS}test_a_slow_reader_slows_the_handler",
        ),
    ),
    Requirement(
        id="runtime.subscribe",
        source="design 4.6",
        promise="A subscription has no gap and no double, also for a listener that falls behind.",
        tests=(
            f"{STREAMS}test_a_listener_that_falls_behind_is_healed_from_the_store",
            f"{STREAMS}test_a_subscription_has_no_gap_and_no_double_while_a_thousand_events_are_written",
        ),
    ),
    Requirement(
        id="runtime.records",
        source="design 4.1",
        promise=(
            "Records of calls and decisions are kept in order, and those that the store refuses are counted and logged."
        ),
        tests=(
            f"{RECORDS}test_records_are_kept_in_order_and_no_write_holds_more_than_a_thousand",
            f"{RECORDS}test_records_that_the_store_refuses_are_counted_and_logged",
        ),
    ),
    Requirement(
        id="runtime.trace",
        source="design 6",
        promise="Sentence, plan, run and calls are one trace, whose id is in the logs and in the run.",
        tests=(f"{TELEMETRY}test_plan_run_and_calls_are_one_trace_and_its_id_is_in_the_logs_and_the_run",),
    ),
)
