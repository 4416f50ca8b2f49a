"""Containers and clusters: docker and its kin, compose, kubectl, helm.

A command inside a container is read like any other; its paths are the container's, except where a mount brings them back.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator

import msgspec

from magistrate.core.records import Effect, EffectKind, Scope, TargetKind
from magistrate.evidence.effects.command import Command, Handler, Scene, Word, path_effect
from magistrate.evidence.effects.commands.cli import (
    Call,
    Entry,
    Line,
    Raw,
    Row,
    Tool,
    effects,
    elsewhere,
    handler,
    options,
    same,
    split,
    unwrap,
)
from magistrate.evidence.effects.place import host_scope, looks_production

_RUN_SWITCHES = options(
    "-d --detach -i --interactive -t --tty -P --publish-all --rm --privileged --init --no-healthcheck --oom-kill-disable "
    "--read-only --sig-proxy -q --quiet --help --disable-content-trust --replace --tls-verify --systemd --no-hosts"
)
_RUN_VALUED = options(
    "-v --volume --mount -e --env --env-file -p --publish --name -w --workdir -u --user --entrypoint --network --net --pid --ipc "
    "--uts --userns --cap-add --cap-drop --security-opt --device -h --hostname --label -l --restart -m --memory --cpus --gpus "
    "--add-host --dns --ulimit --tmpfs --platform --pull --log-driver --log-opt --cgroupns --cgroup-parent --volumes-from --link "
    "--expose --ip --runtime --shm-size --stop-signal --stop-timeout --health-cmd --group-add --cidfile --pod -a --attach -c "
    "--cpu-shares --cpuset-cpus --domainname --isolation --annotation --sysctl --detach-keys --secret --index --publish-all-to"
)
_SOCKETS = ("docker.sock", "containerd.sock", "podman.sock", "crio.sock")
_STATEFUL = options("namespace namespaces ns pv pvc persistentvolume persistentvolumes persistentvolumeclaim persistentvolumeclaims crd crds customresourcedefinition customresourcedefinitions statefulset statefulsets sts secret secrets node nodes cluster clusters storageclass volumesnapshot")  # fmt: skip
_WHOLE = options("all namespace namespaces ns node nodes crd crds customresourcedefinition customresourcedefinitions pv persistentvolume persistentvolumes cluster")  # fmt: skip
_RIGHTS = re.compile(
    r"^(?:cluster)?role(?:binding)?s?(?:\.|/|$)|^serviceaccounts?(?:/|$)|^sa(?:/|$)|^rolebinding|^clusterrole", re.I
)
_SECRETS = re.compile(r"^secrets?(?:[./]|$)", re.I)

# ---------------------------------------------------------------- docker


def _mounts(line: Line) -> list[tuple[Word, str]]:
    """Host source and place in the container of each bind mount."""
    found: list[tuple[Word, str]] = []
    for word in line.values("-v", "--volume"):
        parts = re.match(r"^((?:[A-Za-z]:[\\/])?[^:]+):([^:]+)", word.text)
        if parts and (parts.group(1).startswith(("/", ".", "~", "$")) or parts.group(1)[1:3] in (":\\", ":/")):
            found.append((Word(text=parts.group(1), dynamic=word.dynamic), parts.group(2)))
    for word in line.values("--mount"):
        pairs = dict(piece.partition("=")[::2] for piece in word.text.split(","))
        source = pairs.get("source") or pairs.get("src") or ""
        if source and pairs.get("type", "bind") == "bind":
            inside = pairs.get("target") or pairs.get("dst") or pairs.get("destination") or ""
            found.append((Word(text=source, dynamic=word.dynamic), inside))
    return found


def _run(call: Call) -> Iterator[Effect]:
    """`docker run`: what the container may reach of the host, then what runs in it."""
    line = split(call.tail, _RUN_VALUED, switches=_RUN_SWITCHES, stop=1)
    if line.has("--help"):
        return
    image = line.operands[0] if line.operands else Word(text="")
    mounts = _mounts(line)
    yield call.effect("execute", image, "package", scope="local", flags=_privileges(line, mounts, call))
    for word in line.values("-p", "--publish"):
        yield call.effect("network-listen", word, "host", scope="local", reversible="yes")
    for source, _ in mounts:
        if source.text.endswith(_SOCKETS) or (
            call.scene.place.path_scope(source.text) in ("system", "home", "device")
            and call.scene.place.is_broad(source.text)
        ):
            yield path_effect("permission", source, call.command, call.scene, flags=("privileged",))
    entry = line.value("--entrypoint")
    words = (*([entry] if entry is not None and entry.text else []), *line.rest)
    if words and words[0].text.startswith("-") and not words[0].dynamic:
        return
    for one in unwrap(words, call, f"{call.command.name} run"):
        yield _contained(one, mounts, call)


def _privileges(line: Line, mounts: list[tuple[Word, str]], call: Call) -> list[str]:
    host = any(
        value.text == "host" for value in line.values("--network", "--net", "--pid", "--ipc", "--userns", "--uts")
    )
    caps = any(re.search(r"ALL|SYS_|NET_ADMIN|DAC_", value.text.upper()) for value in line.values("--cap-add"))
    loose = any("unconfined" in value.text or value.text == "label=disable" for value in line.values("--security-opt"))
    wide = any(source.text == "/" or source.text.endswith(_SOCKETS) for source, _ in mounts)
    flags = ["privileged"] if line.has("--privileged") or host or caps or loose or wide or line.has("--device") else []
    if line.has("-d", "--detach"):
        flags.append("background")
    return flags


def _contained(found: Effect, mounts: list[tuple[Word, str]], call: Call) -> Effect:
    """A path in a container is the host's where a mount holds it, and gone with the container elsewhere."""
    if found.target_kind != "path":
        return (
            found
            if found.scope not in ("workspace", "home", "system")
            else msgspec.structs.replace(found, scope="local")
        )
    place = call.scene.place
    for source, inside in sorted(mounts, key=lambda mount: -len(mount[1])):
        top = inside.rstrip("/")
        if (
            found.target == inside
            or found.target.startswith(top + "/")
            or (top.startswith(found.target.rstrip("/") + "/"))
        ):
            below = found.target[len(top) :].lstrip("/") if found.target.startswith(top) else ""
            host = posixpath.join(source.text, below) if below else source.text
            if source.dynamic:
                return msgspec.structs.replace(found, scope="unknown", certainty="dynamic")
            broad = found.broad or place.is_broad(host)
            return msgspec.structs.replace(found, target=place.resolve(host), scope=place.path_scope(host), broad=broad)
    if mounts and not found.target.startswith("/"):
        return msgspec.structs.replace(found, scope="unknown")
    return msgspec.structs.replace(found, scope="temp")


