"""What the gate does besides calling is told over HTTP, too: kept answers, repeated attempts, open breakers."""

from datetime import timedelta

from tests.http.serving import serving

import packetflow as pf
from packetflow.stores.memory import MemoryStore


def shaky() -> pf.App:
    left = [ConnectionError("again"), ConnectionError("again")]

    @pf.capability(effect="read", retry=pf.Retry(backoff=0), cache=timedelta(minutes=5))
    async def weather(city: str) -> str:
        """Give the weather of a city."""
        if left:
            raise left.pop()
        return f"rain in {city}"

    @pf.capability(effect="read", retry=pf.Retry(attempts=1, breaker=pf.Breaker(threshold=1, recovery=20)))
    async def tides() -> str:
        """Give the tides, from a server that is down."""
        raise ConnectionError("down")

    return pf.App(weather, tides, store=MemoryStore(), planners=[])


async def test_an_answer_tells_whether_it_was_kept_and_the_metrics_count_hits_and_attempts() -> None:
    async with serving(shaky()) as served:
        answers = [
            (await served.http.post("/api/ai/capability/weather", json={"payload": {"city": "Oslo"}})).json()
            for _ in range(3)
        ]
        assert [answer["result"] for answer in answers] == ["rain in Oslo"] * 3
        assert [answer["cache_hit"] for answer in answers] == [False, True, True]
        metrics = (await served.http.get("/metrics")).text
        assert 'packetflow_retries_total{capability="weather"} 2.0' in metrics
        assert 'packetflow_cache_hits_total{capability="weather"} 2.0' in metrics


async def test_an_open_breaker_is_a_503_that_says_when_to_come_again() -> None:
    async with serving(shaky()) as served:
        first, second = [await served.http.post("/api/ai/capability/tides", json={"payload": {}}) for _ in range(2)]
        assert (first.status_code, first.json()["code"]) == (502, "capability_failed")
        assert (second.status_code, second.json()["code"]) == (503, "circuit_open")
        assert 15 <= int(second.headers["Retry-After"]) <= 20
