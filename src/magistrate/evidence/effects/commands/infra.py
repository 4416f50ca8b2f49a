"""Infrastructure as code, configuration management, platforms and secret stores.

Tools with habits of their own have a table; the rest are read by their verbs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from magistrate.core.records import Effect
from magistrate.evidence.effects.command import Command, Handler, Scene, Word
from magistrate.evidence.effects.commands.cli import (
    Call,
    Entry,
    Row,
    Tool,
    by_verb,
    effects,
    elsewhere,
    handler,
    options,
    same,
    shell,
    split,
    unwrap,
)
from magistrate.evidence.effects.place import looks_production

# ---------------------------------------------------------------- terraform, pulumi, cdk


def _target(call: Call) -> list[Word]:
    """What `-target` limits it to, a stack that is named, or else all that the folder describes."""
    named = call.line.values("--target", "--stack", "-s", "-t", "--stack-name", "--exclude")
    return named or list(call.args[:20])


def _change(call: Call, *, destroys: bool) -> Iterator[Effect]:
    found = _target(call)
    whole = not call.line.has("--target", "-t") and not found
    for word in found or [Word(text="everything in this folder's state")]:
        yield call.effect(
            "infrastructure",
            word,
            "resource",
            reversible="no" if destroys else "partly",
            broad=destroys and (whole or not call.line.has("--target")),
            flags=("bulk",) if whole and destroys else (),
        )


def _apply(call: Call) -> Iterator[Effect]:
    yield from _change(call, destroys=call.line.has("--destroy"))


def _destroy(call: Call) -> Iterator[Effect]:
    yield from _change(call, destroys=True)


def _plan(call: Call) -> Iterator[Effect]:
    yield call.effect("read", "infrastructure", "resource", reversible="yes")
    if (out := call.line.value("--out")) is not None:
        yield call.effect("create", out, "path", reversible="yes")


def _output(call: Call) -> Iterator[Effect]:
    shown = call.line.has("--raw", "--json", "--show-secrets")
    yield call.effect(
        "credential"
        if call.line.has("--show-secrets")
        or (shown and re.search(r"(?i)pass|secret|token|key", " ".join(w.text for w in call.args)))
        else "read",
        call.args[0] if call.args else "outputs",
        "resource",
        reversible="yes",
    )


def _unit(call: Call) -> Iterator[Effect]:
    """`terragrunt run-all destroy`, `terragrunt run -- apply`: the inner word, over many units."""
    inner = Command(
        name="terraform",
        words=(*call.args, *call.line.rest, *(w for w in call.tail if w.text.startswith("-") and w.text != "--")),
        assignments=call.command.assignments,
        via=call.command.via,
        path=call.command.path,
    )
    for one in effects(TERRAFORM, inner, call.scene):
        yield (
            msgspec.structs.replace(
                one, broad=one.kind == "infrastructure", flags=(*dict.fromkeys((*one.flags, "bulk")),)
            )
            if one.kind != "read"
            else one
        )


_SEEN = (Row(kind="read", take="first", reversible="yes"),)
_STATE = (Row(kind="infrastructure", name="state", reversible="partly"),)
_STATE_LOST = (Row(kind="infrastructure", name="state", reversible="no"),)
_TERRAFORM: dict[str, Entry] = {
    "apply": _apply,
    **same("destroy|destroy-all|run-all destroy", _destroy),
    **same("plan|refresh-only", _plan),
    **same("show|validate|graph|version|providers|state list|state show|state pull|workspace list|workspace show|console|test|metadata functions|modules|output-all|validate-all|plan-all|hclfmt|render-json|graph-dependencies", _SEEN),
    "output": _output,
    "fmt": (Row(kind="overwrite", name=".", target_kind="path", reversible="yes", unless=("--check",)), Row(kind="read", take="first", name=".", reversible="yes", when=("--check",))),
    **same("init|get|providers lock|providers mirror", (Row(kind="install", take="none", name="providers and modules", target_kind="package", scope="workspace", reversible="yes"),)),
    **same("state mv|import|taint|untaint|refresh|state replace-provider|force-unlock|workspace new|workspace select|apply-all", _STATE),
    **same("state rm|state push|workspace delete", _STATE_LOST),
    **same("login|logout", (Row(kind="credential", take="first", name="terraform account", target_kind="account"),)),
    **same("run-all|run", _unit),
}  # fmt: skip
TERRAFORM = Tool(
    name="terraform", table=_TERRAFORM, long_dash=True, by_verb=True, marks={"--lock": "", "--lock-force": "force", "--migrate-state": "", "--terragrunt-non-interactive": "auto-approve"},
    valued=options("--target --out --var-file --var --state --state-out --backup --backend-config --parallelism --chdir --replace --lock-timeout --plugin-dir --from-module --working-dir"),
)  # fmt: skip

_STACK_VALUED = options(
    "-s --stack -m --message -C --cwd -t --target --config -c --profile --region --stack-name --app -a --context --role-arn --require-approval --parameters --output -o --env --stage --template-file --s3-bucket --config-env --config-file --capabilities --exclusively-for --url -p --parallel"
)
_STACK: dict[str, Entry] = {
    **same("destroy|down|delete|remove|stack rm|stack delete|nuke|dn|del", _destroy),
    **same("up|update|deploy|apply|watch|refresh|import|rollback|bootstrap|sync|hotswap|stack import|state edit|state move|state rename|publish|package|provision", _apply),
    **same("state delete|state unprotect|stack unselect|cancel", _STATE_LOST),
    **same("preview|pre|diff|synth|synthesize|ls|list|logs|doctor|metadata|validate|stack|stack ls|stack output|stack history|stack graph|stack export|whoami|about|config|config get|console|print|info|docs|state|status|build|local invoke|local start-api|schema", _SEEN),
    **same("config set|config rm|config set-all|new|init|stack init|stack select|stack tag set|context|acknowledge", (Row(kind="overwrite", take="first", name="stack configuration", scope="workspace", reversible="yes"),)),
    **same("stack change-secrets-provider|config refresh|env open|env get", (Row(kind="credential", take="first", target_kind="account"),)),
    **same("login|logout", (Row(kind="credential", take="none", name="account", target_kind="account"),)),
    **same("invoke|offline", (Row(kind="execute", take="first", scope="remote"),)),
    **same("install|plugin install|plugin add", (Row(kind="install", take="first", target_kind="package", scope="home"),)),
}  # fmt: skip


def _stack(name: str) -> Handler:
    return handler(
        Tool(
            name=name,
            table=_STACK,
            valued=_STACK_VALUED,
            marks={"-y": "auto-approve", "-f": "force", "--skip-preview": "auto-approve"},
        )
    )


# ---------------------------------------------------------------- ansible, ssh-like fleets

_READING_MODULES = options(
    "ping setup debug stat command_warnings fail assert gather_facts ansible.builtin.ping ansible.builtin.setup ansible.builtin.debug ansible.builtin.stat slurp find"
)
_SHELL_MODULES = options(
    "shell command raw script ansible.builtin.shell ansible.builtin.command ansible.builtin.raw win_shell win_command cmd.run"
)


def _ansible(command: Command, scene: Scene) -> tuple[Effect, ...]:
    """`ansible HOSTS -m MODULE -a ARGS`: an ad hoc task on every host of a pattern."""
    tool = Tool(name="ansible")
    line = split(
        command.words,
        options(
            "-m --module-name -a --args -i --inventory -l --limit -u --user -e --extra-vars -f --forks -c --connection --private-key --become-user -t --tree --vault-password-file -T --timeout -M --module-path --become-method"
        ),
    )
    call = Call(tool=tool, path=(), line=line, args=line.operands, tail=(), command=command, scene=scene)
    if line.has("--help", "--version", "--list-hosts"):
        return ()
    hosts = line.operands[0] if line.operands else Word(text="")
    module = line.value("-m", "--module-name") or Word(text="command")
    given = line.value("-a", "--args") or Word(text="")
    live = any(looks_production(word.text) for word in (hosts, *line.values("-i", "--inventory", "-l", "--limit")))
    broad = hosts.text in ("all", "*") and not line.has("-l", "--limit")
    if module.text in _READING_MODULES and not module.dynamic:
        found = [call.effect("read", hosts, "host", scope="remote", reversible="yes")]
    elif module.text in _SHELL_MODULES:
        inner = elsewhere(shell(given, call, "ansible"), "remote") if given.text else ()
        found = [call.effect("execute", hosts, "host", scope="remote", broad=broad), *inner]
    else:
        gone = re.search(r"\bstate=(?:absent|stopped|unmounted)", given.text)
        found = [
            call.effect(
                "infrastructure", hosts, "host", scope="remote", reversible="no" if gone else "partly", broad=broad
            )
        ]
    if line.has("-C", "--check"):
        found = [call.effect("read", hosts, "host", scope="remote", reversible="yes", flags=("dry-run",))]
    return tuple(msgspec.structs.replace(one, production=one.production or live) for one in found)


def _playbook(command: Command, scene: Scene) -> tuple[Effect, ...]:
    """Running a playbook, a state or a recipe on a fleet: its text is not known here."""
    line = split(
        command.words,
        options(
            "-i --inventory -l --limit -e --extra-vars -t --tags --skip-tags -u --user -f --forks --vault-password-file --private-key -c --connection --start-at-task -U -o --become-user"
        ),
    )
    call = Call(
        tool=Tool(name=command.name), path=(), line=line, args=line.operands, tail=(), command=command, scene=scene
    )
    if line.has("--help", "--version", "--list-hosts", "--list-tasks", "--list-tags", "--syntax-check"):
        return (call.effect("read", line.operands[0], "path"),) if line.operands else ()
    live = any(
        looks_production(word.text)
        for word in (*line.operands, *line.values("-i", "--inventory", "-l", "--limit", "-e", "--extra-vars"))
    )
    target = line.operands[0] if line.operands else Word(text=command.name)
    if line.has("-C", "--check"):
        return (call.effect("read", target, "host", scope="remote", reversible="yes", flags=("dry-run",)),)
    return (
        msgspec.structs.replace(
            call.effect("execute", target, "code", scope="remote", flags=("unseen-script",)), production=live
        ),
        msgspec.structs.replace(
            call.effect(
                "infrastructure",
                line.value("-l", "--limit") or target,
                "host",
                scope="remote",
                reversible="partly",
                broad=not line.has("-l", "--limit"),
            ),
            production=live,
        ),
    )


# ---------------------------------------------------------------- secret stores

_SECRET_READ = (Row(kind="credential", take="first", target_kind="account", reversible="yes", flags=("secret",)),)
_SECRET_WRITE = (Row(kind="credential", take="first", target_kind="account", reversible="partly", flags=("secret",)),)
_SECRET_GONE = (
    Row(kind="infrastructure", take="first", reversible="no", flags=("secret",)),
    Row(kind="credential", take="first", target_kind="account", reversible="no", flags=("secret",)),
)
_VAULT: dict[str, Entry] = {
    **same("read|kv get|unwrap|print token|token create|agent|ssh", _SECRET_READ),
    **same("write|kv put|kv patch|kv rollback|kv undelete|login|operator init|operator unseal|operator rekey|operator generate-root|operator rotate|operator key-status|token renew", _SECRET_WRITE),
    **same("delete|kv delete|kv destroy|kv metadata delete|secrets disable|token revoke|lease revoke|kv metadata put", _SECRET_GONE),
    **same("list|kv list|kv metadata get|status|version|secrets list|auth list|policy list|policy read|audit list|token lookup|lease lookup|operator raft list-peers|plugin list|namespace list|path-help|debug|monitor|policy fmt|operator diagnose|version-history", _SEEN),
    **same("policy write|policy delete|auth enable|auth disable|auth tune|secrets enable|secrets tune|secrets move|token capabilities", (Row(kind="permission", take="first", target_kind="account", reversible="partly"),)),
    **same("audit disable", (Row(kind="oversight", take="first", reversible="partly", flags=("clears-logs",)),)),
    "audit enable": (Row(kind="infrastructure", take="first", reversible="yes"),),
    **same("operator seal|operator step-down|operator raft remove-peer|operator raft snapshot restore|operator migrate|namespace delete|plugin deregister", (Row(kind="infrastructure", take="first", name="vault", reversible="no", broad=True),)),
    "server": (Row(kind="network-listen", take="none", name="vault", target_kind="host", scope="local"),),
}  # fmt: skip
_SECRET_TOOL: dict[str, Entry] = {
    **same("read|item get|document get|inject|get|show|cat|secrets get|secrets download|secrets|decrypt|otp|totp|export|signin|login|reveal|configs tokens create|service-account create|connect token create|token create|fetch", _SECRET_READ),
    **same("item create|item edit|document create|document edit|set|insert|edit|generate|secrets set|secrets upload|encrypt|put|add|item template|rotate|configs tokens|import|updatekeys", _SECRET_WRITE),
    **same("item delete|document delete|vault delete|user delete|group delete|secrets delete|projects delete|configs delete|environments delete|rm|delete|remove|del|unset|item share|service-accounts delete|projects service-accounts delete", _SECRET_GONE),
    **same("vault list|item list|document list|user list|group list|account list|whoami|list|ls|find|search|projects|projects list|configs|configs list|configs get|environments|me|activity|item template list|account get|vault get|user get|secrets --only-names|configs logs|changes|status|sync|grep|git log", _SEEN),
    **same("setup|configure|configure set|config set", (Row(kind="overwrite", take="none", name="configuration", scope="home", reversible="yes"),)),
    **same("vault user grant|vault user revoke|vault group grant|vault group revoke|group user grant|user provision|user confirm|user suspend|group create|user edit|vault create|vault edit|group edit|projects create|projects update|configs create|configs update|configs clone|environments create", (Row(kind="permission", take="first", target_kind="account", reversible="partly"),)),
}  # fmt: skip


def _run_with(call: Call) -> Iterator[Effect]:
    """`op run -- cmd`, `doppler run -- cmd`: a command that is given secrets."""
    yield call.effect("credential", "environment", "account", flags=("secret",))
    line = split(
        call.tail,
        options(
            "--env-file --config -c --project -p --command --no-masking-of --environment --only-secrets --scope --path --env"
        ),
        stop=1,
    )
    for word in line.values("--command"):
        yield from shell(word, call, f"{call.command.name} run")
    yield from unwrap((*line.operands, *line.rest), call, f"{call.command.name} run")


def _secret_tool(name: str) -> Handler:
    valued = options(
        "--vault --account --fields --format -p --project -c --config --env -o --output --category --session --path --cache --scope -t --token --url --out-file --title --tags --type --name --environment --key --id"
    )
    tool = Tool(
        name=name,
        table={**_SECRET_TOOL, **same("run|exec|exec-env", _run_with)},
        valued=valued,
        marks={"-y": "auto-approve", "-f": "force", "--archive": "", "--reveal": "secret"},
        help=("-h",),
    )
    return handler(tool)


# ---------------------------------------------------------------- read by their verbs

_GENERAL = options(
    "-a --app -c --config -e --env --environment -n --name --namespace -o --output -p --project --profile -r --region --remote --context --org "
    "--token --cwd --scope -t --timeout --team --site -u --url --user --server -s --service --stage --format --location --zone --instance --host "
    "--path --message -m --file -f --repo -i --id --binding --kubeconfig --kube-context --cluster --type --size --image --count --ttl --tag"
)
_MARKS = {
    "-y": "auto-approve",
    "-f": "force",
    "--confirm": "auto-approve",
    "--skip-confirmation": "auto-approve",
    "--prod": "",
    "--production": "",
    "--wipe-data": "bulk",
    "--purge": "bulk",
}


def _deploy(call: Call) -> Iterator[Effect]:
    """A deployment: what the folder holds goes live."""
    found = call.effect(
        "infrastructure",
        call.args[0] if call.args else call.line.value("-a", "--app", "--name", "-n") or "deployment",
        "resource",
        reversible="partly",
    )
    live = call.line.has("--prod", "--production", "--live", "-p") or call.path[:1] == ("promote",)
    yield msgspec.structs.replace(found, production=found.production or live)


_PLATFORM: dict[str, Entry] = {
    **same("deploy|up|publish|pages deploy|promote|rollback|alias|alias set|versions deploy|hosting:channel:deploy", _deploy),
    **same("dev|tail|logs|ls|list|inspect|whoami|status|info|open|env ls|env list|projects list|build|pages dev|emulators:start|serve|types|docs", _SEEN),
    **same("run|ssh console|ssh|console|pg:psql|db psql|functions:shell|d1 execute|rails:console|ps:exec|run:detached", (Row(kind="execute", take="last", scope="remote"),)),
    **same("pg:reset|db reset|pg:wipe|db:reset", (Row(kind="database-destroy", take="first", name="database", target_kind="database", reversible="no", broad=True),)),
    **same("db push|db:push|migration up|migrations apply|d1 migrations apply|pg:copy|pg:promote|db:migrate|pg:restore|pg:backups:restore", (Row(kind="database-write", take="first", name="database", target_kind="database", reversible="partly"),)),
    **same("env pull|env get|env:get|config:get|config|pg:credentials:url|secrets list-values|env:export", (Row(kind="credential", take="first", name="environment", target_kind="account", flags=("secret",)),)),
    **same("secret put|secret delete|secrets set|secrets unset|secret bulk|env add|env rm|env:set|env:unset|env set|env unset|config:set|config:unset|env:import|functions:secrets:set|env remove", (Row(kind="credential", take="first", target_kind="account", reversible="partly", flags=("secret",)),)),
}  # fmt: skip
_PLATFORMS = options(
    "heroku vercel netlify fly flyctl wrangler firebase supabase railway render surge eb cf dokku amplify "
    "ng-deploy convex planetscale pscale neonctl turso doctl linode-cli hcloud scw vultr-cli ibmcloud civo exo "
    "upcloud equinix metal"
)
_BY_VERB = options(
    "consul nomad boundary packer waypoint vagrant velero argocd argo flux istioctl linkerd cilium eksctl kops "
    "kubeadm k0s rke rancher clusterctl crossplane salt salt-call salt-key knife chef puppet bolt nats "
    "circleci jenkins-cli jenkins drone woodpecker buildkite-agent gitlab-runner gitlab act datadog-ci "
    "newrelic sentry-cli grafana-cli amtool promtool pagerduty pd opsgenie splunk rabbitmqctl rabbitmqadmin "
    "rabbitmq-diagnostics rabbitmq-plugins ceph rados gluster etcdctl zkcli ldapmodify ldapdelete keycloak "
    "kcadm okta auth0 stripe twilio sendgrid shopify ngrok-api temporal tctl dapr teleport tsh tctl tailscale "
    "headscale cloudflared dnscontrol octodns flarectl restic borg borgbackup duplicity kopia rdiff-backup "
    "bacula-console barman wal-g pgbackrest launchdarkly ldcli unleash influx influxd minio mc algolia "
    "confluent kcat dvc mlflow wandb huggingface-cli hf ollama ray prefect airflow dagster dbt meltano prisma "
    "sequelize typeorm knex drizzle-kit alembic flyway liquibase atlas goose dbmate sqitch rails artisan"
)

_BACKUP = {
    **same("forget|prune|delete|purge|compact|key remove|key delete|repair|recreate|snapshot delete|remove-all-but-n-full|remove-older-than|backup delete|tag|cleanup|rewrite", (Row(kind="delete", name="backups", reversible="no", broad_if=("--all", "--prune"), flags=("no-backup",)),)),
    **same("backup|create|init|copy|snapshot create|backup create|schedule create|full|incremental", (Row(kind="create", name="backup", reversible="yes"),)),
    **same("snapshots|list|ls|find|stats|check|diff|info|cat|dump|key list|version|self-update|mount|umount|snapshot list|status|verify|restore get|restore describe|restore logs|schedule get|schedule describe|backup get|backup describe|backup logs|collection-status|cache|backup download", _SEEN),
    **same("restore|extract|snapshot restore|restore create", (Row(kind="overwrite", take="last", name="restored files", reversible="no"),)),
    **same("unlock|break-lock|config|key change-passphrase|key add|key passwd|serve|with-lock", (Row(kind="infrastructure", take="first", reversible="partly"),)),
}  # fmt: skip
_MIGRATE: dict[str, Entry] = {
    **same("migrate reset|db push --force-reset|db drop|db:drop|clean|downgrade|db:reset|migrate:fresh|migrate:reset|db:wipe|dropAll|drop-all|db:migrate:undo:all|schema:drop|drop|db:schema:load|db:truncate_all|schema apply --auto-approve|db downgrade|db reset|migrate:refresh|rollback-all", (Row(kind="database-destroy", take="first", name="database", target_kind="database", reversible="no", broad=True),)),
    **same("migrate dev|migrate deploy|db push|db execute|migrate|up|upgrade|update|apply|db:migrate|db:migrate:undo|db:seed|migrate:latest|migrate:rollback|migrate:up|migrate:down|rollback|down|redo|stamp|repair|seed|db seed|schema apply|migrate apply|db upgrade|migration:run|migration:revert|db:rollback|db:create|run|build|snapshot|push|baseline|undo|deploy|revert", (Row(kind="database-write", take="first", name="database", target_kind="database", reversible="partly"),)),
    **same("migrate status|status|info|validate|history|current|heads|show|generate|migrate diff|db pull|format|revision|studio|docs|compile|parse|test|debug|ls|list|introspect|init|check|version|create|new|make:migration|routes|db:migrate:status|migrate:status|inspect|schema inspect|schema diff|migrate lint|migrate hash|deps|source", (Row(kind="read", take="first", name="schema", target_kind="database", reversible="yes"),)),
    **same("runner|console|dbconsole|tinker|c|dbshell", (Row(kind="execute", take="first", target_kind="code"),)),
}  # fmt: skip


def _force_reset(name: str) -> Handler:
    tool = Tool(name=name, table=_MIGRATE, valued=_GENERAL - {"-f", "-r"}, scope="unknown", marks=_MARKS)

    def handle(command: Command, scene: Scene) -> tuple[Effect, ...]:
        found = tuple(effects(tool, command, scene))
        if not command.has("--force-reset", "--accept-data-loss", "--drop", "--full-refresh"):
            return found
        return tuple(
            msgspec.structs.replace(one, kind="database-destroy", reversible="no", broad=True)
            if one.kind == "database-write"
            else one
            for one in found
        )

    return handle


def _vagrant(call: Call) -> Iterator[Effect]:
    word = call.line.value("-c", "--command")
    yield call.effect("execute", call.args[0] if call.args else "machine", "resource", scope="remote")
    if word is not None:
        yield from elsewhere(shell(word, call, "vagrant ssh"), "remote")


_VAGRANT: dict[str, Entry] = {
    "ssh": _vagrant,
    "destroy": (Row(kind="infrastructure", take="all", name="all machines", scope="local", reversible="no", broad=True),),
    **same("up|reload|resume|provision|halt|suspend|snapshot save|snapshot restore|snapshot delete", (Row(kind="infrastructure", take="all", name="machines", scope="local", reversible="partly"),)),
    **same("status|global-status|port|validate|version|box list|plugin list|ssh-config|snapshot list", _SEEN),
    **same("box add|plugin install|box update", (Row(kind="install", take="first", target_kind="package", scope="home"),)),
    "box remove": (Row(kind="delete", take="first", scope="home", reversible="yes"),),
    "init": (Row(kind="create", name="Vagrantfile", take="none", target_kind="path", reversible="yes"),),
}  # fmt: skip


_KEEPING = options(
    "--keep-last --keep-daily --keep-hourly --keep-weekly --keep-monthly --keep-yearly --keep-within --keep-tag --group-by --prefix "
    "--glob-archives --password-file --password-command --from-backup --from-schedule --older-than --target --include --exclude"
)


def _general(name: str, table: dict[str, Entry] | None = None) -> Handler:
    """A tool known by name and read by its verbs: `-f` and other letters may take a value, so a swallowed verb is looked for again."""
    tool = Tool(
        name=name,
        table=table or {},
        valued=_GENERAL | _KEEPING,
        marks=_MARKS,
        help=("-h",),
        bare=_deploy if name in ("vercel", "surge") else (),
    )
    plain = msgspec.structs.replace(tool, valued=frozenset(option for option in _GENERAL if option.startswith("--")))

    def handle(command: Command, scene: Scene) -> tuple[Effect, ...]:
        found = tuple(effects(tool, command, scene))
        if [one.certainty for one in found] != ["guessed"]:
            return found
        again = tuple(effects(plain, command, scene))
        return again if all(one.certainty != "guessed" for one in again) else found

    return handle


HANDLERS: dict[str, Handler] = {
    **{name: _general(name) for name in _BY_VERB},
    **{name: _general(name, _PLATFORM) for name in _PLATFORMS},
    **{name: _general(name, _BACKUP) for name in ("restic", "borg", "borgbackup", "duplicity", "kopia", "velero", "barman", "wal-g", "pgbackrest")},
    **{name: _force_reset(name) for name in ("prisma", "sequelize", "typeorm", "knex", "drizzle-kit", "alembic", "flyway", "liquibase", "atlas", "goose", "dbmate", "sqitch", "rails", "artisan", "dbt")},
    **{name: handler(TERRAFORM) for name in ("terraform", "tofu", "opentofu", "terragrunt")},
    **{name: _stack(name) for name in ("pulumi", "cdk", "cdktf", "sam", "serverless", "sls", "sst", "chalice", "copilot", "zappa", "helmfile", "skaffold", "tilt", "werf", "devspace", "azd")},
    "ansible": _ansible,
    **dict.fromkeys(("ansible-playbook", "ansible-pull", "salt-ssh", "pyinfra", "fab", "cap", "chef-client", "chef-solo"), _playbook),
    "vault": handler(Tool(name="vault", table=_VAULT, long_dash=True, valued=options("--address --namespace --ns --field --format --mount --policy --ttl --path --versions --mode --header --ca-cert --type --method --period --id --accessor --role"), marks={"--prefix": "bulk"})),
    "bao": handler(Tool(name="vault", table=_VAULT, long_dash=True, valued=options("--address --namespace --field --format --mount --policy --ttl"))),
    **{name: _secret_tool(name) for name in ("op", "doppler", "pass", "gopass", "infisical", "bw", "sops", "lpass", "chamber", "akeyless", "berglas", "envchain", "aws-vault", "keyring")},
    "vagrant": handler(Tool(name="vagrant", table=_VAGRANT, valued=options("-c --command --provider"), marks={"-f": "force", "-y": "auto-approve"}, scope="local")),
}  # fmt: skip

__all__ = ["HANDLERS", "TERRAFORM", "by_verb"]
