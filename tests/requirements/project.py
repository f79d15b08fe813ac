"""What the project promises those who build on it and those who work on it."""

from tests.requirements.requirement import Requirement

API = "tests/test_public_api.py::"
BUDGETS = "tests/project/test_budgets.py::"
CHANGELOG = "tests/project/test_changelog.py::"
LOCK = "tests/project/test_lock.py::"
SUITE = "tests/project/test_suite.py::"

REQUIREMENTS = (
    Requirement(
        id="project.api.names",
        source="design 3",
        promise="The names in `packetflow.__all__` are the public API: documented, and never changed unseen.",
        tests=(
            f"{API}test_the_public_names_are_exactly_these",
            f"{API}test_every_public_name_is_there_and_documented",
        ),
    ),
    Requirement(
        id="project.api.light",
        source="design 3",
        promise="Importing packetflow loads no web, model, migration or terminal library.",
        tests=(f"{API}test_importing_packetflow_loads_no_web_model_or_terminal_library",),
        gap="That it takes under 0.3 s is a benchmark's to show, not a timed test's.",
    ),
    Requirement(
        id="project.lock.exact",
        source="design 6",
        promise="The lock files name one version and the hashes of each package, and no address to get it from.",
        tests=(
            f"{LOCK}test_every_locked_package_has_one_version_and_hashes",
            f"{LOCK}test_a_lock_names_no_address",
        ),
    ),
    Requirement(
        id="project.lock.complete",
        source="design 6",
        promise="Every library that the source imports is declared, every declared one locked, every extra in `all`.",
        tests=(
            f"{LOCK}test_every_library_that_the_source_imports_is_declared",
            f"{LOCK}test_every_declared_dependency_is_locked_within_its_range",
            f"{LOCK}test_the_extra_called_all_holds_every_other_extra",
        ),
    ),
    Requirement(
        id="project.lock.peers",
        source="design 8",
        promise="Installing the benchmarks' peers changes the version of nothing that is measured.",
        tests=(f"{LOCK}test_the_peers_of_the_benchmarks_change_no_version_of_ours",),
    ),
    Requirement(
        id="project.budgets.size",
        source="CONTRIBUTING, The rules",
        promise="A file, function or parameter list over its budget fails the checks; docstrings are free.",
        tests=(
            f"{BUDGETS}test_a_file_over_its_lines_fails",
            f"{BUDGETS}test_a_function_over_its_lines_fails",
            f"{BUDGETS}test_a_test_may_be_longer",
            f"{BUDGETS}test_docstrings_comments_and_blank_lines_are_free",
            f"{BUDGETS}test_a_string_over_several_lines_counts_them_all",
            f"{BUDGETS}test_a_method_inside_a_class_and_a_branch_is_found",
            f"{BUDGETS}test_too_many_parameters_fail",
            f"{BUDGETS}test_the_command_exits_with_one_line_for_each_finding",
        ),
    ),
    Requirement(
        id="project.budgets.names",
        source="CONTRIBUTING, The rules",
        promise="No file and no class is named by its role instead of by what it is.",
        tests=(
            f"{BUDGETS}test_a_class_named_by_its_role_fails",
            f"{BUDGETS}test_a_class_named_by_what_it_is_passes",
            f"{BUDGETS}test_a_file_named_by_its_role_fails",
        ),
    ),
    Requirement(
        id="project.budgets.exceptions",
        source="CONTRIBUTING, The rules",
        promise="An exception from a budget holds for one size, shrinks with it, and goes when it is not needed.",
        tests=(
            f"{BUDGETS}test_an_exception_excuses_exactly_its_size",
            f"{BUDGETS}test_an_exception_must_shrink_with_its_function_and_then_go",
        ),
    ),
    Requirement(
        id="project.changelog.fragments",
        source="changelog.d/README.md",
        promise="A changelog fragment that is wrongly named or empty fails the checks.",
        tests=(
            f"{CHANGELOG}test_no_fragment_is_fine",
            f"{CHANGELOG}test_a_sentence_under_a_topic_and_a_kind_is_fine",
            f"{CHANGELOG}test_a_fragment_that_is_wrongly_named_or_empty_fails_and_is_named",
        ),
    ),
    Requirement(
        id="project.suite.loopback",
        source="design 7",
        promise="Nothing that the test suite runs in its own process reaches beyond this machine, even if it hides it.",
        tests=(
            f"{SUITE}test_a_socket_cannot_connect_to_the_outside",
            f"{SUITE}test_a_datagram_cannot_be_sent_to_the_outside",
            f"{SUITE}test_an_event_loop_cannot_look_up_an_outside_name",
            f"{SUITE}test_an_http_client_cannot_reach_the_outside",
            f"{SUITE}test_loopback_can_be_reached",
            f"{SUITE}test_an_attempt_whose_error_is_swallowed_still_fails_its_test",
        ),
        gap="Child processes and uvloop are not watched.",
    ),
    Requirement(
        id="project.suite.alone",
        source="CONTRIBUTING, Tests",
        promise="A test sees no key of whoever runs it and writes nothing into the checkout.",
        tests=(
            f"{SUITE}test_a_test_runs_in_an_empty_folder_outside_the_checkout",
            f"{SUITE}test_keys_of_the_person_who_runs_the_suite_are_not_seen",
        ),
    ),
)