def _exec(call: Call) -> Iterator[Effect]:
    """`docker exec CONTAINER command`: the command, on the container's files."""
    line = split(call.tail, options("-e --env --env-file -u --user -w --workdir --detach-keys --index"), stop=1)
    if line.has("--help"):
        return
    if not line.operands or (line.operands[0].dynamic and not line.rest):
        yield call.effect("execute", line.operands[0] if line.operands else "", "resource", scope="remote")
        return
    container = line.operands[0]
    flags = ("privileged",) if line.has("--privileged") else ()
    yield call.effect("execute", container.text, "resource", scope="remote", flags=flags)
    yield from elsewhere(unwrap(line.rest, call, f"{call.command.name} exec"), "remote")


def _copy(call: Call) -> Iterator[Effect]:
    """`docker cp`, `kubectl cp`: into or out of a container."""
    if len(call.args) < 2:
        return
    source, destination = call.args[0], call.args[-1]
    if re.match(r"^[^/.~][^:]*:", destination.text):
        yield call.effect("overwrite", destination, "resource", scope="remote", reversible="partly")
    else:
        yield call.effect("overwrite", destination, "path", reversible="unknown")
    if not re.match(r"^[^/.~][^:]*:", source.text):
        yield call.effect("read", source, "path", reversible="yes")


def _login(call: Call) -> Iterator[Effect]:
    yield call.effect(
        "credential",
        call.args[0] if call.args else "registry",
        "account",
        scope="remote",
        flags=("secret",) if call.line.has("-p", "--password") else (),
    )


_LISTED = (Row(kind="read", take="first", scope="local", reversible="yes"),)
_STOPPED = (Row(kind="process-stop", target_kind="process", scope="local", reversible="yes"),)
_STARTED = (Row(kind="execute", target_kind="resource", scope="local"),)


def _gone(name: str = "", *, reversible: str = "no", broad: bool = False, take: str = "all") -> tuple[Row, ...]:
    made = {"kind": "delete", "take": take, "name": name, "scope": "local", "reversible": reversible, "broad": broad}
    return (msgspec.convert({**made, "flags": ("bulk",) if broad else (), "broad_if": ("-a", "--all")}, Row),)


