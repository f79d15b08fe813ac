"""All capabilities of an app: found by name, words and fields, and hidden from whoever may not call them."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from pydantic import BaseModel

import packetflow as pf
from packetflow._core.errors import DeclarationError, UnknownCapability
from packetflow._core.grant import Grant
from packetflow._core.registry import Registry


class Place(BaseModel):
    latitude: float
    longitude: float


class Weather(BaseModel):
    temperature: float


@dataclass
class Advice:
    clothes: str


@pf.capability(effect="read")
async def locate(city: str) -> Place:
    """Find where a city is."""
    return Place(latitude=len(city), longitude=0)


@pf.capability(effect="read")
async def forecast(latitude: float, longitude: float) -> Weather:
    """Tell the weather of tomorrow."""
    return Weather(temperature=latitude + longitude)


@pf.capability(effect="external")
async def advise(temperature: float) -> Advice:
    """Say what to wear."""
    return Advice(str(temperature))


class Room(pf.Actor[None]):
    """A room."""

    @pf.capability
    async def post(self, text: str) -> str:
        """Post a text."""
        return text


ALL = Registry([locate, forecast, advise, Room.post], [Room])


def test_capabilities_are_found_by_what_one_has_and_needs() -> None:
    found = ALL.find(have=["city"], need=["clothes"])
    assert [(d.id, round(score, 2)) for d, score in found] == [("locate", 0.33), ("forecast", 0.33), ("advise", 0.33)]
    assert ALL.find(have=["city"], need=["nothing_gives_this"]) == []
    assert ALL.find(have=["city"], need=["city"]) == []
    assert [d.id for d, _ in ALL.find(need=["latitude"])] == ["locate"]
    assert [d.id for d, _ in ALL.find(have=["latitude", "longitude", "more"])] == ["forecast"]


def test_capabilities_are_found_by_words_and_effect() -> None:
    assert [d.id for d, _ in ALL.find("weather tomorrow")][:1] == ["forecast"]
    assert [d.id for d, _ in ALL.find(effect="write")] == ["room.post"]
    assert ALL.find("weather", effect="write") == []
    assert len(ALL.find(limit=2)) == 2


def test_a_view_hides_what_the_grant_does_not_name() -> None:
    view = ALL.view(Grant.root().delegate("ada", effects=["read"]))
    assert list(view) == ["locate", "forecast"]
    assert view.actors == {}
    assert view.find(have=["city"], need=["clothes"]) == []
    with pytest.raises(UnknownCapability) as raised:
        view.need("advise")
    assert "advise" not in str(raised.value.details["near"])
    assert ALL.view(Grant.root()) is ALL
    assert list(ALL.view(Grant.none())) == []


def test_who_may_call_the_same_shares_one_view() -> None:
    one, other = (ALL.view(Grant.root().delegate(name, only=["room.*"])) for name in ("ada", "bob"))
    assert one is other
    assert one.actors == {"room": Room}


def test_two_of_one_name_are_a_declaration_error() -> None:
    with pytest.raises(DeclarationError, match="'locate' is declared twice"):
        Registry([locate, pf.capability(name="locate")(forecast.function)])

    class Other(pf.Actor[None], name="room"):
        """Another room."""

    with pytest.raises(DeclarationError, match="actor 'room' is declared twice"):
        Registry([], [Room, Other])


def test_an_unknown_name_is_told_with_what_is_near() -> None:
    with pytest.raises(UnknownCapability) as raised:
        ALL.need("forecast_weather")
    assert raised.value.details["near"] == ["forecast"]
    assert ALL.need("locate") is locate
