"""The small words of a request: negations, modals, links, question words, and verb forms derived from the vocabulary."""

from __future__ import annotations

from magistrate.evidence.vocabulary import SEPARABLE, VERBS
from magistrate.evidence.vocabulary import word_set as _set

NEGATIONS = _set(
    "not never don't dont doesn't cannot can't cant won't mustn't shouldn't shan't needn't no nobody neither nor without avoid "
    "refrain nothing nowhere none do-not isn't aren't couldn't wouldn't may-not forbid prohibited forbidden"
)
STATES = _set(
    "see understand know have find recall remember get mind care follow believe notice recognise recognize own possess agree afford hear"
)
"""After `I don't`, `we can't`: what somebody cannot see or has not got is not forbidden."""
HANDS_OFF = (("hands", "off"), ("stay", "away", "from"), ("steer", "clear", "of"), ("keep", "away", "from"))
DOUBLE = _set("forget hesitate fail only miss wait mind worry")
"""After a negation these turn it round: `don't forget to push`."""
NEGATIVE_PHRASES: tuple[tuple[str, ...], ...] = (
    ("no", "need", "to"),
    ("hold", "off"),
    ("instead", "of"),
    ("rather", "than"),
    ("not", "to"),
    ("stay", "away", "from"),
    ("steer", "clear", "of"),
    ("keep", "away", "from"),
    ("hands", "off"),
    ("refrain", "from"),
    ("forget", "about"),
    ("under", "no", "circumstances"),
    ("under", "no", "circumstance"),
    ("under", "no", "condition"),
    ("under", "no", "conditions"),
    ("on", "no", "account"),
    ("in", "no", "case"),
    ("in", "no", "way"),
    ("by", "no", "means"),
    ("at", "no", "time"),
    ("at", "no", "point"),
)
ADVERBS = _set(
    "please pls kindly also just then now first finally next quickly simply immediately always only either again still really "
    "actually maybe perhaps simply directly instead ever afterwards carefully automatically both go ahead plz yet even solely "
    "exclusively firstly secondly lastly manually silently already accidentally under any circumstances so"
)
MODALS = _set("can could will would should must may might shall 'll 'd do does did let's lets to please gotta ll d")
LINKS = _set("and or but then & plus nor")
SUBJECTS = _set(
    "i we he she they it who nobody everyone someone somebody i'll i'd i've i'm we'll we've we're we'd he's she's they're it's"
)
FIRST = _set("i we i'd we'd i'll we'll i'm we're i've we've")
DESIRE = _set(
    "want need like love wish must should have let's ask asking prefer'd expect require gotta d 'd i'd we'd trust rely order request"
)
ORDERED = _set(
    "asked asks ask told tells wants want needs need requested requests wanted instructed expects invited like"
)
QUESTIONS = _set(
    "how what why who whose where which whom is are was were does did has have had am should what's how's who's where's isn't aren't "
    "doesn't didn't may shall might whether would'nt"
)
POLITE = _set("can could would will can't couldn't won't wouldn't")
CONDITIONS = _set(
    "if when once after before while since because although unless until as though whenever in-case given assuming whereas"
)
TAILS = _set("because since which who whose until unless while so whereas once if when where although though that")
"""Words that end the object of a verb."""
DETERMINERS = _set(
    "the a an my your our his her their its this that these those any all every each some no both another other more most"
)
PREPOSITIONS = _set(
    "of in on at from for with to into by about under over inside within onto via through between as named called against outside "
    "except regarding concerning per near using like re titled toward towards upon"
)
PRONOUNS = _set("it them this that these those him her one ones both same him/her")
EXCEPTIONS = _set("except excluding besides apart other but-not save")
STOP = (
    DETERMINERS
    | PREPOSITIONS
    | PRONOUNS
    | ADVERBS
    | LINKS
    | MODALS
    | SUBJECTS
    | CONDITIONS
    | TAILS
    | NEGATIONS
    | _set(
        "me us you i'm be been being is are was were am has have had there here not too very much many there's there're out up off down "
        "away back own else everything everyone anything nothing something anyone already soon asap today tomorrow thanks thank alone "
        "necessary needed sure such lot bit way thing things stuff ok okay yes hi hello hey anybody whoever whatever rest everybody"
    )
)

