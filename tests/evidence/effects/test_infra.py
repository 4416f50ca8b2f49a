"""Infrastructure as code, platforms, secret stores, backups, migrations."""

from __future__ import annotations

import pytest

from magistrate.core.records import Effect
from magistrate.evidence.effects.place import Place
from magistrate.evidence.effects.shell import effects

PLACE = Place(cwd="/srv/app", home="/home/kim")


def seen(line: str) -> tuple[Effect, ...]:
    return effects(line, PLACE)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("terraform destroy -auto-approve", "infrastructure"),
        ("terraform apply -destroy", "infrastructure"),
        ("tofu state rm a.b", "infrastructure"),
        ("terragrunt run-all destroy", "infrastructure"),
        ("pulumi destroy --yes", "infrastructure"),
        ("cdk destroy --all --force", "infrastructure"),
        ("serverless remove --stage dev", "infrastructure"),
        ("vagrant destroy -f", "infrastructure"),
        ("heroku apps:destroy -a web --confirm web", "infrastructure"),
        ("heroku pg:reset", "database-destroy"),
        ("fly apps destroy web --yes", "infrastructure"),
        ("prisma migrate reset --force", "database-destroy"),
        ("npx prisma migrate reset --force", "database-destroy"),
        ("rails db:drop", "database-destroy"),
        ("restic forget --keep-last 1 --prune", "delete"),
        ("borg delete repo::old", "delete"),
        ("vault kv metadata delete secret/app", "infrastructure"),
        ("op item delete login", "infrastructure"),
        ("nats stream rm ORDERS -f", "infrastructure"),
        ("rabbitmqctl delete_queue jobs", "infrastructure"),
        ("argocd app delete web", "infrastructure"),
        ("circleci context delete gh org name", "infrastructure"),
        ("kafka-topics.sh --bootstrap-server b:9092 --delete --topic orders", "database-destroy"),
    ],
)
def test_destruction_is_final(line: str, kind: str) -> None:
    assert any(one.kind == kind and one.reversible == "no" for one in seen(line))


@pytest.mark.parametrize(
    "line",
    [
        "terraform plan -destroy",
        "terraform show",
        "terraform state list",
        "pulumi preview",
        "cdk diff",
        "vault status",
        "op item list",
        "restic snapshots",
        "velero backup get",
        "nats stream ls",
        "rabbitmqctl list_queues",
        "circleci config validate",
        "heroku logs --tail",
        "kafka-topics --list --bootstrap-server b:9092",
        "ansible web -m ping",
        "ansible-playbook site.yml --check",
        "prisma migrate status",
    ],
)
def test_reading_is_only_read(line: str) -> None:
    assert {one.kind for one in seen(line)} == {"read"}


def test_target_narrows_destruction() -> None:
    (whole,) = seen("terraform destroy")
    (one,) = seen("terraform destroy -target=module.web")
    assert (whole.broad, one.broad, one.target) == (True, False, "module.web")


def test_apply_is_no_destruction_and_says_when_it_does_not_ask() -> None:
    (one,) = seen("terraform apply -auto-approve")
    assert (one.reversible, "auto-approve" in one.flags) == ("partly", True)
    assert seen("terraform apply -destroy")[0].reversible == "no"


@pytest.mark.parametrize(
    "line",
    [
        "terraform -chdir=envs/prod apply",
        "pulumi up -s prod",
        "ansible-playbook -i production site.yml",
        "vercel --prod",
        "terraform apply -var-file=prod.tfvars",
    ],
)
def test_production(line: str) -> None:
    assert any(one.production for one in seen(line))


@pytest.mark.parametrize(
    "line",
    ["vault kv get secret/app", "op read op://a/b/c", "doppler secrets", "pass show mail", "sops decrypt a.yaml"],
)
def test_secrets_shown_are_credentials(line: str) -> None:
    assert {one.kind for one in seen(line)} == {"credential"}


def test_audit_switched_off_is_oversight() -> None:
    assert seen("vault audit disable file")[0].kind == "oversight"


@pytest.mark.parametrize("line", ["op run -- rm -rf /srv/data", "doppler run --command 'rm -rf /srv/data'"])
def test_wrapped_commands_are_read(line: str) -> None:
    assert any(one.kind == "delete" and one.target == "/srv/data" for one in seen(line))


def test_ad_hoc_fleet_command_is_read_as_remote() -> None:
    found = seen("ansible all -m shell -a 'rm -rf /srv/data'")
    assert any(one.kind == "delete" and one.target == "/srv/data" and one.scope == "remote" for one in found)
    assert any(one.kind == "execute" and one.broad for one in found)


@pytest.mark.parametrize("line", ["terraform $X", "vault $X a", "pulumi $(cat x)", "restic $X", "heroku $X"])
def test_hidden_subcommand_is_dynamic(line: str) -> None:
    assert any(one.certainty == "dynamic" for one in seen(line))
