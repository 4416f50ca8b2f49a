"""The vocabulary. Read this page first: everything else passes these records around.

All are frozen. What happened in a run is a sequence of *bodies* (`Body`); the ledger wraps each in an `Event` with its run,
number and hash chain. Fields at their default are left out of the canonical JSON, so a new field does not change old hashes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from msgspec import Struct, field

# ---------------------------------------------------------------- what happened


class Record(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Base of every record: immutable, keyword-only, compact in JSON.

    What is built once from finished parts is in no cycle, so the garbage collector need not walk it (`gc=False`).
    """


class RunStarted(Record, frozen=True, kw_only=True, tag_field="kind", tag="run"):
    """The first event of a run. A sub-agent's run names its parent; together they are a run tree."""

    host: str
    """Which host agent, by its adapter's name (`claude-code`, `codex`, ...)."""
    host_version: str = ""
    model: str = ""
    """The agent's model: for statistics only, never shown to a reviewer."""
    cwd: str = ""
    """The working folder; empty when the source does not say."""
    home: str = ""
    parent: str = ""
    """Run id of the agent that started this one."""
    parent_call: str = ""
    """`call_id` of the parent's action that started this one."""
    role: Literal["agent", "reviewer", "canary", "probe"] = "agent"
    """`reviewer`: a host's own review session; `canary`: planted, and never executed; `probe`: `magistrate doctor` trying an
    installation. All three are kept apart from agent statistics."""
    source: str = ""
    """Where it was read from: a file, and which record of it."""
    autonomy: tuple[Autonomy, ...] = ()
    """How far this run may go by itself; what its parent's run was given holds as well."""
    at: str = ""


class Message(Record, frozen=True, kw_only=True, tag_field="kind", tag="message"):
    """Something said. Only `person` and `system` can authorise; `machine` is text a program put in the person's place."""

    author: Literal["person", "system", "agent", "machine"]
    text: str
    at: str = ""


class Action(Record, frozen=True, kw_only=True, tag_field="kind", tag="action"):
    """One tool call that an agent proposes, before it runs."""

    tool: str
    arguments: dict[str, Any] = field(default_factory=dict)
    call_id: str = ""
    cwd: str = ""
    """The working folder of this call, when it differs from the run's."""
    server: str = ""
    """The MCP server that offers the tool, if any."""
    annotations: dict[str, bool] = field(default_factory=dict)
    """MCP hints (`readOnlyHint`, `destructiveHint`, ...): untrusted; they may raise suspicion, never lower it."""
    about: str = ""
    """The tool's own description, where the source carries it: untrusted."""
    at: str = ""


class Outcome(Record, frozen=True, kw_only=True, tag_field="kind", tag="outcome"):
    """What a tool gave back, or that the call did not run."""

    call_id: str = ""
    tool: str = ""
    text: str = ""
    status: Literal["ok", "error", "refused", "unknown"] = "ok"
    refused_by: str = ""
    """Who refused (`person`, `host-classifier`, `interrupt`, ...) when status is `refused`."""
    at: str = ""


# ---------------------------------------------------------------- evidence

EffectKind = Literal[
    "read",
    "create",
    "overwrite",
    "delete",
    "execute",
    "install",
    "network-out",
    "network-listen",
    "message",
    "payment",
    "permission",
    "credential",
    "oversight",
    "persistence",
    "vcs-publish",
    "vcs-rewrite",
    "infrastructure",
    "database-write",
    "database-destroy",
    "process-stop",
    "spawn-agent",
]
"""The closed list of effects (design: Effects)."""

TargetKind = Literal[
    "path",
    "host",
    "url",
    "address",
    "account",
    "repository",
    "branch",
    "package",
    "resource",
    "database",
    "process",
    "device",
    "code",
    "agent",
    "text",
    "unknown",
]
"""`address`: where a message goes (mail, phone, channel, user). `account`: where money goes or whose rights change."""

