"""What the proof tools promise to those who test with them, and what they prove of PacketFlow itself."""

from tests.requirements.requirement import Requirement

CLOCK = "tests/testing/test_clock.py::"
LOOP = "tests/testing/test_loop.py::"
FAULTS = "tests/testing/test_faults.py::"
WORLD = "tests/testing/test_simulation.py::"
BANK = "tests/testing/test_bank.py::"
KILL = "tests/testing/test_durability.py::"
BENCH = "tests/cli/test_bench.py::"

REQUIREMENTS = (
    Requirement(
        id="proof.clock",
        source="docs/guides/testing.md",
        promise="A fake clock moves when the test says so, never back, and wakes whoever waits in the order of time.",
        tests=(
            f"{CLOCK}test_time_passes_when_the_test_says_so",
            f"{CLOCK}test_time_never_goes_back_and_a_moment_has_a_time_zone",
            f"{CLOCK}test_those_who_wait_are_woken_in_the_order_of_their_moments",
            f"{CLOCK}test_a_moment_that_has_passed_is_not_waited_for",
            f"{CLOCK}test_a_cancelled_wait_leaves_nothing",
            f"{CLOCK}test_it_moves_the_coarse_timer_of_an_app",
            f"{CLOCK}test_the_machines_clock_waits_too",
        ),
    ),
    Requirement(
        id="proof.contracts",
        source="docs/guides/testing.md",
        promise="The contracts of clock and planner ship as suites, and ours keep them.",
        tests=(
            "tests/contracts/test_clock_contract.py::TestSystemClock",
            "tests/contracts/test_clock_contract.py::TestFakeClock",
            "tests/contracts/test_planner_contract.py::TestRulesPlanner",
        ),
    ),
    Requirement(
        id="proof.loop.order",
        source="docs/guides/testing.md",
        promise="A seed is one order of tasks and many seeds are many, while what asyncio promises stays.",
        tests=(
            f"{LOOP}test_a_seed_is_one_order_and_many_seeds_are_many_orders",
            f"{LOOP}test_callbacks_that_are_no_tasks_keep_their_order_and_no_task_overtakes_them",
            f"{LOOP}test_a_cancelled_callback_and_timer_are_not_called",
            f"{LOOP}test_what_asyncio_and_anyio_are_made_of_works_on_it",
        ),
    ),
    Requirement(
        id="proof.loop.time",
        source="docs/guides/testing.md",
        promise="Time on the simulated loop is virtual, and what can never end or never stops is told.",
        tests=(
            f"{LOOP}test_time_is_virtual_and_jumps_to_what_comes_next",
            f"{LOOP}test_what_can_never_end_is_told_with_those_who_wait",
            f"{LOOP}test_what_never_stops_is_stuck_after_its_limit",
            f"{LOOP}test_it_is_interrupted_after_the_steps_it_was_given",
            f"{LOOP}test_its_story_tells_the_latest_steps_in_words",
        ),
    ),
    Requirement(
        id="proof.loop.closed",
        source="docs/guides/testing.md",
        promise="Nothing from outside reaches a simulation: no thread, socket or process, and no error is lost in it.",
        tests=(
            f"{LOOP}test_another_thread_is_refused_and_an_executor_is_called_in_place",
            f"{LOOP}test_sockets_and_processes_are_refused",
            f"{LOOP}test_an_error_that_nobody_awaited_is_kept",
        ),
    ),
    Requirement(
        id="proof.faults.store",
        source="docs/guides/testing.md",
        promise="Every call of a store can fail before it is done, fail after it was done, take time, or meet a death.",
        tests=(
            f"{FAULTS}test_a_call_that_fails_before_has_done_nothing",
            f"{FAULTS}test_a_call_that_fails_after_has_done_it_and_says_nothing_else",
            f"{FAULTS}test_every_call_of_a_scenario_can_be_made_to_fail_in_turn",
            f"{FAULTS}test_a_slow_call_takes_virtual_time_before_and_after_it_is_done",
            f"{FAULTS}test_the_store_of_a_killed_process_does_nothing_any_more",
            f"{FAULTS}test_chance_is_the_seeds_and_spares_what_it_must",
        ),
    ),
    Requirement(
        id="proof.faults.fabric",
        source="docs/guides/testing.md",
        promise="A faulty fabric loses and delays events and keeps what the Fabric port promises.",
        tests=(
            f"{FAULTS}test_events_are_lost_or_late_but_in_order_and_at_most_once",
            f"{FAULTS}test_whoever_watches_a_fabric_sees_all_that_is_published",
        ),
    ),
    Requirement(
        id="proof.world",
        source="docs/guides/testing.md",
        promise="A world lives the same lives again with the same seed, in time, chance, deaths and what they leave.",
        tests=(
            f"{WORLD}test_the_same_seed_is_the_same_run_and_another_is_another",
            f"{WORLD}test_a_broken_law_is_told_with_the_seed_that_does_it_again",
            f"{WORLD}test_what_was_stored_survives_a_death_and_what_was_in_memory_does_not",
            f"{WORLD}test_time_goes_on_from_life_to_life",
            f"{WORLD}test_a_life_that_leaves_a_task_or_an_unheard_error_is_told",
            f"{WORLD}test_chance_and_threads_are_the_seeds_only_while_it_lives",
        ),
    ),
    Requirement(
        id="proof.simulate",
        source="docs/guides/testing.md",
        promise="No law of actors, letters, reminders and runs breaks in seeded worlds with faults and sudden deaths.",
        tests=(
            f"{BANK}test_no_law_breaks_in_two_hundred_worlds_with_faults_and_deaths",
            f"{BANK}test_no_law_breaks_whichever_call_of_store_or_fabric_fails",
            f"{BANK}test_a_world_is_the_same_again_with_the_same_seed",
            f"{BANK}test_the_command_prints_one_line_and_the_same_trace_in_another_process",
        ),
    ),
    Requirement(
        id="proof.simulate.checker",
        source="docs/guides/testing.md",
        promise="A store that breaks its word is found by the simulation within a few seeds.",
        tests=(
            f"{BANK}test_a_store_that_breaks_its_word_is_found_within_a_few_seeds",
            f"{BANK}test_a_law_that_was_broken_is_broken_again_with_the_same_seed",
        ),
    ),
    Requirement(
        id="proof.kill",
        source="docs/guides/testing.md",
        promise=(
            "After kill -9 under load, what was acknowledged is stored and applied once, no timer is lost or doubled, "
            "and every run is resumed or asked about."
        ),
        tests=(
            f"{KILL}test_nothing_acknowledged_is_lost_or_doubled_when_a_process_is_killed",
            f"{KILL}test_the_same_on_postgresql",
        ),
    ),
    Requirement(
        id="proof.kill.checker",
        source="docs/guides/testing.md",
        promise="The checker of that proof finds each broken law, and nothing in books that are in order.",
        tests=(
            f"{KILL}test_a_store_that_loses_what_it_acknowledged_is_found",
            f"{KILL}test_books_in_order_break_no_law",
            f"{KILL}test_every_law_has_books_that_break_it",
            f"{KILL}test_a_law_is_broken_in_other_ways_too",
        ),
    ),
    Requirement(
        id="proof.bench",
        source="docs/reference/cli.md",
        promise="A person measures their machine in seconds, with goals beside the figures, and no data is touched.",
        tests=(
            f"{BENCH}test_it_measures_and_leaves_nothing_behind",
            f"{BENCH}test_a_thousand_actors_are_made_and_messaged_within_their_goals",
            f"{BENCH}test_a_person_sees_a_table_with_goals",
            f"{BENCH}test_times_and_folders_that_cannot_be_are_refused",
        ),
    ),
)
