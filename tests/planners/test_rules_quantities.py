from __future__ import annotations

from datetime import date

import pytest

from packetflow.planners.rules.dates import find_moments, write_day
from packetflow.planners.rules.quantities import converted, find_quantities, find_series


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("send 12 parcels", 12, ""),
        ("it weighs 3.5 kg", 3.5, "kg"),
        ("cool it to -4 degrees", -4, "degrees"),
        ("pay $10,250.50 now", 10250.5, "$"),
        ("about 2 million people", 2_000_000, ""),
        ("a budget of $3k", 3000, "$"),
        ("twenty five chairs", 25, ""),
        ("two hundred and ten pages", 210, ""),
        ("half a day", 0.5, "day"),
        ("3/4 of the cake", 0.75, ""),
        ("at 300K", 300, "k"),
        ("a 5-day hike", 5, "day"),
        ("1.5e3 grains", 1500.0, ""),
        ("8.85 x 10^-12 of it", 8.85e-12, ""),
        ("over the past week", 1, "week"),
    ],
)
def test_a_number_is_read_with_its_sign_scale_and_unit(text: str, value: float, unit: str) -> None:
    (found,) = find_quantities(text)
    assert (found.value, found.unit) == (value, unit)


def test_a_percentage_keeps_the_stated_number() -> None:
    (found,) = find_quantities("a discount of 15%")
    assert (found.value, found.percent) == (15, True)


def test_codes_are_no_numbers() -> None:
    assert find_quantities("order A-17, docket 2021/XB9 and gate B12") == []


def test_the_ends_of_a_range_are_two_numbers() -> None:
    assert [found.value for found in find_quantities("pages 5-10")] == [5, 10]


def test_lists_of_numbers_and_coordinates_are_series() -> None:
    assert [s.values for s in find_series("sort [3, -1, 2.5] and 4, 5 and 6")] == [(3, -1, 2.5), (4, 5, 6)]
    assert [s.values for s in find_series("at 48.2° N, 16.4° W")] == [(48.2, -16.4)]


def test_a_quantity_is_converted_only_to_a_unit_of_its_own_kind() -> None:
    (hours,) = find_quantities("2 hours")
    assert converted(hours, frozenset({"minutes"})) == 120
    assert converted(hours, frozenset({"hours"})) is None
    assert converted(hours, frozenset({"meters"})) is None


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("on 2025-03-09", date(2025, 3, 9)),
        ("on March 9th, 2025", date(2025, 3, 9)),
        ("on 9 March 2025", date(2025, 3, 9)),
        ("on 03/09/2025", date(2025, 3, 9)),
        ("on 2025 March 9th", date(2025, 3, 9)),
        ("tomorrow", date(2026, 3, 5)),
        ("the day before yesterday", date(2026, 3, 2)),
        ("next Monday", date(2026, 3, 9)),
        ("last Friday", date(2026, 2, 27)),
        ("in 2 weeks", date(2026, 3, 18)),
        ("3 days ago", date(2026, 3, 1)),
    ],
)
def test_a_day_is_read_from_words_and_digits(text: str, day: date) -> None:
    (found,) = find_moments(text, date(2026, 3, 4))  # a Wednesday
    assert found.day == day


def test_a_relative_day_is_not_guessed_without_today() -> None:
    assert find_moments("tomorrow", None) == []


def test_a_range_lends_its_year_to_both_ends() -> None:
    days = [moment.day for moment in find_moments("from May 3rd to May 9th, 2024", None)]
    assert days == [date(2024, 5, 3), date(2024, 5, 9)]


def test_an_impossible_day_is_no_day() -> None:
    assert find_moments("on 2025-02-30", None) == []


def test_times_of_day_are_read_on_both_clocks() -> None:
    assert [moment.clock for moment in find_moments("from 9:30 to 4 pm", None)] == ["09:30", "16:00"]


def test_a_day_is_written_as_the_description_lays_it_out() -> None:
    day = date(2025, 3, 9)
    assert write_day(day, "The day, MM/DD/YYYY.") == "03/09/2025"
    assert write_day(day, "Given as dd-mm-yyyy") == "09-03-2025"
    assert write_day(day, "The day.") == "2025-03-09"
    assert write_day(day, "MM/DD/YYYY", "date") == "2025-03-09"