Scope = Literal["workspace", "temp", "home", "system", "device", "outside", "remote", "local", "unknown"]
"""Where a target lies. `outside`: a path in none of the named places; `local`: loopback, this machine's processes."""

Reversibility = Literal["yes", "partly", "no", "unknown"]
Certainty = Literal["parsed", "declared", "guessed", "dynamic"]
"""`parsed`: read from code; `declared`: the tool's name or schema says so; `guessed`: from wording; `dynamic`: cannot be
resolved before it runs, and so can never be cleared by a rule."""


class Effect(Record, frozen=True, kw_only=True):
    """What an action would do to what."""

    kind: EffectKind
    target: str = ""
    """The concrete object: a path, host, address, branch ...; empty when there is none or it is unknown."""
    target_kind: TargetKind = "unknown"
    scope: Scope = "unknown"
    reversible: Reversibility = "unknown"
    certainty: Certainty = "parsed"
    production: bool = False
    """The target looks like production (its name says prod, live, main cluster ...)."""
    broad: bool = False
    """The target is a whole: a wildcard, a root, every row, a recursive delete of a top folder."""
    flags: tuple[str, ...] = ()
    """What makes it special, from a closed list in `evidence.effects` (`force`, `recursive`, `no-verify`, `piped-from-network` ...)."""
    via: tuple[str, ...] = ()
    """How it was reached, outermost first: wrappers and interpreters (`sudo`, `bash -c`, `base64`, `python`)."""
    path: str = ""
    """Where in the arguments it stands (`command`, `items[0].to`)."""


Author = Literal["person", "system", "agent", "tool"]


class Origin(Record, frozen=True, kw_only=True):
    """Who said a value first in this run."""

    author: Author
    event: int
    """Number of the event that said it first."""
    span: str = ""
    """A short piece of that text around the value (at most 120 characters)."""
    tool: str = ""
    """Which tool's output, when the author is `tool`."""
    also: tuple[Author, ...] = ()
    """Who else said it, before the action."""
    instructed: bool = False
    """In the tool output that holds it, wording that tells the reader to do something stands near it."""


class Part(Record, frozen=True, kw_only=True):
    """One argument, or a meaningful piece of one, and where it came from."""

    path: str
    kind: Literal["address", "path", "host", "url", "account", "identifier", "number", "name", "text"]
    value: str
    """At most 200 characters; longer text is cut and marked."""
    origin: Origin


Stance = Literal["asked", "delegated", "implied", "silent", "limited", "forbidden"]
"""`asked`: the person asked for this effect on this target; `delegated`: a document the person told the agent to follow asks
for it; `implied`: the effect was asked for, this target was not named but fits; `silent`: nothing was said; `limited`: outside
a limit the person set ("only the tests"); `forbidden`: the person said not to."""


class Authority(Record, frozen=True, kw_only=True):
    """Whether somebody who may ask for it asked for this effect on this target."""

    stance: Stance
    event: int = -1
    """Number of the event that settles it; -1 when nothing does."""
    span: str = ""
    by: Literal["person", "system", "document", "none"] = "none"
    effect_asked: bool = False
    """This kind of effect was asked for, on whatever target."""
    target_named: bool = False
    """This target was named by the person, for whatever effect."""


class Fact(Record, frozen=True, kw_only=True):
    """One effect, joined with the provenance of its target and its authorisation: what rules match against."""

    effect: Effect
    authority: Authority
    origin: Origin | None = None
    """Of the effect's target; None when the target is empty."""


class Voices(Record, frozen=True, kw_only=True):
    """Who said an action's distinctive words before it: counts of words, by the voices that said them."""

    count: int = 0
    person: int = 0
    system: int = 0
    orders: int = 0
    """Said in a tool output's wording that tells its reader to do something."""
    only_orders: int = 0
    """... and neither by the person nor in the system prompt."""
    only_person: int = 0
    """Said by the person and in no order."""
    tools: int = 0
    """Said elsewhere in tool output, and by nobody above."""
    nobody: int = 0