ORDERS = _set(
    "task tasks instruction instructions step steps todo todos comments feedback runbook checklist request requests actions to-do to-dos"
)
"""Objects of `complete`, `carry out`, `address` that say: do what is written there."""
FULFIL = _set(
    "complete carry address handle implement finish execute perform resolve apply run work go solve fix tackle process achieve take deal"
)
"""Verbs that do what their object says; others (`translate the instructions`) only treat it as a text."""
NEEDS = _set("needs asks wants asked said says wanted say ask need want contains contain describes describe")
"""With `what` or `everything`: the request is whatever somebody wrote (`do what she asks`)."""
BARE_NOUNS = _set("address contact name label title rate estimate price cost detail")
"""Words that are verbs only with an object."""
LOOSELY = _set("do does done deal tackle take work proceed continue go")
"""Verbs for any kind of doing: their object is a text to follow only if it is the sort of thing that says what to do."""
TEXTS = _set(
    "email mail message note file document doc page readme spec specification plan checklist letter memo guide manual ticket issue thread "
    "comment recipe procedure playbook tutorial howto agenda brief runbook sop rfc design story backlog card wiki handover handbook"
)
HERE = _set("following below these")
"""With a noun for tasks and no text named: they stand in the message itself."""
ANYTHING = _set("what whatever everything all")
"""Objects that together with one of `NEEDS` stand for what a text says."""
ACCORDING = _set("described specified listed written outlined according instructed says requested")
"""Words by which a request points to a text to follow (`do it as described in X`)."""
CONSENT = _set(
    "yes yep yeah yup sure ok okay okey y k absolutely definitely certainly approved approve confirmed confirm proceed lgtm correct "
    "agreed granted affirmative continue great perfect right fine alright ja oui si sí gerne bitte"
)
CONSENT_PHRASES: tuple[str, ...] = (
    "go ahead", "go for it", "do it", "do that", "do so", "sounds good", "looks good", "please do", "please go", "that works",
    "that's fine", "thats fine", "make it so", "be my guest", "works for me", "of course", "by all means", "i approve", "i confirm",
    "i agree", "good to go", "fine by me",
)  # fmt: skip
REFUSAL = _set("no nope nah never negative cancel nein non")
REFUSAL_PHRASES: tuple[str, ...] = (
    "not yet",
    "not now",
    "please don't",
    "don't do",
    "do not do",
    "i'd rather not",
    "rather not",
    "hold on",
    "don't",
)

# ------------------------------------------------------------------ where a sentence turns

