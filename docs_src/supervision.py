"""Crashes are supervised: one kind is passed over, another stops its actor; an operator hears of it and helps."""

import asyncio
from datetime import timedelta

import packetflow as pf


class Unreadable(ValueError):
    """A reading that makes no sense."""


class Broken(RuntimeError):
    """A sensor that needs hands."""


class Sensor(
    pf.Actor[None],
    durability="volatile",
    restart=pf.Restart(times=3, within=timedelta(minutes=1), on={Unreadable: "resume", Broken: "stop"}),
):
    """One for each sensor."""

    __slots__ = ("readings",)

    def started(self) -> None:
        """Begin without readings."""
        self.readings: list[float] = []

    @pf.capability
    def read(self, text: str) -> int:
        """Take a reading."""
        if text == "smoke":
            raise Broken
        if not text.isdigit():
            raise Unreadable(text)
        self.readings.append(float(text))
        return len(self.readings)


app = pf.App(Sensor)


async def watch(operator: pf.Client, until: str) -> None:
    async for event in operator.events("actors/sensor"):
        if isinstance(event, pf.ActorChanged):
            print(event.key, event.change)
            if event.change == until:
                return


async def main() -> None:
    async with app as root:
        watching = asyncio.create_task(watch(root, until="stopped"))
        await asyncio.sleep(0)
        attic = root.actor(Sensor, "attic")
        for text in ("17", "?", "18", "smoke"):
            try:
                print(await attic.ask(Sensor.read, text))
            except pf.CapabilityFailed as failed:
                print(failed)
        await watching
        print(root.statistics().actors[0].stopped, "stopped")
        await root.start_actor("sensor:attic")
        print(await attic.ask(Sensor.read, "19"))


if __name__ == "__main__":
    asyncio.run(main())
