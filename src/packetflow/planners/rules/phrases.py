"""Cut a sentence into tokens and into the phrases that can be values: names, places, noun groups, quotes, codes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from packetflow._core.search import stem
from packetflow.planners.rules.lexicon import BREAKS, DETERMINERS, REQUESTS

_TOKEN = re.compile(
    r"(?P<url>https?://[^\s'\"<>]+[\w/]|www\.[\w.-]+\.\w+\S*[\w/])"
    r"|(?P<email>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<path>(?<!\w)(?:~|\.{0,2})/[\w.-]+(?:/[\w.-]+)*)"
    r"|(?P<abbr>(?:[A-Za-z]\.){2,}|\b(?:Inc|Ltd|Corp|Co|Bros|St|Mr|Mrs|Ms|Dr|Jr|Sr|Mt|vs)\.)"
    r"|(?P<word>[^\W_][\w]*(?:[&'’/+.-](?=\w)[\w]+)*[#+]*)"
    r"|(?P<mark>[^\w\s])",
)
_QUOTE = re.compile(
    r"(?<![\w])'(?P<single>[^'\n]{1,400}?(?:'(?=[a-z])[^'\n]*?)*)'(?!\w)"
    r"|\"(?P<double>[^\"\n]{1,400})\"|“(?P<curly>[^”\n]{1,400})”|`(?P<tick>[^`\n]{1,200})`|‘(?P<typo>[^’\n]{1,200})’",
)
_FORMULA = re.compile(
    r"(?:\b(?:[yfgh]\s*(?:\(\w\))?\s*=\s*)?)"
    r"(?P<body>[-+]?\s?(?:\d+(?:\.\d+)?\s*\*?\s*)?(?:(?:sin|cos|tan|exp|log|ln|sqrt)\([^()]*\)|[a-z](?![a-z]))(?:\s?(?:\^|\*\*)\s?\d+)?"
    r"(?:\s?[-+*/]\s?(?:\d+(?:\.\d+)?\s*\*?\s*)?(?:(?:sin|cos|tan|exp|log|ln|sqrt)\([^()]*\)|[a-z](?![a-z])|\d+(?:\.\d+)?)(?:\s?(?:\^|\*\*)\s?\d+)?)*)",
)
_JOINERS = frozenset({"of", "the", "de", "la", "del", "and", "&", "von", "van", "for"})

PhraseKind: TypeAlias = Literal["quote", "name", "group", "email", "url", "path", "code", "formula"]


@dataclass(frozen=True)
class Token:
    """One word or mark with its place."""

    start: int
    end: int
    text: str
    sort: str

    @property
    def low(self) -> str:
        """Return the token in lower case."""
        return self.text.lower().replace("’", "'")

    @property
    def stem(self) -> str:
        """Return the stem of the token without a possessive ending."""
        return stem(self.low.removesuffix("'s"))

    @property
    def capital(self) -> bool:
        """Say whether the token starts with an upper-case letter."""
        return self.text[0].isupper()

    @property
    def breaks(self) -> bool:
        """Say whether the token ends a phrase: a mark, or a word of a closed class."""
        return self.sort == "mark" or (self.low in BREAKS and not (len(self.text) > 1 and self.text.isupper()))


@dataclass(frozen=True)
class Phrase:
    """A stretch of the sentence that can be the value of a text field.

    `cue` is the preposition before it ("from"), `listed` numbers the conjunction it belongs to, 0 for none.
    """

    start: int
    end: int
    text: str
    kind: PhraseKind
    words: tuple[str, ...]
    cue: str = ""
    listed: int = 0
    first: int = 0
    last: int = 0
    possessive: bool = False

    @property
    def capital(self) -> bool:
        """Say whether the phrase starts as a name does."""
        return bool(self.text) and (self.text[0].isupper() or self.text[0].isdigit())


@dataclass
class Cut:
    """The tokens and phrases of one sentence, both in order of place."""

    tokens: list[Token]
    phrases: list[Phrase] = field(default_factory=list["Phrase"])


def tokens_of(text: str) -> list[Token]:
    """Return words, numbers and marks of `text` with their places; white space is dropped."""
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        sort = match.lastgroup or "mark"
        raw = match.group()
        if sort == "word" and raw.lower().endswith(("'s", "’s")) and len(raw) > 2:  # noqa: PLR2004
            found.append(Token(match.start(), match.end() - 2, raw[:-2], "word"))
            found.append(Token(match.end() - 2, match.end(), raw[-2:], "mark"))
            continue
        found.append(Token(match.start(), match.end(), raw, sort))
    return found


def find_quotes(text: str) -> list[tuple[int, int, str]]:
    """Return start, end (marks included) and inside of every quoted stretch."""
    return [
        (m.start(), m.end(), next(group for group in m.groups() if group is not None)) for m in _QUOTE.finditer(text)
    ]


def find_formulas(text: str) -> list[tuple[int, int, str]]:
    """Return start, end and body of every formula in one variable, without a leading "y =" or "f(x) ="."""
    found: list[tuple[int, int, str]] = []
    for match in _FORMULA.finditer(text):
        body = match.group("body").strip()
        variable = re.search(r"[a-z]", body)
        if variable and (re.search(r"[\^*+/]|\d[a-z]|\w -|- ?\w|\(", body)) and re.search(r"\d|\(", body):
            before = text[match.start() - 1 : match.start()] if match.start() else ""
            after = text[match.end() : match.end() + 1]
            if not (before.isalnum() or after.isalnum() or after in {"'", "’", "/"}):
                found.append((match.start(), match.end(), body))
    return found


def cut(text: str, taken: list[tuple[int, int]], formulas: list[tuple[int, int, str]]) -> Cut:
    """Cut `text` into phrases; spans in `taken` (dates, numbers with units, lists) belong to no phrase."""
    quotes = find_quotes(text)
    formulas = [item for item in formulas if not _inside(item[0], item[1], quotes)]
    tokens = tokens_of(text)
    result = Cut(tokens)
    covered = taken + [(start, end) for start, end, _ in (*quotes, *formulas)]
    for start, end, inside in quotes:
        result.phrases.append(_special(tokens, start, end, inside, _quoted_kind(inside)))
    for start, end, body in formulas:
        result.phrases.append(_special(tokens, start, end, body, "formula"))
    run: list[int] = []
    for index, token in enumerate(tokens):
        free = not any(token.start < end and start < token.end for start, end in covered)
        if token.sort in {"email", "url", "path"} and free:
            result.phrases.append(_special(tokens, token.start, token.end, token.text, _sort(token)))
        keeps = free and token.sort in {"word", "abbr"} and (not token.breaks or _joins(tokens, index, run))
        keeps = keeps or (free and not run and _article(tokens, index))
        keeps = keeps and not (run and tokens[run[-1]].capital and _verb_form(token))
        if keeps and not (not run and token.low in REQUESTS and _imperative(tokens, index)):
            run.append(index)
            continue
        _flush(tokens, run, result)
        run = []
    _flush(tokens, run, result)
    result.phrases.sort(key=lambda phrase: (phrase.start, -phrase.end))
    return result


def _quoted_kind(inside: str) -> PhraseKind:
    match = _TOKEN.fullmatch(inside)
    sort = match.lastgroup if match else None
    return "email" if sort == "email" else "url" if sort == "url" else "path" if sort == "path" else "quote"


def _sort(token: Token) -> PhraseKind:
    if token.sort == "email":
        return "email"
    return "url" if token.sort == "url" else "path"


def _verb_form(token: Token) -> bool:
    """After a name a word in -ed or -ing goes on with the sentence: "Ann scored", "from Rome driving to Pisa"."""
    return token.text.islower() and token.low.endswith(("ed", "ing"))


def _article(tokens: list[Token], index: int) -> bool:
    """Say whether a capital article inside a sentence begins a name: "at The British Library"."""
    inside = 0 < index < len(tokens) - 1 and tokens[index - 1].text not in {".", "?", "!", ":"}
    return inside and tokens[index].text == "The" and tokens[index + 1].capital


def _imperative(tokens: list[Token], index: int) -> bool:
    if tokens[index].capital and index and tokens[index - 1].sort != "mark":
        return False
    return index == 0 or tokens[index - 1].sort == "mark" or tokens[index - 1].low in BREAKS - DETERMINERS


def _joins(tokens: list[Token], index: int, run: list[int]) -> bool:
    """Say whether a small word between capitalised ones belongs to the name: "Lord of the Rings"."""
    if not run or tokens[index].low not in _JOINERS - {"and", "for"} or not tokens[run[0]].capital:
        return False
    ahead = index + 1
    while ahead < len(tokens) and tokens[ahead].low in {"the", "la"}:
        ahead += 1
    return ahead < len(tokens) and tokens[ahead].capital and tokens[ahead].sort == "word" and tokens[run[-1]].capital


def _inside(start: int, end: int, spans: list[tuple[int, int, str]]) -> bool:
    return any(start < other_end and other_start < end for other_start, other_end, _ in spans)


def _special(tokens: list[Token], start: int, end: int, text: str, kind: PhraseKind) -> Phrase:
    inside = [index for index, token in enumerate(tokens) if token.start < end and start < token.end]
    first, last = (inside[0], inside[-1]) if inside else (0, 0)
    words = tuple(tokens[index].stem for index in inside if tokens[index].sort == "word")
    return Phrase(start, end, text, kind, words, _cue(tokens, first), first=first, last=last)


def _cue(tokens: list[Token], first: int) -> str:
    """Return the preposition or conjunction that leads to the phrase, looking over articles."""
    index = first - 1
    while index >= 0 and (tokens[index].low in DETERMINERS or tokens[index].text in {"'", '"', ":"}):
        index -= 1
    return tokens[index].low if index >= 0 and (tokens[index].low in BREAKS or tokens[index].text == ",") else ""


def _flush(tokens: list[Token], run: list[int], result: Cut) -> None:
    while run and tokens[run[-1]].low in _JOINERS:
        run.pop()
    if not run:
        return
    result.phrases.append(_phrase(tokens, run, "group"))
    for part in _names(tokens, run):
        if len(part) < len(run):
            result.phrases.append(_phrase(tokens, part, "name"))


def _names(tokens: list[Token], run: list[int]) -> list[list[int]]:
    """Return the stretches of capitalised words, numbers and codes inside a run, and the rest between them."""
    parts: list[list[int]] = []
    last_kind = None
    for index in run:
        token = tokens[index]
        if _mixed(token):
            parts.append([index])
            last_kind = None
            continue
        proper = token.capital and index > 0
        kind = proper or any(char.isdigit() for char in token.text) or (last_kind is True and token.low in _JOINERS)
        if not parts or kind != last_kind:
            parts.append([])
        parts[-1].append(index)
        last_kind = kind
    return parts


def _mixed(token: Token) -> bool:
    """Say whether a token is a code of letters and digits, which stands alone even after a name."""
    return any(char.isdigit() for char in token.text) and any(char.isalpha() for char in token.text)


def _phrase(tokens: list[Token], run: list[int], kind: PhraseKind) -> Phrase:
    start, end = tokens[run[0]].start, tokens[run[-1]].end
    text = " ".join(tokens[index].text for index in run)
    proper = all(
        tokens[index].capital or tokens[index].low in _JOINERS or tokens[index].text[0].isdigit() for index in run
    )
    tagged = run[0] > 0 and tokens[run[0] - 1].text == "#" and tokens[run[0] - 1].end == start
    code = len(run) == 1 and (tagged or any(char.isdigit() for char in text))
    chosen: PhraseKind = "code" if code else ("name" if proper and (run[0] > 0 or len(run) > 1) else "group")
    if kind == "name" and chosen == "group" and len(run) == 1 and tokens[run[0]].capital and run[0] > 0:
        chosen = "name"
    after = tokens[run[-1] + 1].text if run[-1] + 1 < len(tokens) else ""
    return Phrase(
        start,
        end,
        text,
        chosen,
        tuple(tokens[index].stem for index in run),
        _cue(tokens, run[0]),
        first=run[0],
        last=run[-1],
        possessive=after.lower() in {"'s", "’s"},
    )
