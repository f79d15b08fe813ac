"""Closed classes of English words: what joins, asks and counts, never what a request is about."""

from __future__ import annotations

from packetflow._core.search import stem

PREPOSITIONS = frozenset(
    """about above across after against along among around at before behind below between beyond by down during for
    from in inside into near of off on onto out outside over past per regarding since than through throughout till to
    toward towards under until up upon using via with within without versus vs as like
    including excluding containing concerning involving featuring called named titled labelled labeled known located
    made based related born associated accounting according specializing asking saying""".split(),
)
DETERMINERS = frozenset(
    """a an the this that these those my your his her its our their some any each every both all another other such
    either neither""".split(),
)
PRONOUNS = frozenset("i you he she it we they me him them us myself yourself itself there here".split())
AUXILIARIES = frozenset(
    """am is are was were be been being do does did done have has had having will would shall should can could may might
    must ought let lets""".split(),
)
QUESTIONS = frozenset("what which who whom whose when where why how".split())
CONJUNCTIONS = frozenset("and or but nor so if because while although unless though whether then plus".split())
FILLERS = frozenset(
    """please kindly also just not no only very really too quite about approximately exactly now currently given
    assuming assume based considering respectively e.g i.e etc instead however again today's""".split(),
)
REQUESTS = frozenset(
    """find get give show tell calculate compute determine estimate search look want need like know help provide fetch
    retrieve list check identify locate generate create make tell obtain evaluate analyze analyse predict return display
    book order buy purchase send post add update delete remove compare convert translate play recommend suggest
    summarize summarise explain describe write read call use run execute set start stop open close plan draft schedule
    cancel sort filter count measure solve simulate design build compose draw plot mix verify track record store save
    upload download share invite say roll mail email message notify remind forecast""".split(),
)
# Acts so general that they tell nothing of the subject; other verbs ("post", "translate") do.
GENERAL_ACTS = frozenset(
    stem(word)
    for word in """find get give show tell fetch retrieve search look locate obtain provide return display list know
    identify check see calculate compute determine estimate evaluate work figure solve create make generate build
    produce want need help use run like please call perform do execute""".split()
)
# Verbs that take away or undo: they never mean a tool that does something else.
UNDOING = frozenset(
    """delete remove erase drop clear discard destroy wipe purge leave quit exit kick ban block mute unsubscribe cancel
    revoke undo close archive hide forget ignore disable uninstall reset kill terminate abort unsend retract""".split(),
)
BREAKS = PREPOSITIONS | DETERMINERS | PRONOUNS | AUXILIARIES | QUESTIONS | CONJUNCTIONS | FILLERS

# Verbs that say nothing about the subject; one class a line, members mean the same for choosing a tool.
VERB_CLASSES = (
    """find get give show tell fetch retrieve search look locate obtain provide return display list know identify
    check see""",
    "calculate compute determine estimate evaluate work figure solve",
    "create make generate build produce compose design write draft add new",
    "delete remove erase drop clear discard",
    "send post publish submit deliver mail email message forward notify say",
    "update change modify edit set rename adjust",
    "buy purchase order book reserve",
    "convert translate transform turn exchange",
    "summarize summarise summary digest condense recap",
    "analyze analyse analysis examine inspect assess",
    "predict forecast project anticipate",
    "schedule plan arrange remind",
    "play listen hear",
    "recommend suggest advise propose",
)
SYNONYMS = (
    "cost price fee charge fare",
    "begin start initial first starting origin source",
    "end finish final last ending destination target",
    "movie film",
    "picture image photo",
    "kind type category sort",
    "highest top best maximum max most upper",
    "lowest bottom worst minimum min least cheapest lower",
    "nearby near nearest closest close local around",
    "latest newest recent current",
    "quick fast quickest fastest",
    "job occupation work employment",
    "person people human individual",
    "weight mass",
    "speed velocity",
    "company firm business corporation organization",
    "woman women female",
    "man men male",
    "abbreviated short brief",
    "big large huge",
    "small little tiny",
    "history historical past",
    "legal law",
    "temperature temp",
    "number count amount quantity num total",
    "conversation chat discussion",
    "capital invested principal",
    "rate percentage percent",
    "year annual yearly annually",
    "month monthly",
    "week weekly",
    "day daily",
    "everyone everybody",
)


def _class_of(groups: tuple[str, ...]) -> dict[str, str]:
    table: dict[str, str] = {}
    for group in groups:
        members = [stem(word) for word in group.split()]
        for member in members:
            table.setdefault(member, members[0])
    return table


VERB_CLASS = _class_of(VERB_CLASSES)
SYNONYM = _class_of(SYNONYMS)


def concept(word_stem: str) -> str:
    """Return the first member of the synonym class of a stem, or the stem itself."""
    return SYNONYM.get(word_stem, word_stem)


def alike(one: str, other: str) -> bool:
    """Say whether two stems mean the same: equal, of one synonym class, or sharing a long common beginning."""
    if one == other or concept(one) == concept(other):
        return True
    if min(len(one), len(other)) < 5:  # noqa: PLR2004 - shorter beginnings coincide by chance
        return False
    shared = min(len(one), len(other), 6)
    return one[:shared] == other[:shared]


def near(word_stem: str, others: frozenset[str] | set[str] | tuple[str, ...]) -> bool:
    """Say whether a stem means the same as one of `others`."""
    return word_stem in others or any(alike(word_stem, other) for other in others)