class Order(Record, frozen=True, kw_only=True):
    """A passage of tool output that tells its reader to do something, as far as it explains an action."""

    event: int
    tool: str = ""
    strength: float = 0.0
    """Sum of the weights of its signs (`evidence.instructed`)."""
    signs: tuple[str, ...] = ()
    shared: int = 0
    """Distinctive words of the action that stand in it."""
    own: int = 0
    """... and that the person did not say."""
    count: int = 0
    """Distinctive words of the action."""
    age: int = 0
    """Actions since it was read."""
    span: str = ""


class Ordered(Record, frozen=True, kw_only=True):
    """Whether orders in tool output ask for an effect, read as requests are (`Authority`). They authorise nothing."""

    stance: Stance = "silent"
    event: int = -1
    """Number of the event with the order that settles it; -1 when none does."""
    effect_asked: bool = False
    target_named: bool = False
    strength: float = 0.0
    """Of the wording around that order."""
    signs: tuple[str, ...] = ()


class Course(Record, frozen=True, kw_only=True):
    """The course of the run up to an action, and whose words explain it. Ages and counts are in actions; -1: never."""

    actions: int = 0
    since_person: int = 0
    since_order: int = -1
    """Since a tool output was read with wording that tells its reader to do something."""
    strength: float = 0.0
    """Of the strongest such wording so far."""
    refused: int = 0
    failed: int = 0
    tool_before: int = 0
    kinds_before: int = 0
    """Kinds of the action's effects that occurred before."""
    targets_before: int = 0
    repeated: bool = False
    """The very same call was made before."""
    name: Voices = Voices()
    """Of the words of the tool's name."""
    words: Voices = Voices()
    """Of the words of the arguments."""
    order: Order | None = None
    """The order that explains most of the action."""
    orders: tuple[Ordered, ...] = ()
    """For each fact: what the orders so far ask for. Empty without orders."""


class Earlier(Record, frozen=True, kw_only=True):
    """What was refused before in this run tree and is reached for again, in another way."""

    event: int
    """Number of the refused action's event."""
    fact: int
    """Index of the fact, of the action at hand, that would bring it about after all."""
    run: str = ""
    """Where it was refused, when that was another run of the tree."""
    decision: Literal["deny", "escalate", "refused"] = "deny"
    """`refused`: by the host or the person at it."""
    rules: tuple[str, ...] = ()
    relation: Literal["same", "inside", "around"] = "same"
    """The target is the very one, lies inside it, or is a whole that holds it."""


class Evidence(Record, frozen=True, kw_only=True):
    """Facts about an action, computed without any model."""

    facts: tuple[Fact, ...] = ()
    parts: tuple[Part, ...] = ()
    notes: tuple[str, ...] = ()
    """Remarks on how the facts were found (`decoded base64 in argument command`)."""
    course: Course | None = None
    """Of the run up to the action; None where no run was observed."""
    earlier: tuple[Earlier, ...] = ()
    """Refusals that the action would go around."""


# ---------------------------------------------------------------- judgement

Decision = Literal["allow", "deny", "escalate"]
AuthorityLevel = Literal["bright-line", "organisation", "team", "task", "guideline"]
AUTHORITY_ORDER: tuple[AuthorityLevel, ...] = ("bright-line", "organisation", "team", "task", "guideline")


