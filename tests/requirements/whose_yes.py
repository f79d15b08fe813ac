"""What is promised of who may say yes, who may spend, and who may see what an app does."""

from tests.requirements.requirement import Requirement

YES = "tests/runtime/test_whose_yes.py::"
OVER_HTTP = "tests/http/test_whose_yes.py::"
BUDGET = "tests/runtime/test_budget.py::"
AUTHORITY = "docs/guides/authority.md"
RUNS = "docs/guides/runs.md"
HTTP = "docs/reference/http.md"

REQUIREMENTS = (
    Requirement(
        id="whose-yes.yes-somebody-else",
        source=AUTHORITY,
        promise="What a delegation's `confirm` names needs somebody else's yes: no digest of the holder's lifts it.",
        tests=(
            f"{YES}test_a_delegate_cannot_confirm_its_own_call",
            f"{OVER_HTTP}test_a_digest_sent_by_a_bound_delegate_lifts_nothing",
            "tests/core/test_policy.py::test_a_holder_cannot_confirm_what_somebody_else_must_agree_to",
            "tests/core/test_grant.py::test_whose_yes_is_needed_is_kept_when_a_grant_is_written_down",
        ),
    ),
    Requirement(
        id="whose-yes.yes-one-call",
        source=RUNS,
        promise="A yes is for one call: not for what that calls, nor for the same call of another step.",
        tests=(
            f"{YES}test_an_approval_of_a_step_is_not_one_of_what_the_step_calls",
            f"{YES}test_a_confirmation_holds_once_within_a_run_and_after_a_restart",
        ),
    ),
    Requirement(
        id="whose-yes.yes-sees",
        source=HTTP,
        promise="Who may answer for a run may look at it, follow it and cancel it.",
        tests=(
            f"{YES}test_who_may_answer_for_a_run_may_look_at_it_and_cancel_it",
            f"{OVER_HTTP}test_who_may_answer_may_follow_that_run_and_hears_what_came_of_the_answer",
        ),
    ),
    Requirement(
        id="whose-yes.yes-reason",
        source=HTTP,
        promise="A reason that cannot be written is refused and answers nothing; a record that cannot is lost alone.",
        tests=(
            f"{YES}test_a_reason_with_half_a_character_is_refused_and_changes_nothing",
            "tests/runtime/test_records.py::test_a_record_that_cannot_be_written_is_lost_alone",
        ),
    ),
    Requirement(
        id="whose-yes.budget-narrows",
        source=RUNS,
        promise="A caller's budget narrows the app's, and is of numbers; only all authority lifts it.",
        tests=(
            f"{BUDGET}test_a_caller_narrows_the_budget_of_the_app_and_lifts_it_only_with_all_authority",
            f"{BUDGET}test_a_budget_takes_numbers_and_nothing_that_looks_like_one",
            f"{OVER_HTTP}test_a_callers_budget_narrows_the_apps_and_is_of_the_right_types",
        ),
    ),
    Requirement(
        id="whose-yes.budget-called-flows",
        source=RUNS,
        promise="What a flow spends that a step's capability called is spent by, and bounded in, that step's run.",
        tests=(f"{BUDGET}test_what_a_flow_spends_that_a_step_called_counts_in_the_run_of_the_step",),
    ),
    Requirement(
        id="whose-yes.runs-cannot-go-on",
        source=RUNS,
        promise="A run that waits and cannot go on here is interrupted, and can be retried or cancelled.",
        tests=(f"{YES}test_a_run_that_waits_and_cannot_go_on_here_is_interrupted_and_can_be_done_with",),
    ),
    Requirement(
        id="whose-yes.runs-limit",
        source=RUNS,
        promise="A holder has at most `RunRules(limit=)` runs under way.",
        tests=(f"{YES}test_a_holder_has_only_so_many_runs_under_way",),
    ),
    Requirement(
        id="whose-yes.http-stream-end",
        source=HTTP,
        promise="The stream of a run ends with the run: not at an earlier interruption, and from beyond it, too.",
        tests=(
            f"{OVER_HTTP}test_the_stream_of_a_run_that_was_interrupted_before_goes_on_to_its_end",
            f"{OVER_HTTP}test_a_stream_asked_for_from_beyond_the_end_still_ends_with_the_run",
        ),
    ),
    Requirement(
        id="whose-yes.http-owner-only-measures",
        source=HTTP,
        promise="Measures, and more of the app's health than its status, are for who holds all authority.",
        tests=(f"{OVER_HTTP}test_measures_and_the_state_of_the_app_are_for_who_holds_all_authority",),
    ),
    Requirement(
        id="whose-yes.http-start-odd",
        source=HTTP,
        promise="Starting an actor that was not stopped says so; an id that none can have is a 404.",
        tests=(f"{OVER_HTTP}test_an_actor_id_that_none_can_have_is_not_started",),
    ),
    Requirement(
        id="whose-yes.stores-address",
        source="docs/reference/cli.md",
        promise="An address that is no store's is refused without repeating its password.",
        tests=(
            "tests/stores/test_chosen.py::test_an_address_that_is_no_stores_is_refused_without_its_password",
            "tests/stores/test_chosen.py::test_a_path_is_that_of_a_sqlite_file",
        ),
    ),
    Requirement(
        id="whose-yes.cli-run-named",
        source="docs/reference/cli.md",
        promise="A run is named by at least the beginning of its id.",
        tests=("tests/cli/test_plan_and_run.py::test_a_run_is_named_by_at_least_the_beginning_of_its_id",),
    ),
)
