"""Fill the inputs of one tool from one sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from dataclasses import replace as changed

from packetflow._core.search import stem, stems
from packetflow.planners.rules.candidates import Offer, cut_phrase, offers, value_at
from packetflow.planners.rules.compound import fill_array, fill_object
from packetflow.planners.rules.fit import Surroundings, fit_phrase
from packetflow.planners.rules.flags import default_of, fill_boolean, fill_choice
from packetflow.planners.rules.freetext import fill_text
from packetflow.planners.rules.reading import Reading
from packetflow.planners.rules.roles import roles_of
from packetflow.planners.rules.tool import JSON, Input, Tool, inputs_of

_REQUIRED = 0.4
_REQUIRED_TEXT = -0.4
_OPTIONAL_NUMBER = 3.2
_OPTIONAL_TEXT = 3.6
_CHOICE = 3.0
_WORST = -1.8
_RECLAIM = 3.0
_ALIGNED = 6.0
_PERSONS = frozenset(stem(word) for word in "user member person author owner account".split())
_FOR = frozenset({"as", "for", "by", "with", "behalf", "of", "@", ":", "="})
_QUOTES = frozenset("'\"‘“`#")
_STRICT = frozenset({"date", "email", "url", "path", "currency", "time"})


@dataclass
class Filling:
    """The values found for a tool's inputs.

    `scores` tells how well each fits, `spans` which places of the sentence were used up, `missing` names the required
    inputs without a value and `assumed` those filled by a default or a hint. `offers` and `rivals` keep, for scalar
    inputs, the chosen value and the others that no input took.
    """

    values: dict[str, JSON] = field(default_factory=dict[str, JSON])
    scores: dict[str, float] = field(default_factory=dict[str, float])
    spans: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    missing: list[str] = field(default_factory=list[str])
    assumed: set[str] = field(default_factory=set[str])
    offers: dict[str, Offer] = field(default_factory=dict[str, Offer])
    rivals: dict[str, list[Offer]] = field(default_factory=dict[str, list[Offer]])

    def drop(self, name: str) -> None:
        """Forget the value of one input."""
        for table in (self.values, self.scores, self.spans, self.offers, self.rivals):
            table.pop(name, None)

    def without(self, names: Iterable[str]) -> Filling:
        """Return a copy without the values of some inputs."""
        copy = Filling(
            dict(self.values),
            dict(self.scores),
            dict(self.spans),
            list(self.missing),
            set(self.assumed),
            dict(self.offers),
            dict(self.rivals),
        )
        for name in names:
            copy.drop(name)
        return copy

    def put(self, name: str, value: JSON, score: float, span: tuple[int, int] | None = None) -> None:
        """Keep the value of one input."""
        self.values[name] = value
        self.scores[name] = score
        if span:
            self.spans[name] = span


def subject_of(tool: Tool) -> frozenset[str]:
    """Return the stems of a tool's id and intent."""
    return frozenset((*stems(tool.id), *stems(tool.intent)))


def fill(tool: Tool, reading: Reading, hints: Mapping[str, JSON] | None = None) -> Filling:
    """Return the values that the sentence states for the inputs of `tool`.

    Optional inputs stay out unless stated. A required input that is not stated takes, in this order, the hint of its
    name, its default, or for yes-or-no fields "no"; else it is missing.
    """
    fields = inputs_of(tool.input_schema)
    choices = frozenset(word for item in fields for choice in item.choices for word in stems(str(choice)))
    measures = any(item.required and item.kind in {"integer", "number"} for item in fields)
    around = Surroundings(subject_of(tool), tuple((item.name, item.own) for item in fields), choices, measures)
    filling = fill_fields(fields, reading, around, frozenset(hints or ()))
    for item in fields:
        if _is_bare_person(item, reading, filling):
            filling.drop(item.name)
    for item in fields:
        if item.name in filling.values:
            continue
        if hints and item.name in hints and item.required:
            filling.put(item.name, hints[item.name], 1.0)
            filling.assumed.add(item.name)
        elif item.required:
            value = default_of(item)
            if value is None and item.kind == "boolean":
                value = False
            if value is None:
                filling.missing.append(item.name)
            else:
                filling.put(item.name, value, 0.5)
                filling.assumed.add(item.name)
    order = {item.name: item.order for item in fields}
    filling.values = dict(sorted(filling.values.items(), key=lambda pair: order[pair[0]]))
    return filling


def _is_bare_person(item: Input, reading: Reading, filling: Filling) -> bool:
    """Say whether an optional identity of a person was read from a name that nothing marks as one ("as", "user")."""
    span = filling.spans.get(item.name)
    if item.required or span is None or item.kind != "string" or not _PERSONS & set(item.names):
        return False
    first = reading.index_at(span[0])
    while first > 0 and reading.tokens[first - 1].text in _QUOTES:
        first -= 1
    before = reading.tokens[first - 1] if first else None
    return before is None or not (before.low in _FOR or before.stem in (*item.names, *_PERSONS))


