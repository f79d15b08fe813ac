"""Words and phrases that moderation looks for, as regular expressions over normalised text.

They are few on purpose: whole words and phrases whose meaning hardly depends on context. What does depend on it goes
to review and is never blocked. The text is in lower case, without accents and disguises.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Category = Literal[
    "threat", "self_harm", "harassment", "hate", "sexual", "profanity", "spam", "phishing", "personal_data", "secret"
]


@dataclass(frozen=True, slots=True)
class Term:
    """What one pattern stands for: its severity, 0 to 1, and how sure a match is."""

    category: Category
    severity: float
    confidence: float
    pattern: re.Pattern[str]


def _term(category: Category, severity: float, confidence: float, pattern: str) -> Term:
    return Term(category, severity, confidence, re.compile(rf"(?<!\w)(?:{pattern})(?!\w)"))


_WILL = (
    r"(?:(?:i|we)(?:'ll| will|'m going to|'re going to| am going to| are going to|'m gonna| am gonna| gonna| want to))"
)
_HARM = r"(?:kill|murder|stab|shoot|strangle|rape|hurt|beat(?: up)?|destroy|hunt|slit|smash|burn|bury)"
_YOU = r"(?:you|u|ya|your (?:family|kids|children|wife|husband|mother|face|throat|house)|him|her)"
_HARMLESS = r"(?! (?:at|to|in|by|an?|the|some|over|down)(?! (?:death|pieces|pulp|throat|head|face|back|night|sleep)))"
_VERY = r"(?:(?:all|such|a|an|the|so|really|just|fucking|damn|complete|total|absolute|little|fat|ugly|bunch of) )*"
_NAME = r"(?:idiot|moron|imbecile|dumbass|loser|scum|creep|asshole|bastard|bitch|cunt|dickhead|jerk|piece of shit)s?"
_QUALITY = r"(?:stupid|dumb|worthless|pathetic|trash|garbage|disgusting|useless|waste of (?:space|air|oxygen))"
_GROUP = (
    r"(?:jews|muslims|christians|hindus|blacks|black people|whites|white people|asians|arabs|mexicans|gays|gay people"
    r"|lesbians|trans people|immigrants|refugees|women|gypsies|foreigners|disabled people)"
)
_MINOR = r"(?:child|children|kid|kids|minor|minors|underage|preteen|toddler|toddlers)"
_PLACE = r"(?:school|office|building|church|mosque|synagogue|airport|hospital)"
_DIE = r"(?:kill myself|end my life|end it all|hurt myself|cut myself)"
_DYING = r"(?:killing myself|ending my life|ending it all|hurting myself|cutting myself|suicide)"

TERMS = (
    _term("threat", 0.95, 0.9, rf"{_WILL} (?:just |fucking |really )?(?:find you and )?{_HARM} {_YOU}{_HARMLESS}"),
    _term("threat", 0.9, 0.85, r"you(?:'re| are) (?:so |fucking )?dead(?: meat)?(?! (?:right|wrong|on|tired|set))"),
    _term(
        "threat", 0.9, 0.85, r"you(?:'ll| will) (?:die|pay for this|regret this)|watch your back|i(?:'ll| will) end you"
    ),
    _term("threat", 0.85, 0.8, r"i know where you (?:live|work|sleep)|i(?:'m| am) coming for you"),
    _term("threat", 0.95, 0.9, rf"{_WILL} (?:bomb|blow up|shoot up|burn down) (?:the|this|that|your|a|my) {_PLACE}"),
    _term(
        "self_harm",
        0.6,
        0.85,
        rf"i(?:'m| am)? (?:want to|wanna|plan to|going to|will|need to|might) {_DIE}|i'll {_DIE}",
    ),
    _term("self_harm", 0.6, 0.85, rf"(?:think(?:ing)? (?:about|of)|thoughts of|tried|considering) {_DYING}"),
    _term(
        "self_harm", 0.6, 0.85, r"i (?:just )?(?:want to|wanna) die|i(?:'m| am| feel)(?: so| very| really)? suicidal"
    ),
    _term("self_harm", 0.6, 0.85, r"(?:don't|dont|do not) want to (?:live|be alive)(?: any ?more)?|no reason to live"),
    _term("self_harm", 0.6, 0.8, r"better off (?:dead|without me)|suicidal thoughts|commit suicide"),
    _term("harassment", 0.95, 0.95, r"(?:go )?kill yourself|kys|go (?:and )?die|drink bleach|hang yourself"),
    _term(
        "harassment",
        0.95,
        0.9,
        r"you should (?:die|be dead|kill yourself)|the world (?:is|would be) better without you",
    ),
    _term("harassment", 0.65, 0.8, rf"(?:you(?:'re| are|re)?|u r|ur) {_VERY}{_NAME}"),
    _term("harassment", 0.65, 0.75, rf"(?:you(?:'re| are|re)|u r|ur) {_VERY}{_QUALITY}"),
    _term("harassment", 0.6, 0.75, r"(?:fuck|screw) (?:you|u|off|yourself)|go to hell|stfu|shut the fuck up"),
    _term("harassment", 0.6, 0.75, r"nobody (?:likes|wants|loves) you|everyone hates you"),
    _term(
        "hate",
        0.95,
        0.95,
        r"niggers?|niggas?|faggots?|fags|kikes?|spics?|wetbacks?|tranny|trannies|ragheads?|towelheads?",
    ),
    _term(
        "hate", 0.6, 0.7, r"retards?|retarded|pakis?|dykes?|chinks?(?! in (?:the|his|her|their|its|our) armou?r)|gooks?"
    ),
    _term(
        "hate",
        0.95,
        0.85,
        rf"{_GROUP} are {_VERY}(?:animals|vermin|subhuman|parasites|scum|cockroaches|filth|inferior)",
    ),
    _term("hate", 0.95, 0.85, rf"(?:kill|exterminate|gas|hang|shoot) (?:all )?(?:the )?{_GROUP}"),
    _term("hate", 0.95, 0.85, rf"(?:i|we) (?:fucking )?hate (?:all )?(?:the )?{_GROUP}"),
    _term(
        "hate", 0.95, 0.85, rf"{_GROUP} (?:should|must) (?:all )?(?:die|be (?:killed|shot|gassed|exterminated|hanged))"
    ),
    _term("hate", 0.9, 0.85, r"heil hitler|sieg heil|white power"),
    _term("sexual", 1.0, 0.95, rf"{_MINOR}(?: \w+)? (?:porn|porno|nudes|naked pics?|erotica)"),
    _term("sexual", 1.0, 0.9, rf"(?:porn|nudes|sex|naked pics?) (?:of|with) (?:\w+ ){{0,2}}{_MINOR}"),
    _term(
        "sexual",
        0.65,
        0.85,
        r"(?:send|show|trade|want) (?:me )?(?:your |some |more )?(?:nudes|nude pics|tits|boobs|naked pics?)",
    ),
    _term("sexual", 0.65, 0.85, r"dick pics?|suck my (?:dick|cock)|blowjobs?|handjobs?|cumshots?|gangbang|creampie"),
    _term(
        "sexual",
        0.65,
        0.85,
        r"i(?:'m| am) (?:so )?horny|(?:wanna|want to) fuck (?:you|me|her|him)|have sex with (?:me|you)|sext me",
    ),
    _term(
        "sexual",
        0.5,
        0.8,
        r"porn|pr0n|porno|pornography|pornhub|xxx (?:videos?|pics|site|movies?)|onlyfans|hentai|dildos?|nudes",
    ),
    _term(
        "profanity", 0.2, 0.9, r"fuck(?:s|ed|er|ers|ing)?|motherfuckers?|shit|shitty|bullshit|assholes?|bitch(?:es)?"
    ),
    _term("profanity", 0.2, 0.9, r"bastards?|cunts?|dickheads?|wankers?|goddamn|crap|crappy"),
)
