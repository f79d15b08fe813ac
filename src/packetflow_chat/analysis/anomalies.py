"""What is unusual in a conversation: bursts, floods, repeated texts, long silences."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from packetflow_chat.analysis.address import is_robot
from packetflow_chat.analysis.quote import Quote, Result, quote, shorten
from packetflow_chat.analysis.robust import OUTLIER, outlier_scores
from packetflow_chat.analysis.tokens import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from packetflow_chat.analysis.line import Line

BUCKET = timedelta(minutes=5)
BURST = 10
FLOOD = 6
FLOOD_WITHIN = timedelta(seconds=60)
REPEATS = 3
REPEATED_WORDS = 3
SILENCE = timedelta(minutes=30)
# Unusual is ten times what nine of ten pauses of the room stay under; nights do not count where every day has one.
LONG_SHARE = 0.9
LONG_TIMES = 10
MOST = 10
TWO_MINUTES = 120
TWO_HOURS = 7_200


class Anomaly(Result):
    """Something unusual, with what it was measured against."""

    kind: Literal["burst", "flood", "repeated_text", "long_silence"] = Field(description="What it is.")
    at: datetime = Field(description="When it began, in UTC.")
    until: datetime = Field(description="When it ended, in UTC.")
    people: list[str] = Field(description="Who took part, the most active first; for a silence who broke it.")
    count: int = Field(description="Messages of it; for a silence its length in minutes.")
    explanation: str = Field(description="What happened and what is usual here.")
    quotes: list[Quote] = Field(description="Up to three of its messages; for a silence the ones around it.")


def anomalies(lines: Sequence[Line]) -> list[Anomaly]:
    """Return what is unusual in lines that are in order, in their order; at most ten of each kind, the largest."""
    found: list[Anomaly] = []
    for kind in (_bursts, _floods, _repeats, _silences):
        found += sorted(kind(lines), key=lambda one: (-one.count, one.at))[:MOST]
    return sorted(found, key=lambda one: (one.at, one.kind))


def _bursts(lines: Sequence[Line]) -> Iterator[Anomaly]:
    buckets: dict[int, list[Line]] = {}
    for line in lines:
        buckets.setdefault(int(line.at.timestamp() // BUCKET.total_seconds()), []).append(line)
    counts = [float(len(held)) for held in buckets.values()]
    usual = sorted(counts)[len(counts) // 2] if counts else 0.0
    for held, score in zip(buckets.values(), outlier_scores(counts), strict=True):
        if score > OUTLIER and len(held) >= max(BURST, 2 * usual):
            told = f"{len(held)} messages in five minutes, where {usual:.0f} are usual"
            yield _anomaly("burst", held, told)


def _floods(lines: Sequence[Line]) -> Iterator[Anomaly]:
    """Yield runs of one person's messages without anybody between them, too fast to be read."""
    for run in _runs(lines):
        if len(run) >= FLOOD and run[-1].at - run[0].at <= FLOOD_WITHIN * (len(run) / FLOOD):
            told = f"{len(run)} messages of {run[0].author} in a row within {_minutes(run[-1].at - run[0].at)}"
            yield _anomaly("flood", run, told)


def _runs(lines: Sequence[Line]) -> Iterator[list[Line]]:
    run: list[Line] = []
    for line in lines:
        if run and (line.author != run[-1].author or line.at - run[-1].at > FLOOD_WITHIN):
            yield run
            run = []
        run.append(line)
    if run:
        yield run


def _repeats(lines: Sequence[Line]) -> Iterator[Anomaly]:
    same: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        said = words(line.text)
        if len(said) >= REPEATED_WORDS and not is_robot(line.author):
            same.setdefault((line.author, " ".join(said)), []).append(line)
    for (author, _), held in same.items():
        if len(held) >= REPEATS:
            told = f'{author} wrote "{shorten(held[0].text, 80)}" {len(held)} times'
            yield _anomaly("repeated_text", held, told)


def _silences(lines: Sequence[Line]) -> Iterator[Anomaly]:
    gaps = [(later.at - line.at).total_seconds() for line, later in pairwise(lines)]
    ranked = sorted(gaps)
    usual = ranked[len(ranked) // 2] if ranked else 0.0
    long = ranked[int(LONG_SHARE * (len(ranked) - 1))] if ranked else 0.0
    for index, gap in enumerate(gaps):
        if gap >= max(SILENCE.total_seconds(), LONG_TIMES * long):
            before, after = lines[index], lines[index + 1]
            length = timedelta(seconds=gap)
            yield Anomaly(
                kind="long_silence",
                at=before.at,
                until=after.at,
                people=[after.author],
                count=int(length / timedelta(minutes=1)),
                explanation=f"nobody wrote for {_minutes(length)}, where {_minutes(timedelta(seconds=usual))} is usual",
                quotes=[quote(before), quote(after)],
            )


def _anomaly(kind: Literal["burst", "flood", "repeated_text"], held: Sequence[Line], told: str) -> Anomaly:
    wrote = Counter(line.author for line in held)
    return Anomaly(
        kind=kind,
        at=held[0].at,
        until=held[-1].at,
        people=sorted(wrote, key=lambda person: (-wrote[person], person)),
        count=len(held),
        explanation=told,
        quotes=[quote(line) for line in held[:3]],
    )


def _minutes(length: timedelta) -> str:
    seconds = length.total_seconds()
    if seconds < TWO_MINUTES:
        return f"{seconds:.0f} seconds"
    if seconds < TWO_HOURS:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours"
