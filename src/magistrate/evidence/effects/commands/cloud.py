"""Cloud command lines, read by the verbs of their operations, so that services nobody listed are read too.

Tables hold only what a verb does not say: copies whose direction matters, rights, keys, storage.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator

import msgspec

from magistrate.core.records import Effect, EffectKind
from magistrate.evidence.effects.command import Command, Handler, Scene, Word
from magistrate.evidence.effects.commands.cli import (
    Call,
    Entry,
    Row,
    Tool,
    by_verb,
    effects,
    handler,
    options,
    same,
    shell,
)
from magistrate.evidence.effects.place import looks_production

_URL = re.compile(r"^(?:[a-z][a-z0-9]*://|https?:)", re.I)
_REMOTE_NAME = re.compile(r"^:?[\w.+@ -]*[\w.+@ -]+(?:,[^:]*)?:(?![\\/]{2})")
"""rclone's `remote:path`."""


def _is_remote(text: str) -> bool:
    return bool(_URL.match(text)) and not text.startswith("file:")


def _transfer(call: Call, *, moves: bool = False, mirrors: bool = False, named: bool = False) -> Iterator[Effect]:
    """A copy between here and a store: what it reads, what it writes over, what it deletes on the way."""
    ends = [*call.args, *call.line.rest]
    if len(ends) < 2:
        yield call.effect(
            "execute", " ".join((call.command.name, *call.path)), "code", scope="unknown", certainty="guessed"
        )
        return
    sources, into = ends[:-1], ends[-1]
    if into.text in (".", "./") and len(sources) == 1 and not call.line.has("--recursive", "-r") and not mirrors:
        into = Word(text=sources[0].text.rstrip("/").rpartition("/")[2] or ".", dynamic=sources[0].dynamic)

    def far(word: Word) -> bool:
        return _is_remote(word.text) or (
            named and bool(_REMOTE_NAME.match(word.text)) and not re.match(r"^[A-Za-z]:[\\/]", word.text)
        )

    flags = ["mirror"] if mirrors else []
    if far(into):
        outbound = not all(far(word) for word in sources)
        yield call.effect(
            "network-out",
            into,
            "url",
            scope="remote",
            reversible="partly",
            flags=[*flags, *(["upload"] if outbound else [])],
        )
    else:
        yield call.effect(
            "overwrite" if into.text != "-" else "read",
            into if into.text != "-" else sources[0],
            "path" if into.text != "-" else "url",
            reversible="partly",
            flags=flags,
        )
    for word in sources[:20]:
        if word.text == "-":
            continue
        kind: EffectKind = "delete" if moves else "read"
        yield call.effect(
            kind,
            word,
            "url" if far(word) else "path",
            scope="remote" if far(word) else None,
            reversible="partly" if moves else "yes",
            flags=("move",) if moves else (),
        )
    if mirrors:
        yield call.effect(
            "delete",
            into,
            "url" if far(into) else "path",
            scope="remote" if far(into) else None,
            reversible="no",
            flags=("mirror",),
            broad=True,
        )


def _copy(call: Call) -> Iterator[Effect]:
    yield from _transfer(
        call,
        mirrors=call.line.has(
            "--delete", "--delete-destination", "--delete-unmatched-destination-objects", "--delete-removed", "-d"
        ),
    )


def _plain_copy(call: Call) -> Iterator[Effect]:
    yield from _transfer(call)


def _move(call: Call) -> Iterator[Effect]:
    yield from _transfer(call, moves=True)


def _bucket(text: str) -> bool:
    """`s3://bucket` or `gs://bucket/**` is a whole; `s3://bucket/key` is not."""
    return bool(re.match(r"^\w+://[^/]*/?(?:\*+)?$", text))


