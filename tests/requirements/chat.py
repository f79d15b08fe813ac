"""What the chat application promises: rooms, memories, analyses and imported logs."""

from tests.requirements.requirement import Requirement

ROOMS = "tests/chat/test_rooms.py::"
AGENTS = "tests/chat/test_agents.py::"
SAID = "tests/chat/test_sentences.py::"
ANALYSES = "tests/chat/test_analyses.py::"
LAWS = "tests/chat/test_analysis_laws.py::"
SUMMARY = "tests/chat/test_analysis_summary.py::"
THREADS = "tests/chat/test_analysis_threads.py::"
RECALL = "tests/chat/test_analysis_recall.py::"
DEEP = "tests/chat/test_analysis_deep.py::"
INSIGHTS = "tests/chat/test_analysis_insights.py::"
MODERATION = "tests/chat/test_analysis_moderation.py::"
EXPORTS = "tests/chat/test_transcripts_exports.py::"
IRC = "tests/chat/test_transcripts_irc.py::"
LOGS = "tests/chat/test_transcripts_laws.py::"

REQUIREMENTS = (
    Requirement(
        id="chat.rooms.messages",
        source="design 7",
        promise=(
            "A posted message appears once, with author, time and id from the server; one that is empty or too "
            "long changes nothing."
        ),
        tests=(
            f"{ROOMS}test_a_posted_message_appears_once_with_author_time_and_id_of_the_server",
            f"{ROOMS}test_a_message_that_says_nothing_or_too_much_is_refused_and_changes_nothing",
        ),
    ),
    Requirement(
        id="chat.rooms.identity",
        source="design 4.11",
        promise="Nobody writes in the name of another unless they may act for them.",
        tests=(f"{ROOMS}test_nobody_writes_in_anothers_name_unless_they_may_act_for_them",),
    ),
    Requirement(
        id="chat.rooms.exist",
        source="packetflow_chat.rooms",
        promise="A room exists once it was created, and is created once; until then nothing can be done with it.",
        tests=(
            f"{ROOMS}test_a_room_is_created_once",
            f"{ROOMS}test_a_room_that_was_not_created_does_not_exist_for_anything",
        ),
    ),
    Requirement(
        id="chat.rooms.private",
        source="design 4.11",
        promise="A private room does not exist for whoever is not in it; writing in a public one makes a member.",
        tests=(
            f"{ROOMS}test_a_private_room_does_not_exist_for_whoever_is_not_in_it",
            f"{ROOMS}test_writing_in_a_public_room_makes_one_a_member_once",
        ),
    ),
    Requirement(
        id="chat.rooms.live",
        source="design 4.6",
        promise="Everybody who listens to a room hears a message after it was stored.",
        tests=(f"{ROOMS}test_everybody_in_a_room_hears_a_message_after_it_is_stored",),
    ),
    Requirement(
        id="chat.rooms.history",
        source="packetflow_chat.rooms",
        promise="History gives the latest messages, the oldest first, and goes on behind any place.",
        tests=(f"{ROOMS}test_history_gives_the_latest_messages_oldest_first_and_goes_on_behind_a_place",),
        gap="That a room of 100,000 messages opens in under a second is a benchmark's to show.",
    ),
    Requirement(
        id="chat.rooms.import",
        source="docs/guides/import.md",
        promise="Imported messages keep their times and are stored once, however often they come.",
        tests=(f"{ROOMS}test_imported_messages_keep_their_times_and_are_stored_once_however_often_they_come",),
    ),
    Requirement(
        id="chat.agents.memory",
        source="design 1",
        promise=(
            "An agent answers from what was said to it on the day that is asked for, also after a restart, and "
            "says so when nothing was."
        ),
        tests=(
            f"{AGENTS}test_an_agent_recalls_the_day_before_over_a_restart_and_not_the_days_around_it",
            f"{AGENTS}test_an_agent_answers_about_a_topic_of_any_day",
            f"{AGENTS}test_an_agent_says_so_when_nothing_was_said",
            f"{AGENTS}test_the_memory_is_listed_oldest_first",
        ),
    ),
    Requirement(
        id="chat.agents.private",
        source="design 4.11",
        promise="Nobody reads another's memory or a room they may not read through an agent.",
        tests=(
            f"{AGENTS}test_nobody_talks_with_anothers_agent_unless_they_may_act_for_them",
            f"{AGENTS}test_people_do_not_see_each_others_memory",
            f"{AGENTS}test_the_room_one_asks_in_is_recalled_too_as_far_as_one_may_read_it",
            "tests/http/test_actors.py::test_the_memory_of_another_is_not_to_be_seen_though_one_may_read_ones_own",
        ),
    ),
    Requirement(
        id="chat.sentences.understood",
        source="docs/guides/plans.md",
        promise="What a newcomer types first becomes one sure step, about the room one is in when none is named.",
        tests=(
            f"{SAID}test_one_request_becomes_one_sure_step",
            f"{SAID}test_the_room_one_is_in_is_meant_when_none_is_named",
        ),
    ),
    Requirement(
        id="chat.sentences.two-parts",
        source="design 4.5",
        promise="A sentence that asks for two things wires the result of one into the other.",
        tests=(
            f"{SAID}test_a_summary_of_one_room_is_posted_in_another",
            f"{SAID}test_two_studies_are_posted_both_surely",
        ),
    ),
    Requirement(
        id="chat.sentences.refused",
        source="design 4.12",
        promise=(
            "What the chat cannot do is refused, a part of it is named and not dropped, and what was not said is "
            "asked for."
        ),
        tests=(
            f"{SAID}test_a_part_that_nothing_can_do_is_named_and_not_dropped",
            f"{SAID}test_what_the_chat_cannot_do_is_refused_in_a_room_and_outside",
            f"{SAID}test_what_the_request_does_not_say_is_asked_for",
        ),
    ),
    Requirement(
        id="chat.analyses.authority",
        source="design 4.11",
        promise="An analysis reads no room that its caller may not read.",
        tests=(f"{ANALYSES}test_an_analysis_reads_no_room_that_its_caller_may_not_read",),
    ),
    Requirement(
        id="chat.analyses.fields",
        source="packetflow_chat.analyses",
        promise="Every analysis gives the fields it is known by, the same each time for the same room.",
        tests=(
            f"{ANALYSES}test_every_analysis_promises_the_fields_it_is_known_by",
            f"{ANALYSES}test_an_analysis_of_a_room_is_the_same_each_time",
            f"{ANALYSES}test_a_summary_finds_the_decision_and_the_tasks_that_were_said",
            f"{ANALYSES}test_a_reply_is_suggested_from_the_room_it_is_asked_for",
            f"{ANALYSES}test_moderation_blocks_a_threat_and_leaves_harmless_words_alone",
        ),
    ),
    Requirement(
        id="chat.analyses.wrong-period",
        source="packetflow_chat.analyses",
        promise="A time period that is not understood is refused with what would do.",
        tests=(f"{ANALYSES}test_an_unknown_time_period_is_refused_with_what_would_do",),
    ),
    Requirement(
        id="chat.analyses.quotes",
        source="design 4.12",
        promise=(
            "Whatever an analysis quotes stands in the log, word for word; nothing is made up, for any conversation."
        ),
        tests=(
            f"{LAWS}test_every_quote_of_every_analysis_is_in_the_log",
            f"{LAWS}test_recall_and_suggestions_stand_on_lines_that_exist",
            f"{LAWS}test_any_text_has_insights_and_one_verdict",
        ),
    ),
    Requirement(
        id="chat.summary.quotes",
        source="design 4.12",
        promise=(
            "A summary is made of quotes from the log, questions with their answers, and does not depend on the "
            "order of its lines."
        ),
        tests=(
            f"{SUMMARY}test_a_summary_is_made_of_quotes_from_the_log",
            f"{SUMMARY}test_a_summary_tells_questions_together_with_their_answers",
            f"{SUMMARY}test_a_summary_does_not_depend_on_the_order_in_which_lines_are_given",
            f"{SUMMARY}test_what_solved_a_problem_is_kept_with_the_answer_that_solved_it",
        ),
    ),
    Requirement(
        id="chat.summary.decisions",
        source="packetflow_chat.analysis.decisions",
        promise="A decision is what was proposed and consented to, never what is still open.",
        tests=(
            f"{SUMMARY}test_a_proposal_that_others_consent_to_is_a_decision",
            f"{SUMMARY}test_what_is_still_open_is_no_decision",
        ),
    ),
    Requirement(
        id="chat.summary.actions",
        source="packetflow_chat.analysis.actions",
        promise="An action item names its owner and time; small talk and advice are none.",
        tests=(
            f"{SUMMARY}test_action_items_have_their_owner_and_their_time",
            f"{SUMMARY}test_small_talk_and_advice_are_no_action_items",
        ),
    ),
    Requirement(
        id="chat.summary.topics",
        source="packetflow_chat.analysis.topics",
        promise="A topic is what several people wrote about, not what one repeats.",
        tests=(
            f"{SUMMARY}test_topics_name_what_several_people_wrote_about_with_their_quotes",
            f"{SUMMARY}test_one_person_who_repeats_a_line_makes_no_topic_of_it",
        ),
    ),
    Requirement(
        id="chat.summary.honest",
        source="design 4.12",
        promise=(
            "A summary of nothing says so, one of a room too long to be read closely says so, and moods are "
            "counted with their lines."
        ),
        tests=(
            f"{SUMMARY}test_an_empty_room_has_an_honest_summary",
            f"{SUMMARY}test_a_room_longer_than_is_read_closely_says_so",
            f"{SUMMARY}test_an_analysis_counts_moods_and_shows_the_lines",
        ),
    ),
    Requirement(
        id="chat.threads.answers",
        source="packetflow_chat.analysis.threads",
        promise="Crossing conversations are told apart: a line answers an earlier one, by name, by words or by time.",
        tests=(
            f"{THREADS}test_a_few_people_who_talk_without_a_pause_answer_each_other",
            f"{THREADS}test_a_line_never_answers_a_later_one",
            f"{THREADS}test_a_long_pause_starts_a_new_conversation",
            f"{THREADS}test_crossing_threads_of_a_support_channel_are_told_apart",
            f"{THREADS}test_names_are_found_where_people_write_them",
            f"{THREADS}test_no_lines_have_no_threads",
        ),
        gap=(
            "How often it is right (F1 of links 0.65 on public logs that it was not fitted on) was measured, not "
            "tested."
        ),
    ),
    Requirement(
        id="chat.threads.bounded",
        source="design 4.10",
        promise="The work for one line is bounded however long the log is.",
        tests=(f"{THREADS}test_the_work_for_a_line_is_bounded_however_long_the_log",),
    ),
    Requirement(
        id="chat.recall.answers",
        source="packetflow_chat.analysis.recall",
        promise=(
            "A question about a span of time, a person or a topic is answered with the lines that were said, "
            "their day and topic."
        ),
        tests=(
            f"{RECALL}test_what_was_discussed_yesterday_is_answered_from_yesterdays_lines",
            f"{RECALL}test_a_persons_words_are_found_with_the_day_and_the_topic",
            f"{RECALL}test_a_topic_is_found_on_any_day",
            f"{RECALL}test_a_decision_is_found_in_the_thread_of_its_question",
            f"{RECALL}test_a_topic_of_another_time_is_pointed_to",
        ),
    ),
    Requirement(
        id="chat.recall.honest",
        source="design 4.12",
        promise="What the log does not answer gets no invented answer.",
        tests=(
            f"{RECALL}test_a_question_that_the_log_does_not_answer_gets_no_invented_answer",
            f"{RECALL}test_what_was_never_said_is_not_made_up",
            f"{RECALL}test_a_span_without_messages_says_so",
        ),
    ),
    Requirement(
        id="chat.recall.spans",
        source="packetflow_chat.analysis.periods",
        promise=(
            "Spans of time are understood as people say them, in the time zone of whoever asks; others are "
            "refused with examples."
        ),
        tests=(
            f"{RECALL}test_a_day_is_a_day_where_the_asker_lives",
            f"{RECALL}test_spans_of_time_are_understood",
            f"{RECALL}test_a_sentence_without_a_time_has_no_span",
            f"{RECALL}test_a_span_that_is_not_understood_is_refused_with_examples",
        ),
    ),
    Requirement(
        id="chat.recall.room-summary",
        source="packetflow_chat.analysis.room_summary",
        promise="The summary of a room is of the span that was asked for, beside the span before.",
        tests=(f"{RECALL}test_a_room_summary_is_of_its_span_and_compares_with_the_one_before",),
    ),
    Requirement(
        id="chat.suggestions.grounded",
        source="packetflow_chat.analysis.suggestions",
        promise=(
            "There is always a reply to suggest, the same for the same room, taken from an answer to a similar "
            "question where there is one."
        ),
        tests=(
            f"{RECALL}test_a_reply_is_suggested_from_the_answer_to_a_similar_question",
            f"{RECALL}test_the_latest_message_is_answered_and_not_quoted_back",
            f"{RECALL}test_there_is_always_a_reply_and_it_is_repeatable",
        ),
    ),
    Requirement(
        id="chat.deep.counted",
        source="packetflow_chat.analysis.deep",
        promise=(
            "Patterns, each person's part and relationships are counted from the lines; bots are left out, "
            "unasked sides too."
        ),
        tests=(
            f"{DEEP}test_the_shape_of_a_conversation_is_measured",
            f"{DEEP}test_each_persons_part_is_counted",
            f"{DEEP}test_relationships_tell_who_answers_whom_and_leave_bots_out",
            f"{DEEP}test_a_side_that_was_not_asked_for_is_none",
            f"{DEEP}test_a_question_that_nobody_answered_is_shown",
            f"{DEEP}test_an_empty_room_is_analysed_without_a_number_made_up",
        ),
    ),
    Requirement(
        id="chat.deep.anomalies",
        source="packetflow_chat.analysis.anomalies",
        promise="Bursts, floods, repetition and silence are noticed, and a steady conversation has none.",
        tests=(
            f"{DEEP}test_a_burst_a_flood_repetition_and_a_silence_are_noticed",
            f"{DEEP}test_a_steady_conversation_has_no_anomaly",
            f"{DEEP}test_an_outlier_does_not_hide_itself_by_its_own_size",
        ),
    ),
    Requirement(
        id="chat.insights.message",
        source="packetflow_chat.analysis.insights",
        promise="A message is counted, timed and read on its own, with or without words; a web address is one word.",
        tests=(
            f"{INSIGHTS}test_a_message_is_counted_timed_and_read",
            f"{INSIGHTS}test_a_message_without_words_has_insights",
            f"{INSIGHTS}test_a_web_address_is_one_word_and_its_question_mark_asks_nothing",
        ),
    ),
    Requirement(
        id="chat.insights.questions",
        source="packetflow_chat.analysis.questions",
        promise="A question is known as one without its mark, and a statement is none.",
        tests=(
            f"{INSIGHTS}test_a_question_needs_no_question_mark",
            f"{INSIGHTS}test_a_statement_is_no_question",
        ),
    ),
    Requirement(
        id="chat.insights.language",
        source="packetflow_chat.analysis.language",
        promise="Common languages are told, and a text that does not tell its language is undetermined.",
        tests=(
            f"{INSIGHTS}test_common_languages_are_told",
            f"{INSIGHTS}test_a_text_that_does_not_tell_its_language_is_undetermined",
        ),
    ),
    Requirement(
        id="chat.insights.sentiment",
        source="packetflow_chat.analysis.sentiment",
        promise="Sentiment understands negation and the words of work, and is unknown for a language it does not know.",
        tests=(
            f"{INSIGHTS}test_sentiment_understands_negation_and_the_words_of_work",
            f"{INSIGHTS}test_the_sentiment_of_a_language_that_is_not_understood_is_unknown",
        ),
    ),
    Requirement(
        id="chat.moderation.harm",
        source="packetflow_chat.analysis.moderation",
        promise=(
            "Threats, harassment, hate, sexual content, spam and secrets are named and acted upon, also when disguised."
        ),
        tests=(
            f"{MODERATION}test_harm_is_named_and_acted_upon",
            f"{MODERATION}test_card_numbers_are_told_by_their_check_digit",
        ),
        gap="How much harm of real rooms it misses is not measured.",
    ),
    Requirement(
        id="chat.moderation.harmless",
        source="packetflow_chat.analysis.moderation",
        promise="Harmless words that look like harm are left alone, mild ones are named and pass.",
        tests=(
            f"{MODERATION}test_harmless_text_is_left_alone",
            f"{MODERATION}test_mild_things_are_named_and_pass",
        ),
    ),
    Requirement(
        id="chat.moderation.care",
        source="packetflow_chat.analysis.moderation",
        promise="Somebody who may hurt themselves is never silenced, and what is personal is masked in the verdict.",
        tests=(
            f"{MODERATION}test_somebody_who_may_hurt_themselves_is_never_silenced",
            f"{MODERATION}test_what_is_personal_is_masked_in_the_verdict",
        ),
    ),
    Requirement(
        id="chat.moderation.steady",
        source="packetflow_chat.analysis.moderation",
        promise=(
            "The same text gets the same verdict, soon however it is made, and an unsure one where the words are "
            "not known."
        ),
        tests=(
            f"{MODERATION}test_a_text_made_to_be_slow_is_judged",
            f"{MODERATION}test_a_verdict_on_a_language_whose_words_are_not_known_is_unsure",
            f"{MODERATION}test_the_same_text_gets_the_same_verdict",
        ),
    ),
    Requirement(
        id="chat.import.irc-lines",
        source="docs/guides/import.md",
        promise=(
            "The usual ways of IRC programs to write a line are read, telling messages, actions and system lines apart."
        ),
        tests=(
            f"{IRC}test_the_usual_ways_to_write_a_line_are_read",
            f"{IRC}test_messages_actions_and_system_lines_are_told_apart",
            f"{IRC}test_weechat_arrows_are_system_lines_and_stars_are_actions",
            f"{IRC}test_bytes_of_any_age_are_decoded",
        ),
    ),
    Requirement(
        id="chat.import.irc-dates",
        source="docs/guides/import.md",
        promise=(
            "The date comes from file name, header or option, changes with headers and midnight; without one the "
            "log is refused."
        ),
        tests=(
            f"{IRC}test_a_date_is_found_in_the_name_of_the_file",
            f"{IRC}test_a_header_without_a_date_has_none",
            f"{IRC}test_irssi_headers_give_the_date_and_change_it",
            f"{IRC}test_midnight_begins_the_next_day",
            f"{IRC}test_a_log_without_a_date_is_refused_before_it_is_read_and_says_what_to_do",
        ),
    ),
    Requirement(
        id="chat.import.irc-clock",
        source="docs/guides/import.md",
        promise="Times are of the zone that is given and never run backwards, whatever clock wrote them.",
        tests=(
            f"{IRC}test_a_clock_of_twelve_hours_never_runs_backwards",
            f"{IRC}test_a_clock_that_jitters_stands_still",
            f"{IRC}test_a_clock_that_showed_an_afternoon_has_twenty_four_hours",
            f"{IRC}test_summer_time_does_not_turn_the_order_of_lines",
            f"{IRC}test_times_are_those_of_the_zone_that_is_given",
            f"{LOGS}test_the_times_of_a_log_never_run_backwards",
        ),
    ),
    Requirement(
        id="chat.import.bad-lines",
        source="docs/guides/import.md",
        promise="A line that is no message is kept with number and reason, and the next one is read.",
        tests=(
            f"{IRC}test_a_huge_line_is_bad_and_the_next_one_is_read",
            f"{IRC}test_a_line_that_cannot_be_read_is_kept_with_its_number_and_reason",
            f"{EXPORTS}test_a_json_line_that_is_no_message_is_bad_with_its_reason",
            f"{LOGS}test_any_line_is_understood_or_refused_with_a_reason",
        ),
    ),
    Requirement(
        id="chat.import.refused",
        source="docs/guides/import.md",
        promise="A file that cannot be read as a log is refused with its name, the reason and what to do.",
        tests=(
            f"{IRC}test_a_file_of_no_known_format_is_refused",
            f"{IRC}test_a_file_that_is_not_there_is_named",
            f"{IRC}test_utf16_is_refused_with_what_to_do",
            f"{EXPORTS}test_a_damaged_export_is_refused",
        ),
    ),
    Requirement(
        id="chat.import.progress",
        source="docs/guides/import.md",
        promise="Any bytes are read to their end, with progress that never falls.",
        tests=(
            f"{IRC}test_progress_never_falls_and_ends_at_the_size",
            f"{LOGS}test_any_bytes_are_read_to_their_end",
        ),
    ),
    Requirement(
        id="chat.import.ids",
        source="docs/guides/import.md",
        promise=(
            "Each message has an id that is the same whenever its file is read, also after it has grown, and no "
            "other message has."
        ),
        tests=(
            f"{LOGS}test_a_file_that_has_grown_gives_its_old_lines_their_old_ids",
            f"{LOGS}test_equal_lines_of_one_file_have_distinct_ids",
            f"{LOGS}test_the_times_of_old_lines_do_not_depend_on_later_ones",
            f"{LOGS}test_what_is_split_otherwise_is_named_otherwise",
        ),
    ),
    Requirement(
        id="chat.import.slack",
        source="docs/guides/import.md",
        promise=(
            "A Slack export is read from its folder, zip or channel the same way, with names of people, plain "
            "text and exact times."
        ),
        tests=(
            f"{EXPORTS}test_a_slack_export_is_read_day_by_day_with_the_names_of_people",
            f"{EXPORTS}test_a_zip_a_channel_folder_and_the_whole_export_give_the_same_messages",
            f"{EXPORTS}test_an_export_of_several_channels_asks_which_one",
            f"{EXPORTS}test_slack_markup_becomes_plain_text",
            f"{EXPORTS}test_slacks_timestamps_keep_every_digit",
        ),
    ),
    Requirement(
        id="chat.import.json",
        source="docs/guides/import.md",
        promise="JSON lines are read under their usual names, whatever text they hold.",
        tests=(
            f"{EXPORTS}test_json_lines_are_read_under_their_usual_names",
            f"{EXPORTS}test_text_that_json_can_spell_and_utf8_cannot_is_made_storable",
        ),
    ),
    Requirement(
        id="chat.import.format",
        source="docs/guides/import.md",
        promise="The content tells the format, and what is given overrides it.",
        tests=(f"{EXPORTS}test_the_format_can_be_told_against_the_content",),
    ),
)
