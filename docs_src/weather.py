"""Two capabilities, one plan: typed outputs reach typed inputs."""

import asyncio

from pydantic import BaseModel

import packetflow as pf


class Forecast(BaseModel):
    city: str
    celsius: float


@pf.capability(effect="read", examples=["what is the weather in Oslo?"])
async def forecast(city: str) -> Forecast:
    """Give the forecast for a city."""
    return Forecast(city=city, celsius=float(len(city)))


@pf.capability(effect="read")
def advise(celsius: float) -> str:
    """Say what to wear at a temperature."""
    return "a coat" if celsius < 10 else "a shirt"


app = pf.App(forecast, advise)


async def main() -> None:
    async with app as root:
        weather = forecast.step(city="Oslo")
        plan = pf.Plan(advise.step(celsius=weather.output.celsius))
        print(plan.id, [step.capability_id for step in plan.steps()])
        run = await root.run(plan)
        print(run.output)

        cities = pf.each(["Oslo", "Casablanca"], lambda city: forecast.step(city=city))
        everywhere = await root.run(pf.Plan(cities))
        print([one.celsius for one in everywhere.output])


if __name__ == "__main__":
    asyncio.run(main())
