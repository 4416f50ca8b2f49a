"""Clusters: kubectl and its kin, helm."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from magistrate.core.records import Effect, EffectKind, TargetKind
from magistrate.evidence.effects.command import Command, Handler, Scene, Word
from magistrate.evidence.effects.commands.cli import (
    Call,
    Entry,
    Raw,
    Row,
    Tool,
    effects,
    elsewhere,
    options,
    same,
    split,
    unwrap,
)
from magistrate.evidence.effects.commands.containers import copy
from magistrate.evidence.effects.place import looks_production

_STATEFUL = options("namespace namespaces ns pv pvc persistentvolume persistentvolumes persistentvolumeclaim persistentvolumeclaims crd crds customresourcedefinition customresourcedefinitions statefulset statefulsets sts secret secrets node nodes cluster clusters storageclass volumesnapshot")  # fmt: skip
_WHOLE = options("all namespace namespaces ns node nodes crd crds customresourcedefinition customresourcedefinitions pv persistentvolume persistentvolumes cluster")  # fmt: skip
_RIGHTS = re.compile(
    r"^(?:cluster)?role(?:binding)?s?(?:\.|/|$)|^serviceaccounts?(?:/|$)|^sa(?:/|$)|^rolebinding|^clusterrole", re.I
)
_SECRETS = re.compile(r"^secrets?(?:[./]|$)", re.I)


def _kinds(call: Call) -> list[tuple[str, Word]]:
    """Kind and object of each target: `pod/a`, `pod a b`, `pods,services -l app=x`, `-f file`."""
    files = [("", word) for word in call.line.values("-f", "--filename", "-k", "--kustomize")]
    if files:
        return files
    args = list(call.args)
    if not args:
        return [("", Word(text=""))]
    if any("/" in word.text for word in args):
        return [(word.text.partition("/")[0].lower(), word) for word in args]
    kind, names = args[0], args[1:]
    if not names:
        selected = call.line.value("-l", "--selector", "--field-selector")
        text = f"{kind.text} ({selected.text})" if selected is not None else kind.text
        return [(piece, Word(text=text, dynamic=kind.dynamic)) for piece in kind.text.lower().split(",")[:20]]
    return [
        (kind.text.lower(), Word(text=f"{kind.text}/{name.text}", dynamic=kind.dynamic or name.dynamic))
        for name in names[:20]
    ]


def _kube_delete(call: Call) -> Iterator[Effect]:
    everywhere = call.line.has("--all", "-A", "--all-namespaces")
    force = call.line.has("--force", "--now") or any(word.text == "0" for word in call.line.values("--grace-period"))
    for kind, word in _kinds(call):
        pieces = set(kind.split(","))
        broad = everywhere or bool(pieces & _WHOLE) or word.text.endswith("(")
        final = broad or bool(pieces & _STATEFUL)
        rights = bool(_RIGHTS.match(kind))
        flags = [
            *(["force"] if force else []),
            *(["bulk"] if everywhere or kind == "all" else []),
            *(["cascade"] if pieces & _WHOLE else []),
        ]
        target_kind: TargetKind = "path" if call.line.has("-f", "--filename", "-k") else "resource"
        if target_kind == "path":
            yield call.effect(
                "infrastructure", f"resources in {word.text}", "resource", reversible="no", flags=flags, broad=broad
            )
        else:
            yield call.effect(
                "permission" if rights else "infrastructure",
                word,
                "account" if rights else "resource",
                reversible="no" if final else "partly",
                flags=flags,
                broad=broad,
            )


def _kube_change(call: Call) -> Iterator[Effect]:
    """create, apply, replace, patch, edit, set, label ...: by the kind that is named."""
    flags = ["force"] if call.line.has("--force") else []
    flags += ["mirror"] if call.line.has("--prune") else []
    for kind, word in _kinds(call):
        if _SECRETS.match(kind):
            yield call.effect("credential", word, "resource", reversible="partly", flags=("secret",))
        elif _RIGHTS.match(kind):
            yield call.effect("permission", word, "account", reversible="partly", flags=flags)
        else:
            from_file = call.line.has("-f", "--filename", "-k", "--kustomize")
            target = Word(text=word.text, dynamic=word.dynamic)
            url = "://" in word.text
            yield call.effect(
                "infrastructure",
                target,
                "url" if url else "resource",
                reversible="partly",
                flags=[*flags, *(["unpinned"] if url else [])],
                broad=from_file and word.text in (".", "./"),
            )


def _kube_get(call: Call) -> Iterator[Effect]:
    for kind, word in _kinds(call):
        pieces = set(kind.split(","))
        secret = any(_SECRETS.match(piece) for piece in pieces)
        shown = call.line.has("-o", "--output", "--template") and call.path != ("describe",)
        named = "/" in word.text
        yield call.effect(
            "credential" if secret and (shown or (named and call.path != ("describe",))) else "read",
            word,
            "resource",
            reversible="yes",
            flags=("secret",) if secret and shown else (),
        )


def _kube_scale(call: Call) -> Iterator[Effect]:
    replicas = call.line.value("--replicas")
    zero = replicas is not None and replicas.text == "0"
    for _, word in _kinds(call):
        kind: EffectKind = "infrastructure"
        yield call.effect(
            kind,
            word,
            "resource",
            reversible="yes",
            flags=("bulk",) if call.line.has("--all") else (),
            broad=call.line.has("--all"),
        )
        if zero:
            yield call.effect("process-stop", word, "resource", reversible="yes", broad=call.line.has("--all"))


def _kube_exec(call: Call) -> Iterator[Effect]:
    """`kubectl exec POD -- command`; without `--` the command follows the pod, as old clients allow."""
    line = split(
        call.tail,
        options(
            "-n --namespace -c --container --context --kubeconfig --cluster -f --filename --pod-running-timeout --user -s --server"
        ),
        stop=1,
    )
    if line.has("--help"):
        return
    pod = line.operands[0] if line.operands else Word(text="")
    rest = list(line.rest)
    while rest and (
        rest[0].text in ("-i", "-t", "-it", "-ti", "--stdin", "--tty", "-c", "--container", "-n", "--namespace")
        or rest[0].text.startswith(("--container=", "--namespace="))
    ):
        rest = rest[2:] if rest[0].text in ("-c", "--container", "-n", "--namespace") else rest[1:]
    if rest and rest[0].text == "--":
        rest = rest[1:]
    yield call.effect("execute", pod, "resource", scope="remote")
    yield from elsewhere(unwrap(rest, call, f"{call.command.name} exec"), "remote")


def _kube_run(call: Call) -> Iterator[Effect]:
    flags = ["privileged"] if "privileged" in (call.line.value("--overrides") or Word(text="")).text else []
    yield call.effect("infrastructure", call.args[0] if call.args else "", "resource", reversible="yes", flags=flags)
    yield from elsewhere(unwrap(call.line.rest, call, f"{call.command.name} run"), "remote")


def _kube_create(call: Call) -> Iterator[Effect]:
    kind = call.args[0].text.lower() if call.args else ""
    name = call.args[-1] if call.args else Word(text="")
    if kind == "token":
        yield call.effect("credential", name, "account", flags=("secret",))
    else:
        yield from _kube_change(call)


def _kube_context(call: Call) -> Iterator[Effect]:
    found = call.effect("overwrite", "~/.kube/config", "path", reversible="yes")
    name = call.args[-1] if call.args else Word(text="")
    yield msgspec.structs.replace(
        found, production=looks_production(name.text), certainty="dynamic" if name.dynamic else "parsed"
    )


def _kube_view(call: Call) -> Iterator[Effect]:
    raw = call.line.has("--raw")
    yield call.effect("credential" if raw else "read", "~/.kube/config", "path", flags=("secret",) if raw else ())


_KUBE_READ = (Row(kind="read", reversible="yes"),)
_KUBE_STOP = (Row(kind="infrastructure", reversible="yes"),)
_KUBECTL: dict[str, Entry] = {
    **same("get|describe", _kube_get),
    **same("logs|top|explain|api-resources|api-versions|version|cluster-info|diff|wait|events|kustomize|options|completion|auth can-i|auth whoami|rollout status|rollout history|config get-contexts|config current-context|config get-clusters|config get-users|plugin|plugin list|certificate|status|whoami|project|projects", _KUBE_READ),
    "delete": _kube_delete,
    **same("apply|replace|patch|edit|set|label|annotate|autoscale|expose|process|new-app|new-project|import-image|tag|start-build|apply set-last-applied|set image|set env|set resources", _kube_change),
    "create": _kube_create,
    "scale": _kube_scale,
    "exec": Raw(run=_kube_exec),
    "rsh": Raw(run=_kube_exec),
    "run": _kube_run,
    **same("attach|debug", (Row(kind="execute", take="first", scope="remote"),)),
    "cp": copy,
    **same("drain", (Row(kind="infrastructure", reversible="partly", broad=True, flags=("bulk",)), Row(kind="process-stop", reversible="partly", broad=True))),
    **same("cordon|uncordon|taint|rollout restart|rollout undo|rollout pause|rollout resume|idle|rollback|cancel-build", _KUBE_STOP),
    **same("port-forward|proxy", (Row(kind="network-listen", take="first", name="kubernetes api", reversible="yes"),)),
    **same("config use-context|config set-context|config set-cluster|config set|config unset|config delete-context|config delete-cluster|config delete-user|config rename-context|use", _kube_context),
    "config set-credentials": (Row(kind="credential", take="first", target_kind="account", scope="home", flags=("secret",)),),
    "config view": _kube_view,
    **same("auth reconcile|certificate approve|certificate deny|adm policy|policy|adm policy add-cluster-role-to-user|adm policy add-scc-to-user|policy add-role-to-user|create rolebinding|create clusterrolebinding|create role|create clusterrole|create serviceaccount", (Row(kind="permission", target_kind="account", reversible="partly"),)),
    **same("login|logout", (Row(kind="credential", take="first", target_kind="account"),)),
    **same("plugin install|krew install", (Row(kind="install", target_kind="package", scope="home"),)),
}  # fmt: skip

_KUBE_VALUED = options(
    "-n --namespace --context --cluster --user --kubeconfig -s --server --token --as --as-group --certificate-authority --client-key "
    "--client-certificate --request-timeout --cache-dir --profile -v --v -f --filename -k --kustomize -o --output -l --selector --field-selector --replicas "
    "--grace-period --timeout -c --container --image --overrides --type -p --patch --patch-file --template --sort-by --since --tail "
    "--restart --port --target-port --name --from-literal --from-file --from-env-file --clusterrole --role --serviceaccount --verb "
    "--resource --min --max --cascade --env --labels --field-manager --pod-selector --address --to-revision --for --local --duration --password"
)
KUBECTL = Tool(
    name="kubectl", table=_KUBECTL, valued=_KUBE_VALUED - {"--local", "--cascade"}, help=("-h",),
    marks={"-A": "bulk", "--all-namespaces": "bulk", "--insecure-skip-tls-verify": "insecure-transport", "--force": "force"},
)  # fmt: skip


def kubectl(command: Command, scene: Scene) -> tuple[Effect, ...]:
    """Effects of kubectl or oc. The namespace or context named anywhere says whether it is production."""
    found = effects(KUBECTL, command, scene)
    short = split(command.words, KUBECTL.valued)
    named = [word.text for word in (*short.values("-n", "--namespace", "--context", "--cluster", "-s"),)]
    live = any(looks_production(text) for text in named)
    return tuple(msgspec.structs.replace(one, production=True) if live else one for one in found)


# ---------------------------------------------------------------- helm and the like

_RELEASE = Row(kind="infrastructure", take="first", reversible="partly")
_HELM: dict[str, Entry] = {
    **same("list|ls|get|get values|get manifest|get all|get notes|get hooks|get metadata|status|history|search|search repo|search hub|show|show values|show chart|show all|template|lint|version|env|verify|repo list|plugin list|dependency list|inspect|diff|diff upgrade|completion", (Row(kind="read", take="first", reversible="yes"),)),
    **same("uninstall|delete|del|un", (Row(kind="infrastructure", reversible="no"),)),
    **same("install|upgrade|rollback|test", (_RELEASE,)),
    **same("repo add|repo update|repo index|repo remove|repo rm|dependency update|dependency build|dep up|pull|fetch", (Row(kind="network-out", take="last", target_kind="url", reversible="yes"),)),
    **same("push|registry push", (Row(kind="vcs-publish", take="last", target_kind="package", reversible="partly"),)),
    **same("registry login|registry logout", (Row(kind="credential", take="first", target_kind="account"),)),
    **same("create|package|init", (Row(kind="create", take="first", target_kind="path", reversible="yes"),)),
    **same("plugin install|plugin update", (Row(kind="install", take="first", target_kind="package", scope="home"),)),
}  # fmt: skip
_HELM_VALUED = options(
    "-n --namespace --kube-context --kubeconfig -f --values --set --set-string --set-file --version --timeout --repo --username "
    "--password -o --output --description --kube-apiserver --history-max --ca-file --post-renderer --max --kube-token"
)
_HELM_MARKS = {
    "--force": "force",
    "--no-hooks": "no-verify",
    "--disable-openapi-validation": "no-verify",
    "--cascade": "cascade",
    "--keep-history": "",
}


def helm(command: Command, scene: Scene) -> tuple[Effect, ...]:
    """Effects of helm; the namespace says whether it is production."""
    tool = Tool(name="helm", table=_HELM, valued=_HELM_VALUED, marks=_HELM_MARKS, help=("-h",))
    namespace = split(command.words, _HELM_VALUED).value("-n", "--namespace", "--kube-context")
    live = namespace is not None and looks_production(namespace.text)
    return tuple(
        msgspec.structs.replace(one, production=True) if live else one for one in effects(tool, command, scene)
    )


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(("kubectl", "oc", "k", "microk8s.kubectl", "kubecolor"), kubectl),
    "helm": helm,
}
