"""Asks, tells, creation, memory and crashes of actors, beside what one could take instead; ratios from one run.

    python benchmarks/actors.py

W1 creates keyed actors (a process each size, because memory given back by an earlier one hides the cost). W2 asks one
actor, one caller. W3 asks a thousand actors from a thousand callers; W3s the same with a handler that suspends once,
without which nothing ever interleaves. W4 tells one actor a thousand messages and waits until all are handled. W5 is
what a crash and the restart after it cost. W6 makes a million actors and lets all of them idle out at once.

What is measured of ours is the whole path of a typed message: through a `Ref` whose authority was decided (for good,
on its first message), to a supervised actor, under the 30 s deadline of its class, with the mailbox behind it and the
tracing hook in place and off. Arguments of typed messages are checked by the type checker and once, when they are
admitted; what comes as JSON goes through the engine, whose cost benchmarks/gate.py shows. W1 creates by the table of
actors, so that it shows what an actor costs; a ref of its own on top is `introduce`. An inline runtime that suspends
nothing does no scheduling; W3s is the row that does.

Figures are medians of five repetitions in which the runtimes take turns; a repetition is the median of ten short
rounds. A ratio is the median of the repetitions' ratios. The times of W6 are processor time, since a machine that
takes the processor away for a while would hide what a callback does.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from time import perf_counter, thread_time
from typing import Any

from actor_peers import Durable, How, Knob, Nigrains, Ours, Peer, Plain, Pykka, QueueAndTask, Xoscar
from report import figure, header

REPEAT = 5
ROUNDS = 10
CALLERS = 1000
LINE = 1000
"""Messages told before the teller waits: the bound of a mailbox unless an actor says otherwise."""
CRASH_EVERY = 10

Times = dict[str, list[float]]
"""Microseconds of each repetition, by peer."""


async def started(peers: list[Peer]) -> list[Peer]:
    """Start the peers; those that are not installed are reported and left out."""
    ready: list[Peer] = []
    for peer in peers:
        try:
            await peer.start()
        except ImportError as missing:
            print(json.dumps({"missing": peer.name, "why": str(missing)}))
        else:
            ready.append(peer)
    return ready


async def one_caller(peer: Peer, how: How = "plain") -> float:
    """Give the microseconds of one ask, one after the other."""
    calls = peer.calls // ROUNDS

    async def once() -> float:
        begin = perf_counter()
        await peer.asks("one", calls, how)
        return (perf_counter() - begin) / calls * 1e6

    return median([await once() for _ in range(ROUNDS)])


async def many_callers(peer: Peer, how: How) -> float:
    """Give the microseconds of one ask of a thousand callers, each to its own actor."""
    each = max(1, min(5, peer.calls // 1000))

    async def once() -> float:
        begin = perf_counter()
        await asyncio.gather(*[peer.asks(f"many{n}", each, how) for n in range(CALLERS)])
        return (perf_counter() - begin) / (CALLERS * each) * 1e6

    return median([await once() for _ in range(ROUNDS if each > 1 else 1)])


async def told(peer: Peer) -> float:
    """Give the microseconds of one tell, handled."""

    async def once() -> float:
        begin = perf_counter()
        await peer.tells("one", LINE)
        return (perf_counter() - begin) / LINE * 1e6

    return median([await once() for _ in range(max(1, peer.calls // LINE))])


async def crashed(peer: Peer) -> float:
    """Give the microseconds that one crash costs beyond a message without one."""
    calls = max(peer.calls // ROUNDS, 500)

    async def once(key: str, every: int) -> float:
        Knob.every = every
        begin = perf_counter()
        await peer.asks(key, calls, "crash")
        return perf_counter() - begin

    async def beyond() -> float:
        calm = await once("calm", Knob.NEVER)
        return await once("wild", CRASH_EVERY) - calm

    return median([await beyond() for _ in range(ROUNDS)]) / (calls / CRASH_EVERY) * 1e6


async def measured() -> dict[str, Times]:
    """Run W2 to W5, the runtimes taking turns."""
    instant, awaited = Ours(instant=True), Ours(instant=False)
    peers = await started([Plain(), instant, awaited, Durable(), QueueAndTask(), Nigrains(), Xoscar(), Pykka()])
    times: dict[str, Times] = {work: {peer.name: [] for peer in peers} for work in ("W2", "W3", "W3s", "W4", "W5")}
    for peer in peers:
        for key in ("one", "calm", "wild", *[f"many{n}" for n in range(CALLERS)]):
            if not isinstance(peer, Pykka) or not key.startswith("many"):  # a thousand threads tell nothing new
                await peer.create(key)
        await peer.asks("one", 200, "plain")
    for _ in range(REPEAT):
        for peer in peers:
            durable, threads = isinstance(peer, Durable), isinstance(peer, Pykka)
            times["W2"][peer.name].append(await one_caller(peer))
            times["W4"][peer.name].append(await told(peer))
            if not threads:
                times["W3"][peer.name].append(await many_callers(peer, "plain"))
            if not threads and not durable and peer is not instant:
                times["W3s"][peer.name].append(await many_callers(peer, "suspend"))
            if not durable and peer is not instant:
                times["W5"][peer.name].append(await crashed(peer))
    for peer in peers:
        await peer.stop()
    return times


def resident() -> int:
    """Give this process's resident bytes."""
    with open("/proc/self/statm") as pages:  # noqa: PTH123 - as little as possible between two readings
        return int(pages.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def created(name: str, count: int) -> None:
    """Create actors in this process, and print microseconds and bytes of one."""
    ours = Ours(instant=True)
    kinds: dict[str, Peer] = {"plain": Plain(), "queue": QueueAndTask(), "nigrains": Nigrains()}
    peer = kinds.get(name, ours)
    await peer.start()
    create = ours.introduce if name == "introduced" else peer.create
    for number in range(20):
        await create(f"warm:{number}")
    gc.collect()
    before = resident()
    begin = perf_counter()
    for number in range(count):
        await create(f"user:{number}")
    await asyncio.sleep(0)  # tasks of their own have reached their first wait
    took = perf_counter() - begin
    gc.collect()
    print(json.dumps({"us": took / count * 1e6, "bytes": (resident() - before) / count}))
    await peer.stop()


def creation(name: str, count: int) -> dict[str, float] | None:
    """Run `created` in a process of its own, the median of three; None when the peer is missing."""
    found: list[dict[str, float]] = []
    for _ in range(3):
        command = [sys.executable, __file__, "--create", name, str(count)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        if done.returncode:
            print(json.dumps({"missing": name, "why": done.stderr.strip().splitlines()[-1]}))
            return None
        found.append(json.loads(done.stdout))
    return {what: median(each[what] for each in found) for what in ("us", "bytes")}


async def idled(count: int) -> None:
    """Make actors in this process, let all idle out together, and print what that costs at most at a time."""
    peer = Ours(instant=True)
    await peer.start()
    gc.collect()
    before = resident()
    for number in range(count):
        await peer.create(f"user:{number}")
    gc.collect()
    size = (resident() - before) / count
    longest: dict[str, float] = {"cpu": 0.0, "wall": 0.0}
    run = asyncio.Handle._run  # noqa: SLF001 - the one place that every callback of the loop passes

    def timed(handle: asyncio.Handle) -> None:
        begin, cpu = perf_counter(), thread_time()
        run(handle)
        longest["cpu"] = max(longest["cpu"], thread_time() - cpu)
        longest["wall"] = max(longest["wall"], perf_counter() - begin)

    patched: Any = asyncio.Handle
    patched._run = timed  # noqa: SLF001 - ...
    begin = thread_time()
    peer.table.timer.skip(31 * 60)
    while peer.table.awake:  # noqa: ASYNC110 - nothing tells when the last one sleeps
        await asyncio.sleep(0)
    took = thread_time() - begin
    patched._run = run  # noqa: SLF001 - ...
    print(json.dumps({"bytes": size, "us": took / count * 1e6, **{k: v * 1e3 for k, v in longest.items()}}))
    await peer.stop()


def report_idle() -> None:
    """Print W6."""
    million = 1_000_000
    command = [sys.executable, __file__, "--idle", str(million)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    found: dict[str, float] = json.loads(done.stdout)
    figure(f"W6 {million:,} actors in one process", found["bytes"], "bytes", goal="<= 330", met=found["bytes"] <= 330)
    figure("W6 longest callback while all idle out", found["cpu"], "ms", goal="<= 1 ms", met=found["cpu"] <= 1)
    figure("W6 the same by the clock on the wall", found["wall"], "ms")
    figure("W6 put one to sleep", found["us"], "us")


def report_autogen(ours: dict[str, Times]) -> None:
    """Print W2 against autogen-core, which ran in a process of its own beside the same yardstick."""
    folder = Path(__file__).parent
    python = os.environ.get("AUTOGEN_PYTHON", str(folder.parent / ".venv-bench-autogen" / "bin" / "python"))
    try:
        command = [python, str(folder / "actor_autogen.py")]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
        times: dict[str, Any] = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError) as error:
        times = {"missing": "autogen-core", "why": f"{error}; `make bench` makes its environment"}
    if "missing" in times:
        print(json.dumps(times))
        return
    theirs = median(a / b for a, b in zip(times["ask"], times["plain"], strict=True))
    for name in ("packetflow, def", "packetflow, async def"):
        own = median(a / b for a, b in zip(ours["W2"][name], ours["W2"][Plain.name], strict=True))
        peer = f"autogen-core, {median(times['ask']):.0f} us in a process of its own"
        figure(f"W2 {name}", own, "awaits", peer=peer, theirs=theirs, goal="100x faster", met=theirs / own >= 100)


def report_creation() -> None:
    """Print W1."""
    for count, names in ((10_000, ("plain", "queue", "nigrains")), (100_000, ("plain", "nigrains"))):
        ours = creation("ours", count)
        for name in names:
            theirs = creation(name, count)
            if ours is None or theirs is None:
                continue
            for unit, limit in (("us", 2.5), ("bytes", 320)):
                judged = name == "plain" and count == 100_000
                goal, met = (f"<= {limit} {unit}", ours[unit] <= limit) if judged else (None, None)
                figure(f"W1 create {count:,}", ours[unit], unit, peer=name, theirs=theirs[unit], goal=goal, met=met)
    introduced = creation("introduced", 10_000)
    if introduced is not None:
        figure("W1 create 10,000, each by a ref of its own", introduced["us"], "us")


FASTER = {Nigrains.name: 3, QueueAndTask.name: 10, Xoscar.name: 50, Pykka.name: 100}
"""How many times faster an ask shall be than that of each peer."""

GOALS = {
    ("W2", "packetflow, def"): 2.5,
    ("W2", "packetflow, async def"): 4.5,
    ("W3s", "packetflow, async def"): 1.4,
    ("W4", "packetflow, def"): 3.0,
}


def report_times(work: str, times: Times) -> None:
    """Print one workload: ours against the yardstick with its goal, and against every peer."""
    for name in [name for name in times if name.startswith("packetflow") and times[name]]:
        ours = times[name]
        for peer, theirs in times.items():
            if peer.startswith("packetflow") or not theirs:
                continue
            ratio = median(a / b for a, b in zip(ours, theirs, strict=True))
            limit = GOALS.get((work, name)) if peer == Plain.name else None
            goal, met = (f"<= {limit} times theirs: {ratio:.2f}", ratio <= limit) if limit is not None else (None, None)
            if work == "W5" and peer == Plain.name:
                goal, met = "<= 5 us", median(ours) <= 5
            if work == "W2" and peer in FASTER and name != Durable.name:
                goal, met = f">= {FASTER[peer]} times faster", ratio <= 1 / FASTER[peer]
            figure(f"{work} {name}", median(ours), "us", peer=peer, theirs=median(theirs), goal=goal, met=met)


def main() -> None:
    """Print the header, then a line for each figure."""
    logging.disable(logging.CRITICAL)
    if sys.argv[1:2] == ["--create"]:
        asyncio.run(created(sys.argv[2], int(sys.argv[3])))
        return
    if sys.argv[1:2] == ["--idle"]:
        asyncio.run(idled(int(sys.argv[2])))
        return
    header("nigrains", "xoscar", "pykka")
    found = asyncio.run(measured())
    for work, times in found.items():
        report_times(work, times)
    report_autogen(found)
    report_creation()
    report_idle()


if __name__ == "__main__":
    main()
