"""What a type checker is promised to tell."""

from tests.requirements.requirement import Requirement

WIRING = "tests/typing/test_wiring.py::"

REQUIREMENTS = (
    Requirement(
        id="typing.wiring",
        source="design 3",
        promise=(
            "A strict type checker marks each wrong argument, wiring and message of another actor, and no right one."
        ),
        tests=(f"{WIRING}test_each_wrong_line_is_an_error_and_no_other",),
        gap="Checked with basedpyright alone; mypy is not run.",
    ),
)
