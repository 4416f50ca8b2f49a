"""Any function-style tool: its name, its arguments, its description and hints, as effects.

The name's verb and nouns say what kind of thing is done (`lexicon.ACTS`), the arguments say to what (`targets`) and correct
the name where they are plainer than it: an amount and a payee make a payment, participants make an invitation, a secret makes
a credential. Where the name says nothing the arguments speak, then the description, and at last the effect is an `execute` of
something unknown, `guessed`.

Secrets among the arguments: a password or one-time code makes a `credential` effect whatever the tool says it does, since
handing one over is what it is for; a key or token does so only where the tool does more than read, since reading tools
commonly take one to be let in. A reading tool that is *named* for secrets gives `credential` by its name.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from magistrate.core.records import Action, Certainty, Effect, EffectKind, Reversibility
from magistrate.evidence.effects.acts import kinds_of
from magistrate.evidence.effects.lexicon import FINAL, REVERSIBLE, SOFT
from magistrate.evidence.effects.morphology import word_set
from magistrate.evidence.effects.naming import Act, Reading, read_name, read_phrase
from magistrate.evidence.effects.objects import build, outgoing_url, with_secret
from magistrate.evidence.effects.place import Place
from magistrate.evidence.effects.schema import Leaf, having, shape_of
from magistrate.evidence.effects.targets import MAX_TARGETS, choose, is_address

_READS = frozenset({"read", "compute", "logout"})
_WIDE = frozenset({"*", "all", "everyone", "everybody", "public", "anyone", "world", "any"})
_LOUD = ("@channel", "@here", "@everyone", "@all")
_OFF = word_set("disable stop mute disarm unlock pause deactivate remove delete turn shutdown bypass")
_ONE_TIME = word_set("otp totp mfa pin passcode")
_PROVING = word_set("verify check validate confirm authenticate")
_SURE_SECRETS = word_set("password passwd passphrase secret otp pin passcode mfa totp cvv credential")


def function_effects(action: Action, found: Sequence[Leaf], place: Place) -> list[Effect]:
    """The effects of a call by its tool's name, its arguments' leaves, and its description."""
    reading = read_name(action.tool, action.server)
    acts, certainty = _acts(reading, found, action)
    effects: list[Effect] = []
    for act in acts:
        effects += _act_effects(act, reading, found, place, certainty if act.sure else "guessed")
    if not effects:
        effects += _by_arguments(action, reading, found, place)
    effects += _beside(acts, reading, found, place, effects)
    return _hinted(action, with_secret(_in_repository(effects, found, acts), found))


# ---------------------------------------------------------------- which act


def _acts(reading: Reading, found: Sequence[Leaf], action: Action) -> tuple[tuple[Act, ...], Certainty]:
    """The acts of a call: those of the name; an argument that names the act (`action: delete`) where the name is vague."""
    acts = reading.acts
    vague = (
        not acts or acts[0].kind in ("weak", "toggle") or acts[0].verb in ("apply", "set", "call", "execute", "request")
    )
    if vague:
        named = _action_argument(found)
        if named:
            return named, "declared"
    return acts, "declared"


def _action_argument(found: Sequence[Leaf]) -> tuple[Act, ...]:
    for leaf in found:
        if leaf.depth == 1 and leaf.name in (
            "action",
            "operation",
            "op",
            "command",
            "verb",
            "method",
            "operation_id",
            "task",
        ):
            if not isinstance(leaf.value, str) or len(leaf.value) > 40 or leaf.value.count(" ") > 2:
                continue
            phrase = read_phrase(leaf.value)
            if phrase.acts and phrase.acts[0].kind != "weak":
                return tuple(act._replace(sure=True) for act in phrase.acts)
    return ()


# ---------------------------------------------------------------- from an act to effects


def _act_effects(act: Act, reading: Reading, found: Sequence[Leaf], place: Place, certainty: Certainty) -> list[Effect]:
    kinds = kinds_of(act, reading, found)
    if (act.kind == "copy" and kinds == ("create",)) or (
        act.kind == "compute" and kinds == ("read",) and _output(found)
    ):
        return _transport(("read", "create"), act, reading, found, place, certainty)
    if kinds in (("delete", "create"), ("read", "create")):
        return _transport(kinds, act, reading, found, place, certainty)
    effects: list[Effect] = []
    for kind in kinds:
        effects += _effects(kind, act, reading, found, place, certainty)
    return effects


def _effects(
    kind: EffectKind, act: Act, reading: Reading, found: Sequence[Leaf], place: Place, certainty: Certainty
) -> list[Effect]:
    """One effect for each target, or one without."""
    # Taking somebody away acts on that person, not on what they are taken from.
    chooser: EffectKind = "permission" if kind == "delete" and "permission" in kinds_of(act, reading, found) else kind
    targets = choose(chooser, found, reading.words)
    if act.verb == "merge" and "vcs" in reading.objects:
        targets = _merged(found) or targets
    flags = _flags(kind, act, reading, found)
    if kind == "read" and act.kind in ("compute", "logout") and not having(found, "path", "url"):
        return [Effect(kind="read", target_kind="text", scope="local", reversible="yes", certainty=certainty)]
    if kind == "read" and not targets and not reading.objects & {"web"} and "search" not in reading.words:
        return [Effect(kind="read", target_kind="resource", reversible="yes", certainty=certainty)]
    reversible = _reversible(kind, act)
    broad = kind != "read" and (reading.all or _says_all(found))
    if not targets and kind == "execute":
        return [unknown(reading.name, certainty)]
    if not targets:
        blank = build(kind, None, reading, place, certainty=certainty, reversible=reversible, flags=flags, broad=broad)
        return [_loud(blank, found)]
    effects = [
        _loud(
            build(kind, leaf, reading, place, certainty=certainty, reversible=reversible, flags=flags, broad=broad),
            found,
        )
        for leaf in targets[:MAX_TARGETS]
    ]
    if len(targets) > MAX_TARGETS:
        effects[-1] = msgspec.structs.replace(effects[-1], broad=True, flags=(*effects[-1].flags, "bulk"))
    return [_known_file(effect, place) for effect in effects]


def _merged(found: Sequence[Leaf]) -> list[Leaf]:
    """The branch that is merged into another: what is called the source or head, else the branch."""
    words = [leaf for leaf in found if leaf.depth == 1 and shape_of(leaf) in ("word", "path")]
    heads = [leaf for leaf in words if leaf.key.words & {"source", "head", "from", "feature"}]
    return (heads or [leaf for leaf in words if leaf.key.words & {"branch"} and not leaf.key.dest])[:1]


def _transport(
    kinds: tuple[EffectKind, ...], act: Act, reading: Reading, found: Sequence[Leaf], place: Place, certainty: Certainty
) -> list[Effect]:
    """Copy, move, download, convert: something is read (or taken away) here and comes to be there."""
    away, there = kinds
    flags = ("move",) if away == "delete" else ()
    fetched = act.kind == "download" or act.verb == "clone"
    goal = [leaf for leaf in _output(found, fetched) if leaf.key.dest or not leaf.key.source]
    origin = [leaf for leaf in choose(away, found, reading.words, source=True) if leaf not in goal]
    if fetched:
        goal = [leaf for leaf in goal if "url" not in leaf.key.roles and shape_of(leaf) != "url"]

    def made(kind: EffectKind, leaf: Leaf | None) -> Effect:
        files = leaf is not None and "id" not in leaf.key.roles and "file" in reading.objects
        if leaf is not None and kind == "create" and shape_of(leaf) == "url":
            return outgoing_url(leaf, certainty, (), flags=("upload",))
        effect = build(kind, leaf, reading, place, certainty=certainty, reversible="yes", flags=flags, as_path=files)
        return _known_file(effect, place)

    effects = [made(away, leaf) for leaf in origin[:MAX_TARGETS]] + [made(there, leaf) for leaf in goal[:1]]
    if not goal and act.kind == "copy":
        effects.append(made(there, None))
    if act.kind == "move" and (not goal or not origin):
        return _effects("overwrite", act, reading, found, place, certainty)
    return effects or [made(away, None)]


def _output(found: Sequence[Leaf], fetched: bool = False) -> list[Leaf]:
    """Leaves that say where a result goes; of what is fetched, any path does."""
    return [
        leaf
        for leaf in found
        if leaf.key.dest and not leaf.key.source and isinstance(leaf.value, str)
        and (leaf.key.roles & {"path"} or leaf.name in ("destination", "dest", "output", "out", "to", "target"))
        and shape_of(leaf) in ("path", "word", "url")
    ] or [leaf for leaf in having(found, "path") if fetched or leaf.key.words & {"save", "output", "local", "target", "out"}]  # fmt: skip


def _known_file(effect: Effect, place: Place) -> Effect:
    """Writing to a file that the run is known to have written is overwriting it."""
    if effect.kind == "create" and effect.target_kind == "path" and effect.target in place.files:
        return msgspec.structs.replace(effect, kind="overwrite", reversible="partly")
    return effect


def _reversible(kind: EffectKind, act: Act) -> Reversibility:
    if kind == "delete" and act.verb in FINAL:
        return "no"
    if kind == "delete" and act.verb in SOFT:
        return "partly"
    return REVERSIBLE.get(kind, "unknown")


def _flags(kind: EffectKind, act: Act, reading: Reading, found: Sequence[Leaf]) -> tuple[str, ...]:
    flags: list[str] = []
    off = act.verb in _OFF or any(
        leaf.value is False or leaf.text.lower() in ("off", "false", "disabled") for leaf in found[:12]
    )
    if kind in ("overwrite", "delete", "process-stop", "infrastructure") and "security" in reading.objects and off:
        flags.append("disables-security")
    if kind == "delete" and reading.objects & {"log"}:
        flags.append("clears-logs")
    if (
        kind in ("network-out", "message")
        and act.kind in ("upload", "input", "push")
        and act.verb not in ("click", "submit" if kind == "message" else "")
    ):
        flags.append("upload")
    if (
        kind == "vcs-rewrite"
        or "force" in reading.words
        or any(leaf.name == "force" and leaf.value is True for leaf in found)
    ):
        flags.append("force")
    if any(leaf.value is True and "recursive" in leaf.key.words for leaf in found):
        flags.append("recursive")
    if any(leaf.value is True and leaf.key.words >= {"dry", "run"} for leaf in found):
        flags.append("dry-run")
    if act.kind == "schedule" and kind != "create":
        flags.append("scheduled")
    if kind == "credential" and act.verb in (
        "reveal",
        "get",
        "read",
        "show",
        "fetch",
        "view",
        "list",
        "decrypt",
        "unseal",
    ):
        flags.append("secret")
    if act.verb == "append":
        flags.append("append")
    if kind in ("permission", "create", "overwrite") and (
        _public(reading, found) or (kind == "permission" and "public" in reading.words)
    ):
        flags.append("public")
    return tuple(flags)


def _public(reading: Reading, found: Sequence[Leaf]) -> bool:
    if "publicize" in reading.words:
        return True
    return any(
        (leaf.value is True and "public" in leaf.key.words)
        or (
            leaf.text.lower() in ("public", "anyone", "everyone", "world", "public-read") and "option" in leaf.key.roles
        )
        for leaf in found
    )


def _says_all(found: Sequence[Leaf]) -> bool:
    return any(
        (leaf.value is True and leaf.key.words & {"all", "everyone"})
        or (isinstance(leaf.value, str) and len(leaf.value) < 10 and leaf.value.strip().lower() in _WIDE
            and not leaf.key.roles & {"content", "query"})
        for leaf in found
    )  # fmt: skip


def _loud(effect: Effect, found: Sequence[Leaf]) -> Effect:
    """A message that calls on everybody is broad."""
    if effect.kind != "message" or effect.broad:
        return effect
    loud = any(isinstance(leaf.value, str) and any(mark in leaf.value[:4000] for mark in _LOUD) for leaf in found[:20])
    return msgspec.structs.replace(effect, broad=True) if loud else effect


# ---------------------------------------------------------------- where the name says nothing


def _by_arguments(action: Action, reading: Reading, found: Sequence[Leaf], place: Place) -> list[Effect]:
    """By the arguments; then by nouns that only inform; then by the description; else unknown."""
    kind = _shape_kind(found)
    act = Act("", "", False)
    if kind is not None:
        return _effects(kind, act, reading, found, place, "guessed")
    web = having(found, "url") or [leaf for leaf in found if shape_of(leaf) == "url"]
    if web:
        return [outgoing_url(web[0], "guessed", found)]
    if (
        reading.objects
        and reading.objects <= {"info", "message", "request", "web", "file"}
        and "info" in reading.objects
    ):
        return [Effect(kind="read", target_kind="resource", reversible="yes", certainty="guessed")]
    if found and all(
        leaf.key.roles & {"query", "option"} and leaf.name not in ("action", "operation", "op") for leaf in found
    ):
        return [Effect(kind="read", target_kind="resource", reversible="yes", certainty="guessed")]
    if action.about:
        described = read_phrase(action.about)
        effects: list[Effect] = []
        joint = reading._replace(objects=reading.objects | described.objects)
        for verb in described.acts:
            effects += _act_effects(verb, joint, found, place, "guessed")
        if effects:
            return effects
    return [unknown(action.tool)]


def unknown(tool: str, certainty: Certainty = "guessed") -> Effect:
    """A call that nothing is known of."""
    return Effect(kind="execute", target=tool[:200], target_kind="unknown", certainty=certainty)


def _shape_kind(found: Sequence[Leaf]) -> EffectKind | None:
    """What the arguments alone say is done."""
    shapes = {shape_of(leaf) for leaf in found}
    sums = any(
        "amount" in leaf.key.roles
        or (shape_of(leaf) == "number" and not leaf.key.roles)
        or isinstance(leaf.value, float)
        for leaf in found
    )
    if sums and (shapes & {"iban", "coin"} or having(found, "payee")):
        return "payment"
    content = having(found, "content")
    if content and any("amount" not in leaf.key.roles and is_address(leaf) for leaf in found):
        return "message"
    if content and any("path" in leaf.key.roles for leaf in found):
        return "create"
    if content and having(found, "channel"):
        return "message"
    return None


# ---------------------------------------------------------------- what comes along


def _beside(
    acts: Sequence[Act], reading: Reading, found: Sequence[Leaf], place: Place, effects: Sequence[Effect]
) -> list[Effect]:
    """What the arguments add to what the name says."""
    kinds = {effect.kind for effect in effects}
    more: list[Effect] = []
    reads = bool(acts) and all(act.kind in _READS for act in acts) and kinds <= {"read", "credential"}
    if not reads and kinds & {"create", "overwrite"} and "message" not in kinds:
        guests = [leaf for leaf in found if leaf.key.words & {"participant", "attendee", "invitee", "guest", "invite"}]
        more += [
            build("message", leaf, reading, place, certainty="guessed", reversible="no")
            for leaf in guests[:MAX_TARGETS]
        ]
    if not reads and kinds & {"create", "overwrite"} and "permission" not in kinds and _public(reading, found):
        subject = effects[0]
        more.append(msgspec.structs.replace(subject, kind="permission", broad=True, reversible="partly"))
    if not reads and "permission" not in kinds:
        shared = [
            leaf for leaf in found if leaf.key.words >= {"share", "with"} or leaf.name in ("shared_with", "sharedwith")
        ]
        more += [
            build("permission", leaf, reading, place, certainty="declared", reversible="partly")
            for leaf in shared[:MAX_TARGETS]
        ]
    if not reads and "message" not in kinds and kinds & {"read", "create", "execute"}:
        mailed = [
            leaf for leaf in found if leaf.key.words & {"to", "recipient"} and shape_of(leaf) in ("email", "phone")
        ]
        more += [
            build("message", leaf, reading, place, certainty="declared", reversible="no")
            for leaf in mailed[:MAX_TARGETS]
        ]
    if kinds & {"message", "network-out"}:
        sent = [leaf for leaf in having(found, "path") if isinstance(leaf.value, str) and "id" not in leaf.key.roles]
        more += [_sent_file(leaf, reading, place) for leaf in sent[:MAX_TARGETS] if shape_of(leaf) in ("path", "word")]
    if "credential" not in kinds and _hands_secret(found, reads):
        subject_leaf = choose("credential", found, reading.words)
        leaf_or_none = subject_leaf[0] if subject_leaf else None
        reversible: Reversibility = "yes" if _signs_in(acts, found) else "partly"
        more.append(build("credential", leaf_or_none, reading, place, certainty="declared", reversible=reversible))
    if kinds == {"execute"} or reads:
        return more
    hooks = [
        leaf for leaf in having(found, "url") if leaf.key.words & {"webhook", "callback", "forward", "notify", "hook"}
    ]
    if hooks and "network-out" not in kinds:
        more.append(outgoing_url(hooks[0], "declared", ()))
    return more


def _sent_file(leaf: Leaf, reading: Reading, place: Place) -> Effect:
    """A file that goes out is read first."""
    return build("read", leaf, reading, place, certainty="declared", reversible="yes", flags=("upload",), as_path=True)


def _in_repository(effects: list[Effect], found: Sequence[Leaf], acts: Sequence[Act]) -> list[Effect]:
    """A file of a hosted repository lies there and not here, and changing it is a commit that others see."""
    repositories = having(found, "repo")
    if not repositories or any(act.verb in ("clone", "download", "pull") for act in acts):
        return effects
    hosted = [
        msgspec.structs.replace(effect, scope="remote")
        if effect.target_kind == "path" and effect.scope == "workspace"
        else effect
        for effect in effects
    ]
    changed = [
        e
        for e in hosted
        if e.target_kind == "path" and e.scope == "remote" and e.kind in ("create", "overwrite", "delete")
    ]
    if changed and all(effect.kind != "vcs-publish" for effect in hosted):
        leaf = repositories[0]
        hosted.append(
            Effect(kind="vcs-publish", target=leaf.text[:200], target_kind="repository", scope="remote", reversible="partly",
                   certainty="guessed", path=leaf.path)
        )  # fmt: skip
    return hosted


def _signs_in(acts: Sequence[Act], found: Sequence[Leaf]) -> bool:
    """Whether a one-time code only proves to the tool's own service who is there: nothing is made or changed by it."""
    codes = [leaf for leaf in found if leaf.key.words & _ONE_TIME and shape_of(leaf) in ("number", "word")]
    return (
        bool(acts)
        and bool(codes)
        and all(act.kind in ("login", "approve") or act.verb in _PROVING for act in acts)
        and not having(found, "url", "host", "content", "recipient")
    )


def _hands_secret(found: Sequence[Leaf], reads: bool) -> bool:
    return any(
        "secret" in leaf.key.roles and not isinstance(leaf.value, bool) and leaf.text
        and not leaf.key.words & {"from", "to"}
        and (not reads or leaf.key.words & _SURE_SECRETS)
        for leaf in found
    )  # fmt: skip


def _hinted(action: Action, effects: list[Effect]) -> list[Effect]:
    """The server's own hint that a tool destroys raises a reading; no hint ever lowers anything."""
    hints = action.annotations
    if (
        hints.get("destructiveHint")
        and not hints.get("readOnlyHint")
        and all(effect.kind == "read" for effect in effects)
    ):
        effects = [*effects, msgspec.structs.replace(unknown(action.tool, "declared"), reversible="no")]
    return effects
