"""What the documentation promises."""

from tests.requirements.requirement import Requirement

DOCS = "tests/docs/test_examples.py::"
REFERENCE = "tests/docs/test_reference.py::"

REQUIREMENTS = (
    Requirement(
        id="docs.examples",
        source="CONTRIBUTING, A change",
        promise=(
            "Every Python example that a page shows is part of a file that runs without a warning and prints what "
            "it says."
        ),
        tests=(
            f"{DOCS}test_every_example_runs_without_a_warning_and_prints_what_it_says",
            f"{DOCS}test_every_python_example_of_the_pages_is_part_of_an_example_that_runs",
        ),
    ),
    Requirement(
        id="docs.readme",
        source="README",
        promise="Every command of the README, the curl included, does on a fresh folder what the page says.",
        tests=("tests/docs/test_readme.py::test_every_command_of_the_readme_does_what_it_says",),
        gap="Commands of the other pages are not run from the pages; tests of the command line run their likes.",
    ),
    Requirement(
        id="docs.reference",
        source="docs/reference",
        promise="The references name every route with its queries, every error code, event, command and option.",
        tests=(
            f"{REFERENCE}test_the_http_reference_names_every_route_with_its_queries",
            f"{REFERENCE}test_the_http_reference_names_every_error_and_every_event_of_a_run",
            f"{REFERENCE}test_the_command_line_reference_names_every_command_and_option",
        ),
        gap="Fields of bodies and answers are described by hand; the OpenAPI document is made from the code.",
    ),
    Requirement(
        id="docs.design",
        source="design 3",
        promise="The program that the design shows as the public face is the one that runs.",
        tests=(f"{DOCS}test_the_public_example_of_the_design_is_the_one_that_runs",),
    ),
)