def fill_aligned(
    tool: Tool,
    reading: Reading,
    filling: Filling,
    places: Mapping[str, tuple[int, int]],
    whole: str,
    hints: Mapping[str, JSON],
) -> Filling:
    """Return the values of a request that is laid on an example: those at `places`, the request itself for `whole`.

    An empty place ("this room") takes the hint of its name. What was read elsewhere in the same words is dropped.
    """
    fields = inputs_of(tool.input_schema)
    clear = [name for name in filling.spans if name not in filling.assumed and name not in places]
    kept = filling.without([*places, *clear, *([whole] if whole else [])])
    for item in fields:
        if item.name == whole:
            kept.put(item.name, reading.text, _ALIGNED, (0, len(reading.text)))
        elif item.name in places and places[item.name][0] < places[item.name][1]:
            start, end = places[item.name]
            kept.put(item.name, value_at(item, reading, start, end), _ALIGNED, (start, end))
        elif item.name in hints and item.required and item.name not in kept.values:
            kept.put(item.name, hints[item.name], 1.0)
            kept.assumed.add(item.name)
    kept.missing = [item.name for item in fields if item.required and item.name not in kept.values]
    kept.assumed -= {name for name in places if name in kept.spans}
    kept.rivals, kept.offers = {}, {}
    return kept


def fill_fields(
    fields: tuple[Input, ...],
    reading: Reading,
    around: Surroundings,
    hinted: frozenset[str] = frozenset(),
) -> Filling:
    """Fill fields from what the sentence states; a `hinted` one only from what clearly means it."""
    filling = Filling()
    scalars: list[Input] = []
    for item in fields:
        if item.kind == "boolean":
            answer = fill_boolean(item, reading, around.tool)
            if answer is not None:
                filling.put(item.name, answer, 3.0)
        elif item.choices and item.kind != "array":
            choice, score = fill_choice(item, reading)
            if score >= (_CHOICE if not item.required else 2.0):
                filling.put(item.name, choice, score)
        elif item.kind in {"array", "object"}:
            continue
        else:
            scalars.append(item)
    _compounds(fields, reading, around, filling, early=True)
    _assign(scalars, reading, around, filling, hinted)
    _compounds(fields, reading, around, filling, early=False)
    for item in scalars:
        _free_text(item, reading, around, filling)
    return filling


def _compounds(
    fields: tuple[Input, ...], reading: Reading, around: Surroundings, filling: Filling, *, early: bool
) -> None:
    """Fill lists and objects: those that the sentence writes out before the scalars, the others from what is left."""
    for item in fields:
        if item.name in filling.values:
            continue
        if item.kind == "array":
            offer = fill_array(item, reading, around, list(filling.spans.values()), early=early)
        elif item.kind == "object" and not early:
            offer = _inner(item, reading, around) if item.inner else fill_object(item, reading)
        else:
            continue
        if offer is not None:
            filling.put(item.name, offer.value, offer.score, (offer.start, offer.end))


def _inner(item: Input, reading: Reading, around: Surroundings) -> Offer | None:
    inside = fill_fields(item.inner, reading, around)
    if not inside.values or any(part.required and part.name not in inside.values for part in item.inner):
        return None
    if not item.required and max(inside.scores.values()) < _OPTIONAL_TEXT:
        return None
    start = min((span[0] for span in inside.spans.values()), default=0)
    return Offer(item, inside.values, start, start, sum(inside.scores.values()) / len(inside.scores))


def _assign(
    fields: list[Input],
    reading: Reading,
    around: Surroundings,
    filling: Filling,
    hinted: frozenset[str],
) -> None:
    every = [offer for item in fields for offer in offers(item, reading, around)]
    every = [changed(offer, score=offer.score + (0.5 if offer.field.required else 0.0)) for offer in every]
    every.sort(key=lambda offer: (-round(offer.score, 1), offer.field.order, offer.start, offer.end))
    chosen: dict[str, Offer] = {}
    for offer in every:
        if offer.field.name in chosen or offer.score < _threshold(offer.field, hinted):
            continue
        if any(offer.start < end and start < offer.end for start, end in filling.spans.values()):
            continue
        if any(offer.start < other.end and other.start < offer.end for other in chosen.values()):
            continue
        chosen[offer.field.name] = offer
    _order_twins(chosen, every)
    for name, offer in chosen.items():
        filling.put(name, offer.value, offer.score, (offer.start, offer.end))
        filling.offers[name] = offer
    _reclaim(fields, every, filling)
    unhinted = [item for item in fields if item.name not in hinted]
    _leftovers(unhinted, reading, around, filling)
    _last_resort(unhinted, reading, around, filling)
    spans = list(filling.spans.values())
    for name in filling.offers:
        filling.rivals[name] = [o for o in every if o.field.name == name and not _covered(o, spans)]