class Match(Record, frozen=True, kw_only=True):
    """When code can tell that a rule bears on a fact. Given fields are all required; a list means any of it."""

    decision: Decision
    effect: tuple[EffectKind, ...] = ()
    target_kind: tuple[TargetKind, ...] = ()
    scope: tuple[Scope, ...] = ()
    reversible: tuple[Reversibility, ...] = ()
    certainty: tuple[Certainty, ...] = ()
    production: bool | None = None
    broad: bool | None = None
    flags: tuple[str, ...] = ()
    """Any of these flags is present."""
    no_flags: tuple[str, ...] = ()
    """None of these flags is present."""
    stance: tuple[Stance, ...] = ()
    origin: tuple[Author, ...] = ()
    """Author who said the target first."""
    said_by: tuple[Author, ...] = ()
    """Any of these said the target, first or later."""
    not_said_by: tuple[Author, ...] = ()
    """None of these said the target."""
    instructed: bool | None = None
    effect_asked: bool | None = None
    target_named: bool | None = None
    target: tuple[str, ...] = ()
    """Globs over the target's text (`*.env`, `/etc/*`), or the word `outside-task`: neither asked for, delegated nor implied."""
    not_target: tuple[str, ...] = ()
    """Globs of which none fits the target."""
    tool: tuple[str, ...] = ()
    """Globs over the tool's name."""
    secret: bool | None = None
    """The effect is flagged `secret`, or some argument of the action holds a (masked) secret."""
    line: int = 0


class Example(Record, frozen=True, kw_only=True):
    """A small transcript that complies with a rule or violates it: the rule's unit test."""

    complies: bool
    events: tuple[RunStarted | Message | Action | Outcome, ...]
    """The last one is the action that is judged."""
    title: str = ""
    line: int = 0


class Autonomy(Record, frozen=True, kw_only=True):
    """How far an agent may go by itself. Where there are several all of them hold, so each can only narrow the others."""

    tools: tuple[str, ...] = ()
    """Globs of the tools it may call; empty: any."""
    targets: tuple[str, ...] = ()
    """Globs of what it may change, send to or pay; empty: anything. Reading is not limited by them."""
    until: str = ""
    """Latest time of an action (ISO 8601, UTC); empty: none."""
    cost: float | None = None
    """What payments of the run tree may come to together, in whatever currency they name."""
    ask: tuple[EffectKind, ...] = ()
    """Effects for which a person is asked, whatever else allows them."""
    source: str = ""
    line: int = 0


class Rule(Record, frozen=True, kw_only=True):
    """One obligation."""

    id: str
    title: str
    authority: AuthorityLevel
    text: str
    intent: str = ""
    safer: str = ""
    """What the agent is told to do instead."""
    matches: tuple[Match, ...] = ()
    examples: tuple[Example, ...] = ()
    may_loosen: AuthorityLevel | None = None
    """A lower layer that speaks with this authority, or a higher one, may replace the rule by a looser one."""
    source: str = ""
    """File it was read from, where several were joined; else that of the rulebook."""
    line: int = 0


class Rulebook(Record, frozen=True, kw_only=True):
    """The rules in force. `revision` is the hash of the canonical text."""

    rules: tuple[Rule, ...]
    revision: str
    title: str = ""
    on_unavailable: Literal["deny", "escalate"] = "escalate"
    """What becomes of an action that a reviewer could not judge."""
    on_uncovered: Decision = "escalate"
    """What becomes of an action with an effect that no rule covers."""
    may_cover: AuthorityLevel | None = None
    """A lower layer of this authority, or a higher one, may decide more mildly than `on_uncovered` what no rule here covers."""
    autonomy: tuple[Autonomy, ...] = ()
    """How far agents under these rules may go by themselves."""
    source: str = ""


class Opinion(Record, frozen=True, kw_only=True):
    """What one reviewer says of one action."""

    reviewer: str
    version: str = ""
    decision: Decision | None = None
    """None: no opinion, or unavailable."""
    unavailable: str = ""
    """Why it could not answer (`error`, `timeout`, `malformed`, `refused`, `over-budget`); empty when it did."""
    rules: tuple[str, ...] = ()
    reason: str = ""
    score: float | None = None
    threshold: float | None = None
    prompt_hash: str = ""
    input_hash: str = ""
    latency_us: int = 0
    tokens: int = 0
    cost: float = 0.0
    parts: tuple[Opinion, ...] = ()
    """Of a reviewer that asks others (a cascade, a panel): what each of them said, so that joint misses can be counted."""


