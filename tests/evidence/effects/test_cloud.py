"""Cloud command lines: tables where direction matters, verbs for the rest."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magistrate.core.records import Effect
from magistrate.evidence.effects.commands.verbs import read_path, verb_of
from magistrate.evidence.effects.place import Place
from magistrate.evidence.effects.shell import effects

PLACE = Place(cwd="/srv/app", home="/home/kim")


def seen(line: str) -> tuple[Effect, ...]:
    return effects(line, PLACE)


@pytest.mark.parametrize(
    ("line", "kind", "target"),
    [
        ("aws s3 rm s3://b --recursive", "delete", "s3://b"),
        ("aws s3 sync . s3://b --delete", "delete", "s3://b"),
        ("aws s3 cp a.txt s3://b/", "network-out", "s3://b/"),
        ("aws s3 cp s3://b/a.txt .", "overwrite", "/srv/app/a.txt"),
        ("aws ec2 terminate-instances --instance-ids i-1 i-2", "infrastructure", "i-2"),
        ("aws --region eu-west-1 rds delete-db-instance --db-instance-identifier shop", "database-destroy", "shop"),
        ("aws dynamodb delete-table --table-name t", "database-destroy", "t"),
        ("aws kms schedule-key-deletion --key-id k", "infrastructure", "k"),
        ("aws iam attach-user-policy --user-name eve --policy-arn a", "permission", "eve"),
        ("aws secretsmanager get-secret-value --secret-id s", "credential", "s"),
        ("aws ssm get-parameter --name n --with-decryption", "credential", "n"),
        ("aws cloudtrail stop-logging --name t", "oversight", "t"),
        ("aws lambda invoke --function-name f out.json", "execute", "f"),
        ("aws sns publish --topic-arn t --message hi", "message", "t"),
        ("aws sqs purge-queue --queue-url https://sqs.example.net/q", "infrastructure", "https://sqs.example.net/q"),
        ("gcloud compute instances delete vm --zone z --quiet", "infrastructure", "vm"),
        ("gcloud --project p sql instances delete db", "database-destroy", "db"),
        ("gcloud auth print-access-token", "credential", "credentials"),
        ("gcloud logging logs delete l", "oversight", "l"),
        ("gsutil -m rm -r 'gs://b/**'", "delete", "gs://b/**"),
        ("bq rm -r -f ds", "database-destroy", "ds"),
        ("bq query 'DROP TABLE t'", "database-destroy", "t"),
        ("az group delete -n rg --yes", "infrastructure", "rg"),
        ("az vm delete -n vm -g rg", "infrastructure", "vm"),
        ("az storage account keys list -n a", "credential", "a"),
        ("doctl compute droplet delete 5 --force", "infrastructure", "5"),
        ("rclone sync a r:b", "delete", "r:b"),
        ("eksctl delete cluster --name c", "infrastructure", "c"),
    ],
)
def test_effect_and_target(line: str, kind: str, target: str) -> None:
    assert (kind, target) in [(one.kind, one.target) for one in seen(line)]


@pytest.mark.parametrize(
    "line",
    [
        "aws s3 ls",
        "aws ec2 describe-instances",
        "aws sts get-caller-identity",
        "aws secretsmanager list-secrets",
        "aws ec2 terminate-instances --dry-run --instance-ids i-1",
        "gcloud compute instances list",
        "az vm show -n vm -g rg",
        "rclone ls r:",
        "rclone purge r:b --dry-run",
        "gsutil ls gs://b",
        "bq ls",
    ],
)
def test_reading_is_only_read(line: str) -> None:
    assert {one.kind for one in seen(line)} == {"read"}


def test_public_storage_is_flagged() -> None:
    found = seen("gcloud projects add-iam-policy-binding p --member=allUsers --role=roles/viewer")
    assert found[0].kind == "permission"
    assert "public" in found[0].flags


def test_profile_says_production() -> None:
    assert all(one.production for one in seen("aws --profile prod ec2 stop-instances --instance-ids i-1"))
    assert all(one.production for one in seen("AWS_PROFILE=prod aws ec2 stop-instances --instance-ids i-1"))


@pytest.mark.parametrize(
    "line", ["aws ec2 $OP", "aws $SVC delete-x", "gcloud $(cat c)", "az vm $V -n a", "rclone $V r:"]
)
def test_hidden_operation_is_dynamic(line: str) -> None:
    assert any(one.certainty == "dynamic" for one in seen(line))


@given(
    st.sampled_from(("delete", "terminate", "destroy", "purge", "remove", "drop", "wipe")),
    st.from_regex(r"[a-z]{3,9}(-[a-z]{3,9})?", fullmatch=True),
)
@settings(max_examples=60)
def test_unseen_services_are_read_by_their_verb(verb: str, noun: str) -> None:
    reading = read_path("aws", [f"svc{noun}", f"{verb}-{noun}"])
    assert reading is not None
    assert reading.verb == "delete" or verb_of(f"svc{noun}") is not None
    assert read_path("aws", ["svcx", f"describe-{noun}"]).verb == "read"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("word", "verb"),
    [
        ("batch-delete-image", "delete"),
        ("apps:destroy", "delete"),
        ("deleteDbInstance", "delete"),
        ("schedule-key-deletion", "delete"),
        ("cancel-key-deletion", "stop"),
        ("get-object", "read"),
        ("delete_queue", "delete"),
        ("widget", None),
    ],
)
def test_verbs_by_form(word: str, verb: str | None) -> None:
    assert verb_of(word) == verb


def test_a_noun_that_looks_like_a_verb_yields_to_the_verb() -> None:
    for path in (["logging", "logs", "delete", "x"], ["backup", "delete", "x"], ["image", "rm", "x"]):
        reading = read_path("tool", path)
        assert reading is not None
        assert reading.verb == "delete"
