"""Wire inputs to the outputs of earlier steps: by what the request says, by schema, by need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from packetflow._core.search import STOP_WORDS
from packetflow.planners.rules.lexicon import alike
from packetflow.planners.rules.outputs import Output, kinship, outputs_of, suits
from packetflow.planners.rules.reading import Reading
from packetflow.planners.rules.roles import roles_of
from packetflow.planners.rules.slots import Filling
from packetflow.planners.rules.tool import Input, Tool, inputs_of

_FIRM = 2.0
_POINTERS = frozenset({"the", "its", "this", "that", "these", "those", "their", "each"})
_PRONOUNS = frozenset({"it", "them", "that", "this", "those", "these", "both"})
_GENERAL = frozenset({"result", "output", "answer", "respons"})


@dataclass(frozen=True)
class Link:
    """A value that an earlier step will give: the step's label and the path into its output."""

    label: str
    path: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """An earlier step that can be linked to."""

    label: str
    tool: Tool


@dataclass(frozen=True)
class Mention:
    """Words of a clause that point back: "it", "the result", "the translated text"."""

    words: tuple[str, ...]
    start: int
    end: int
    pronoun: bool = False
    several: bool = False


@dataclass(frozen=True)
class _Match:
    score: float
    field: Input
    links: tuple[Link, ...]


def mentions(reading: Reading) -> list[Mention]:
    """Return what points back in a clause, in order of place."""
    found: list[Mention] = []
    tokens = reading.tokens
    for index, token in enumerate(tokens):
        last = index
        while (
            token.low in _POINTERS and last + 1 < len(tokens) and _carries(tokens[last + 1].low, tokens[last + 1].sort)
        ):
            last += 1
        words = tuple(tokens[i].stem for i in range(index + 1, last + 1))
        if words and set(words) <= _GENERAL:
            found.append(
                Mention(words, token.start, tokens[last].end, pronoun=True, several=tokens[last].low.endswith("s"))
            )
        elif words:
            found.append(Mention(words, token.start, tokens[last].end))
        elif token.low in _PRONOUNS and last == index and index > 0 and _pointing(reading, index):
            found.append(Mention((), token.start, token.end, pronoun=True, several=token.low in {"both", "them"}))
    return found


def link(tool: Tool, reading: Reading, filling: Filling, sources: Sequence[Source]) -> dict[str, tuple[Link, ...]]:
    """Return the inputs of `tool` that take earlier outputs; the latest fitting source wins.

    What the clause mentions comes first, then required inputs without a value, which need a name in common. Several
    links for one input come from "both" or "them".
    """
    chosen: dict[str, tuple[Link, ...]] = {}
    fields = inputs_of(tool.input_schema)
    for mention in mentions(reading):
        options = [
            match
            for field in fields
            if field.name not in chosen
            for match in _matches(mention, field, filling, sources)
        ]
        best = max(options, key=lambda match: (match.score, -match.field.order), default=None)
        if best is not None and best.score >= 2.0:  # noqa: PLR2004
            chosen[best.field.name] = best.links
    for field in fields:
        if field.name in filling.missing and field.name not in chosen and (found := _needed(field, sources)):
            chosen[field.name] = (found,)
    return chosen


def _pointing(reading: Reading, index: int) -> bool:
    """Say whether a pronoun points back and does not begin a subordinate clause ("that has", "this weekend")."""
    after = reading.tokens[index + 1] if index + 1 < len(reading.tokens) else None
    token = reading.tokens[index].low
    if token in {"it", "them", "both"}:
        return True
    return (
        after is None or after.sort == "mark" or after.low in {"to", "in", "with", "as", "using", "for", "and", "into"}
    )


def _carries(low: str, sort: str) -> bool:
    return sort == "word" and low not in STOP_WORDS and low not in {"to", "in", "with", "using"}


