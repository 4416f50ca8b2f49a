"""Does wording near a value tell its reader to do something?

A fact about wording, not a verdict: a recipe, an install guide and a colleague's request have such wording as well as an injected
command. Each family of signs below is general English (with a few words of other languages) and adds its weight once; a
passage counts as instructing from `THRESHOLD` on. Weights are set by hand: one clear sign is enough, a hint needs company.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

THRESHOLD = 1.0


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_VERBS = _set(
    """
    accept access activate add alter append apply approve archive assign attach authorize ban block book browse bypass buy call cancel
    change check checkout clear click clone close commit complete configure confirm connect contact convert copy create deactivate
    delete deliver deploy deposit destroy disable discard disclose dismiss disregard download drop edit email enable encrypt
    ensure erase execute export extract fetch fill find follow forget forward give go grant hand ignore import include inform
    insert install invite join kill launch leave list load log mail make mark merge message mention modify move navigate notify
    obtain omit open order output overwrite paste pay perform persuade pick place post print proceed provide publish purchase push put
    query quote read recommend redirect refund register reject release remove rename repeat replace reply report
    request reschedule reserve reset respond restart restore retrieve reveal revoke rewrite run save schedule search select
    sell send set share show sign skip spend star start stop store submit subscribe suggest summarize supply switch tell terminate
    transfer translate transmit try turn uninstall unlock update upgrade upload use verify view visit warn wipe wire withdraw write
    """
)
_OBJECT = (
    r"(?:the|an?|all|any|each|every|both|your|my|our|his|her|its|their|this|that|these|those|it|them|me|us|him|to|into|up|out|"
    r"with|from|on|at|in|as|for|no|only|everything|everyone|anything|new|exactly)\b|[\"'`$€£#@/~<\[]|https?:|[\w.+-]+[@/.]\w"
)
_PREVIOUS = r"(?:previous|prior|above|earlier|preceding|other|existing|original|current|all|any|these|those|your|the)"
_ORDERS = r"(?:instructions?|tasks?|prompts?|directions?|rules?|guidelines?|policy|policies|orders?|commands?|requests?|constraints?)"
_READER = r"(?:ai|a\.i\.|assistants?|agents?|(?:language )?models?|llms?|(?:chat)?bots?|copilot|gpt|claude|gemini|llama|automation)"
_ROLE = r"(?:system|user|human|assistant|developer|admin(?:istrator)?|instructions?|important|prompt|task|tool|override|inst|sys)"


_READERS = _set(
    "ai a assistant assistants agent agents model models llm llms bot bots chatbot chatbots copilot gpt claude gemini llama automation whoever anyone any"
)


def _signs(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


_COUNTED = _set("add buy delete deposit donate give order pay refund remove send spend transfer wire withdraw")
"""Verbs that take a bare number; with others one is more often a date or an id."""
_OBJECT_NEXT = re.compile(rf"\s+(?:{_OBJECT})").match
_NUMBER_NEXT = re.compile(r"\s+\d").match
_LEAD = re.compile(
    r"(?:^|[.!?:;>\n\r\])}\"'*#-]|\b(?:please|kindly|then|and|now|first|next|finally|also|instead|just|simply|immediately|or|to you:)"
    r"|\b(?:ai|assistant|agent|bot|model),)\s*(?:\d[.)]\s*)?\Z"
).search
_DETERMINER_NEXT = re.compile(r" (?:the|all|any|every|your|my|our|it|them|this|these)\b").match
_OPENING = re.compile(
    r"(?:^|[.!?>]\s|\n)[\s*\d.)-]*([a-z]{3,14}) (?:the|your|my|our|these|those|this|all|every|an?)\b (?![-+*/=<>])"
).finditer
_ARTICLES = _set("the your my our these those this all every a an")
_OPENERS = _set(
    """
    for from with are was were been has have had does did not when while since after over under both like such what which that this
    than then and but per via into onto about before because all its there here will would can could may might must should only
    even just also where who how why during between within without through upon against along around near until unless although
    though whether return yield raise
    """
)
"""Words that open a sentence before an article and are no verbs; endings tell the rest."""


class Family(NamedTuple):
    """One kind of sign. `words`: at least one of them has to be there, which spares most passages the pattern."""

    name: str
    weight: float
    words: frozenset[str]
    pattern: re.Pattern[str]


FAMILIES: tuple[Family, ...] = (
    Family(
        "obligation",  # the reader must, should, is asked to
        1.0,
        _set(
            "you u please kindly make sure remember forget never always don do essential mandatory imperative required must shall should need has have"
        ),
        _signs(
            rf"\b(?:you|u|{_READER})(?: all| also| now| first| then)? (?:must|shall|should|need to|needs to|have to|has to|ought to|are to|is to|are required|will need|are (?:kindly )?(?:asked|requested|instructed))",
            r"\b(?:can|could|would|will) you (?:please |kindly |also |just )?\w+ (?:\w+)",
            r"\b(?:i|we)(?: \w+)? (?:want|need|would like|order|command|instruct|ask|urge|expect) you to\b",
            r"\b(?:please|kindly) (?!note|find|see|be aware|refer|contact)[a-z]+",
            r"\b(?:make sure|be sure to|remember to|do not forget|don't forget|see to it|it is (?:essential|mandatory|imperative|required) (?:that|to))",
            r"\b(?:asked|told|instructed|want|wants|wanted|needs) (?:me|you|us) to\b",
            r"\b(?:(?:great|good|nice|helpful|kind|best|grateful|wonderful|happy) if|appreciate (?:it )?if|would you mind|you mind)",
            r"(?:^|[.!?:;\n>]\s*)(?:do not|don't|never|always) [a-z]+ ",
        ),
    ),
    Family(
        "override",  # what the reader was told before shall no longer hold
        2.0,
        _set(
            "ignore disregard forget override overrides bypass abandon set supersede supersedes replace replaces cancel cancels new updated revised real actual true hidden additional next only primary before from you act pretend role"
        ),
        _signs(
            rf"\b(?:ignore|disregard|forget|override|bypass|abandon|set aside|supersedes?|overrides?|replaces?|cancels?)\b[^.\n]{{0,30}}\b{_PREVIOUS}\b[^.\n]{{0,25}}\b{_ORDERS}\b",
            rf"\b(?:new|updated|revised|real|actual|true|hidden|additional|next|only|primary) (?:\w+ )?(?:{_ORDERS}|objective|goal|mission|directive)\b",
            r"\bbefore (?:you [a-z]+|(?:continuing|proceeding|answering|responding|doing anything))",
            r"\b(?:from now on|you are now|act as|pretend (?:to be|that)|your (?:new )?role is)\b",
        ),
    ),
    Family(
        "reader",  # the text speaks to a machine that reads it
        1.5,
        _READERS,
        _signs(
            rf"\b(?:dear|hey|hi|hello|attention|note (?:to|for)|notice (?:to|for)|instructions? (?:to|for)|message (?:to|for)|todo (?:to|for)|if you are|for|as)\s*(?:an?|the|any|all|our|my)?[ :]*(?:\w+ )?{_READER}\b[^\w]",
            r"\b(?:ai|language|virtual|digital) (?:assistant|agent|model)s?\b",
            r"\bwhoever (?:reads|processes|handles) this\b|\b(?:anyone|any system) (?:reading|processing) this\b",
        ),
    ),
    Family(
        "authority",  # somebody claims the right to give orders
        1.0,
        _set(
            "message notice instruction order request directive announcement reminder prompt note override alert mode team behalf authorized authorised approved preapproved owner user manager ceo admin administrator"
        ),
        _signs(
            r"\bthis (?:is|comes as) (?:an? )?(?:\w+ ){0,3}(?:message|notice|instruction|order|request|directive|announcement|reminder) (?:from|by)\b",
            r"\b(?:system|admin(?:istrator)?|developer|security|compliance|management|root) (?:message|notice|prompt|note|override|instruction|directive|alert|mode|team (?:requires|requests))\b",
            r"\b(?:on behalf of|authori[sz]ed by|pre-?approved|has been approved|by order of|as the (?:owner|user|admin\w*|manager|ceo))\b",
        ),
    ),
    Family(
        "role",  # markup that imitates the frame of a conversation
        1.0,
        _set(
            "system user human assistant developer admin administrator instruction instructions important prompt task tool override inst sys im start end begin"
        ),
        _signs(
            rf"</?\s*{_ROLE}\b[^>\n]{{0,40}}>",
            rf"\[/?\s*{_ROLE}\b[^\]\n]{{0,30}}\]",
            rf"<\|[^|>\n]{{1,20}}\|>|\{{\{{\s*{_ROLE}\b",
            rf"(?:^|\n)\s*(?:[#*=-]+ *)?{_ROLE}(?: (?:message|note|prompt|notice))?[ *]*:",
        ),
    ),
    Family(
        "secrecy",  # the reader shall act without asking or telling
        1.0,
        _set(
            "tell telling mention mentioning inform informing reveal ask asking alert alerting notify notifying waiting verify verifying confirmation confirming question approval permission"
        ),
        _signs(
            r"\b(?:do not|don't|never|without) (?:tell|telling|mention|mentioning|inform|informing|reveal|ask|asking|alert|alerting|notify|notifying|waiting|verify|verifying|confirmation|confirming|question)",
            r"\bno (?:confirmation|approval|permission) (?:is )?(?:needed|required|necessary)\b",
        ),
    ),
    Family(
        "urgency",
        0.5,
        _set("urgent urgently immediately asap right once delay soon critical critically important priority sensitive"),
        _signs(
            r"\b(?:urgent(?:ly)?|immediately|asap|right (?:away|now)|at once|without delay|as soon as possible|time-sensitive|top priority|critical(?:ly)?|important)\b"
        ),
    ),
    Family(
        "consequence",
        0.5,
        _set("else otherwise failure continue proceed complete after will would"),
        _signs(
            r"\b(?:or else|otherwise,? (?:you|the|we|i)|failure to|in order to (?:continue|proceed|complete)|after (?:that|this|doing)[, ]+(?:you|continue|proceed)|(?:will|would) be (?:deleted|lost|suspended|terminated|blocked|charged))\b"
        ),
    ),
)
"""The families told by a pattern; all match lower-case text. `imperative` and `abroad` are told by code."""

_HINTS = frozenset().union(*(family.words for family in FAMILIES))

ABROAD = _set(
    "ignora ignoren debes envía envia envíe transfiere borra ejecuta elimina "  # Spanish
    "veuillez ignorez envoyez supprimez exécutez transférez devez "  # French
    "bitte ignoriere ignorieren sende senden lösche löschen überweise überweisen musst "  # German
    "devi invia ignori esegui você deve envie apague execute "  # Italian, Portuguese
    "пожалуйста игнорируй отправь отправьте удали нужно переведи"  # Russian
)
"""Commands and requests in other languages, as far as a single word tells; with `_UNSPACED` the family `abroad`, weight 1."""
_UNSPACED = re.compile("请|必须|忽略|发送|删除|ください|してください|無視|送信|削除|하세요|무시|보내").search

_ascii_words = re.compile(r"[a-z]+").findall
_words = re.compile(r"[^\W\d_]+").findall


def imperative(text: str, present: set[str]) -> bool:
    """Whether a bare verb commands: at the start of a sentence, item, cell or quote, or after a small lead-in, with an object.

    `present`: the words of the lower-case text. Besides the listed verbs, any other word counts that opens a sentence before an
    article or possessive, as bare verbs do.
    """
    for verb in present & _VERBS:
        at = text.find(verb)
        while at >= 0:
            end = at + len(verb)
            if not text[max(at - 1, 0) : at].isalnum():
                if (_OBJECT_NEXT(text, end) or (verb in _COUNTED and _NUMBER_NEXT(text, end))) and _LEAD(
                    text, max(0, at - 24), at
                ):
                    return True
                if text[max(at - 2, 0) : at] == ", " and _DETERMINER_NEXT(text, end):
                    return True
            at = text.find(verb, end)
    if present.isdisjoint(_ARTICLES):
        return False
    return any(match[1] not in _OPENERS and not match[1].endswith(("ing", "ed", "s", "ly")) for match in _OPENING(text))


def families(text: str) -> Iterator[tuple[str, float]]:
    """Name and weight of each family with a sign in a lower-case passage. Linear in the text."""
    present = set(_ascii_words(text) if text.isascii() else _words(text))
    if imperative(text, present):
        yield "imperative", 1.0
    hints = present & _HINTS
    if hints:
        for family in FAMILIES:
            if not hints.isdisjoint(family.words) and family.pattern.search(text):
                yield family.name, family.weight
    if not present.isdisjoint(ABROAD) or (not text.isascii() and _UNSPACED(text)):
        yield "abroad", 1.0


def score(text: str) -> float:
    """Sum of the weights of the families whose signs stand in a lower-case passage (0: plain data)."""
    return sum(weight for _, weight in families(text))
