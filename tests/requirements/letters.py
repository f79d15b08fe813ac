"""What survives: letters, reminders, versions of states, and how long things are kept."""

from tests.requirements.requirement import Requirement

LETTERS = "tests/runtime/test_letters.py::"
WAIT = "tests/runtime/test_letters_wait.py::"
REMINDERS = "tests/runtime/test_reminders.py::"
VERSIONS = "tests/runtime/test_versions.py::"
NAMES = "tests/runtime/test_names.py::"
RETENTION = "tests/runtime/test_retention.py::"
STRESS = "tests/runtime/test_stress.py::"
JOURNEY = "tests/journeys/test_letters_survive.py::"

SOURCE = "docs/guides/durability.md"

REQUIREMENTS = (
    Requirement(
        id="letters.tell.durable",
        source=SOURCE,
        promise="What is told to a durable actor is stored before the sender goes on, and takes effect once.",
        tests=(
            f"{LETTERS}test_what_is_told_is_in_the_store_before_the_sender_goes_on",
            f"{LETTERS}test_what_is_told_takes_effect_once_and_its_letter_ends_with_the_commit",
            f"{LETTERS}test_what_was_told_is_delivered_after_a_restart",
            f"{LETTERS}test_a_sender_cancelled_while_its_letter_is_stored_does_not_lose_it",
            f"{STRESS}test_every_acknowledged_write_is_counted_once_whatever_happens_beside_it",
            f"{JOURNEY}test_what_was_told_before_a_kill_takes_effect_once_and_every_reminder_comes_once",
        ),
    ),
    Requirement(
        id="letters.tell.memory",
        source=SOURCE,
        promise="What is told to a volatile actor, and a message that reads, stays in memory.",
        tests=(f"{LETTERS}test_a_volatile_actor_and_a_message_that_reads_are_told_in_memory",),
    ),
    Requirement(
        id="letters.outbox",
        source=SOURCE,
        promise="What a handler tells leaves with the commit of its message, or not at all.",
        tests=(
            f"{LETTERS}test_what_a_handler_tells_leaves_with_its_commit",
            f"{LETTERS}test_what_a_failing_handler_told_never_leaves",
            f"{LETTERS}test_what_a_handlers_own_task_tells_after_the_message_is_kept_at_once",
        ),
    ),
    Requirement(
        id="letters.order",
        source=SOURCE,
        promise="Letters of one sender to one receiver are handled in the order they were told, also over a restart.",
        tests=(
            f"{LETTERS}test_letters_from_before_a_restart_go_before_new_ones",
            f"{LETTERS}test_letters_that_are_not_read_yet_go_before_new_ones",
            f"{LETTERS}test_a_tell_before_an_ask_is_handled_before_it",
            f"{LETTERS}test_a_failing_letter_is_tried_again_and_those_behind_it_wait",
            f"{WAIT}test_letters_behind_one_that_failed_come_in_order_from_the_store",
        ),
    ),
    Requirement(
        id="letters.bounds",
        source=SOURCE,
        promise="Letters wait in the store while the mailbox is full, and too many of them are refused.",
        tests=(
            f"{LETTERS}test_more_letters_than_the_mailbox_holds_wait_in_the_store_in_order",
            f"{LETTERS}test_too_many_waiting_letters_are_refused",
            f"{WAIT}test_letters_that_are_sent_together_count_together",
            f"{WAIT}test_letters_that_one_message_sends_count_together",
        ),
    ),
    Requirement(
        id="letters.input",
        source=SOURCE,
        promise="A letter is checked where it is told, and says for good what was said then.",
        tests=(
            f"{LETTERS}test_an_input_that_breaks_the_contract_is_refused_where_it_is_told",
            f"{LETTERS}test_a_letter_keeps_what_was_said_when_it_was_told",
        ),
    ),
    Requirement(
        id="letters.authority",
        source=SOURCE,
        promise="A letter comes under the authority it was told with; when that has ended, the letter is dead.",
        tests=(
            f"{LETTERS}test_a_letter_comes_under_the_authority_it_was_told_with",
            f"{LETTERS}test_a_letter_whose_grant_has_ended_is_dead",
        ),
    ),
    Requirement(
        id="letters.dead",
        source=SOURCE,
        promise=(
            "What keeps failing, or cannot succeed, is a dead letter: told, listed to its sender and the operator, "
            "replayed or dropped."
        ),
        tests=(
            f"{LETTERS}test_a_letter_that_keeps_failing_is_dead_and_lets_the_others_go_on",
            f"{LETTERS}test_a_dead_letter_that_is_replayed_takes_effect",
            f"{LETTERS}test_a_dead_letter_that_is_dropped_is_gone",
            f"{LETTERS}test_letters_are_their_senders_own_and_the_operators",
            f"{LETTERS}test_a_refusal_that_will_not_change_is_dead_at_once",
            f"{LETTERS}test_a_letter_of_a_class_the_app_does_not_have_is_dead",
        ),
    ),
    Requirement(
        id="letters.no-try",
        source=SOURCE,
        promise="A store that fails, a state of a newer version and an actor that was stopped cost a letter no try.",
        tests=(
            f"{LETTERS}test_a_store_that_fails_is_no_fault_of_the_letter",
            f"{LETTERS}test_a_stopped_actor_gets_its_letters_when_it_is_called_again",
            f"{WAIT}test_an_actor_that_is_stopped_with_a_letter_in_hand_costs_no_try",
            f"{WAIT}test_a_letter_waits_for_a_program_that_knows_the_state",
        ),
    ),
    Requirement(
        id="letters.clock",
        source=SOURCE,
        promise="A clock that is set back holds up nothing that was told, and lets nothing overtake it.",
        tests=(
            f"{WAIT}test_a_clock_that_is_set_back_holds_up_no_letter",
            f"{WAIT}test_letters_from_before_a_restart_go_first_also_when_the_clock_was_set_back",
            f"{WAIT}test_a_pause_grows_no_longer_when_the_clock_is_set_back",
        ),
    ),
    Requirement(
        id="letters.tries",
        source=SOURCE,
        promise=(
            "A letter that fails is tried again after 1, 5, 60 and then each 120 seconds; only those behind it to the "
            "same actor wait for it, nobody else."
        ),
        tests=(
            f"{WAIT}test_the_pauses_before_further_tries_are_those_that_are_promised",
            f"{WAIT}test_receivers_that_keep_failing_starve_nobody_else",
            f"{LETTERS}test_a_failing_letter_is_tried_again_and_those_behind_it_wait",
        ),
    ),
    Requirement(
        id="letters.message-id.conflict",
        source=SOURCE,
        promise=(
            "What is told with a message id that stands for other arguments is refused while the first waits, and is a "
            "dead letter after that."
        ),
        tests=(
            f"{WAIT}test_a_tell_with_the_id_of_one_that_waits_and_other_arguments_is_refused",
            f"{WAIT}test_a_tell_with_the_id_of_one_that_took_effect_and_other_arguments_is_dead",
        ),
    ),
    Requirement(
        id="letters.message-id",
        source=SOURCE,
        promise="A message id that is repeated has one effect, told or asked, and is refused for other arguments.",
        tests=(
            f"{LETTERS}test_a_message_id_told_again_takes_effect_once",
            f"{LETTERS}test_a_message_id_used_for_other_arguments_is_refused",
        ),
    ),
    Requirement(
        id="letters.message-id.nested",
        source=SOURCE,
        promise="What a function calls is named by what it is, not by the function's own message id: two calls of one "
        "step are two, and a function that is repeated makes none of its calls take effect twice.",
        tests=(
            f"{NAMES}test_two_messages_of_one_step_are_two_whether_they_say_the_same_or_not",
            f"{NAMES}test_a_function_repeated_under_its_message_id_repeats_what_it_called",
            f"{NAMES}test_another_attempt_of_a_step_makes_none_of_its_calls_twice",
            f"{NAMES}test_letters_of_one_step_are_as_many_as_were_told",
            f"{NAMES}test_the_order_of_different_calls_made_at_once_does_not_matter",
            f"{NAMES}test_flows_that_one_step_calls_are_runs_of_their_own",
            f"{NAMES}test_what_has_no_json_form_is_named_by_its_place",
        ),
    ),
    Requirement(
        id="letters.message-id.reminders",
        source=SOURCE,
        promise="Reminders under one message id are one for each name, and one that repeats comes every time.",
        tests=(
            f"{NAMES}test_reminders_under_one_message_id_are_as_many_as_they_have_names",
            f"{NAMES}test_a_repeated_reminder_under_a_message_id_comes_every_time",
        ),
    ),
    Requirement(
        id="letters.replay.authority",
        source=SOURCE,
        promise="A dead letter is replayed only by who may make that very call now, or holds all authority; audited.",
        tests=(
            f"{LETTERS}test_a_dead_letter_is_replayed_only_by_who_may_make_that_very_call_now",
            f"{LETTERS}test_who_may_act_only_with_a_persons_yes_needs_one_to_replay",
        ),
    ),
    Requirement(
        id="letters.forgotten",
        source=SOURCE,
        promise="An actor that is forgotten gets no letters and reminders from before.",
        tests=(f"{LETTERS}test_an_actor_that_is_forgotten_gets_no_letters_from_before",),
    ),
    Requirement(
        id="letters.flows",
        source=SOURCE,
        promise="A letter without a receiver is given to the flows and ends after them.",
        tests=(
            f"{LETTERS}test_a_letter_without_a_receiver_goes_to_the_flows_and_ends_after_them",
            f"{LETTERS}test_a_flow_that_goes_on_does_not_hold_up_the_end_of_an_app",
        ),
    ),
    Requirement(
        id="letters.reminder.once",
        source=SOURCE,
        promise="A reminder comes at its moment, over restarts, and takes effect once.",
        tests=(
            f"{REMINDERS}test_a_reminder_comes_at_its_moment_and_not_before",
            f"{REMINDERS}test_a_moment_that_has_passed_comes_at_once",
            f"{REMINDERS}test_a_reminder_survives_a_restart_and_comes_once",
            f"{JOURNEY}test_what_was_told_before_a_kill_takes_effect_once_and_every_reminder_comes_once",
        ),
    ),
    Requirement(
        id="letters.reminder.again",
        source=SOURCE,
        promise=(
            "A repeated reminder keeps its distance or its rule, comes once for all it missed, and goes on in the "
            "future, also when the clocks change."
        ),
        tests=(
            f"{REMINDERS}test_a_repeated_reminder_keeps_its_distance_and_comes_once_for_all_it_missed",
            f"{REMINDERS}test_a_cron_reminder_comes_when_its_rule_says",
            f"{REMINDERS}test_an_interval_never_drifts_and_always_goes_on_in_the_future",
            f"{REMINDERS}test_a_cron_rule_always_goes_on_in_the_future",
            f"{REMINDERS}test_a_time_the_clocks_skip_comes_behind_the_gap_and_one_they_show_twice_comes_once",
            f"{REMINDERS}test_a_reminder_that_repeats_comes_every_time_whatever_named_it",
        ),
    ),
    Requirement(
        id="letters.reminder.own",
        source=SOURCE,
        promise="What an actor reminds itself of is kept with its commit, and needs no right of its caller.",
        tests=(
            f"{REMINDERS}test_a_handlers_own_reminder_is_kept_with_its_commit",
            f"{REMINDERS}test_an_actor_may_remind_itself_of_what_its_caller_may_not_tell_it",
        ),
    ),
    Requirement(
        id="letters.reminder.forgotten",
        source=SOURCE,
        promise="A reminder that is forgotten or replaced takes no effect, even while it waits or is in hand.",
        tests=(
            f"{REMINDERS}test_a_reminder_of_the_same_name_takes_the_place_of_the_earlier",
            f"{REMINDERS}test_a_forgotten_reminder_does_not_come",
            f"{REMINDERS}test_a_reminder_forgotten_while_it_waits_in_the_mailbox_takes_no_effect",
            f"{REMINDERS}test_a_reminder_forgotten_while_it_is_in_hand_is_undone",
            f"{REMINDERS}test_where_nothing_is_committed_a_reminder_is_forgotten_through_a_ref",
            f"{REMINDERS}test_a_reminder_is_replaced_by_those_alone_who_may_forget_it",
        ),
    ),
    Requirement(
        id="letters.reminder.anybody",
        source=SOURCE,
        promise="Reminders reach actors of every durability and messages that read.",
        tests=(f"{REMINDERS}test_reminders_reach_actors_of_every_durability_and_messages_that_read",),
        gap="That they come at least once after a crash between the handler and the end is not shown for these.",
    ),
    Requirement(
        id="letters.reminder.authority",
        source=SOURCE,
        promise="Reminders are listed and forgotten by those who may send their messages.",
        tests=(f"{REMINDERS}test_reminders_are_listed_and_forgotten_by_those_who_may_send_them",),
    ),
    Requirement(
        id="letters.reminder.rules",
        source=SOURCE,
        promise="A rule that cannot be is refused at the call, and no reminder holds up the end of an app.",
        tests=(
            f"{REMINDERS}test_a_rule_that_cannot_be_is_refused",
            f"{REMINDERS}test_a_wrong_rule_is_refused_at_the_call",
            f"{REMINDERS}test_what_no_store_could_keep_is_refused_at_the_call_and_keeps_nothing",
            f"{REMINDERS}test_an_interval_that_ends_beyond_all_calendars_comes_no_more",
            f"{REMINDERS}test_stopping_an_app_does_not_wait_for_its_reminders",
        ),
    ),
    Requirement(
        id="letters.version.upcast",
        source=SOURCE,
        promise="An older state is brought up one version at a time, and saved only by a message that changes it.",
        tests=(
            f"{VERSIONS}test_an_older_state_is_brought_up_one_version_at_a_time",
            f"{VERSIONS}test_looking_at_an_older_state_brings_it_up_and_changes_nothing",
        ),
    ),
    Requirement(
        id="letters.version.refused",
        source=SOURCE,
        promise="A state that is newer, or cannot be brought up, is an error and stays as it is.",
        tests=(
            f"{VERSIONS}test_an_older_program_refuses_a_newer_state_and_leaves_it",
            f"{VERSIONS}test_a_state_that_cannot_be_brought_up_is_an_error_and_stays",
            f"{VERSIONS}test_what_an_upcast_gives_beyond_the_type_is_refused_and_not_dropped",
            f"{VERSIONS}test_an_upcast_to_a_state_that_does_not_fit_is_an_error",
            f"{VERSIONS}test_versions_begin_at_one",
        ),
    ),
    Requirement(
        id="letters.retention.old",
        source=SOURCE,
        promise="What only grows is deleted when it is old enough, in slices, and a failing store is tried again.",
        tests=(
            f"{RETENTION}test_what_is_old_enough_is_deleted_every_hour_in_slices_and_a_failure_is_tried_again",
            f"{RETENTION}test_a_reply_that_is_old_enough_is_forgotten_and_the_memory_is_not",
            f"{RETENTION}test_a_journal_is_kept_for_as_long_as_its_class_says",
            f"{RETENTION}test_a_time_that_is_none_is_refused",
        ),
    ),
    Requirement(
        id="letters.retention.replies",
        source=SOURCE,
        promise="A reply outlives the runs that may still repeat its message.",
        tests=(f"{RETENTION}test_replies_outlive_the_runs_that_may_repeat_their_messages",),
    ),
)