def _erase(call: Call) -> Iterator[Effect]:
    """Objects and buckets deleted; recursion or a whole bucket is broad."""
    rclone = call.tool.name == "rclone"
    recursive = call.line.has("--recursive", "-r", "-R") or call.path[-1:] in (("rb",), ("purge",), ("rmdirs",))
    recursive = recursive or (rclone and call.path == ("delete",))
    for word in [*call.args, *call.line.rest][:40] or [Word(text="")]:
        whole = _bucket(word.text) or "*" in word.text or recursive
        broad = bool(whole) and (recursive or "*" in word.text or call.path[-1:] == ("rb",))
        yield call.effect(
            "delete",
            word,
            "url" if _is_remote(word.text) or rclone else "resource",
            scope="remote",
            reversible="no",
            broad=broad,
            flags=("recursive",) if recursive else (),
        )


def _public(call: Call) -> Iterator[Effect]:
    """Rights on storage; `allUsers` and `public-read` open it to anybody."""
    given = " ".join(word.text for word in call.command.words)
    flags = (
        ("public",)
        if re.search(
            r"allUsers|allAuthenticatedUsers|public-read|AllUsers|blob --|container --public|--public-access (?:blob|container)|\"Principal\":\s*\"\*\"|0\.0\.0\.0/0",
            given,
        )
        else ()
    )
    for one in by_verb(call):
        made = (
            one if one.kind == "permission" else msgspec.structs.replace(one, kind="permission", target_kind="account")
        )
        yield msgspec.structs.replace(made, flags=tuple(dict.fromkeys((*made.flags, *flags))))


_READ = (Row(kind="read", take="first", reversible="yes"),)
_KEY = (Row(kind="credential", take="first", name="credentials", target_kind="account", flags=("secret",)),)
_RUN = (Row(kind="execute", take="first", scope="remote"),)
_LOGIN = (Row(kind="credential", take="none", name="account", target_kind="account"),)
_LOCAL_SETTING = (Row(kind="overwrite", take="first", name="configuration", scope="home", reversible="yes"),)

# ---------------------------------------------------------------- aws


def _send_command(call: Call) -> Iterator[Effect]:
    """`ssm send-command`: the shell text inside `--parameters`, run on machines elsewhere."""
    target = call.line.value("--instance-ids", "--targets") or Word(text="instances")
    yield call.effect("execute", target, "resource", scope="remote")
    text = " ".join(word.text for word in call.line.values("--parameters"))
    found = re.search(r"commands=(.+)", text, re.S) or re.search(r"\"commands\"\s*:\s*\[(.*)\]", text, re.S)
    if found:
        inner = found.group(1).strip().strip("[]").strip("\"'")
        yield from shell(Word(text=inner), call, "aws ssm")


def _invoke(call: Call) -> Iterator[Effect]:
    named = call.line.values("--function-name", "--state-machine-arn", "--name", "--job-name", "--project-name")
    yield call.effect("execute", named[0] if named else "", "resource", scope="remote")


def _parameter(call: Call) -> Iterator[Effect]:
    secret = call.line.has("--with-decryption")
    for word in call.line.values("--name", "--names", "--path") or [Word(text="")]:
        yield call.effect(
            "credential" if secret else "read",
            word,
            "account" if secret else "resource",
            reversible="yes",
            flags=("secret",) if secret else (),
        )


def _email(call: Call) -> Iterator[Effect]:
    target = call.line.value(
        "--destination", "--to", "--topic-arn", "--phone-number", "--target-arn", "--destinations", "--queue-url"
    )
    yield call.effect("message", target or "", "address", scope="remote", reversible="no")