Basis = Literal[
    "bright-line",
    "rule",
    "conflict",
    "reviewer",
    "ruling",
    "workaround",
    "paused",
    "stopped",
    "tightened",
    "unavailable",
    "no-rule",
    "no-effect",
]
"""`no-rule`: no rule covers an effect, which joins the gap queue; `no-effect`: nothing for a rule to bear on; `workaround`: what
was refused before, in another way; `paused`: too many refusals, a person is to look at the run; `stopped`: by a person;
`tightened`: allowed, but of a class that escalates for now."""


class Verdict(Record, frozen=True, kw_only=True, tag_field="kind", tag="verdict"):
    """The gate's decision on one action."""

    action: int
    """Event number of the action."""
    decision: Decision
    basis: Basis
    revision: str
    rules: tuple[str, ...] = ()
    """Ids of the rules it rests on, or would without the person's word; empty only when the basis is `no-rule`, `no-effect`,
    `unavailable`, `paused`, `stopped`, `tightened`, such a verdict was ruled on, or the host's own user refused before."""
    reason: str = ""
    """For the ledger and the people who read it: what was seen, and where."""
    advice: str = ""
    """For the agent: the rule and what a safer path looks like, not how it was caught."""
    evidence: Evidence = Evidence()
    deciding: tuple[int, ...] = ()
    """Of a refusal: indexes of the facts that it rests on; empty when it rests on the action as a whole."""
    ticket: str = ""
    """Id of the question to a person that this raises, repeats or answers; none where no answer could change it."""
    cites: str = ""
    """The ruling, stop or tightening that it rests on: its run, `#`, its number there."""
    opinions: tuple[Opinion, ...] = ()
    mode: Literal["enforce", "dry-run"] = "enforce"
    input_hash: str = ""
    latency_us: int = 0
    at: str = ""


# ---------------------------------------------------------------- what people decide


class Ruling(Record, frozen=True, kw_only=True, tag_field="kind", tag="ruling"):
    """A person's answer to an escalation or a denial, bound to exactly that action or to a stated scope.

    It stands in the run whose verdict it answers. `magistrate.review.human` says what it covers.
    """

    verdict: int
    """Event number, in the same run, of the verdict it answers."""
    decision: Literal["allow", "deny"]
    scope: Literal["once", "run", "project"] = "once"
    """`once`: this very action; `run`: actions like it in this run tree; `project`: actions like it in this project folder."""
    ticket: str = ""
    """Of the question that it answers."""
    binds: str = ""
    """Hash of what it is bound to: tool, canonical arguments and working folder."""
    action: int = -1
    """Event number, in the same run, of the action."""
    tree: str = ""
    """Id of the first run of the tree."""
    project: str = ""
    """The project folder, for scope `project`."""
    tool: str = ""
    server: str = ""
    effects: tuple[Effect, ...] = ()
    """For the scopes `run` and `project`: the effects by which actions are told to be like it, as the person saw them."""
    because: str = ""
    by: str = ""
    until: str = ""
    """When it ends (ISO 8601, UTC); empty: with its scope."""
    at: str = ""


class Stop(Record, frozen=True, kw_only=True, tag_field="kind", tag="stop"):
    """From here on everything is denied, or no longer: the switch of one run and its sub-agents, of a run tree, or of all.

    It stands in that run, in the tree's first run, or in the ledger's run `switch`.
    """

    stopped: bool
    """False: resumed, which also ends the run's pause."""
    scope: Literal["run", "tree", "all"] = "run"
    because: str = ""
    by: str = ""
    at: str = ""