_COMPOSE: dict[str, Entry] = {
    **same("ps|logs|config|images|ls|top|events|version|port|stats|convert|volumes", _LISTED),
    **same("up|create|start|restart|scale|unpause|watch", (Row(kind="execute", take="all", name="compose services", scope="local"),)),
    **same("stop|kill|pause", (Row(kind="process-stop", name="compose services", target_kind="process", scope="local", reversible="yes"),)),
    "down": (
        Row(kind="process-stop", name="compose services", target_kind="process", scope="local", reversible="yes"),
        Row(kind="delete", take="none", name="compose volumes", scope="local", reversible="no", broad=True, flags=("bulk",), when=("-v", "--volumes", "--rmi")),
    ),
    "rm": (
        Row(kind="delete", name="compose containers", scope="local", reversible="partly", final_if=("-v", "--volumes")),
    ),
    **same("build|pull", (Row(kind="execute", name="compose build", scope="local"),)),
    "push": (Row(kind="vcs-publish", name="compose images", target_kind="package", scope="remote", reversible="partly"),),
    "cp": _copy,
}  # fmt: skip

_DOCKER: dict[str, Entry] = {
    **same("ps|images|logs|inspect|version|info|top|stats|events|port|diff|history|search|wait|container ls|container list|container ps|container logs|container inspect|container stats|container top|container diff|container port|image ls|image list|image inspect|image history|volume ls|volume list|volume inspect|network ls|network list|network inspect|system df|system info|system events|context ls|context list|context inspect|context show|manifest inspect|buildx ls|buildx inspect|buildx du|node ls|node ps|node inspect|service ls|service ps|service logs|service inspect|stack ls|stack ps|stack services|secret ls|secret inspect|config ls|config inspect|swarm ca|plugin ls|plugin inspect|scout|sbom|trust inspect|pod ps|pod inspect|machine ls|machine inspect|compose ls", _LISTED),
    **same("run|container run|create|container create", Raw(run=_run)),
    **same("exec|container exec", Raw(run=_exec)),
    **same("cp|container cp", _copy),
    **same("rm|container rm|container remove|pod rm", _gone(reversible="partly")),
    **same("rmi|image rm|image remove|manifest rm|buildx rm|context rm", _gone(reversible="yes")),
    **same("volume rm|volume remove|secret rm|config rm|machine rm|plugin rm", _gone()),
    **same("network rm|network remove", _gone(reversible="yes")),
    "system prune": (*_gone("stopped containers, unused images", broad=True, take="none"), Row(kind="delete", take="none", name="volumes", scope="local", reversible="no", broad=True, flags=("bulk",), when=("--volumes",))),
    **same("volume prune", _gone("unused volumes", broad=True, take="none")),
    **same("container prune|pod prune", _gone("stopped containers", broad=True, take="none")),
    **same("image prune|builder prune|buildx prune|network prune", _gone("unused images", broad=True, take="none", reversible="partly")),
    "system reset": _gone("everything", broad=True, take="none"),
    **same("stop|kill|pause|restart|container stop|container kill|container restart|container pause|pod stop|pod kill|machine stop", _STOPPED),
    **same("start|unpause|attach|container start|container attach|container unpause|pod start|machine start|container restore", _STARTED),
    **same("pull|image pull|load|image load|import|image import", (Row(kind="install", take="first", target_kind="package", scope="local", reversible="yes"),)),
    **same("push|image push|manifest push|trust sign", (Row(kind="vcs-publish", take="first", target_kind="package", scope="remote", reversible="partly"),)),
    **same("build|image build|buildx build|builder build|buildx bake|compose build", (Row(kind="execute", take="first", name=".", target_kind="path", flags=("unseen-script",)), Row(kind="vcs-publish", take="-t|--tag", target_kind="package", scope="remote", reversible="partly", when=("--push",)))),
    **same("save|export|image save|container export", (Row(kind="create", take="-o|--output", target_kind="path", reversible="yes", when=("-o", "--output")), Row(kind="read", take="first", scope="local", reversible="yes"))),
    **same("tag|image tag|commit|container commit|rename|container rename|update|container update|network create|network connect|network disconnect|volume create|buildx create|buildx use|context create|context use|context update|pod create", (Row(kind="create", take="last", scope="local", reversible="yes"),)),
    "login": _login,
    "logout": (Row(kind="credential", take="first", name="registry", target_kind="account", scope="local"),),
    **same("swarm init|swarm join|swarm leave|swarm update|node rm|node update|node demote|node promote|service create|service update|service rm|service scale|service rollback|stack deploy|stack rm|stack up|stack down", (Row(kind="infrastructure", take="last", scope="remote", reversible="partly"),)),
    **same("swarm join-token|swarm unlock-key", (Row(kind="credential", take="none", name="swarm token", target_kind="account"),)),
    **same("secret create|config create", (Row(kind="credential", take="first", target_kind="account", scope="local", flags=("secret",)),)),
    **same("plugin install", (Row(kind="install", take="first", target_kind="package", scope="system", flags=("privileged",)),)),
    **{f"compose {name}": entry for name, entry in _COMPOSE.items()},
}  # fmt: skip