_AWS: dict[str, Entry] = {
    **same("s3 cp", _plain_copy),
    **same("s3 sync", _copy),
    "s3 mv": _move,
    **same("s3 rm|s3 rb", _erase),
    **same("s3 ls", _READ),
    "s3 mb": (Row(kind="infrastructure", take="first", target_kind="url", reversible="yes"),),
    **same("s3 presign", (Row(kind="permission", take="first", target_kind="url", flags=("public",)),)),
    "s3 website": _public,
    **same("s3api put-bucket-acl|s3api put-object-acl|s3api put-bucket-policy|s3api put-public-access-block|s3api delete-public-access-block|ec2 authorize-security-group-ingress|ec2 authorize-security-group-egress|ec2 modify-snapshot-attribute|ec2 modify-image-attribute|rds modify-db-snapshot-attribute|lambda add-permission|ecr set-repository-policy|sqs add-permission|sns add-permission|kms put-key-policy|kms create-grant|organizations leave-organization|sts decode-authorization-message", _public),
    **same("s3api put-object", (Row(kind="network-out", take="--bucket", target_kind="url", reversible="partly", flags=("upload",)),)),
    **same("s3api get-object", (Row(kind="read", take="--key", reversible="yes"),)),
    **same("sts get-caller-identity|iam get-user|iam list-users|configure list|configure get|configure list-profiles|kms list-keys|kms describe-key|iam list-access-keys|iam get-account-summary|secretsmanager list-secrets|secretsmanager describe-secret|dynamodb get-item|dynamodb query|dynamodb scan|lambda get-function|help|iam get-role|iam get-policy|kms get-key-policy|s3api get-bucket-policy|dynamodb describe-table|ssm describe-parameters|ssm get-command-invocation", _READ),
    **same("sts assume-role|sts get-session-token|sts get-federation-token|sts assume-role-with-saml|sts assume-role-with-web-identity|iam create-access-key|iam create-login-profile|iam update-login-profile|secretsmanager get-secret-value|secretsmanager batch-get-secret-value|ecr get-login-password|ecr get-login|ecr get-authorization-token|codeartifact get-authorization-token|kms decrypt|kms generate-data-key|ec2 get-password-data|rds generate-db-auth-token|eks get-token|eks update-kubeconfig|cognito-idp admin-set-user-password|iam upload-ssh-public-key|configure export-credentials|ec2 create-key-pair|lightsail download-default-key-pair|redshift get-cluster-credentials", (Row(kind="credential", take="--secret-id|--role-arn|--user-name|--name|--key-name|--username|--cluster-name", name="credentials", target_kind="account", flags=("secret",)),)),
    **same("ssm get-parameter|ssm get-parameters|ssm get-parameters-by-path", _parameter),
    **same("secretsmanager put-secret-value|secretsmanager update-secret|secretsmanager create-secret|secretsmanager rotate-secret|secretsmanager restore-secret|ssm put-parameter|secretsmanager update-secret-version-stage|secretsmanager cancel-rotate-secret", (Row(kind="credential", take="--secret-id|--name", target_kind="account", reversible="partly", flags=("secret",)),)),
    **same("configure|configure set|configure import|configure sso|configure add-model", (Row(kind="credential", take="first", name="~/.aws", target_kind="account", scope="home"),)),
    **same("sso login|sso logout|login", _LOGIN),
    "ssm send-command": _send_command,
    **same("ssm start-session|ecs execute-command|ec2-instance-connect ssh|ec2-instance-connect send-ssh-public-key|emr ssh|cloudshell", (Row(kind="execute", take="--target|--instance-id|--task|--cluster-id", scope="remote"),)),
    **same("lambda invoke|stepfunctions start-execution|events put-events|batch submit-job|ecs run-task|codebuild start-build|codepipeline start-pipeline-execution|glue start-job-run", _invoke),
    **same("ses send-email|ses send-raw-email|sesv2 send-email|ses send-bulk-templated-email|sns publish|sns publish-batch|pinpoint send-messages|sqs send-message|sqs send-message-batch|chime send-message", _email),
    **same("ec2 run-instances|ec2 request-spot-instances|ec2 start-instances", (Row(kind="infrastructure", take="--image-id|--instance-ids", name="instances", reversible="yes"),)),
    **same("dynamodb put-item|dynamodb update-item|dynamodb batch-write-item|dynamodb delete-item|dynamodb transact-write-items|rds-data execute-statement|rds-data batch-execute-statement", (Row(kind="database-write", take="--table-name|--database|--sql", name="items", target_kind="database", reversible="partly"),)),
    **same("cloudtrail stop-logging|cloudtrail delete-trail|cloudtrail update-trail|cloudtrail put-event-selectors|guardduty delete-detector|guardduty update-detector|configservice stop-configuration-recorder|configservice delete-configuration-recorder|securityhub disable-security-hub|ec2 delete-flow-logs|cloudwatch disable-alarm-actions|cloudwatch delete-alarms|macie2 disable-macie|detective delete-graph|access-analyzer delete-analyzer|inspector2 disable", (Row(kind="oversight", take="--name|--detector-id|--alarm-names|--configuration-recorder-name|--flow-log-ids", name="logging", reversible="partly", flags=("disables-security",)),)),
    **same("logs delete-log-group|logs delete-log-stream|logs put-retention-policy", (Row(kind="oversight", take="--log-group-name", name="logs", reversible="no", flags=("clears-logs",)),)),
    **same("logs tail|logs filter-log-events|logs get-log-events|logs start-query|logs get-query-results", _READ),
    **same("budgets create-budget|route53domains register-domain|savingsplans create-savings-plan|ec2 purchase-reserved-instances-offering|ec2 purchase-host-reservation|rds purchase-reserved-db-instances-offering|route53domains transfer-domain", (Row(kind="payment", take="--domain-name|--reserved-instances-offering-id", target_kind="account", reversible="no"), Row(kind="infrastructure", take="--domain-name", reversible="no"))),
}  # fmt: skip
_AWS_SWITCHES = options(
    "--recursive --force --delete --dryrun --dry-run --quiet --debug --yes --only-show-errors --exact-timestamps --size-only --follow "
    "--human-readable --summarize --with-decryption --skip-final-snapshot --force-delete-without-recovery --no-paginate --no-sign-request "
    "--no-verify-ssl --no-cli-pager --no-progress --delete-automated-backups --include-public --apply-immediately --auto-minor-version-upgrade "
    "--decrypt --wait --all --force-delete --force-stop --force-overwrite-replica-secret --publish --enable --disable --overwrite --help --no-dry-run --version "
    "--interactive --ignore-glacier-warnings --no-guess-mime-type --follow-symlinks --no-follow-symlinks --bypass-governance-retention --cli-auto-prompt"
)
_AWS_VALUED = options(
    "--profile --region --output --query --endpoint-url --color --ca-bundle --cli-read-timeout --cli-connect-timeout --cli-binary-format --acl "
    "--exclude --include --storage-class --sse --sse-kms-key-id --cache-control --content-type --expires --source-region --metadata-directive --grants --page-size"
)
AWS = Tool(
    name="aws", table=_AWS, greedy=True, switches=_AWS_SWITCHES, valued=_AWS_VALUED, bare=(),
    marks={"--bypass-governance-retention": "force", "--no-verify-ssl": "insecure-transport"},
)  # fmt: skip