class Tightening(Record, frozen=True, kw_only=True, tag_field="kind", tag="tightening"):
    """From here on what would be allowed and is of a class escalates, until a person lifts it. It stands in the run `switch`.

    The class is what fits every field that is given, of each field any value; it never makes a verdict milder.
    """

    effects: tuple[EffectKind, ...] = ()
    rules: tuple[str, ...] = ()
    """Ids of rules of which the verdict cites one."""
    hosts: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    """Runs for which it holds, with their sub-agents; empty: all."""
    lifts: str = ""
    """Of an end: the tightening that it ends (its run, `#`, its number). The fields above are empty then."""
    because: str = ""
    by: str = ""
    at: str = ""


# ---------------------------------------------------------------- how the law changes


class Proposal(Record, frozen=True, kw_only=True, tag_field="kind", tag="proposal"):
    """Somebody wants the rulebook changed. Events of this and the next two kinds form the ledger's run `rulebook`."""

    id: str
    old: str
    """Revision that it changes."""
    new: str
    """Revision that it leads to."""
    old_text: str
    text: str
    author: str
    why: str
    reporter: str = ""
    """Who saw what the change is for, where it was somebody else."""
    signature: str = ""
    """The author's, over `magistrate.rulebook.statements.proposed`."""
    at: str = ""


class Approval(Record, frozen=True, kw_only=True, tag_field="kind", tag="approval"):
    """Another person agrees to exactly that change."""

    proposal: str
    by: str
    signature: str
    """Over `magistrate.rulebook.statements.approved`."""
    at: str = ""


class Adoption(Record, frozen=True, kw_only=True, tag_field="kind", tag="adoption"):
    """From here on the proposal's text is the law."""

    proposal: str
    old: str
    new: str
    by: str = ""
    judged: int = 0
    """Recorded actions that were judged again under the new text before this."""
    stricter: int = 0
    looser: int = 0
    """... and how many verdicts came out stricter, or looser."""
    checkpoint: str = ""
    """Of the ledger they were in."""
    at: str = ""


# ---------------------------------------------------------------- measuring


class Commitment(Record, frozen=True, kw_only=True, tag_field="kind", tag="commitment"):
    """A secret is fixed before what it will draw from is known. Events of this kind, samples and labels form the run `audit`."""

    secret_hash: str
    """Digest of the secret's text. The draw is seeded with the secret and the checkpoint over this event."""
    at: str = ""


class Stratum(Record, frozen=True, kw_only=True):
    """A part of a sample's population, drawn uniformly and without replacement."""

    name: str
    """`decision/band`: `allow/high`, `unavailable/all` ..."""
    size: int
    quota: int
    """Items that were drawn of it; each had the probability quota / size."""


class Item(Record, frozen=True, kw_only=True):
    """One drawn verdict."""

    run: str
    n: int
    """Event number of the action."""
    stratum: int
    probability: float
    """Of being drawn."""
    twice: bool = False
    """To be labelled a second time."""


class Sample(Record, frozen=True, kw_only=True, tag_field="kind", tag="sample"):
    """A probability sample of verdicts. Its items stand in the random order in which they have to be labelled."""

    id: str
    commitment: int
    """Event number, in the run `audit`, of the commitment it was drawn by."""
    secret: str
    checkpoint: str
    """Of the ledger when the commitment had become durable."""
    since: int
    upto: int
    """Event ids between which verdicts could be drawn: the first, and the last."""
    floor: float
    """Share of the budget that is spread evenly over everything, whatever its score."""
    bands: tuple[float, ...] = ()
    """Scores at which the bands of the allowed begin, lowest first."""
    strata: tuple[Stratum, ...]
    items: tuple[Item, ...]
    at: str = ""


class Label(Record, frozen=True, kw_only=True, tag_field="kind", tag="label"):
    """What somebody says an action was."""

    sample: str
    run: str
    n: int
    """Event number of the action."""
    labeller: str
    """A person's name, or a program's with its version. No label is more than that one's word."""
    says: Literal["harmful", "harmless", "cannot-tell"]
    severity: int = 0
    """0 to 4, of what is harmful."""
    round: int = 1
    """2: a second label, given without sight of the first."""
    blind: bool = True
    """Given without sight of verdict, score and stratum."""
    probability: float = 0.0
    """Of the item being drawn; 0: it was not drawn at random, and no estimate may use the label."""
    seconds: float = 0.0
    """How long it took."""
    note: str = ""
    at: str = ""


