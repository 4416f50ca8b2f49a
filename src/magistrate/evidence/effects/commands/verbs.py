"""What the words of a command path say: verbs and nouns by general vocabulary, so that tools nobody listed are read too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal

from magistrate.core.records import EffectKind, Record, Reversibility, TargetKind

Verb = Literal["read", "delete", "stop", "create", "update", "execute", "grant", "message", "upload", "login", "listen"]


def word_set(text: str) -> frozenset[str]:
    """The words of a string, as a set: tables of names read best as running text."""
    return frozenset(text.split())


_WORDS: dict[Verb, str] = {
    "read": "get list ls describe show view status info read search find query inspect logs tail diff plan validate lint "
    "whoami explain top history wait lookup head cat tree watch preview estimate scan filter verify doctor check "
    "batchget select summarize simulate compare detect discover print display ps events who can-i stat stats ping dig "
    "less ancestors outdated audit-log count poll browse consume receive peek sub subscribe download pull fetch dump "
    "export env-vars report usage url open docs snapshots retrieve resolve probe test-connection diagnostic diagnostics diagnose",
    "delete": "delete del destroy remove rm rmi rb drop purge wipe terminate erase truncate clear flush prune unlink "
    "deregister decommission obliterate nuke empty expunge undeploy teardown deletion removal termination destruction "
    "uninstall rmdir forget unregister discard trash clean cleanup reset rmb eradicate mb-rm deprovision shred deletes "
    "flushall flushdb gc compact vacate unpublish yank dispose",
    "stop": "stop kill pause suspend cancel disable shutdown halt reboot restart drain cordon deactivate abort detach "
    "disassociate leave revoke unbind disconnect evict failover quarantine deallocate down scale-down unmount freeze seal",
    "create": "create add new put insert start launch register provision import allocate enable request issue restore "
    "generate init clone attach associate tag make mb mkdir up spawn build build-image backup bootstrap scaffold boot "
    "activate resume unpause commission mount save schedule snapshot",
    "update": "update set modify edit apply patch change replace rename move mv configure deploy promote rollback resize "
    "scale rotate migrate sync upgrade bind unset assign untag redeploy release annotate label merge transfer reassign "
    "switch adjust increase decrease downgrade alter convert swap reconcile write rewrite refresh push sync-wave copy cp "
    "rollout reload submit reconfigure renew refactor resync override unlock lock mirror mark taint untaint unseal join",
    "execute": "exec execute invoke ssh shell console eval trigger run dispatch rerun retry call spawn-shell script apply-script "
    "send-command start-session run-command run-instances-command rpc repl",
    "grant": "grant authorize permit allow share publicize impersonate elevate",
    "message": "send publish notify email post comment reply broadcast sms send-email send-message pub produce announce",
    "upload": "upload",
    "login": "login auth authenticate signin assume logout",
    "listen": "serve proxy port-forward expose tunnel forward",
}
_VERBS: dict[str, Verb] = {word: verb for verb, words in _WORDS.items() for word in words.split()}

_WEAK = word_set(
    "logs log history status info stats env events test test-connection audit-log report usage docs url top backup "
    "snapshot snapshots image tag label release auth proxy copy script build schedule export query console filter "
    "policy lock run call scan forward trigger join head open mark sub"
)
"""Words that are as often the noun a real verb acts on (`logs delete`, `backup rm`)."""

_MODIFIERS = word_set("batch bulk force admin async multi cancel-if safe hard soft all try re auto internal global")

_NOUNS: dict[str, str] = {
    "database": "db database databases table tables dataset datasets rds sql dynamodb spanner bigtable firestore cosmosdb "
    "postgres postgresql pg mysql mariadb redshift docdb neptune keyspace collection collections mongodb mongo atlas "
    "topic-records records cassandra redis d1 schema documentdb sqlite clickhouse index indices elasticsearch",
    "object": "s3 s3api object objects blob blobs bucket buckets file files gs storage r2 volume artifact artifacts",
    "secret": "secret secrets secretsmanager password passwords token tokens credential credentials creds key keys apikey "
    "keyvault kubeconfig ssm vault passphrase otp",
    "permission": "policy policies role roles user users iam permission permissions acl acls binding bindings member members "
    "group-membership grant grants security-group ingress invitation collaborator collaborators visibility principal "
    "clusterrolebinding rolebinding clusterrole serviceaccount rbac access org-member sso trust mfa share sharing",
    "oversight": "cloudtrail trail trails guardduty detector detectors audit securityhub configservice recorder macie "
    "sink sinks alerting defender flow-logs",
}
_NOUN_OF: dict[str, set[str]] = {}
for _sort, _names in _NOUNS.items():
    for _name in _names.split():
        _NOUN_OF.setdefault(_name, set()).add(_sort)

_TOKENS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")


class Reading(Record, frozen=True, kw_only=True):
    """What a command path says it does."""

    verb: Verb
    at: int
    """Which word of the path the verb is; operands follow it."""
    kind: EffectKind
    target_kind: TargetKind = "resource"
    reversible: Reversibility = "unknown"
    flags: tuple[str, ...] = ()
    broad: bool = False


@lru_cache(maxsize=4096)
def verb_of(word: str) -> Verb | None:
    """The verb a word is or holds: itself, its first piece after modifiers (`batch-delete-image`), or its last (`apps:destroy`)."""
    if len(word) > 80:
        return None
    lower = word.lower()
    if lower in _VERBS:
        return _VERBS[lower]
    pieces = tokens(word)
    while len(pieces) > 1 and pieces[0] in _MODIFIERS:
        pieces = pieces[1:]
    if len(pieces) < 2:
        return _VERBS.get(pieces[0]) if pieces else None
    if (
        any(piece in ("deletion", "removal", "termination", "destruction") for piece in pieces)
        and pieces[0] != "cancel"
    ):
        return "delete"
    if ":" in word:
        return _VERBS.get(pieces[-1]) or _VERBS.get(pieces[0])
    return _VERBS.get(pieces[0]) or _VERBS.get(pieces[-1])


def tokens(word: str) -> list[str]:
    """`delete-db-Instance` and `deleteDbInstance` alike into lower-case pieces; at most 12."""
    return [piece.lower() for piece in _TOKENS.findall(word[:200])][:12]


def find_verb(path: Sequence[str]) -> tuple[int, Verb] | None:
    """The first verb of a command path; a word that may be a noun counts only when no plain verb follows within two words."""
    weak: tuple[int, Verb] | None = None
    for at, word in enumerate(path[:6]):
        verb = verb_of(word)
        if verb is None:
            continue
        if word.lower() not in _WEAK:
            return (at, verb) if weak is None or at - weak[0] <= 2 else weak
        weak = weak or (at, verb)
    return weak


def read_path(tool: str, path: Sequence[str]) -> Reading | None:
    """What `tool path...` does (`aws`, `["rds", "delete-db-instance"]`), by its verb and its nouns; None without a verb."""
    found = find_verb(path)
    if found is None:
        return None
    at, verb = found
    named = list(path[: at + 1])
    sorts = _sorts([tool, *named])
    flags = (
        ("bulk",)
        if any(word.lower() in ("all", "flushall", "delete-all", "purge", "nuke") for word in path[: at + 2])
        else ()
    )
    return _reading(verb, at, sorts, flags, named)


def _sorts(words: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for word in words:
        for piece in (word.lower(), *tokens(word)):
            found |= _NOUN_OF.get(piece, set())
    return found


def _reading(verb: Verb, at: int, sorts: set[str], flags: tuple[str, ...], named: list[str]) -> Reading:
    kind: EffectKind = "infrastructure"
    target_kind: TargetKind = "resource"
    reversible: Reversibility = "partly"
    if verb == "read":
        kind, reversible = ("credential" if "secret" in sorts and not _listing(named) else "read"), "yes"
    elif verb == "login":
        kind, target_kind = "credential", "account"
    elif verb == "execute":
        kind, target_kind, reversible = "execute", "resource", "unknown"
    elif verb == "message":
        kind, target_kind, reversible = "message", "address", "no"
    elif verb == "upload":
        kind, target_kind = "network-out", "url"
    elif verb == "listen":
        kind, reversible = "network-listen", "yes"
    elif "oversight" in sorts and verb in ("delete", "stop", "update"):
        kind, reversible = "oversight", "no" if verb == "delete" else "partly"
    elif "permission" in sorts or verb == "grant":
        kind, target_kind, reversible = "permission", "account", "no" if verb == "delete" else "partly"
    elif verb == "delete" and "database" in sorts:
        kind, target_kind, reversible = "database-destroy", "database", "no"
    elif verb == "delete" and "object" in sorts:
        kind, reversible = "delete", "no"
    elif "secret" in sorts and verb in ("create", "update"):
        kind, reversible = "credential", "no" if verb == "update" else "partly"
        flags = (*flags, "secret")
    elif "database" in sorts and verb in ("create", "update"):
        kind, target_kind = "database-write", "database"
    elif verb == "delete":
        reversible = "no"
    return Reading(
        verb=verb, at=at, kind=kind, target_kind=target_kind, reversible=reversible, flags=flags, broad="bulk" in flags
    )


def _listing(named: list[str]) -> bool:
    """Listing the names of secrets shows no secret (`list-secrets`, `secret describe`); `list-keys` does in some clouds.

    An operation that names another noun of its own (`secretsmanager get-resource-policy`) is about that one.
    """
    last = tokens(named[-1]) if named else []
    own = last[1:]
    if own and ("random" in own or not any("secret" in _NOUN_OF.get(piece, ()) for piece in own)):
        return True
    return bool(last) and last[0] in ("list", "ls", "describe", "status", "lookup", "search") and "keys" not in last
