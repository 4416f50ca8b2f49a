"""Containers: docker and its kin, compose, local clusters.

A command inside a container is read like any other; its paths are the container's, except where a mount brings them back.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator

import msgspec

from magistrate.core.records import Effect
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
from magistrate.evidence.effects.place import looks_production

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
    # A long option that is no known switch takes a value, as most of `run` do.
    more = {
        word.text for word in call.tail if word.text.startswith("--") and "=" not in word.text and len(word.text) > 2
    }
    line = split(call.tail, _RUN_VALUED | (more - _RUN_SWITCHES), switches=_RUN_SWITCHES, stop=1)
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


def copy(call: Call) -> Iterator[Effect]:
    """`docker cp`, `kubectl cp`: into or out of a container."""
    if len(call.args) < 2:
        return
    source, destination = call.args[0], call.args[-1]
    if re.match(r"^[^/.~][^:]*:", destination.text):
        yield call.effect("overwrite", destination, "resource", scope="remote", reversible="partly")
    else:
        if destination.text in (".", "./"):
            destination = Word(text=source.text.rstrip("/").rpartition("/")[2] or ".", dynamic=source.dynamic)
        yield call.effect("overwrite", destination, "path", reversible="partly")
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
    "cp": copy,
}  # fmt: skip

_DOCKER: dict[str, Entry] = {
    **same("ps|images|logs|inspect|version|info|top|stats|events|port|diff|history|search|wait|container ls|container list|container ps|container logs|container inspect|container stats|container top|container diff|container port|image ls|image list|image inspect|image history|volume ls|volume list|volume inspect|network ls|network list|network inspect|system df|system info|system events|context ls|context list|context inspect|context show|manifest inspect|buildx ls|buildx inspect|buildx du|node ls|node ps|node inspect|service ls|service ps|service logs|service inspect|stack ls|stack ps|stack services|secret ls|secret inspect|config ls|config inspect|swarm ca|plugin ls|plugin inspect|scout|sbom|trust inspect|pod ps|pod inspect|machine ls|machine inspect|compose ls", _LISTED),
    **same("run|container run|create|container create", Raw(run=_run)),
    **same("exec|container exec", Raw(run=_exec)),
    **same("cp|container cp", copy),
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


_LOCAL_CLUSTER = options(
    "-n --name -p --profile --config --image --kubeconfig --driver --memory --cpus --kubernetes-version"
)


def _local(name: str) -> Handler:
    return handler(Tool(name=name, valued=_LOCAL_CLUSTER, scope="local"))


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(("docker", "podman", "nerdctl", "finch"), docker),
    **dict.fromkeys(("docker-compose", "podman-compose"), compose),
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