def _reclaim(fields: list[Input], every: list[Offer], filling: Filling) -> None:
    """Give a required field without a value what an optional one took, when it fits the required one nearly as well."""
    optional = {item.name for item in fields if not item.required}
    for item in fields:
        if item.name in filling.values or not item.required:
            continue
        for offer in every:
            if offer.field.name != item.name or offer.score < _threshold(item, frozenset()):
                continue
            takers = [name for name, span in filling.spans.items() if offer.start < span[1] and span[0] < offer.end]
            near = all(filling.scores[name] - offer.score <= _RECLAIM for name in takers)
            if takers and near and set(takers) <= optional:
                for name in takers:
                    filling.drop(name)
                filling.put(item.name, offer.value, offer.score, (offer.start, offer.end))
                filling.offers[item.name] = offer
                break


def _leftovers(fields: list[Input], reading: Reading, around: Surroundings, filling: Filling) -> None:
    """Give a required text field without a value what other fields left of a noun group."""
    for item in fields:
        if (
            item.name in filling.values
            or not item.required
            or item.kind not in {"string", "any"}
            or roles_of(item) & _STRICT
        ):
            continue
        for phrase in reading.phrases:
            free = [i for i in range(phrase.first, phrase.last + 1) if not _used(reading, i, filling)]
            if (
                phrase.kind != "group"
                or not free
                or len(free) == phrase.last - phrase.first + 1
                or free[-1] != phrase.last
            ):
                continue
            rest = cut_phrase(phrase, free[0], free[-1], reading)
            if free == list(range(free[0], free[-1] + 1)) and fit_phrase(rest, item, reading, around) > _REQUIRED_TEXT:
                filling.put(item.name, rest.text, 1.0, (rest.start, rest.end))
                break


def _last_resort(fields: list[Input], reading: Reading, around: Surroundings, filling: Filling) -> None:
    """Give a required field without a value the least bad of what no field took."""
    for item in fields:
        if (
            item.name in filling.values
            or not item.required
            or (roles_of(item) & _STRICT and item.kind in {"string", "any"})
        ):
            continue
        left = [
            o
            for o in offers(item, reading, around)
            if not _covered(o, list(filling.spans.values())) and o.score > _WORST
        ]
        if roles_of(item) & {"id", "place"}:
            left = [o for o in left if not isinstance(o.value, str) or not o.value[:1].islower()]
        best = max(left, key=lambda offer: (offer.score, -offer.start), default=None)
        if best is not None:
            filling.put(item.name, best.value, 0.0, (best.start, best.end))


def _used(reading: Reading, index: int, filling: Filling) -> bool:
    token = reading.tokens[index]
    return any(token.start < end and start < token.end for start, end in filling.spans.values())


def _covered(offer: Offer, spans: list[tuple[int, int]]) -> bool:
    return any(offer.start < end and start < offer.end for start, end in spans)


def _threshold(item: Input, hinted: frozenset[str]) -> float:
    if item.name in hinted:
        return _OPTIONAL_NUMBER
    if item.kind in {"integer", "number"}:
        return _REQUIRED if item.required else _OPTIONAL_NUMBER
    return _REQUIRED_TEXT if item.required else _OPTIONAL_TEXT


def _order_twins(chosen: dict[str, Offer], every: list[Offer]) -> None:
    """Fields that differ only by a number or a side ("team1", "team2") take their values in the order of the text."""
    names = list(chosen)
    for i, one in enumerate(names):
        for two in names[i + 1 :]:
            a, b = chosen[one], chosen[two]
            if not _twins(a.field, b.field) or (a.start < b.start) == (a.field.order < b.field.order):
                continue
            new_a = next((o for o in every if o.field.name == one and (o.start, o.end) == (b.start, b.end)), None)
            new_b = next((o for o in every if o.field.name == two and (o.start, o.end) == (a.start, a.end)), None)
            if new_a and new_b and new_a.score + new_b.score > a.score + b.score - 1.5:
                chosen[one], chosen[two] = new_a, new_b


def _twins(one: Input, two: Input) -> bool:
    return (
        one.kind == two.kind
        and one.name.rstrip("0123456789AaBb_") == two.name.rstrip("0123456789AaBb_")
        and one.name[-1] != two.name[-1]
    )


def _free_text(item: Input, reading: Reading, around: Surroundings, filling: Filling) -> None:
    roles = roles_of(item)
    if item.kind not in {"string", "any"} or "text" not in roles:
        return
    spans = [span for name, span in filling.spans.items() if name != item.name]
    offer = fill_text(item, reading, around, spans)
    if offer is None:
        return
    span = filling.spans.get(item.name)
    wider = span is not None and offer.start <= span[0] and span[1] <= offer.end
    if wider or offer.score > filling.scores.get(item.name, -1.0):
        filling.put(item.name, offer.value, offer.score, (offer.start, offer.end))