# ---------------------------------------------------------------- the others

_GSUTIL: dict[str, Entry] = {
    "cp": _plain_copy,
    "mv": _move,
    **same("rsync", _copy),
    **same("rm|rb", _erase),
    **same("ls|cat|du|stat|hash|version|help|iam get|acl get|cors get|lifecycle get|versioning get|test|logging get|perfdiag", _READ),
    **same("iam ch|iam set|acl ch|acl set|defacl ch|defacl set|signurl|pap set|ubla set", _public),
    "mb": (Row(kind="infrastructure", take="first", target_kind="url", reversible="yes"),),
}  # fmt: skip
_GCLOUD: dict[str, Entry] = {
    **{f"storage {name}": entry for name, entry in _GSUTIL.items()},
    **{f"storage {kind} delete": _erase for kind in ("objects", "buckets", "managed-folders", "folders")},
    **same("auth print-access-token|auth print-identity-token|auth application-default print-access-token|secrets versions access|iam service-accounts keys create|sql users set-password|container clusters get-credentials|kms decrypt|compute reset-windows-password|iam service-accounts keys upload", _KEY),
    **same("auth login|auth activate-service-account|auth revoke|auth application-default login|auth configure-docker", _LOGIN),
    **same("auth list|config list|config get-value|config get|info|version|config configurations list|secrets list|secrets describe|kms keys list", _READ),
    **same("config set|config unset|config configurations activate|config configurations create", _LOCAL_SETTING),
    **same("compute ssh|functions call|run jobs execute|builds submit|workflows run|scheduler jobs run|cloud-shell ssh|app instances ssh|alpha cloud-shell ssh", _RUN),
    "compute scp": _copy,
    **same("sql import sql|sql import csv|sql backups restore|spanner databases ddl update|spanner rows insert", (Row(kind="database-write", take="first", target_kind="database", reversible="no"),)),
    **same("logging sinks delete|logging sinks update|logging logs delete|logging buckets delete|scc notifications delete|alpha monitoring policies delete|monitoring policies delete", (Row(kind="oversight", take="first", name="logging", reversible="no", flags=("clears-logs",)),)),
    **same("pubsub topics publish", (Row(kind="message", take="first", target_kind="address", reversible="no"),)),
    **same("components install|components update", (Row(kind="install", take="first", target_kind="package", scope="home"),)),
    **same("projects delete|organizations delete|resource-manager folders delete|container clusters delete", (Row(kind="infrastructure", take="first", reversible="no", broad=True),)),
    **same("projects add-iam-policy-binding|projects set-iam-policy|storage buckets add-iam-policy-binding|organizations add-iam-policy-binding|compute firewall-rules create|compute firewall-rules update|functions add-iam-policy-binding|run services add-iam-policy-binding", _public),
}  # fmt: skip
_AZ: dict[str, Entry] = {
    **same("keyvault secret show|keyvault secret download|keyvault key download|storage account keys list|account get-access-token|ad sp create-for-rbac|ad sp credential reset|ad app credential reset|aks get-credentials|acr credential show|cosmosdb keys list|redis list-keys|functionapp keys list|servicebus namespace authorization-rule keys list|webapp deployment list-publishing-profiles|storage account show-connection-string|storage container generate-sas|storage blob generate-sas|vm user update|appconfig credential list", (Row(kind="credential", take="--name|-n|--account-name|--id|--vault-name", name="credentials", target_kind="account", flags=("secret",)),)),
    **same("keyvault secret set|keyvault secret set-attributes|webapp config appsettings set|functionapp config appsettings set", (Row(kind="credential", take="--name|-n", target_kind="account", reversible="partly", flags=("secret",)),)),
    **same("login|logout|acr login|account clear", _LOGIN),
    **same("account show|account list|keyvault secret list|keyvault list|version|find|feedback", _READ),
    **same("account set|configure|config set", _LOCAL_SETTING),
    **same("vm run-command invoke|vm run-command create|container exec|ssh vm|aks command invoke|webapp ssh|acr run", (Row(kind="execute", take="--name|-n", scope="remote"),)),
    **same("group delete|account delete|resource delete|aks delete|account management-group delete", (Row(kind="infrastructure", take="--name|-n|--ids|--resource-group|-g", name="resource group", reversible="no", broad=True),)),
    **same("storage blob delete|storage blob delete-batch|storage container delete|storage file delete|storage file delete-batch|storage fs delete|storage share delete|storage account delete|storage directory delete|storage blob directory delete", (Row(kind="delete", take="--name|-n|--source|-s|--container-name|-c|--account-name", reversible="no", broad_if=("--pattern", "--source", "-s")),)),
    **same("storage blob upload|storage blob upload-batch|storage file upload|storage copy|storage blob sync", (Row(kind="network-out", take="--container-name|-c|--destination|-d", target_kind="url", reversible="partly", flags=("upload",)),)),
    **same("monitor diagnostic-settings delete|monitor log-analytics workspace delete|monitor activity-log alert delete|security setting update", (Row(kind="oversight", take="--name|-n", name="logging", reversible="no", flags=("clears-logs",)),)),
    **same("role assignment create|role assignment delete|role definition create|ad group member add|ad user create|network nsg rule create|keyvault set-policy|keyvault delete-policy|keyvault network-rule add", _public),
    **same("rest", ()),
}  # fmt: skip


