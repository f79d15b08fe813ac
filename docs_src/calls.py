"""A call that may fail and may be kept: repeated when its failure may pass, given again while it is fresh."""

import asyncio
from datetime import timedelta

import packetflow as pf

attempts: list[str] = []


@pf.capability(effect="read", retry=pf.Retry(attempts=4, backoff=0.01), cache=timedelta(minutes=5))
async def exchange_rate(currency: str) -> float:
    """Ask a distant server what a currency is worth."""
    attempts.append(currency)
    if len(attempts) < 3:
        raise ConnectionError("the line is bad")
    return float(len(currency))


app = pf.App(exchange_rate)


async def main() -> None:
    async with app as root:
        print(await root.call(exchange_rate, currency="EUR"), "after", len(attempts), "attempts")
        print(await root.call(exchange_rate, currency="EUR"), "after", len(attempts), "attempts")


if __name__ == "__main__":
    asyncio.run(main())
