"""What the HTTP API promises."""

from tests.requirements.requirement import Requirement

HTTP = "tests/http/"

REQUIREMENTS = (
    Requirement(
        id="http.natural",
        source="docs/reference/http.md",
        promise=(
            "A sentence sent to /api/ai/natural is planned, run and answered with plan, execution id and "
            "results; `help` tells what can be asked."
        ),
        tests=(
            f"{HTTP}test_ai.py::test_a_sentence_is_planned_run_and_answered",
            f"{HTTP}test_ai.py::test_help_says_what_can_be_asked_with_examples",
            f"{HTTP}test_ai.py::test_the_room_of_the_context_fills_what_the_sentence_leaves_open",
            f"{HTTP}test_reading.py::test_help_without_examples_tells_what_there_is",
            f"{HTTP}test_reading.py::test_help_for_who_may_do_nothing_says_so",
            f"{HTTP}test_journeys.py::test_a_newcomer_opens_the_page_clicks_an_example_and_watches_it_run",
        ),
    ),
    Requirement(
        id="http.natural.truth",
        source="design 4.12",
        promise=(
            "A sentence or plan that failed, or was not understood, is never told as a success: its status, "
            "code, step, reason and kept results say so."
        ),
        tests=(
            f"{HTTP}test_ai.py::test_a_sentence_that_is_not_understood_is_a_422_with_the_nearest_candidates",
            f"{HTTP}test_ai.py::test_a_failed_run_is_no_success_and_keeps_what_succeeded",
            f"{HTTP}test_ai.py::test_a_failed_sentence_answers_with_the_failure",
        ),
    ),
    Requirement(
        id="http.confirm",
        source="design 4.11",
        promise=(
            "A sentence or plan does nothing that deletes, spends, reaches outside or executes code before a "
            "person agreed to exactly that call."
        ),
        tests=(
            f"{HTTP}test_ai.py::test_a_risky_step_needs_a_yes_to_exactly_this_call",
            f"{HTTP}test_ai.py::test_a_sentence_never_spends_without_a_yes",
        ),
    ),
    Requirement(
        id="http.plan",
        source="docs/reference/http.md",
        promise=(
            "A plan can be read before it runs, runs as it was shown, and takes values for what it leaves "
            "open; every problem of a wrong one is listed and nothing runs."
        ),
        tests=(
            f"{HTTP}test_ai.py::test_planning_runs_nothing",
            f"{HTTP}test_ai.py::test_a_plan_that_was_shown_can_be_executed_as_it_is",
            f"{HTTP}test_ai.py::test_every_problem_of_a_plan_is_listed_and_nothing_runs",
            f"{HTTP}test_ai.py::test_something_that_is_no_plan_is_rejected_naming_the_node",
            f"{HTTP}test_ai.py::test_the_payload_fills_required_inputs_that_the_plan_leaves_open",
            f"{HTTP}test_ai.py::test_the_payload_reaches_into_blocks",
            f"{HTTP}test_ai.py::test_a_payload_that_the_plan_has_no_place_for_is_refused",
            f"{HTTP}test_ai.py::test_the_owner_may_act_for_a_user_named_in_payload_or_context",
            f"{HTTP}test_journeys.py::test_a_plan_of_two_steps_is_read_then_run_with_the_output_of_one_in_the_other",
        ),
    ),
    Requirement(
        id="http.async",
        source="RFC 7240; RFC 9110",
        promise="A run need not be waited for: 202 says where to look.",
        tests=(f"{HTTP}test_ai.py::test_a_run_need_not_be_waited_for",),
    ),
    Requirement(
        id="http.capability",
        source="docs/reference/http.md",
        promise=(
            "A capability is called by its id; a wrong input names its fields and changes nothing; a repeated"
            " message to an actor takes effect once."
        ),
        tests=(
            f"{HTTP}test_ai.py::test_a_capability_is_called_by_its_id",
            f"{HTTP}test_ai.py::test_a_wrong_input_names_its_fields_and_changes_nothing",
            f"{HTTP}test_ai.py::test_an_unknown_capability_is_a_404_that_names_near_ones",
            f"{HTTP}test_ai.py::test_an_idempotency_key_lets_a_message_take_effect_once",
            f"{HTTP}test_ai.py::test_an_idempotency_key_that_is_none_is_refused",
        ),
    ),
    Requirement(
        id="http.identity",
        source="design 4.11",
        promise="Nobody acts in the name of another without the right, whatever a payload or context says.",
        tests=(
            f"{HTTP}test_ai.py::test_a_capability_with_an_input_user_id_keeps_it_and_acts_for_it",
            f"{HTTP}test_ai.py::test_two_different_users_in_one_call_are_refused",
            f"{HTTP}test_actors.py::test_nobody_acts_for_another_without_the_right",
            f"{HTTP}test_actors.py::test_a_member_may_name_itself",
        ),
    ),
    Requirement(
        id="http.discovery",
        source="docs/reference/http.md",
        promise=(
            "Capabilities are found by words, effect and fields, best first; what one may not call does not "
            "exist for one."
        ),
        tests=(
            f"{HTTP}test_ai.py::test_capabilities_are_found_by_words_effect_and_fields",
            f"{HTTP}test_actors.py::test_what_one_may_not_call_does_not_exist_for_one",
        ),
    ),
    Requirement(
        id="http.analysis",
        source="docs/reference/http.md",
        promise="An intent is analysed from its plan without running anything.",
        tests=(
            f"{HTTP}test_ai.py::test_an_intent_is_analysed_without_running",
            f"{HTTP}test_ai.py::test_the_analysis_of_what_is_not_understood_says_what_is_missing",
            f"{HTTP}test_reading.py::test_a_request_is_of_the_kind_of_what_it_uses",
        ),
    ),
    Requirement(
        id="http.runs",
        source="docs/reference/http.md",
        promise=(
            "A run is listed, shown with every step, and cancelled with all it does; runs of others do not "
            "exist for one."
        ),
        tests=(
            f"{HTTP}test_ai.py::test_an_unknown_run_is_a_404",
            f"{HTTP}test_runs.py::test_a_run_shows_inputs_output_seconds_and_failure_of_each_step",
            f"{HTTP}test_runs.py::test_runs_are_listed_the_latest_first_filtered_and_in_pages",
            f"{HTTP}test_runs.py::test_a_query_that_makes_no_sense_is_refused",
            f"{HTTP}test_runs.py::test_a_run_is_cancelled_with_all_it_does",
            f"{HTTP}test_runs.py::test_whoever_waits_for_a_run_that_is_cancelled_is_told",
            f"{HTTP}test_actors.py::test_runs_of_others_do_not_exist_for_one",
        ),
    ),
    Requirement(
        id="http.events",
        source="design 4.6; WHATWG HTML 9.2",
        promise=(
            "A run's events are followed live or afterwards to its end, numbered without gaps, and resumed "
            "behind the last one seen."
        ),
        tests=(
            f"{HTTP}test_runs.py::test_a_live_run_is_followed_from_its_start_to_its_end",
            f"{HTTP}test_runs.py::test_progress_has_no_number_and_is_not_kept",
            f"{HTTP}test_runs.py::test_a_run_that_has_ended_is_told_again_and_the_stream_ends",
            f"{HTTP}test_runs.py::test_a_stream_is_resumed_behind_the_last_event_seen",
            f"{HTTP}test_runs.py::test_a_live_stream_is_resumed_behind_the_last_event_seen",
        ),
    ),
    Requirement(
        id="http.actors",
        source="docs/reference/http.md",
        promise="Actors are listed, read, sent messages, stopped with their memory kept, and forgotten for good.",
        tests=(
            f"{HTTP}test_actors.py::test_an_actor_is_listed_with_what_it_does",
            f"{HTTP}test_actors.py::test_actors_are_listed_in_pages_awake_and_saved_ones_in_one_order",
            f"{HTTP}test_actors.py::test_an_actor_shows_its_state_and_what_it_can_be_asked",
            f"{HTTP}test_actors.py::test_an_actor_that_is_neither_awake_nor_saved_is_a_404",
            f"{HTTP}test_actors.py::test_a_key_may_hold_any_characters",
            f"{HTTP}test_actors.py::test_a_message_goes_to_receive_with_its_context",
            f"{HTTP}test_actors.py::test_a_message_may_name_the_capability",
            f"{HTTP}test_actors.py::test_an_actor_without_receive_says_what_it_can_be_asked",
            f"{HTTP}test_actors.py::test_a_message_that_does_not_fit_is_refused_and_changes_nothing",
            f"{HTTP}test_actors.py::test_a_message_to_an_unknown_kind_of_actor_is_a_404",
            f"{HTTP}test_actors.py::test_a_stopped_actor_sleeps_and_remembers",
            f"{HTTP}test_actors.py::test_a_forgotten_actor_is_gone_with_its_journal",
            f"{HTTP}test_actors.py::test_an_actor_over_its_restart_limit_is_shown_as_stopped",
            f"{HTTP}test_inspection.py::test_the_state_shown_is_the_committed_one_or_the_one_in_memory",
            f"{HTTP}test_inspection.py::test_a_stopped_actor_leaves_what_its_durability_promises",
            f"{HTTP}test_inspection.py::test_an_actor_that_was_only_ever_saved_can_be_forgotten",
            f"{HTTP}test_inspection.py::test_thousands_of_actors_are_listed_once_each_and_in_order",
        ),
    ),
    Requirement(
        id="http.actors.authority",
        source="docs/reference/http.md",
        promise=(
            "Actors are listed, read, stopped and forgotten by the holder of all authority alone, which the audit "
            "log tells; to everybody else they do not exist, but for the messages they may send."
        ),
        tests=(
            f"{HTTP}test_actors.py::test_actors_are_looked_at_stopped_and_forgotten_by_the_owner_alone",
            f"{HTTP}test_actors.py::test_the_holder_of_the_secret_looks_at_actors_as_the_owner",
            f"{HTTP}test_actors.py::test_the_memory_of_another_is_not_to_be_seen_though_one_may_read_ones_own",
            f"{HTTP}test_actors.py::test_a_message_to_an_actor_needs_no_right_to_look_at_it",
            f"{HTTP}test_actors.py::test_a_stop_is_in_the_audit_log",
            f"{HTTP}test_inspection.py::test_whoever_holds_less_than_all_authority_finds_no_actor",
        ),
    ),
    Requirement(
        id="http.memory",
        source="design 1",
        promise="What was said to an actor and what was run is there after a restart of the server.",
        tests=(f"{HTTP}test_journeys.py::test_yesterdays_words_and_runs_are_there_after_a_restart",),
    ),
    Requirement(
        id="http.concurrency",
        source="design 4.10",
        promise="One slow call holds up nobody, and no number of calls that block holds up an endpoint.",
        tests=(
            f"{HTTP}test_journeys.py::test_one_slow_call_holds_up_nobody",
            f"{HTTP}test_operations.py::test_calls_that_block_every_worker_thread_hold_up_no_endpoint",
            f"{HTTP}test_operations.py::test_no_endpoint_waits_for_a_worker_thread",
        ),
    ),
    Requirement(
        id="http.trace",
        source="W3C Trace Context",
        promise=(
            "Every answer carries a trace id, that of the caller if it sent one, under which calls, runs and "
            "events are found."
        ),
        tests=(
            f"{HTTP}test_protection.py::test_a_trace_of_the_caller_is_carried_into_the_run",
            f"{HTTP}test_protection.py::test_a_trace_that_is_none_is_replaced",
            f"{HTTP}test_journeys.py::test_an_execution_is_found_by_the_trace_of_its_request",
        ),
    ),
    Requirement(
        id="http.gate",
        source="design 7",
        promise=(
            "A request with a foreign Host, from a foreign page or from another machine is refused at every "
            "door, and no other page is invited."
        ),
        tests=(
            f"{HTTP}test_protection.py::test_a_foreign_host_is_refused",
            f"{HTTP}test_protection.py::test_our_own_names_are_let_in",
            f"{HTTP}test_protection.py::test_a_foreign_page_is_refused_and_nothing_happens",
            f"{HTTP}test_protection.py::test_our_own_page_is_let_in",
            f"{HTTP}test_protection.py::test_no_other_page_is_ever_invited",
            f"{HTTP}test_protection.py::test_a_web_socket_passes_the_same_gate",
            f"{HTTP}test_protection.py::test_nobody_from_another_machine_is_taken_for_the_owner",
            f"{HTTP}test_protection.py::test_no_host_header_is_taken_for_ours_unless_it_names_us",
        ),
    ),
    Requirement(
        id="http.secret",
        source="design 7",
        promise=(
            "An address that others reach needs a secret and allowed hosts to start, and then every request "
            "needs the secret."
        ),
        tests=(
            f"{HTTP}test_protection.py::test_without_a_secret_a_token_is_nobodys",
            f"{HTTP}test_protection.py::test_with_a_secret_every_request_needs_it",
            f"{HTTP}test_protection.py::test_reached_from_elsewhere_it_wants_secret_and_host",
            f"{HTTP}test_protection.py::test_an_open_address_without_protection_does_not_start",
            f"{HTTP}test_protection.py::test_a_secret_that_can_be_guessed_is_refused_and_none_is_shown",
            f"{HTTP}test_protection.py::test_settings_come_from_the_environment_where_they_are_not_given",
        ),
    ),
    Requirement(
        id="http.headers",
        source="design 7",
        promise=(
            "Every answer carries the security headers; pages hold no inline script, load nothing from "
            "elsewhere, and write text as text alone."
        ),
        tests=(
            f"{HTTP}test_protection.py::test_every_answer_carries_the_security_headers",
            f"{HTTP}test_page.py::test_all_that_the_pages_load_is_there_and_comes_from_here",
            f"{HTTP}test_page.py::test_the_pages_hold_no_script_or_style_of_their_own",
            f"{HTTP}test_page.py::test_text_reaches_the_pages_as_text_alone",
            f"{HTTP}test_page.py::test_no_path_leads_out_of_the_static_folder",
        ),
    ),
    Requirement(
        id="http.page",
        source="design 1",
        promise=(
            "A browser finds a page with the rooms, examples, plan, reasons and answer, usable by keyboard, "
            "in light and dark."
        ),
        tests=(
            f"{HTTP}test_page.py::test_a_browser_finds_a_page_to_ask_on",
            f"{HTTP}test_page.py::test_the_pages_can_be_used_by_keyboard_and_screen_reader",
        ),
        gap=(
            "That the scripts do what they say was tried in jsdom, not by a test of the suite; a browser test"
            " comes with the web application."
        ),
    ),
    Requirement(
        id="http.body",
        source="docs/reference/http.md",
        promise=(
            "A body is JSON of at most 1 MiB; whatever else is sent is refused with a problem that says what "
            "and where, and never makes the server fail."
        ),
        tests=(
            f"{HTTP}test_protection.py::test_a_client_that_leaves_in_the_middle_of_a_body_changes_nothing",
            f"{HTTP}test_protection.py::test_a_malformed_body_is_a_400_that_says_where",
            f"{HTTP}test_protection.py::test_of_two_equal_keys_the_last_counts_and_unknown_keys_are_ignored",
            f"{HTTP}test_protection.py::test_a_body_that_does_not_say_it_is_json_is_refused",
            f"{HTTP}test_protection.py::test_json_by_its_other_names_is_let_in",
            f"{HTTP}test_protection.py::test_a_body_over_the_limit_is_refused_whether_announced_or_not",
            f"{HTTP}test_protection.py::test_wrong_types_are_a_422_that_names_the_fields",
            f"{HTTP}test_protection.py::test_a_body_that_is_no_object_is_a_422",
            f"{HTTP}test_protection.py::test_an_empty_request_is_a_422",
            f"{HTTP}test_protection.py::test_no_json_makes_the_server_fail",
            f"{HTTP}test_protection.py::test_unknown_pages_and_methods_are_problems",
            f"{HTTP}test_operations.py::test_a_number_that_json_does_not_know_is_never_sent",
        ),
        gap="That a body which takes longer than 30 s is refused is not tested.",
    ),
    Requirement(
        id="http.problems",
        source="RFC 9457",
        promise=(
            "Every error has a status and a stable code; an application's own has those of its family; what "
            "nobody foresaw shows no internals."
        ),
        tests=(
            f"{HTTP}test_client.py::test_every_error_of_packetflow_has_a_status_and_is_found_by_its_code",
            f"{HTTP}test_client.py::test_an_applications_own_error_has_the_status_of_its_family",
            f"{HTTP}test_operations.py::test_what_nobody_foresaw_is_a_500_without_internals",
            f"{HTTP}test_operations.py::test_whatever_a_capability_raises_is_told_as_a_problem",
        ),
    ),
    Requirement(
        id="http.operations",
        source="docs/reference/http.md",
        promise="The path /health tells whether the store is reached, and /metrics what was done.",
        tests=(
            f"{HTTP}test_operations.py::test_health_tells_version_store_planners_and_counts",
            f"{HTTP}test_operations.py::test_health_is_503_while_the_store_cannot_be_reached",
            f"{HTTP}test_operations.py::test_metrics_count_calls_runs_plans_decisions_and_actors",
            f"{HTTP}test_operations.py::test_metrics_show_runs_under_way",
        ),
    ),
    Requirement(
        id="http.described",
        source="design 6",
        promise=(
            "The API description lists every endpoint, its examples work, and the reference page names every "
            "endpoint and code."
        ),
        tests=(
            f"{HTTP}test_operations.py::test_every_example_of_the_api_description_works",
            f"{HTTP}test_operations.py::test_the_api_description_lists_every_endpoint_and_its_problems",
            f"{HTTP}test_operations.py::test_the_reference_page_names_every_code_and_every_endpoint",
        ),
    ),
    Requirement(
        id="http.stop",
        source="design 4.9",
        promise=(
            "A server that is told to stop takes nothing new, tells whoever waits, keeps what was "
            "acknowledged, leaves no task behind and ends with 0."
        ),
        tests=(
            f"{HTTP}test_serve.py::test_sigterm_tells_whoever_waits_keeps_what_was_acknowledged_and_ends_with_0",
            f"{HTTP}test_serve.py::test_a_capability_that_blocks_does_not_hold_up_the_end",
            f"{HTTP}test_serve.py::test_a_worker_thread_of_asyncio_that_blocks_does_not_hold_up_the_end",
            f"{HTTP}test_serve.py::test_interrupt_ends_with_0_too",
            f"{HTTP}test_serve.py::test_an_app_can_be_served_again_after_it_was_stopped",
            f"{HTTP}test_serve.py::test_what_comes_while_the_server_stops_is_refused",
            f"{HTTP}test_serve.py::test_no_task_is_left_behind",
        ),
    ),
    Requirement(
        id="http.stop.stubborn",
        source="docs/reference/http.md",
        promise=(
            "What ignores its cancellation or holds the event loop is named in the log and left: the process ends "
            "with 1, and nothing acknowledged is lost."
        ),
        tests=(f"{HTTP}test_serve.py::test_what_ignores_its_cancellation_is_named_and_left_and_nothing_is_lost",),
        gap="That this takes five seconds from the signal is measured, not tested.",
    ),
    Requirement(
        id="http.port",
        source="docs/reference/cli.md",
        promise="A port that is taken is named in the error.",
        tests=(f"{HTTP}test_serve.py::test_a_port_that_is_taken_is_named",),
    ),
    Requirement(
        id="http.client",
        source="docs/reference/http.md",
        promise="The Python client can ask all that the API offers, and raises a refusal as the error it was.",
        tests=(
            f"{HTTP}test_client.py::test_everything_the_api_offers_can_be_asked",
            f"{HTTP}test_client.py::test_a_refusal_comes_as_the_error_it_was",
            f"{HTTP}test_client.py::test_a_failed_run_is_returned_and_can_be_confirmed",
            f"{HTTP}test_client.py::test_a_run_is_followed_while_it_goes_on",
            f"{HTTP}test_client.py::test_a_repeated_message_takes_effect_once",
            f"{HTTP}test_client.py::test_where_no_server_is_it_says_so",
            f"{HTTP}test_client.py::test_what_is_no_packetflow_server_is_told_apart",
            f"{HTTP}test_client.py::test_code_that_is_not_async_can_talk_too",
        ),
    ),
    Requirement(
        id="http.approvals",
        source="design 4.11",
        promise=(
            "What runs ask people is listed and answered over HTTP, once and for exactly the call that was shown, "
            "over a restart of the server, too."
        ),
        tests=(
            f"{HTTP}test_approvals.py::test_a_risky_step_waits_is_listed_and_goes_on_once_it_is_approved",
            f"{HTTP}test_approvals.py::test_a_refused_step_fails_with_the_reason_and_is_no_success",
            f"{HTTP}test_approvals.py::test_an_answer_to_what_is_not_asked_changes_nothing",
            f"{HTTP}test_approvals.py::test_an_approval_waits_over_a_restart_of_the_server",
        ),
    ),
    Requirement(
        id="http.rest",
        source="docs/reference/http.md",
        promise="A plan is tried dry, bounded by a budget, and what a failed run left undone is done or planned again.",
        tests=(
            f"{HTTP}test_approvals.py::test_a_dry_run_tells_what_a_plan_would_do_and_does_nothing",
            f"{HTTP}test_approvals.py::test_what_a_failed_run_left_undone_is_done_by_a_retry_and_planned_by_a_replan",
            f"{HTTP}test_approvals.py::test_a_budget_stops_a_run_and_says_which",
        ),
    ),
    Requirement(
        id="http.letters",
        source="docs/reference/http.md",
        promise="Letters, reminders and dead letters are listed, replayed and dropped; stopped actors are started.",
        tests=(
            f"{HTTP}test_letters.py::test_a_letter_that_failed_for_good_is_seen_replayed_and_taken",
            f"{HTTP}test_letters.py::test_a_reminder_is_listed_and_dropped",
            f"{HTTP}test_letters.py::test_a_letter_that_is_none_is_a_404",
            f"{HTTP}test_approvals.py::test_an_actor_that_crashed_too_often_is_started_again_by_hand",
            f"{HTTP}test_approvals.py::test_statistics_tell_of_actors_and_queues",
        ),
    ),
)
