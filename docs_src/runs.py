"""A run that is undone when it fails, waits for a person, keeps to a budget, and outlives its app."""

import asyncio

import packetflow as pf

booked: list[str] = []


@pf.capability(effect="write")
async def book(room: str) -> str:
    """Book a room."""
    booked.append(room)
    return room


@pf.capability(effect="write")
async def free(room: str) -> None:
    """Give a booked room back."""
    booked.remove(room)


@pf.capability(effect="money")
async def pay(amount: int, room: str) -> str:
    """Pay for a booked room."""
    return f"paid {amount} for {room}"


app = pf.App(book, free, pay, runs=pf.RunRules(budget=pf.Budget(calls=50)))


async def main() -> None:
    room = book.step("garden").undone_by(free.step)
    plan = pf.Plan(pay.step(amount=80, room=room.output))

    async with app as root:
        report = await root.dry_run(plan, careful=True)
        print([(step.node, step.decision) for step in report.steps])
        run = await root.run(plan, careful=True)
        print(run.status, booked)

    async with app as root:  # another day: the run waits on
        (question,) = await root.approvals()
        print(question.capability_id, question.arguments)
        await root.refuse(run.id, question.digest, "too dear")
        ended = await root.finish(await root.found(run.id))
        print(ended.status, ended.step("book").status, booked)

        again = await root.retry(run.id, budget=pf.Budget(calls=5))  # as root, who needs nobody's yes
        print(again.output, again.spent.calls)


if __name__ == "__main__":
    asyncio.run(main())