def _az_rest(call: Call) -> Iterator[Effect]:
    method = (call.line.value("--method", "-m") or Word(text="get")).text.lower()
    target = call.line.value("--url", "--uri", "-u") or Word(text="")
    kind: EffectKind = "read" if method in ("get", "head") else "infrastructure"
    yield call.effect(
        kind,
        target,
        "url",
        reversible="no" if method == "delete" else "yes" if kind == "read" else "partly",
        flags=("delete-request",) if method == "delete" else (),
    )


_AZ["rest"] = _az_rest

_RCLONE: dict[str, Entry] = {
    **same("delete|purge|deletefile|rmdir|rmdirs|cleanup|dedupe", _erase),
    **same("ls|lsd|lsl|lsf|lsjson|size|check|cat|about|md5sum|sha1sum|hashsum|tree|listremotes|version|ncdu|cryptcheck|checksum|help|genautocomplete|completion", _READ),
    **same("config|config create|config update|config delete|config password|config reconnect|obscure|authorize", (Row(kind="credential", take="first", name="rclone.conf", target_kind="account", scope="home"),)),
    **same("config show|config dump|config file|reveal", _KEY),
    **same("serve|rcd|mount|nfsmount", (Row(kind="network-listen", take="last", target_kind="host", scope="local"),)),
    **same("mkdir|touch|settier|link|backend|rc|bisync-init|rcat|selfupdate", (Row(kind="create", take="last", target_kind="url", reversible="yes"),)),
}  # fmt: skip


