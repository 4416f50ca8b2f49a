"""From an act to the kinds of its effects: the exceptions first, then the table of acts and objects (`lexicon.ACTS`)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from magistrate.core.records import EffectKind
from magistrate.evidence.effects.lexicon import ACTS
from magistrate.evidence.effects.morphology import word_set
from magistrate.evidence.effects.naming import Act, Reading
from magistrate.evidence.effects.schema import Leaf, having

Kinds = tuple[EffectKind, ...]
_NONE: frozenset[str] = frozenset()


class Case(NamedTuple):
    """One exception. Of each set that is not empty, one member must be there; of `without`, none."""

    kinds: Kinds
    acts: frozenset[str] = _NONE
    """Classes of act."""
    verbs: frozenset[str] = _NONE
    objects: frozenset[str] = _NONE
    """Classes of object."""
    words: frozenset[str] = _NONE
    """Words of the name."""
    roles: frozenset[str] = _NONE
    """Roles of arguments."""
    without: frozenset[str] = _NONE
    """Classes of object."""


_CREATING = word_set("create update")
_LETTERS = word_set(
    "mail email message thread conversation chat letter ticket sms text comment dm inbox inquiry enquiry"
)
_DOCUMENTS = word_set("document doc note sheet slide attachment article thread conversation mail email message letter")
_MEMBERS = word_set("person user member employee staff account teammate contractor collaborator guest participant")
_APPLIED = word_set(
    "application reservation booking request offer proposal complaint claim consent bid nomination candidate candidacy invitation appeal petition objection order"
)
_CONTRACTS = word_set("contract lease agreement membership subscription plan employment engagement tenancy")
_PUSHED = word_set("commit change code remote origin upstream tag image repo branch")
_CASES: tuple[Case, ...] = (
    Case(("message",), verbs=word_set("answer respond"), words=_LETTERS),
    Case(("message",), verbs=word_set("answer respond"), roles=word_set("recipient")),
    Case(("message",), verbs=word_set("submit"), objects=word_set("message"), without=word_set("vcs")),
    Case(("permission",), verbs=word_set("admit enroll enrol"), words=_MEMBERS),
    Case(("read",), verbs=word_set("open"), words=_DOCUMENTS, without=word_set("pull-request vcs")),
    Case(("payment",), verbs=word_set("withdraw"), objects=word_set("money")),
    Case(("payment",), verbs=word_set("withdraw"), roles=word_set("amount")),
    Case(("delete",), verbs=word_set("withdraw"), words=_APPLIED),
    Case(("overwrite",), acts=word_set("update"), objects=word_set("money"), words=word_set("reminder category note limit nickname label tag memo method")),
    Case(("payment",), acts=word_set("update"), objects=word_set("money"), roles=word_set("recipient payee amount")),
    Case(("payment",), acts=word_set("update"), words=word_set("standing payee beneficiary payout"), roles=word_set("recipient payee account")),
    Case(("vcs-publish", "vcs-rewrite"), acts=word_set("push"), words=word_set("force")),
    Case(("vcs-publish",), acts=word_set("push"), words=_PUSHED, without=word_set("message")),
    Case(("vcs-publish",), acts=word_set("push"), roles=word_set("repo branch"), without=word_set("message")),
    Case(("network-out",), acts=word_set("push"), roles=word_set("url"), without=word_set("message vcs")),
    Case(("vcs-publish",), verbs=word_set("merge"), objects=word_set("vcs"), without=word_set("pull-request")),
    Case(("delete",), verbs=word_set("terminate"), words=_CONTRACTS, without=word_set("process infra-only")),
    Case(("delete", "permission"), verbs=word_set("terminate"), roles=word_set("user"), without=word_set("process infra-only device")),
    Case(("overwrite",), verbs=word_set("checkout"), objects=word_set("vcs")),
    Case(("vcs-rewrite",), verbs=word_set("reset rebase squash amend"), objects=word_set("vcs"), without=word_set("credential secret-key")),
    Case(("vcs-publish",), verbs=word_set("tag"), objects=word_set("release"), roles=word_set("repo")),
    Case(("create",), verbs=word_set("tag"), objects=word_set("vcs")),
    Case(("vcs-publish",), verbs=word_set("publish release"), objects=word_set("software vcs")),
    Case(("vcs-publish",), verbs=word_set("publish"), words=word_set("npm pypi crate crates gem maven nuget")),
    Case(("execute",), verbs=word_set("evaluate"), objects=word_set("web")),
    Case(("read",), verbs=word_set("snapshot"), objects=word_set("web")),
    Case(("read",), verbs=word_set("resolve"), words=word_set("id library url dns name host hostname address path domain")),
    Case(("delete",), verbs=word_set("close"), words=word_set("account")),
    Case(("permission",), verbs=word_set("connect link"), words=word_set("app application oauth integration")),
    Case(("overwrite",), acts=word_set("update toggle"), words=word_set("volume"), without=word_set("infra-only")),
    Case(("create",), verbs=word_set("book reserve"), words=word_set("appointment meeting slot desk interview demo call")),
    Case(("overwrite",), verbs=word_set("open start begin goto navigate visit"), objects=word_set("device")),
    Case(("read",), verbs=word_set("open"), objects=word_set("web file"), without=word_set("pull-request")),
    Case(("infrastructure",), verbs=word_set("start begin"), objects=word_set("infra-only")),
    Case(("execute",), acts=word_set("create"), verbs=word_set("start begin")),
    Case(("read", "create"), verbs=word_set("clone"), objects=word_set("vcs")),
    Case(("create", "vcs-publish"), verbs=word_set("fork"), objects=word_set("vcs")),
    Case(("permission",), verbs=word_set("add"), objects=word_set("person"), without=word_set("participant")),
    Case(("overwrite",), verbs=word_set("append prepend populate put insert"), objects=word_set("file")),
    Case(("overwrite",), verbs=word_set("append prepend populate put insert"), roles=word_set("path")),
    Case(("message",), verbs=word_set("issue"), objects=word_set("vcs")),
    Case(("spawn-agent",), acts=word_set("deploy create"), objects=word_set("agent"), verbs=word_set("launch spin start create deploy"), words=word_set("subagent agent assistant")),
    Case(("database-destroy",), acts=word_set("delete"), words=word_set("mongo mongodb dynamodb firestore redis elasticsearch cassandra")),
    Case(("database-write",), acts=word_set("create update"), words=word_set("mongo mongodb dynamodb firestore redis elasticsearch cassandra")),
    Case(("create",), acts=_CREATING, words=word_set("draft")),
    Case(("create",), acts=word_set("create"), objects=word_set("message"), verbs=word_set("write save store record log generate draft import insert print render prepare file index backup")),
    Case(("vcs-publish",), acts=word_set("create"), objects=word_set("release"), roles=word_set("repo")),
    Case(("infrastructure",), verbs=word_set("upgrade"), objects=word_set("infra"), without=word_set("software")),
    Case(("overwrite",), verbs=word_set("upgrade"), without=word_set("software infra")),
    Case(("persistence",), acts=word_set("schedule"), roles=word_set("command cron")),
    Case(("create",), acts=word_set("create"), objects=word_set("infra"), roles=word_set("path"), words=word_set("node app service host")),
    Case(("overwrite",), acts=word_set("update"), objects=word_set("infra"), roles=word_set("path"), words=word_set("node app service host")),
    Case(("delete",), acts=word_set("delete"), objects=word_set("infra"), roles=word_set("path"), words=word_set("node app service host")),
)  # fmt: skip
_PAYING = word_set("send move create schedule update approve execute weak upload deploy assign")
"""Classes of act that an amount and a payee make a payment."""
_COUNTS = word_set("count replicas quantity qty weight kg mg height")


def kinds_of(act: Act, reading: Reading, found: Sequence[Leaf]) -> Kinds:
    """The kinds of effect that an act has on what the name and the arguments speak of."""
    if act.kind in _PAYING and pays(act, reading, found):
        return ("payment",)
    if act.kind == "say" and having(found, "url") and having(found, "content"):
        return ("message", "network-out")
    roles = frozenset(role for leaf in found for role in leaf.key.roles)
    for case in _cases(act.kind, act.verb):
        if _fits(case, reading, roles):
            return case.kinds
    if act.kind == "push" and len(reading.ordered) == 1:
        return ("vcs-publish",)
    for needed, kinds in ACTS.get(act.kind, ()):
        if not needed or needed in reading.objects:
            return kinds
    return ("execute",)


@lru_cache(maxsize=2048)
def _cases(kind: str, verb: str) -> tuple[Case, ...]:
    """The exceptions that a verb of a class of act can fall under."""
    return tuple(
        case for case in _CASES if (not case.acts or kind in case.acts) and (not case.verbs or verb in case.verbs)
    )


def _fits(case: Case, reading: Reading, roles: frozenset[str]) -> bool:
    return (
        (not case.objects or not case.objects.isdisjoint(reading.objects))
        and (not case.words or not case.words.isdisjoint(reading.words))
        and (not case.roles or not case.roles.isdisjoint(roles))
        and case.without.isdisjoint(reading.objects)
    )


def pays(act: Act, reading: Reading, found: Sequence[Leaf]) -> bool:
    """Whether an amount stands beside somebody who receives it."""
    if "device" in reading.objects or not any(
        "amount" in leaf.key.roles and not leaf.key.words & _COUNTS for leaf in found
    ):
        return False
    payees = having(found, "payee") or [leaf for leaf in having(found, "account", "recipient") if not leaf.key.source]
    if act.kind == "send" and "due" in reading.objects and "money" not in reading.objects:
        return False
    if act.kind == "send" and "message" not in reading.objects:
        payees = payees or having(found, "user")
    return bool(payees)
