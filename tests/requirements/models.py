"""What working with language models promises."""

from tests.requirements.requirement import Requirement

MODEL = "tests/models/test_model.py::"
SETTINGS = "tests/models/test_model_settings.py::"

REQUIREMENTS = (
    Requirement(
        id="models.none",
        source="packetflow.models.settings",
        promise=(
            "Without a key or server there is no model and nothing to set up; keys that are there can be left unused."
        ),
        tests=(
            f"{MODEL}test_without_a_choice_there_is_no_model",
            f"{SETTINGS}test_without_keys_and_servers_nothing_is_configured",
            f"{SETTINGS}test_models_can_be_switched_off_although_there_are_keys",
        ),
    ),
    Requirement(
        id="models.choice",
        source="docs/guides/plans.md",
        promise=(
            "The environment chooses: a key alone is enough, each vendor has a model, and PACKETFLOW_MODEL says "
            "which comes first."
        ),
        tests=(
            f"{SETTINGS}test_a_key_alone_is_enough",
            f"{SETTINGS}test_each_vendor_has_a_model_of_its_own",
            f"{SETTINGS}test_packetflow_model_says_which_comes_first",
            f"{SETTINGS}test_a_model_of_a_vendor_without_key_is_left_out",
            f"{SETTINGS}test_a_choice_survives_a_pickle_for_another_process",
        ),
    ),
    Requirement(
        id="models.own-server",
        source="packetflow.models.settings",
        promise="A server of one's own needs no key; a vendor's own address does.",
        tests=(
            f"{SETTINGS}test_a_server_of_ones_own_needs_no_key_and_should_name_its_model",
            f"{SETTINGS}test_the_vendors_own_address_without_a_key_is_not_enough",
        ),
    ),
    Requirement(
        id="models.wrong-settings",
        source="packetflow.models.settings",
        promise="A setting that cannot work is refused by the name of its variable.",
        tests=(
            f"{SETTINGS}test_a_model_without_a_name_is_refused",
            f"{SETTINGS}test_an_address_that_is_none_is_refused_by_the_name_of_its_variable",
        ),
    ),
    Requirement(
        id="models.doctor",
        source="docs/reference/cli.md",
        promise="The doctor learns what is missing and how to get it, and what is unsafe.",
        tests=(
            f"{SETTINGS}test_doctor_learns_that_the_vendors_libraries_are_not_installed",
            f"{SETTINGS}test_doctor_learns_what_is_missing_and_how_to_get_it",
            f"{SETTINGS}test_a_key_that_would_travel_unencrypted_is_worth_a_note",
        ),
    ),
    Requirement(
        id="models.secret",
        source="design 7",
        promise="No key and no password of an address is ever shown.",
        tests=(
            f"{SETTINGS}test_no_key_is_ever_shown",
            f"{SETTINGS}test_a_password_in_an_address_is_not_shown_as_host",
        ),
    ),
    Requirement(
        id="models.light",
        source="design 3",
        promise=(
            "Vendors' libraries are loaded when a model is asked, and without them the answer is how to install them."
        ),
        tests=(
            f"{MODEL}test_importing_the_model_and_its_planner_loads_no_vendors_library",
            f"{MODEL}test_without_the_vendors_libraries_the_answer_is_how_to_install_them",
        ),
    ),
    Requirement(
        id="models.text",
        source="packetflow.models.model",
        promise="A text is written about data, of the wanted length; one that was refused or cut off is no answer.",
        tests=(
            f"{MODEL}test_a_text_is_written_about_data_that_is_marked_as_data",
            f"{MODEL}test_the_wanted_length_reaches_the_vendor",
            f"{MODEL}test_a_refusal_is_no_text",
            f"{MODEL}test_a_text_that_was_cut_off_is_no_answer",
        ),
    ),
    Requirement(
        id="models.value",
        source="packetflow.models.model",
        promise="A value is given in its type: a wrong one is corrected, one that never fits is an error.",
        tests=(
            f"{MODEL}test_a_value_is_extracted_in_its_type",
            f"{MODEL}test_a_value_of_another_type_is_corrected",
            f"{MODEL}test_a_value_that_never_fits_is_an_error",
        ),
    ),
    Requirement(
        id="models.data",
        source="design 4.13",
        promise=(
            "Data enters a prompt between tags that nothing within can forge, clipped where it is long, and never "
            "too much of it."
        ),
        tests=(
            f"{MODEL}test_no_tag_can_be_forged_inside_a_fence",
            f"{MODEL}test_long_texts_are_clipped_and_say_so",
            f"{MODEL}test_data_that_would_be_too_much_is_not_sent",
            f"{MODEL}test_pydantic_models_in_the_data_are_sent_as_json",
        ),
    ),
    Requirement(
        id="models.fallback",
        source="docs/guides/plans.md",
        promise="The second vendor answers when the first cannot, and every failure is one error to fall back on.",
        tests=(
            f"{MODEL}test_the_second_vendor_writes_when_the_first_cannot",
            f"{MODEL}test_every_failure_is_one_error_to_fall_back_on",
        ),
        gap="The vendors' real servers are not asked by a test; loopback servers speak their forms.",
    ),
    Requirement(
        id="models.bounded",
        source="design 4.9",
        promise=(
            "A question ends at its deadline or with its caller, and the model can be asked again, also after it "
            "was closed."
        ),
        tests=(
            f"{MODEL}test_a_deadline_ends_the_wait",
            f"{MODEL}test_a_cancelled_question_is_cancelled_and_leaves_the_model_usable",
            f"{MODEL}test_a_closed_model_opens_again_when_it_is_asked",
        ),
    ),
)
