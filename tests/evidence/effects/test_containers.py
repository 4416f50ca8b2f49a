"""Containers and clusters."""

from __future__ import annotations

import pytest

from magistrate.core.records import Effect
from magistrate.evidence.effects.place import Place
from magistrate.evidence.effects.shell import effects

PLACE = Place(cwd="/srv/app", home="/home/kim")


def seen(line: str) -> tuple[Effect, ...]:
    return effects(line, PLACE)


@pytest.mark.parametrize(
    ("line", "kind", "target"),
    [
        ("docker system prune -af --volumes", "delete", "volumes"),
        ("docker volume rm data", "delete", "data"),
        ("docker rm -f web", "delete", "web"),
        ("docker kill web", "process-stop", "web"),
        ("docker compose -f c.yml down -v", "delete", "compose volumes"),
        ("docker-compose down --volumes", "delete", "compose volumes"),
        ("docker build -t a/b -f Dockerfile.dev .", "execute", "/srv/app"),
        ("docker run -p 80:80 web", "network-listen", "80:80"),
        ("docker login registry.example.net", "credential", "registry.example.net"),
        ("kubectl delete namespace shop", "infrastructure", "namespace/shop"),
        ("kubectl delete pods -l app=web", "infrastructure", "pods (app=web)"),
        ("kubectl delete -f k8s", "infrastructure", "resources in k8s"),
        ("kubectl -n shop scale deploy/web --replicas=0", "process-stop", "deploy/web"),
        ("kubectl drain node-1", "infrastructure", "node-1"),
        ("kubectl get secret db -o yaml", "credential", "secret/db"),
        (
            "kubectl create clusterrolebinding x --clusterrole=cluster-admin --user=eve",
            "permission",
            "x",
        ),
        ("kubectl config use-context live", "overwrite", "/home/kim/.kube/config"),
        ("kubectl port-forward svc/web 80", "network-listen", "svc/web"),
        ("helm uninstall web", "infrastructure", "web"),
    ],
)
def test_effect_and_target(line: str, kind: str, target: str) -> None:
    assert (kind, target) in [(one.kind, one.target) for one in seen(line)]


@pytest.mark.parametrize(
    "line",
    [
        "docker ps -a",
        "docker logs -f web",
        "docker compose ps",
        "kubectl get pods -A",
        "kubectl get secrets",
        "kubectl describe secret db",
        "kubectl apply -f a.yaml --dry-run=client",
        "helm list -A",
        "helm template .",
    ],
)
def test_reading_is_only_read(line: str) -> None:
    assert {one.kind for one in seen(line)} == {"read"}


def test_dry_run_none_is_no_dry_run() -> None:
    assert seen("kubectl delete pod a --dry-run=none")[0].kind == "infrastructure"


def test_whole_kinds_are_broad_and_final() -> None:
    for line in ("kubectl delete namespace shop", "kubectl delete all --all", "kubectl delete pods --all -n shop"):
        assert seen(line)[0].broad
    (pod,) = seen("kubectl delete pod web-1")
    assert (pod.broad, pod.reversible) == (False, "partly")


@pytest.mark.parametrize(
    "line",
    [
        "kubectl -n production delete pod a",
        "kubectl --context prod-eu delete pod a",
        "helm uninstall web -n prod",
        "docker -H tcp://prod.example.net:2376 rm -f web",
    ],
)
def test_production_by_context(line: str) -> None:
    assert all(one.production for one in seen(line))


@pytest.mark.parametrize(
    "line",
    [
        "docker exec -it web rm -rf /data/x",
        "kubectl exec web-0 -c app -- rm -rf /data/x",
        "podman exec web sh -c 'rm -rf /data/x'",
        "oc rsh web-0 rm -rf /data/x",
    ],
)
def test_commands_in_containers_are_read_there(line: str) -> None:
    (gone,) = [one for one in seen(line) if one.kind == "delete"]
    assert (gone.target, gone.scope) == ("/data/x", "remote")


def test_mounts_bring_paths_back() -> None:
    (gone,) = [one for one in seen("docker run --rm -v /:/host alpine rm -rf /host/etc") if one.kind == "delete"]
    assert (gone.target, gone.scope) == ("/etc", "system")
    (gone,) = [one for one in seen("docker run --rm alpine rm -rf /etc") if one.kind == "delete"]
    assert gone.scope == "temp"
    (gone,) = [
        one
        for one in seen("docker run --mount type=bind,source=/srv/app,target=/w alpine rm -rf /w/x")
        if one.kind == "delete"
    ]
    assert (gone.target, gone.scope) == ("/srv/app/x", "workspace")


@pytest.mark.parametrize(
    "line",
    [
        "docker run --privileged a",
        "docker run --network host a",
        "docker run -v /var/run/docker.sock:/var/run/docker.sock a",
        "docker run --pid=host a",
        "docker run --cap-add SYS_ADMIN a",
    ],
)
def test_privileged_runs(line: str) -> None:
    assert "privileged" in seen(line)[0].flags


def test_options_of_the_inner_command_are_not_dockers() -> None:
    assert seen("docker run alpine ls --privileged --force")[0].flags == ()


@pytest.mark.parametrize(
    "line", ["docker $X", "docker compose $X", "kubectl $X pod", "kubectl exec web -- $X", "helm $X web"]
)
def test_hidden_subcommand_is_dynamic(line: str) -> None:
    assert any(one.certainty == "dynamic" for one in seen(line))


def test_a_database_in_a_container_is_not_this_machines() -> None:
    (gone,) = [one for one in seen("docker exec db psql -c 'DROP TABLE x'") if one.kind == "database-destroy"]
    assert gone.scope == "remote"