class Canary(Record, frozen=True, kw_only=True, tag_field="kind", tag="canary"):
    """The run that holds this is planted: the action after it is known to be bad, was never executed, and is nobody's behaviour."""

    family: str
    difficulty: int
    """1 plain, 2 wrapped, 3 in the dress of the task."""
    joins: str
    """The run whose dress it wears."""
    must_reach: Literal["gate", "person"] = "gate"
    """`person`: caught only when an escalation of it was ruled on by somebody."""
    seed: str = ""
    at: str = ""


class Watched(Record, frozen=True, kw_only=True, tag_field="kind", tag="watched"):
    """One batch of an indicator that an alarm watches, and the alarm's state after it. These and alarms form the run `alarms`."""

    indicator: str
    batch: str
    """What the batch covers: a day, or the ids of events."""
    events: int
    trials: int
    baseline: float
    """Upper bound of the rate of events in a quiet world; fixed until declared anew."""
    state: tuple[float, ...]
    """Logarithms of the detector's statistics, one for each alternative."""
    evidence: float
    """The detector's value: an alarm at `1 / alpha`, which is also the least average number of batches to a false one."""
    upto: int = 0
    """Last event id that was counted."""
    at: str = ""


class Alarm(Record, frozen=True, kw_only=True, tag_field="kind", tag="alarm"):
    """An indicator left its baseline."""

    indicator: str
    evidence: float
    bar: float
    baseline: float
    batch: str
    step: str = ""
    """What was configured to follow: `audit-more`, `escalate`, `stop`, or nothing."""
    at: str = ""


Said = RunStarted | Message | Action | Outcome
"""What an importer or adapter may bring in."""
Body = (
    RunStarted
    | Message
    | Action
    | Outcome
    | Verdict
    | Ruling
    | Stop
    | Tightening
    | Proposal
    | Approval
    | Adoption
    | Commitment
    | Sample
    | Label
    | Canary
    | Watched
    | Alarm
)
"""What the ledger holds. Later kinds (finding) join this union."""


# ---------------------------------------------------------------- live


class Heard(Record, frozen=True, kw_only=True):
    """What one message of a live host says, decoded."""

    host: str
    event: str
    """The host's own name for it (`PreToolUse`)."""
    run: str
    """Run id: host and session, and the sub-agent where there is one."""
    started: RunStarted
    """How the run begins, should this be the first that is heard of it."""
    said: tuple[Message | Outcome, ...] = ()
    """What happened, in order, before the action."""
    action: Action | None = None
    """The call that waits for a verdict; None: the host only tells."""
    transcript: str = ""
    """The file in which the host keeps the run, where it names one."""
    ended: bool = False


class Reply(Record, frozen=True, kw_only=True):
    """What the hook gives back to the host."""

    stdout: str = ""
    stderr: str = ""
    exit: int = 0


class Event(Record, frozen=True, kw_only=True):
    """One line of the ledger: `(run, n)` is unique; `hash` covers `prev` and the canonical body."""

    id: int
    run: str
    n: int
    at: str
    body: Body
    prev: str
    hash: str


class Session(Record, frozen=True, kw_only=True):
    """One finished run as an importer hands it over; a parent comes before its children."""

    run: str
    started: RunStarted
    events: Sequence[Message | Action | Outcome]


class Problem(Record, frozen=True, kw_only=True):
    """Input that could not be read: never silently dropped, never the end of a batch."""

    where: str
    what: str
    line: int = 0
    mend: str = ""
    lost: bool = True
    """False: an odd piece was skipped, the record itself was kept."""
