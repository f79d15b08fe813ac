import pytest
from tests.http.club import club
from tests.http.serving import serving

import packetflow as pf
from packetflow.http.reading import kind_of
from packetflow.stores.memory import MemoryStore


@pf.capability
def create_room(name: str) -> str:
    """Make a room."""
    return name


@pf.capability
def send_message(text: str) -> str:
    """Send a message."""
    return text


@pf.capability(effect="read")
def topics(text: str) -> str:
    """Analyze what a text is about."""
    return text


@pf.capability(effect="read")
def translate(text: str) -> str:
    """Say a text in another language."""
    return text


@pf.capability(effect="read")
def list_rooms() -> list[str]:
    """Name every room."""
    return []


@pytest.mark.parametrize(
    ("used", "kind"),
    [
        ([create_room], "creation"),
        ([send_message], "action"),
        ([topics, send_message], "action"),
        ([topics], "analysis"),
        ([translate], "transformation"),
        ([list_rooms], "query"),
        ([], "unknown"),
    ],
)
def test_a_request_is_of_the_kind_of_what_it_uses(used: list[pf.Capability[..., object, object]], kind: str) -> None:
    assert kind_of(used) == kind


async def test_help_without_examples_tells_what_there_is() -> None:
    async with serving(pf.App(list_rooms, store=MemoryStore(), planners=[])) as served:
        body = (await served.http.post("/api/ai/natural", json={"message": "What can I ask?"})).json()
        assert "Name every room." in body["message"]


async def test_help_for_who_may_do_nothing_says_so() -> None:
    async with serving(club(), admit=lambda root, _: root.delegate("guest", only=[])) as served:
        headers = {"Authorization": "Bearer guest"}
        body = (await served.http.post("/api/ai/natural", json={"message": "help"}, headers=headers)).json()
        assert body["message"] == "There is nothing here that you may use."