_DOCKER_GLOBAL = options(
    "-H --host -c --context --config -l --log-level --tlscacert --tlscert --tlskey --connection --url --root --storage-driver -n --namespace -a --address --identity"
)
_COMPOSE_GLOBAL = options(
    "-f --file -p --project-name --profile --env-file --project-directory --ansi --parallel --progress"
)
_DOCKER_VALUED = options(
    "-t --tag --file --build-arg --target --platform --filter --format --since --until --time -o --output --name -u --username --signal -s --cache-from --cache-to --secret --ssh --driver --tail -n --builder --password --scale --timeout"
)


def docker(command: Command, scene: Scene) -> tuple[Effect, ...]:
    """Effects of docker, podman or nerdctl, after global options and `compose`'s own are out of the way."""
    outer = split(command.words, _DOCKER_GLOBAL, stop=1)
    words = (*outer.operands, *outer.rest)
    if outer.operands and outer.operands[0].text == "compose":
        found = compose(msgspec.structs.replace(command, words=outer.rest), scene)
    else:
        found = _ran(
            Tool(
                name=command.name,
                table=_DOCKER,
                valued=_DOCKER_VALUED,
                valued_of=dict.fromkeys(("build", "buildx", "image", "builder"), options("-f")),
                scope="local",
                marks={"-f": "force", "-v": "recursive"},
            ),
            command,
            words,
            outer,
            scene,
        )
    host = outer.value("-H", "--host", "-c", "--context") or next(
        (w for n, w in command.assignments if n in ("DOCKER_HOST", "DOCKER_CONTEXT", "CONTAINER_HOST")), None
    )
    if host is None or host.text in ("default", "desktop-linux", "colima", "orbstack") or host.text.startswith("unix:"):
        return found
    live = looks_production(host.text)
    return tuple(
        msgspec.structs.replace(one, scope="remote", production=one.production or live) if one.scope == "local" else one
        for one in found
    )


def compose(command: Command, scene: Scene) -> tuple[Effect, ...]:
    """Effects of `docker compose` and `docker-compose`."""
    outer = split(command.words, _COMPOSE_GLOBAL, stop=1)
    words = (*outer.operands, *outer.rest)
    table = {**_COMPOSE, "exec": Raw(run=_exec), "run": Raw(run=_compose_run)}
    return _ran(
        Tool(
            name=command.name,
            table=table,
            valued=options("-t --timeout --scale -n --tail --since --index --format --filter --rmi -s --signal"),
            scope="local",
            marks={"-f": "force"},
        ),
        command,
        words,
        outer,
        scene,
    )


def _compose_run(call: Call) -> Iterator[Effect]:
    line = split(call.tail, _RUN_VALUED, stop=1)
    yield call.effect(
        "execute",
        line.operands[0] if line.operands else "",
        "resource",
        scope="local",
        flags=_privileges(line, _mounts(line), call),
    )
    for one in unwrap(line.rest, call, f"{call.command.name} run"):
        yield _contained(one, _mounts(line), call)


def _ran(tool: Tool, command: Command, words: Iterable[Word], outer: Line, scene: Scene) -> tuple[Effect, ...]:
    given = tuple(words)
    if not given and not outer.has("--help", "--version", "-v"):
        given = tuple(word for word in command.words if word.dynamic)
    return tuple(effects(tool, msgspec.structs.replace(command, words=given), scene))


# ---------------------------------------------------------------- kubectl


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
    "cp": _copy,
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


def remote_scope(host: str) -> Scope:
    """Scope of a daemon's address (`tcp://10.0.0.1:2375`)."""
    return host_scope(re.sub(r"^[a-z]+://|:\d+$|^.*@", "", host))


_LOCAL_CLUSTER = options(
    "-n --name -p --profile --config --image --kubeconfig --driver --memory --cpus --kubernetes-version"
)


def _local(name: str) -> Handler:
    return handler(Tool(name=name, valued=_LOCAL_CLUSTER, scope="local"))


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(("docker", "podman", "nerdctl", "finch"), docker),
    **dict.fromkeys(("docker-compose", "podman-compose"), compose),
    **dict.fromkeys(("kubectl", "oc", "k", "microk8s.kubectl", "kubecolor"), kubectl),
    "helm": helm,
    **{
        name: _local(name)
        for name in (
            "minikube",
            "kind",
            "k3d",
            "colima",
            "crictl",
            "ctr",
            "buildah",
            "skopeo",
            "lima",
            "limactl",
            "multipass",
            "lxc",
            "incus",
            "virsh",
        )
    },
}