def _matches(mention: Mention, field: Input, filling: Filling, sources: Sequence[Source]) -> list[_Match]:
    if mention.several and len(sources) > 1:
        together = _together(field, filling, mention, sources)
        if together is not None:
            return [together]
    found: list[_Match] = []
    for age, source in enumerate(reversed(sources)):
        for output in outputs_of(source.tool):
            if not suits(output, field):
                continue
            told = _told(mention, output)
            if told <= 0:
                continue
            score = told + kinship(output, field) + _room(field, filling, mention) + _words_fit(mention, field)
            score -= 0.4 * age + (0.0 if output.sure else 0.6) + 0.3 * (not output.path and output.kind == "object")
            found.append(_Match(score, field, (Link(source.label, output.path),)))
    return found


def _told(mention: Mention, output: Output) -> float:
    """Return how well the words of the mention name the output."""
    if mention.pronoun:
        return 1.2
    content = [word for word in mention.words if word not in _GENERAL]
    if not content:
        return 1.0
    named = sum(1.0 for word in content if word in output.names or any(alike(word, other) for other in output.names))
    known = sum(1.0 for word in content if any(alike(word, other) for other in output.words))
    share = (1.6 * named + 0.6 * max(0.0, known - named)) / len(content)
    return share if share >= 0.4 else 0.0  # noqa: PLR2004


def _words_fit(mention: Mention, field: Input) -> float:
    hints = field.own
    return 0.8 if any(any(alike(word, other) for other in hints) for word in mention.words) else 0.0


def _room(field: Input, filling: Filling, mention: Mention) -> float:
    """Score the room for a link: most in a field that is still empty, or whose words are the mention itself."""
    span = filling.spans.get(field.name)
    if span is not None and span[0] < mention.end and mention.start < span[1]:
        return 1.5
    if field.name in filling.missing:
        return 1.5
    if field.name in filling.values and field.name not in filling.assumed:
        return -3.0 if filling.scores[field.name] >= _FIRM else 0.5
    if field.name in filling.assumed:
        return 0.3
    running = "text" in roles_of(field)
    return (0.6 if running else -0.4) if not field.required else 0.5


def _together(field: Input, filling: Filling, mention: Mention, sources: Sequence[Source]) -> _Match | None:
    links: list[Link] = []
    for source in sources:
        options = [output for output in outputs_of(source.tool) if suits(output, field)]
        best = max(
            options,
            key=lambda output: (kinship(output, field) + bool(output.path) * 0.1, -len(output.path)),
            default=None,
        )
        if best is not None:
            links.append(Link(source.label, best.path))
    room = _room(field, filling, mention)
    return _Match(2.0 + room, field, tuple(links)) if len(links) > 1 and room > 0 else None


def _needed(field: Input, sources: Sequence[Source]) -> Link | None:
    options = [
        (kinship(output, field) - 0.2 * age - (0.0 if output.sure else 0.5), -age, Link(source.label, output.path))
        for age, source in enumerate(reversed(sources))
        for output in outputs_of(source.tool)
        if suits(output, field)
    ]
    score, _, best = max(options, key=lambda option: option[:2], default=(0.0, 0, None))
    return best if score >= 1.0 else None


def dangling(reading: Reading, filling: Filling) -> list[str]:
    """Return the inputs whose value is only a word that points back ("it", "the result") and so says nothing."""
    back = [mention for mention in mentions(reading) if mention.pronoun]
    return [
        name
        for name, (start, end) in filling.spans.items()
        if name not in filling.assumed and any(mention.start <= start and end <= mention.end for mention in back)
    ]


def referring_spans(reading: Reading, sources: Sequence[Source]) -> list[tuple[int, int]]:
    """Return the places of a clause that name an earlier step's output: they say nothing about its own act."""
    found: list[tuple[int, int]] = []
    for mention in mentions(reading):
        told = max((_told(mention, output) for source in sources for output in outputs_of(source.tool)), default=0.0)
        if mention.words and told >= 1.0:
            found.append((mention.start, mention.end))
    return found
