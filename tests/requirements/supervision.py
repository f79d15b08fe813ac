"""What stands above an actor: what an exception does to it and its class, who goes on without a caller, who is told."""

from tests.requirements.requirement import Requirement

ADDRESS = "tests/runtime/test_address.py::"
DETACHED = "tests/runtime/test_detached.py::"
DOCS = "docs/guides/actors.md"
STATISTICS = "tests/runtime/test_statistics.py::"
STREAMS = "tests/runtime/test_streams.py::"
SUPERVISION = "tests/runtime/test_supervision.py::"
TREE = "tests/runtime/test_supervision_tree.py::"
ACTIVATION = "tests/runtime/test_activation.py::"
WHEEL = "tests/runtime/test_wheel.py::"

REQUIREMENTS = (
    Requirement(
        id="supervision.course",
        source=DOCS,
        promise="An actor resumes, restarts or stops after an exception as its class says; the nearest class counts.",
        tests=(
            f"{TREE}test_an_actor_resumes_after_an_exception_as_after_a_refusal",
            f"{TREE}test_the_nearest_class_of_an_exception_decides",
            f"{TREE}test_a_grave_exception_stops_its_actor_at_once_until_somebody_starts_it",
            f"{TREE}test_a_rule_that_cannot_be_is_refused_when_it_is_declared",
        ),
    ),
    Requirement(
        id="supervision.refusal",
        source=DOCS,
        promise="A refusal is no crash unless a rule names its own class.",
        tests=(
            f"{TREE}test_a_refusal_is_no_crash_unless_its_own_class_says_so",
            f"{TREE}test_what_everything_does_is_not_done_after_a_refusal",
        ),
    ),
    Requirement(
        id="supervision.stopped",
        source=DOCS,
        promise="A stopped actor takes messages again when its window is over, and says in its refusals when that is.",
        tests=(
            f"{TREE}test_a_stopped_actor_is_back_after_the_window",
            f"{SUPERVISION}test_over_the_limit_an_actor_is_stopped_and_says_when_it_is_back",
            f"{SUPERVISION}test_a_stopped_actor_that_is_not_durable_refuses_what_it_is_told",
        ),
    ),
    Requirement(
        id="supervision.backoff",
        source=DOCS,
        promise="With a back-off an actor pauses after each crash, longer each time, and keeps its mailbox in order.",
        tests=(
            f"{TREE}test_after_a_crash_the_next_message_waits_longer_each_time_and_keeps_its_place",
            f"{TREE}test_a_crash_in_the_mailbox_keeps_what_waits_behind_it_for_after_the_pause",
            f"{TREE}test_no_pause_is_longer_than_the_longest_and_an_actor_can_be_stopped_in_one",
        ),
    ),
    Requirement(
        id="supervision.escalation",
        source=DOCS,
        promise=(
            "When too many actors of a class are stopped the class is, comes back on trial, can be started by hand, "
            "and the app is degraded meanwhile."
        ),
        tests=(
            f"{TREE}test_when_too_many_actors_are_stopped_their_class_is_and_comes_back_on_trial",
            f"{TREE}test_an_operator_starts_a_stopped_class_at_once",
            f"{TREE}test_what_is_in_hand_when_its_class_is_stopped_comes_to_its_end",
            f"{TREE}test_stopped_actors_sleep_and_close_as_others_do",
        ),
    ),
    Requirement(
        id="supervision.events",
        source=DOCS,
        promise="An operator who listens hears what becomes of actors; nothing is made while nobody does.",
        tests=(
            f"{TREE}test_whoever_listens_hears_what_becomes_of_actors",
            f"{TREE}test_only_the_operator_follows_them_and_nothing_is_published_unheard",
        ),
        gap="Only listeners in the same process are known.",
    ),
    Requirement(
        id="supervision.detached",
        source=DOCS,
        promise=(
            "A cancelled caller ends an inline handler, whose message is undone, and not a detached one, which is "
            "handled to its end under its own deadline."
        ),
        tests=(
            f"{DETACHED}test_a_cancelled_caller_ends_an_inline_handler_and_not_a_detached_one",
            f"{DETACHED}test_a_callers_own_timeout_leaves_a_detached_handler_at_work",
            f"{DETACHED}test_a_detached_handler_has_the_deadline_of_its_message",
            f"{DETACHED}test_a_message_whose_caller_leaves_the_mailbox_is_dropped_detached_or_not",
            f"{DETACHED}test_a_failure_that_no_caller_waits_for_any_more_is_logged",
            f"{DETACHED}test_a_detached_actor_handles_one_message_at_a_time_in_order",
            f"{DETACHED}test_a_call_that_leads_back_to_a_detached_actor_is_refused",
            f"{DETACHED}test_a_detached_actor_crashes_and_is_stopped_as_any_other",
        ),
    ),
    Requirement(
        id="supervision.streams",
        source=DOCS,
        promise="A stream ends with its reader, detached or not, and its message is undone.",
        tests=(
            f"{DETACHED}test_a_stream_ends_with_its_reader_detached_or_not",
            f"{DETACHED}test_a_reader_that_is_cancelled_midway_ends_the_handler_and_undoes_it",
            f"{STREAMS}test_a_slow_reader_slows_the_handler",
        ),
    ),
    Requirement(
        id="supervision.statistics",
        source=DOCS,
        promise="Statistics count every queue, every message once, and name what is at work, for the operator alone.",
        tests=(
            f"{STATISTICS}test_actors_are_counted_by_what_they_do",
            f"{STATISTICS}test_told_asked_and_streamed_messages_are_all_counted_once",
            f"{STATISTICS}test_threads_runs_and_records_are_counted",
            f"{STATISTICS}test_writes_that_wait_for_the_disk_are_counted",
        ),
    ),
    Requirement(
        id="supervision.short-way",
        source="design 4.9",
        promise="The short way to an actor says the same as the long one: arguments, refusals, crashes, authority.",
        tests=(
            f"{ADDRESS}test_arguments_arrive_however_they_are_given",
            f"{ADDRESS}test_wrong_arguments_are_the_callers_fault_on_the_short_way_too",
            f"{ADDRESS}test_a_type_error_of_the_handlers_own_is_a_crash",
            f"{ADDRESS}test_a_known_way_leads_to_whichever_actor_is_awake_under_the_key",
            f"{ADDRESS}test_what_was_allowed_to_one_holder_is_decided_anew_for_another",
            f"{ADDRESS}test_a_right_that_depends_on_the_arguments_is_decided_each_time",
        ),
    ),
    Requirement(
        id="supervision.crash.cheap",
        source="spec of the actors",
        promise="A crash leaves no garbage that only the collector finds.",
        tests=(f"{SUPERVISION}test_a_crash_leaves_nothing_to_the_collector",),
        gap="That it costs at most 5 us is benchmarks/actors.py's to show (W5).",
    ),
    Requirement(
        id="supervision.slices",
        source="docs/performance.md",
        promise="A burst from a mailbox gives way to others every 256 messages.",
        tests=(f"{ACTIVATION}test_a_long_mailbox_is_emptied_in_slices_between_which_others_have_the_loop",),
    ),
    Requirement(
        id="supervision.sweep",
        source="spec of the actors",
        promise="However many actors idle out together, they are put to sleep in slices that let others have the loop.",
        tests=(f"{WHEEL}test_actors_that_idle_out_together_are_put_to_sleep_in_slices",),
        gap="That no slice of a million takes a millisecond is benchmarks/actors.py's to show (W6).",
    ),
)