OPENERS = _set("git sudo hi hey hello ok okay so and also well please now then , - btw but yes no thanks (")
BREAKS = _set("but then so however instead")
THIRD_PERSON_NOT = _set("doesn't didn't isn't aren't wasn't hasn't haven't couldn't weren't")
THIRD_PERSON_IS = _set("does did is are was were has")
LIMITERS = _set("only solely exclusively")
SOFTENERS = _set("just simply merely")
NOT_SOFT = _set("in as like now a because to try retry go continue proceed keep")
"""`just to make sure`, `just try again`: no limit on what is done."""
CEASE = _set("stop avoid skip cease quit avoiding")
CONFINE = _set("limit restrict confine stick stay keep")
CONFINED = _set("changes edits your everything yourself work")
SPARE = _set("leave keep preserve protect retain spare")
STYLE = _set(
    "small short simple brief minimal clean tidy tight focused concise consistent readable polite friendly professional neutral formal low "
    "atomic up-to-date green fast light lean clear factual warm terse crisp modest reasonable compact"
)
"""`keep changes small`: how, not what."""
WORK = _set(
    "change changes edit edits work commit commits answer answers reply replies code style tone format diff diffs"
)
"""`undo the commit but keep the changes`: what was done stays; nothing is named that could be deleted."""
NONE = _set("nothing nobody no none noone")
BUT = _set("but except besides excluding save apart other beyond")
"""After `nothing`: the exception that is asked for."""
UNTOUCHED = _set("alone untouched as intact be unchanged rest else unmodified")
KEEP_ON = _set("me in going on up")
CONSULT = _set("ask consult wait check confirm clear")
TRIGGERS = (
    NEGATIONS
    | THIRD_PERSON_NOT
    | LIMITERS
    | SOFTENERS
    | EXCEPTIONS
    | CEASE
    | CONFINE
    | SPARE
    | CONSULT
    | {phrase[0] for phrase in NEGATIVE_PHRASES}
    | {"outside", "beyond"}
)
"""Words at which a turn of phrase may begin; all others are passed over at once."""
LICENCES = _set("^ , : ( ) you me us let's go help ahead try") | LINKS | MODALS | NEGATIONS
"""What may stand before a verb that asks; `^` is the start."""
LICENCES_HERE = _set("off instead please yes then proceed")
TO_OPENS = _set(
    "you me us want need like sure ok okay fine free allowed not is task job goal have ask and love ^ remember forget order permission "
    "trying due how wish able supposed going ahead needs hesitate try proceed continue required"
)
"""Before `to`: an infinitive follows, not a destination."""
DIRECTED = _set("push forcepush send message upload share deploy publish merge grant transfer move copy invite")
"""Families whose `to` names a destination or a recipient."""
HANDS_ON = _set(
    "destroy uninstall terminate forcepush restart apply invite delete send message share upload move copy pay cancel grant book stop touch run write disable"
)
"""Families whose `it` is what the clause before spoke of."""
BEFORE_GERUND = _set("without mind proceed with start continue finish begin consider try instead by")
BEFORE_PARTICIPLE = _set("be get gets being")
BROAD_VERBS = _set(
    "edit modify change write update alter touch fix implement overwrite code create add make make_any do run execute test start launch "
    "build rerun configure set patch commit save store record"
)
"""Verbs of writing and running that mean any of it: `don't edit` bars all edits, `don't refactor` does not."""
OKAY = _set("fine ok okay alright")
"""`X is fine to delete`: leave to do it."""
HAVE_IT = _set("get have want need")
"""`get X deleted`: the object stands between."""
DUTY = _set("get want should must needs need have has can may to shall cannot can't mustn't shouldn't gets")
AFTER_NOUN = _set("from of is are was were has says said failed fails which that's seems looks will should must needs")
"""After these a word at the start of a sentence was a noun (`email from Bob`)."""
NEVER_NOUN = _set("get take read delete remove copy download erase")
ENDS_OBJECT = _set("without before after not until till instead rather don't never")
PURE = _set("do please")
CONTRACTED = _set("i'd we'd i'll we'll")
"""Before a verb in an agent's text: a proposal."""
CONDITIONAL = _set("until unless before without till if when while")
PERSONAL = _set("i my asking me approval permission i'm i've we checking consent telling")
OUTSIDE = _set("except excluding outside beyond besides")
STARTS_CLAUSE = SUBJECTS | NEGATIONS | MODALS | _set("you keep leave avoid stop but ask limit stay")
AT_MOST = _set("most maximum max under below exceed budget exceeding")
CURRENCIES = _set("euro dollar eur usd pound gbp buck chf sek")
WHOLE = _set("all every everything any")
ROLES = {
    "to": "recipient", "with": "recipient", "for": "recipient", "cc": "recipient", "in": "place", "on": "place", "at": "place",
    "from": "place", "under": "place", "inside": "place", "within": "place", "into": "place", "about": "about",
    "regarding": "about", "concerning": "about", "as": "about", "re": "about",
}  # fmt: skip

# ------------------------------------------------------------------ forms of verbs


def _gerunds(verb: str) -> list[str]:
    if verb.endswith("ie"):
        return [verb[:-2] + "ying"]
    if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")):
        return [verb[:-1] + "ing"]
    return [verb + "ing", verb + verb[-1] + "ing"]


def _participles(verb: str) -> list[str]:
    if verb.endswith("e"):
        return [verb + "d"]
    if verb.endswith("y") and verb[-2:-1] not in "aeo":
        return [verb[:-1] + "ied"]
    return [verb + "ed", verb + verb[-1] + "ed"]


_SINGLE = {verb: family for verb, family in VERBS.items() if " " not in verb}
FIRST_WORDS = frozenset(verb.split()[0] for verb in VERBS) | frozenset(pair[0] for pair in SEPARABLE)
MULTI = frozenset(verb.split()[0] for verb in VERBS if " " in verb) | frozenset(pair[0] for pair in SEPARABLE)
"""First words of verbs of several words."""
GERUNDS = {form: family for verb, family in _SINGLE.items() for form in _gerunds(verb)}
PARTICIPLES = {form: family for verb, family in _SINGLE.items() for form in _participles(verb)} | {
    "sent": "send", "paid": "pay", "bought": "book", "run": "run", "rewritten": "write", "written": "write", "built": "run",
    "read": "read", "rebuilt": "run", "overwritten": "write", "taken": "delete", "thrown": "delete", "done": "follow",
    "made": "create",
}  # fmt: skip
STIRRING = (
    TRIGGERS
    | SUBJECTS
    | {"you"}
    | DESIRE
    | ORDERED
    | CONDITIONS
    | BREAKS
    | MODALS
    | FIRST_WORDS
    | GERUNDS.keys()
    | PARTICIPLES.keys()
)
"""Words that can change the reading of a sentence; all others are passed over."""