def _rclone_transfer(call: Call) -> Iterator[Effect]:
    name = call.path[0]
    mirrors = name in ("sync", "bisync") or call.line.has(
        "--delete-before", "--delete-after", "--delete-during", "--delete-excluded"
    )
    yield from _transfer(call, moves=name in ("move", "moveto"), mirrors=mirrors, named=True)


_RCLONE.update(same("copy|copyto|sync|move|moveto|bisync|copyurl", _rclone_transfer))
_S3CMD: dict[str, Entry] = {
    **same("put|get|cp|modify", _plain_copy),
    **same("sync|mirror", _copy),
    **same("mv|move", _move),
    **same("del|rm|rb|delete|abortmp|expire|batch-delete", _erase),
    **same("ls|la|du|info|accesslog|multipart|head|cat|select", _READ),
    **same("setacl|setpolicy|delpolicy|setcors|signurl", _public),
    "mb": (Row(kind="infrastructure", take="first", target_kind="url", reversible="yes"),),
}  # fmt: skip
_BQ: dict[str, Entry] = {
    "rm": (Row(kind="database-destroy", target_kind="database", reversible="no", broad_if=("-r", "-d", "--recursive", "--dataset")),),
    **same("ls|show|head|version|help|wait", _READ),
    **same("load|insert|mk|update|cp|truncate|undelete", (Row(kind="database-write", take="first", target_kind="database", reversible="partly"),)),
    "extract": (Row(kind="network-out", take="last", target_kind="url", flags=("upload",)),),
    **same("add-iam-policy-binding|set-iam-policy", _public),
    "cancel": (Row(kind="process-stop", take="first", target_kind="process", reversible="yes"),),
}  # fmt: skip


def _bq_query(call: Call) -> Iterator[Effect]:
    for word in call.args[:5]:
        if word.dynamic:
            yield call.effect("execute", word, "code")
        else:
            for one in call.scene.code("sql", word.text, via=(*call.command.via, "bq"), path=call.command.path):
                yield msgspec.structs.replace(one, scope="remote")
    if not call.args:
        yield call.effect(
            "execute", "query", "code", certainty="dynamic" if call.command.input != "text" else "guessed"
        )


_BQ["query"] = _bq_query

