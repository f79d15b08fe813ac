"""What the command line promises."""

from tests.requirements.requirement import Requirement

REQUIREMENTS = (
    Requirement(
        id="cli.help.every-command-has-examples",
        source="docs/reference/cli.md",
        promise="Every command explains itself in `--help`, with examples.",
        tests=("tests/cli/test_help.py::test_every_command_explains_itself_with_examples",),
    ),
    Requirement(
        id="cli.help.reference-is-complete",
        source="docs/reference/cli.md",
        promise="The reference names every command and every option.",
        tests=("tests/cli/test_help.py::test_the_reference_names_every_command_and_option",),
    ),
    Requirement(
        id="cli.help.starts-light",
        source="docs/reference/cli.md",
        promise="Help loads no web, store or model library.",
        tests=("tests/cli/test_help.py::test_help_does_not_load_the_web_the_store_or_a_model_library",),
    ),
    Requirement(
        id="cli.help.module-is-command",
        source="docs/reference/cli.md",
        promise="The console script and `python -m packetflow` are the same command.",
        tests=("tests/cli/test_help.py::test_the_console_script_and_the_module_are_the_same_command",),
    ),
    Requirement(
        id="cli.exit.usage-is-2",
        source="docs/reference/cli.md",
        promise="A command that is used wrongly exits with 2, says so on stderr, and prints nothing else.",
        tests=("tests/cli/test_help.py::test_a_command_that_is_used_wrongly_exits_with_2_and_says_so_on_stderr",),
    ),
    Requirement(
        id="cli.output.no-color",
        source="docs/reference/cli.md",
        promise="Colours appear on a terminal only, and never with NO_COLOR.",
        tests=("tests/cli/test_serve.py::test_a_terminal_shows_colour_unless_no_color_is_set",),
    ),
    Requirement(
        id="cli.output.terminal-safe",
        source="docs/reference/cli.md",
        promise="Text that people or tools wrote cannot steer the terminal.",
        tests=("tests/cli/test_call.py::test_text_cannot_steer_the_terminal",),
    ),
    Requirement(
        id="cli.call.by-schema",
        source="docs/reference/cli.md",
        promise="A value on the command line is read by the capability's schema.",
        tests=("tests/cli/test_call.py::test_values_are_read_by_the_schema",),
    ),
    Requirement(
        id="cli.call.input-sources",
        source="docs/reference/cli.md",
        promise="Inputs come as JSON from the command line, a file or stdin, and fields win over them.",
        tests=("tests/cli/test_call.py::test_inputs_come_as_json_from_text_file_or_stdin",),
    ),
    Requirement(
        id="cli.call.bad-input",
        source="docs/reference/cli.md",
        promise="Bad input exits with 2, names what is wrong, and carries a stable code in JSON.",
        tests=(
            "tests/cli/test_call.py::test_bad_input_exits_with_2_and_names_what_is_wrong",
            "tests/cli/test_call.py::test_an_argument_that_is_no_text_is_named_and_nothing_is_done",
            "tests/cli/test_call.py::test_half_a_character_in_json_is_wrong_input",
        ),
    ),
    Requirement(
        id="cli.call.failure",
        source="docs/reference/cli.md",
        promise="Work that fails exits with 1 and says why in the words of the capability.",
        tests=("tests/cli/test_call.py::test_work_that_fails_exits_with_1_in_the_words_of_the_capability",),
    ),
    Requirement(
        id="cli.call.confirmation",
        source="docs/reference/cli.md",
        promise="A capability that asks a person is called after a yes only.",
        tests=("tests/cli/test_call.py::test_a_capability_that_asks_a_person_is_called_after_a_yes_only",),
    ),
    Requirement(
        id="cli.place.one-way",
        source="docs/reference/cli.md",
        promise="A command gives the same through a running server as without one.",
        tests=(
            "tests/cli/test_call.py::test_a_call_gives_the_same_with_a_server_and_without",
            "tests/cli/test_serve.py::test_commands_work_on_the_same_data_while_the_server_runs_and_after",
        ),
    ),
    Requirement(
        id="cli.place.remembered",
        source="docs/reference/cli.md",
        promise="What one command changed, the next process finds.",
        tests=("tests/cli/test_call.py::test_a_message_to_an_actor_is_remembered_by_the_next_process",),
    ),
    Requirement(
        id="cli.place.stale-announcement",
        source="docs/reference/cli.md",
        promise="The announcement that a killed server left behind is ignored.",
        tests=(
            "tests/cli/test_serve.py::test_the_announcement_of_a_killed_server_is_ignored",
            "tests/cli/test_announcement.py::test_another_process_at_the_address_is_not_taken_for_the_server",
            "tests/cli/test_announcement.py::test_nobody_at_the_address_is_no_server",
            "tests/cli/test_announcement.py::test_a_file_that_is_no_announcement_is_ignored",
        ),
    ),
    Requirement(
        id="cli.place.concurrent",
        source="docs/reference/cli.md",
        promise="Two commands at the same moment on one folder both do their work.",
        tests=("tests/cli/test_serve.py::test_commands_at_the_same_time_wait_for_each_other",),
    ),
    Requirement(
        id="cli.place.secret",
        source="docs/reference/cli.md",
        promise="A server with a secret serves the commands that have it, and the others are told what to set.",
        tests=("tests/cli/test_serve.py::test_a_server_with_a_secret_serves_the_commands_that_have_it",),
    ),
    Requirement(
        id="cli.announcement.whole",
        source="docs/reference/cli.md",
        promise="A server's announcement is written whole, read back, and recognised by its process.",
        tests=(
            "tests/cli/test_announcement.py::test_what_was_announced_is_read_back_whole",
            "tests/cli/test_announcement.py::test_a_server_lives_when_it_answers_as_the_process_announced",
        ),
    ),
    Requirement(
        id="cli.announcement.own",
        source="docs/reference/cli.md",
        promise="A server takes back its own announcement only, and does so when it stops.",
        tests=(
            "tests/cli/test_announcement.py::test_a_server_withdraws_its_own_announcement_only",
            "tests/cli/test_serve.py::test_a_server_says_where_it_is_and_takes_it_back_when_it_stops",
        ),
    ),
    Requirement(
        id="cli.serve.busy-port",
        source="docs/reference/cli.md",
        promise="A busy port is named with who has it and what to do, and nothing is made.",
        tests=("tests/cli/test_serve.py::test_a_busy_port_is_named_with_who_has_it_and_nothing_is_made",),
    ),
    Requirement(
        id="cli.serve.one-server",
        source="docs/reference/cli.md",
        promise="A data folder is served by one server only; the second says where the first is.",
        tests=("tests/cli/test_serve.py::test_a_folder_is_served_by_one_server_only",),
    ),
    Requirement(
        id="cli.serve.empty",
        source="docs/reference/cli.md",
        promise="A new folder holds the app's examples, unless it is begun empty.",
        tests=("tests/cli/test_serve.py::test_a_new_folder_holds_the_examples_unless_it_shall_be_empty",),
    ),
    Requirement(
        id="cli.serve.log",
        source="docs/reference/cli.md",
        promise="The log is JSON lines that carry the trace of the call.",
        tests=("tests/cli/test_serve.py::test_the_log_is_json_lines_that_carry_the_trace",),
    ),
    Requirement(
        id="cli.serve.app",
        source="docs/reference/cli.md",
        promise="An app that cannot be loaded is named with the reason.",
        tests=("tests/cli/test_serve.py::test_an_app_that_cannot_be_loaded_is_named",),
    ),
    Requirement(
        id="cli.serve.public-address",
        source="design 7",
        promise="A server that others could reach does not start without a secret and a name.",
        tests=("tests/cli/test_serve.py::test_an_address_that_others_reach_needs_a_secret_and_a_name",),
    ),
    Requirement(
        id="cli.serve.reload",
        source="docs/reference/cli.md",
        promise="With --reload a changed source file is served after a restart, on the same data.",
        tests=("tests/cli/test_serve.py::test_reload_serves_the_changed_source",),
    ),
    Requirement(
        id="cli.plan.sentence",
        source="docs/reference/cli.md",
        promise="A sentence is planned with reasons, and nothing runs.",
        tests=("tests/cli/test_plan_and_run.py::test_a_sentence_is_planned_with_its_reasons_and_nothing_runs",),
    ),
    Requirement(
        id="cli.plan.not-understood",
        source="docs/reference/cli.md",
        promise="A sentence that no capability fits is refused with 1.",
        tests=("tests/cli/test_plan_and_run.py::test_a_sentence_that_no_capability_fits_is_refused_with_1",),
    ),
    Requirement(
        id="cli.plan.check",
        source="docs/reference/cli.md",
        promise="A plan file is proven without data, and refused with every problem.",
        tests=(
            "tests/cli/test_plan_and_run.py::test_a_planned_plan_is_proven_from_its_file",
            "tests/cli/test_plan_and_run.py::test_a_plan_file_that_does_not_fit_is_refused_with_every_problem",
        ),
    ),
    Requirement(
        id="cli.plan.batch",
        source="docs/reference/cli.md",
        promise="A batch of cases is planned without data or key, in order, and bad lines are named.",
        tests=(
            "tests/cli/test_plan_and_run.py::test_a_batch_of_cases_needs_no_data_and_lists_bad_lines",
            "tests/cli/test_plan_and_run.py::test_a_line_nested_too_deep_is_bad_and_the_next_one_is_planned",
        ),
    ),
    Requirement(
        id="cli.run.trace",
        source="docs/reference/cli.md",
        promise="A run shows its steps as they end and can be looked at later, with inputs and outputs.",
        tests=("tests/cli/test_plan_and_run.py::test_a_run_shows_its_steps_and_can_be_looked_at_later",),
    ),
    Requirement(
        id="cli.run.failure",
        source="design 4.12",
        promise="A run that fails exits with 1 and says which step, why, and what is kept.",
        tests=("tests/cli/test_plan_and_run.py::test_a_run_that_fails_says_which_step_why_and_what_is_kept",),
    ),
    Requirement(
        id="cli.run.confirmation",
        source="docs/reference/cli.md",
        promise="A step that destroys runs after a yes to exactly that call.",
        tests=("tests/cli/test_plan_and_run.py::test_a_call_that_destroys_runs_after_a_yes_only",),
    ),
    Requirement(
        id="cli.run.interrupt",
        source="docs/reference/cli.md",
        promise="Ctrl-C cancels the run, waits for its steps, and exits with 130, with a server and without.",
        tests=("tests/cli/test_plan_and_run.py::test_ctrl_c_cancels_the_run_and_waits_for_its_steps",),
    ),
    Requirement(
        id="cli.runs.unknown",
        source="docs/reference/cli.md",
        promise="An unknown run is an error.",
        tests=("tests/cli/test_plan_and_run.py::test_an_unknown_run_is_an_error",),
    ),
    Requirement(
        id="cli.actors.all",
        source="docs/reference/cli.md",
        promise="Actors are listed, shown, asked and stopped, and a stopped one forgets nothing.",
        tests=("tests/cli/test_actors.py::test_actors_are_listed_shown_asked_and_stopped",),
    ),
    Requirement(
        id="cli.actors.refused",
        source="docs/reference/cli.md",
        promise="An address without a key and an unknown type of actor are refused.",
        tests=("tests/cli/test_actors.py::test_an_address_without_a_key_and_an_unknown_type_are_refused",),
    ),
    Requirement(
        id="cli.new.works",
        source="docs/reference/cli.md",
        promise="A new project works: its test passes and its commands run.",
        tests=("tests/cli/test_new.py::test_a_new_project_works_its_test_passes_and_its_commands_run",),
    ),
    Requirement(
        id="cli.new.clean",
        source="docs/reference/cli.md",
        promise="A new project is clean for linter and formatter, and strictly typed.",
        tests=("tests/cli/test_new.py::test_a_new_project_is_strictly_typed_and_clean",),
    ),
    Requirement(
        id="cli.new.keeps",
        source="docs/reference/cli.md",
        promise="A new project overwrites nothing.",
        tests=("tests/cli/test_new.py::test_nothing_is_overwritten",),
    ),
    Requirement(
        id="cli.new.name",
        source="docs/reference/cli.md",
        promise="A name that no package can have is refused.",
        tests=("tests/cli/test_new.py::test_a_name_that_no_package_can_have_is_refused",),
    ),
    Requirement(
        id="cli.doctor.healthy",
        source="docs/reference/cli.md",
        promise="The doctor says what is missing and how to get it, and makes nothing.",
        tests=("tests/cli/test_doctor.py::test_a_healthy_folder_is_told_with_how_to_get_what_is_missing",),
    ),
    Requirement(
        id="cli.doctor.no-key",
        source="docs/reference/cli.md",
        promise="The doctor never shows a key.",
        tests=("tests/cli/test_doctor.py::test_a_key_is_never_shown",),
    ),
    Requirement(
        id="cli.doctor.broken",
        source="docs/reference/cli.md",
        promise="The doctor names everything that is broken and exits with 1.",
        tests=("tests/cli/test_doctor.py::test_what_is_broken_is_named_and_exits_with_1",),
    ),
    Requirement(
        id="cli.import.once",
        source="docs/guides/import.md",
        promise="A log is stored once, with its own authors and times, however often it is imported.",
        tests=(
            "tests/cli/test_chat_import.py::test_a_log_is_stored_once_with_its_own_times_however_often_it_is_imported",
        ),
    ),
    Requirement(
        id="cli.import.with-server",
        source="docs/guides/import.md",
        promise="An import works while the server runs.",
        tests=("tests/cli/test_chat_import.py::test_an_import_works_while_the_server_runs",),
    ),
    Requirement(
        id="cli.import.unfit",
        source="docs/guides/import.md",
        promise="A message that no room takes is reported as a bad line and keeps no other out.",
        tests=(
            "tests/cli/test_chat_import.py::test_a_message_that_no_room_takes_is_a_bad_line_and_keeps_no_other_out",
        ),
    ),
    Requirement(
        id="cli.import.large",
        source="docs/guides/import.md",
        promise="A large import is sent in parts that a server takes.",
        tests=("tests/cli/test_chat_import.py::test_a_large_import_is_sent_in_parts_that_a_server_takes",),
    ),
    Requirement(
        id="cli.import.dry-run",
        source="docs/guides/import.md",
        promise="A dry run reads, counts, and stores nothing.",
        tests=("tests/cli/test_chat_import.py::test_a_dry_run_reads_and_stores_nothing",),
    ),
    Requirement(
        id="cli.import.refused",
        source="docs/guides/import.md",
        promise="A file that cannot be imported is refused with 2, a reason and what to pass, and nothing is stored.",
        tests=(
            "tests/cli/test_chat_import.py::test_a_file_that_cannot_be_imported_is_refused_with_2",
            "tests/cli/test_chat_import.py::test_a_folder_that_is_no_export_is_refused",
        ),
    ),
    Requirement(
        id="cli.questions",
        source="docs/reference/cli.md",
        promise=(
            "A run that waits for a person is listed, and a later command agrees, refuses or says what became of a "
            "call; what failed is retried without what was done."
        ),
        tests=(
            "tests/cli/test_plan_and_run.py::test_a_run_that_waits_goes_on_once_it_is_approved_by_a_later_command",
            "tests/cli/test_plan_and_run.py::test_a_refused_call_is_not_made_and_its_run_fails_with_the_reason",
            "tests/cli/test_plan_and_run.py::test_what_failed_is_tried_again_without_what_was_done",
        ),
    ),
    Requirement(
        id="cli.capabilities",
        source="docs/reference/cli.md",
        promise="What can be called is listed, and found by what it does.",
        tests=("tests/cli/test_call.py::test_capabilities_are_listed_and_found_by_what_they_do",),
    ),
    Requirement(
        id="cli.letters",
        source="docs/reference/cli.md",
        promise="Letters are listed, and an unknown one is refused.",
        tests=("tests/cli/test_plan_and_run.py::test_letters_are_listed_and_an_unknown_one_is_refused",),
    ),
)