_GCLOUD_VALUED = options(
    "--project --account --configuration --zone --region --location --format --filter --limit --impersonate-service-account -z --cluster --instance "
    "--member --role --machine-type --image --source --network --tags --data-file --version --secret --display-name --description --message "
    "--topic --subscription --database --user --password --file --command --keyring --key --bucket --size --num-nodes --node-pool --to --from --condition --network-tier --backup-id --keyfile-directory"
)
_AZ_VALUED = options(
    "-n --name -g --resource-group --subscription -o --output --query --ids -l --location --account-name --account-key -c --container-name --vault-name "
    "-s --source -d --destination -f --file --connection-string --sas-token --pattern --assignee --role --scope --id --server --command-id --scripts --version --value -p --parameters --template-file -u --url --uri -m --method -b --body --object-id --sku --image --username -t --type --cluster-name --nsg-name --resource-type --tags"
)
_S3_VALUED = options(
    "-c --config --access_key --secret_key --host --host-bucket --region --exclude --include --storage-class --mime-type -m --access-key --endpoint-url --profile"
)
_MARKS = {
    "-q": "auto-approve",
    "--quiet": "auto-approve",
    "-y": "auto-approve",
    "-f": "force",
    "-r": "recursive",
    "--no-wait": "background",
}

GCLOUD = Tool(name="gcloud", table=_GCLOUD, valued=_GCLOUD_VALUED, marks=_MARKS, help=("-h",))
AZ = Tool(name="az", table=_AZ, valued=_AZ_VALUED, marks={**_MARKS, "-g": ""}, help=("-h",))
_MORE: dict[str, Tool] = {
    "gsutil": Tool(name="gsutil", table=_GSUTIL, valued=options("-o -h -u -D"), marks=_MARKS, dry=()),
    "bq": Tool(name="bq", table=_BQ, valued=options("--project_id --dataset_id --location --format --destination_table --parameter --label --schedule -n --max_rows"), marks=_MARKS),
    "rclone": Tool(name="rclone", table=_RCLONE, valued=options("--config --include --exclude --filter --transfers --checkers --bwlimit --log-file --log-level --backup-dir --max-age --min-age --min-size --max-size --suffix --compare-dest --copy-dest --password-command --filter-from --exclude-from --include-from --files-from --max-delete"), dry=("-n",), marks={"-i": ""}),
    **{name: Tool(name="s3", table=_S3CMD, valued=_S3_VALUED, marks=_MARKS, dry=("-n",)) for name in ("s3cmd", "s4cmd", "s5cmd", "ossutil", "obsutil")},
    "azcopy": Tool(name="azcopy", table={**same("copy|cp", _plain_copy), "sync": _copy, **same("remove|rm", _erase), **same("list|jobs list|jobs show|env|version", _READ), "login": _LOGIN, "make": _S3CMD["mb"]}, valued=options("--include-pattern --exclude-pattern --log-level --from-to"), marks=_MARKS),
}  # fmt: skip


def _named_cloud(tool: Tool, short: Iterable[str] = ("-n", "-g", "-p")) -> Handler:
    """A cloud tool: objects may be named by a short option, and the group they stand in may be production."""
    letters = frozenset(short)

    def handle(command: Command, scene: Scene) -> tuple[Effect, ...]:
        found = tuple(effects(tool, command, scene))
        texts = [word.text for word in command.words]
        named = [value for option, value in itertools.pairwise(texts) if option in letters]
        live = any(looks_production(value) for value in named)
        made = []
        for one in found:
            target = one.target if not _is_path_only(one, texts) or not named else named[0]
            made.append(msgspec.structs.replace(one, target=target, production=one.production or live))
        return tuple(made)

    return handle


def _is_path_only(found: Effect, texts: list[str]) -> bool:
    """The target is only the command path (`vm delete`), for want of an operand."""
    return " " in found.target and found.target.split(" ")[0] in texts and found.kind != "execute"


HANDLERS: dict[str, Handler] = {
    "aws": handler(AWS),
    "awslocal": handler(AWS),
    "gcloud": handler(GCLOUD),
    "az": _named_cloud(AZ),
    **{name: handler(tool) for name, tool in _MORE.items()},
    **{name: handler(Tool(name=name, greedy=True, switches=_AWS_SWITCHES, valued=_AWS_VALUED, marks=_MARKS)) for name in ("oci", "aliyun", "tccli", "openstack", "nova", "glance", "cinder", "yc")},
}  # fmt: skip
