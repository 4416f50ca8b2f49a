"""What words of a request mean: tables only. English in depth; German, French and Spanish for verbs and negation.

A *family* is what a verb asks for; a family stands for the effect kinds that carrying it out directly has. Nouns add kinds
(`delete` + `branch` also rewrites version control). Words of no table mean nothing: what is not understood asks for nothing.
"""

from __future__ import annotations

from typing import cast

from magistrate.core.records import EffectKind

Kinds = frozenset[EffectKind]


def _kinds(text: str) -> Kinds:
    return cast(Kinds, frozenset(text.split()))


def word_set(text: str) -> frozenset[str]:
    """The words of a text as a set: how tables are written."""
    return frozenset(text.split())


def _verbs(table: dict[str, str]) -> dict[str, str]:
    return {verb.replace("_", " "): family for family, verbs in table.items() for verb in verbs.split()}


CHANGE: Kinds = _kinds(
    "create overwrite delete install message payment permission credential oversight persistence vcs-publish vcs-rewrite "
    "infrastructure database-write database-destroy process-stop network-listen"
)
"""What `change nothing` and `read-only` speak of."""
TOUCH: Kinds = _kinds("overwrite delete create vcs-rewrite database-write database-destroy permission infrastructure")
"""What `leave X alone` speaks of."""
CONSEQUENTIAL: Kinds = CHANGE - _kinds("create overwrite delete") | _kinds("network-out spawn-agent")
"""Kinds that an unnamed target or a neighbouring request never implies."""
DESTRUCTIVE: Kinds = _kinds("delete database-destroy vcs-rewrite")

FAMILIES: dict[str, Kinds] = {
    "read": _kinds("read"),
    "inspect": _kinds("read execute"),
    "browse": _kinds("read network-out"),
    "fetch": _kinds("read network-out create"),
    "delete": _kinds("delete database-destroy"),
    "destroy": _kinds("delete database-destroy infrastructure"),
    "uninstall": _kinds("delete install infrastructure"),
    "write": _kinds("create overwrite"),
    "create": _kinds("create overwrite"),
    "make": _kinds("create overwrite"),
    "star": _kinds("vcs-publish"),
    "set": _kinds("overwrite"),
    "move": _kinds("create overwrite delete"),
    "copy": _kinds("read create overwrite"),
    "commit": _kinds("create overwrite execute"),
    "push": _kinds("vcs-publish"),
    "forcepush": _kinds("vcs-publish vcs-rewrite"),
    "merge": _kinds("vcs-publish overwrite"),
    "publish": _kinds("vcs-publish network-out"),
    "deploy": _kinds("infrastructure vcs-publish network-out execute"),
    "rewrite": _kinds("vcs-rewrite overwrite"),
    "send": _kinds("message network-out"),
    "message": _kinds("message"),
    "invite": _kinds("message permission"),
    "upload": _kinds("network-out create message"),
    "pay": _kinds("payment"),
    "book": _kinds("payment create"),
    "transfer": _kinds("payment permission"),
    "cancel": _kinds("delete overwrite"),
    "install": _kinds("install"),
    "run": _kinds("execute"),
    "apply": _kinds("execute overwrite infrastructure database-write"),
    "bump": _kinds("install overwrite"),
    "share": _kinds("permission message network-out"),
    "grant": _kinds("permission"),
    "credential": _kinds("credential"),
    "schedule": _kinds("create message persistence"),
    "persist": _kinds("persistence"),
    "stop": _kinds("process-stop"),
    "terminate": _kinds("process-stop infrastructure"),
    "restart": _kinds("process-stop execute infrastructure"),
    "migrate": _kinds("database-write"),
    "infra": _kinds("infrastructure"),
    "listen": _kinds("network-listen execute"),
    "spawn": _kinds("spawn-agent"),
    "disable": _kinds("overwrite"),
    "touch": TOUCH,
    "change": TOUCH | _kinds("install vcs-publish"),
    "follow": frozenset(),
    "light": frozenset(),
}

VERBS: dict[str, str] = _verbs(
    {
        "read": "read look view show list print display summarise summarize explain describe count compare tell_me say answer "
        "recommend suggest review understand tell_us let_me_know show_me give_me give_us analyse analyze calculate compute estimate extract identify name retrieve open "
        "search find get locate determine outline list_out gather collect check_out see know scan monitor watch recall",
        "inspect": "check investigate debug diagnose find_out verify validate examine inspect audit profile benchmark figure_out "
        "reproduce trace confirm ensure make_sure measure troubleshoot",
        "browse": "browse visit google research look_up navigate",
        "fetch": "download fetch clone pull scrape crawl import wget curl",
        "delete": "delete remove erase wipe purge clean clear discard drop trash nuke prune unlink rm shred truncate "
        "clean_up clear_out get_rid_of throw_away throw_out wipe_out tidy_up tidy strip empty del rmdir dispose_of "
        "take_out take_down",
        "destroy": "destroy",
        "uninstall": "uninstall",
        "write": "overwrite edit fix refactor implement update write modify rewrite improve rename_to adjust correct patch repair resolve "
        "extend convert format simplify optimise optimize port complete finish document append insert replace amend_file rework "
        "translate_to handle address solve draft compose prepare cleanup_code polish migrate_code adapt tweak translate save store "
        "record fill log redesign restructure annotate type stabilise stabilize integrate support enable fill_in write_up set_up "
        "reorganise reorganize organise organize mark encrypt decrypt compress sort reformat add_support speed_up make_it",
        "make": "make",
        "create": "create add generate build_a build_an scaffold init initialise initialize produce touch_up new put introduce "
        "develop design code export construct open_a open_an follow_user bookmark remind_me",
        "star": "star fork",
        "set": "set configure change enable_setting switch toggle turn_on assign label tag_with",
        "disable": "disable bypass turn_off switch_off suppress circumvent deactivate unstar",
        "move": "move rename relocate archive mv",
        "copy": "copy duplicate back_up backup cp mirror snapshot",
        "commit": "commit stage stash checkout check_out_branch",
        "push": "push",
        "forcepush": "force-push force_push",
        "merge": "merge land squash-merge squash_merge",
        "publish": "publish",
        "deploy": "deploy release ship roll_out promote redeploy go_live",
        "rewrite": "rebase squash amend reset revert cherry-pick roll_back rollback undo restore",
        "send": "send submit forward deliver mail_out",
        "message": "email e-mail mail reply respond notify message ping text dm remind inform announce contact call alert cc "
        "let_know tell_them write_to reach_out comment greet thank ask tell",
        "invite": "invite onboard",
        "upload": "upload post sync transmit report_to put_up broadcast",
        "pay": "pay refund reimburse charge settle wire donate tip top_up compensate credit pay_out",
        "book": "book reserve order buy purchase rent subscribe renew rebook",
        "transfer": "transfer",
        "cancel": "cancel unsubscribe return decline void withdraw rescind annul call_off",
        "install": "install upgrade downgrade reinstall",
        "bump": "bump",
        "run": "run execute test build compile lint start launch rerun re-run benchmark_run rebuild retest try perform invoke "
        "train simulate use evaluate",
        "apply": "apply",
        "share": "share give_access give_to expose_to",
        "grant": "grant revoke allow authorise authorize permit chmod chown ban unban block kick elevate make_public make_private "
        "unlock restrict promote_user demote",
        "credential": "rotate authenticate log_in login sign_in regenerate",
        "schedule": "schedule reschedule postpone plan_meeting",
        "persist": "autostart cron",
        "terminate": "terminate",
        "stop": "kill stop shut_down shutdown quit close halt",
        "restart": "restart reboot reload bounce",
        "migrate": "migrate seed backfill populate upsert",
        "infra": "provision scale resize terraform autoscale failover drain cordon spin_up tear_down",
        "listen": "serve expose host listen port-forward",
        "spawn": "delegate spawn",
        "touch": "touch mess_with alter disturb",
        "follow": "follow do work_through carry_out execute_the go_through obey achieve accomplish fulfil fulfill take_care_of "
        "deal_with tackle work_on proceed continue act_on",
        "light": "process issue initiate place arrange give need want request help make_sure_that have keep_going go_ahead",
    }
)
"""Base form of a verb, or of a verb with its particle, to its family."""

SEPARABLE: dict[tuple[str, str], str] = {
    ("clean", "up"): "delete",
    ("clear", "out"): "delete",
    ("throw", "away"): "delete",
    ("let", "know"): "message",
    ("turn", "off"): "disable",
    ("turn", "on"): "set",
    ("shut", "down"): "stop",
    ("take", "down"): "stop",
    ("spin", "up"): "infra",
    ("tear", "down"): "infra",
    ("scale", "down"): "infra",
    ("scale", "up"): "infra",
    ("bring", "down"): "stop",
    ("roll", "back"): "rewrite",
    ("back", "up"): "copy",
    ("set", "up"): "write",
    ("give", "access"): "grant",
    ("make", "public"): "grant",
    ("make", "private"): "grant",
    ("wipe", "out"): "delete",
    ("log", "in"): "credential",
}
"""A verb and a particle that may stand apart (`let Bob know`, `turn the hook off`)."""

NOUNS: dict[str, Kinds] = {
    noun: _kinds(kinds)
    for nouns, kinds in (
        (
            "email mail message reply notification reminder note dm sms comment announcement invitation invite newsletter",
            "message",
        ),
        (
            "payment money refund transfer deposit invoice bill fee subscription rent salary donation transaction expense purchase dollar euro difference",
            "payment",
        ),
        (
            "reservation booking order ticket flight hotel room table-for ride seat restaurant cab taxi trip baggage",
            "payment create",
        ),
        (
            "group team org organisation organization membership access permission permissions role rights collaborator member user admin owner ownership acl visibility policy",
            "permission",
        ),
        ("participant participants attendee attendees guest guests", "message permission"),
        ("password credential credentials token key secret passphrase api-key otp certificate 2fa login", "credential"),
        ("dependency dependencies package packages library libraries module-dep plugin extension", "install"),
        ("branch tag commit commits history", "vcs-rewrite create"),
        ("pr pull pull-request release tag", "vcs-publish message create"),
        ("issue ticket", "message create"),
        (
            "database db table tables row rows record records column schema index collection migration migrations",
            "database-write",
        ),
        (
            "cluster instance vm vms namespace pod pods deployment bucket stack server servers node volume dns domain container "
            "containers infrastructure chart lambda replica replicas loadbalancer environment",
            "infrastructure",
        ),
        ("cron cronjob crontab daemon startup autostart launchd systemd job timer alias bashrc zshrc", "persistence"),
        ("process processes service services daemon worker workers", "process-stop"),
        ("hook hooks guard guardrail monitoring auditing oversight supervision reviewer approval sandbox", "oversight"),
        ("port listener webserver", "network-listen"),
        ("agent subagent sub-agent agents", "spawn-agent"),
        ("calendar meeting event appointment", "create message overwrite"),
        ("website webpage url link page web internet", "network-out"),
        ("repo repository repositories", "vcs-publish permission"),
        ("channel", "message permission"),
    )
    for noun in nouns.split()
}
"""What the object of a verb that changes something adds to the verb's own kinds."""

WEAK_NOUNS = word_set(
    "calendar meeting event appointment issue ticket channel participant participants attendee attendees guest guests pr "
    "pull-request repo repository repositories website webpage page web"
)
"""Nouns whose kinds only come along: an event can send invitations, but asking for one does not ask for mail to anybody."""
NOUN_FAMILIES = word_set(
    "delete write create make set move copy cancel light transfer stop restart merge disable send migrate infra run schedule touch "
    "upload share publish commit install rewrite destroy uninstall terminate apply"
)
"""Families whose object's nouns add kinds. Reading a branch has no effect on it."""
READING = frozenset({"read", "inspect", "browse"})
NOUNS_DO_NOT_ADD: dict[str, Kinds] = {
    "share": _kinds("payment database-write infrastructure"),
    "upload": _kinds("payment database-write infrastructure"),
    "send": _kinds("database-write infrastructure"),
    "cancel": _kinds("payment"),
    "delete": _kinds("payment"),
    "move": _kinds("payment"),
}
"""Kinds that an object's noun does not add to a family: a trip that is shared is not paid for, rows that are uploaded change no table."""
OPENED_TO = word_set("set make grant share transfer light create")
"""Families for which `the repository` may mean who can see it; deleting or renaming one opens it to nobody."""
REPOSITORIES = word_set("repo repository repositories")
SORTS: tuple[frozenset[str], ...] = (
    word_set("hotel hostel motel inn room suite stay accommodation lodging apartment"),
    word_set("restaurant table cafe diner bistro lunch dinner brunch meal"),
    word_set("car van vehicle taxi cab"),
    word_set("flight plane airline airplane"),
    word_set("train rail bus coach ferry"),
    word_set("concert theatre theater cinema movie show museum"),
)
"""Sorts of things that are booked: who asks for one asks for none of another."""
DATES = word_set("calendar meeting event appointment session call reservation booking")
"""What is moved to another time, not taken away."""
FILES: dict[str, Kinds] = {
    "authorized_keys": _kinds("permission persistence credential"),
    "sudoers": _kinds("permission"),
    "crontab": _kinds("persistence"),
    ".bashrc": _kinds("persistence"),
    ".zshrc": _kinds("persistence"),
    ".profile": _kinds("persistence"),
}
"""Files by whose name a change has a further effect."""

ACTION_NOUNS: dict[str, str] = {
    "deletion": "delete", "deletions": "delete", "removal": "delete", "deployment": "deploy", "deploys": "deploy",
    "deployments": "deploy", "pushes": "push", "push": "push", "publishing": "publish", "purchases": "book", "purchase": "book",
    "payments": "pay", "payment": "pay", "transfers": "transfer", "bookings": "book", "emails": "message", "email": "message",
    "messages": "message", "installs": "install", "dependencies": "install", "dependency": "install", "packages": "install",
    "edits": "touch", "changes": "change", "modifications": "touch", "writes": "change", "migrations": "migrate",
    "restarts": "restart", "reboots": "restart", "releases": "deploy", "uploads": "upload", "commits": "commit",
    "merges": "merge", "force-pushes": "rewrite", "rebases": "rewrite", "downloads": "fetch", "network": "browse",
    "internet": "browse", "refund": "pay", "refunds": "pay", "cancellation": "cancel", "reservation": "book", "booking": "book",
    "transfer": "transfer", "release": "deploy", "rollback": "rewrite", "reboot": "restart", "restart": "restart",
    "migration": "migrate", "backup": "copy", "merge": "merge", "upload": "upload", "sharing": "share",
}  # fmt: skip
"""Nouns that name doing something: the object of `no ...`, `make a ...`, `I want a ...`."""

COMMANDS: dict[str, str] = {
    "rm": "delete", "rmdir": "delete", "mv": "move", "cp": "copy", "curl": "fetch", "wget": "fetch", "scp": "upload",
    "rsync": "upload", "chmod": "grant", "chown": "grant", "kill": "stop", "pkill": "stop", "systemctl": "restart",
    "pip": "install", "npm": "install", "apt": "install", "apt-get": "install", "brew": "install", "cargo": "run",
    "make": "run", "pytest": "run", "python": "run", "node": "run", "bash": "run", "sh": "run", "docker": "infra",
    "kubectl": "infra", "terraform": "infra", "helm": "infra", "push": "push", "rebase": "rewrite", "reset": "rewrite",
    "commit": "commit", "drop": "delete", "delete": "delete", "truncate": "delete", "insert": "migrate", "update": "migrate",
    "crontab": "persist", "mail": "message", "publish": "publish", "merge": "merge", "tee": "write", "sed": "write",
    "mkdir": "create", "touch": "create", "install": "install", "alter": "migrate", "psql": "migrate", "mysql": "migrate",
}  # fmt: skip
"""Words of a command that the person wrote out and asked to run."""

IMPLIES: dict[EffectKind, Kinds] = {
    "read": _kinds("read"),
    "create": _kinds("read create overwrite execute"),
    "overwrite": _kinds("read create overwrite execute"),
    "execute": _kinds("read create overwrite execute"),
    "vcs-publish": _kinds("read create overwrite execute"),
    "install": _kinds("read create overwrite execute"),
    "infrastructure": _kinds("read create overwrite execute"),
    "database-write": _kinds("read create execute"),
    "database-destroy": _kinds("read create execute"),
    "delete": _kinds("read"),
    "message": _kinds("read"),
    "network-out": _kinds("read create"),
    "payment": _kinds("read"),
    "permission": _kinds("read"),
    "credential": _kinds("read"),
    "process-stop": _kinds("read"),
    "vcs-rewrite": _kinds("read create overwrite execute"),
    "persistence": _kinds("read create"),
    "network-listen": _kinds("read create execute"),
    "oversight": _kinds("read"),
    "spawn-agent": _kinds("read"),
}
"""What asking for one effect lets one expect besides: only what is reversible or of little consequence, and only in the
workspace or a temporary folder."""

ADJECTIVES = word_set(
    "old new failing broken temporary temp unused stale obsolete outdated big large small whole entire current latest last next first "
    "previous recent existing local remote relevant different same following above below various several few remaining unnecessary "
    "necessary important good bad correct wrong right full short long quick final initial proper corresponding empty dead "
    "january february march april may june july august september october november december monday tuesday wednesday thursday "
    "friday saturday sunday jan feb mar apr jun jul aug sep oct nov dec "
    "redundant deprecated unread upcoming best cheapest newest oldest weekly monthly daily missing flaky other"
)
"""Words that qualify but do not name."""
GENERIC = word_set(
    "file folder directory dir document doc path database db table repo repository branch email mail message account server host "
    "machine project code change item page site website link url list data content detail information info text user name address "
    "channel service app application system event meeting appointment resource record row entry invitation amount money payment "
    "package dependency library module script tool command job task process work step instruction issue problem bug error fix "
    "version release cluster instance container image key token password credential calendar contact number id time day date week "
    "month year inbox workspace cache-dir copy request reply response question people person team colleague member worker process "
    "disk drive history commit env environment daemon pod container refund order booking reservation todo chart namespace bucket volume node"
)
"""Nouns that say what sort of thing, not which."""
FITS: dict[str, frozenset[str]] = {
    "path": word_set(
        "disk drive file folder directory dir document doc path code project script module workspace copy test log"
    ),
    "database": word_set("database db table row record entry data schema"),
    "branch": word_set("branch change commit work code fix pr request"),
    "repository": word_set("repo repository project change commit work code fix branch"),
    "package": word_set("package dependency library module"),
    "process": word_set("process server service job app application container worker"),
    "address": word_set("email mail message reply response invitation user account address contact"),
    "account": word_set("account payment money amount user"),
    "host": word_set("server host machine site website url link page"),
    "url": word_set("site website url link page"),
}
"""Generic nouns that a target of this kind answers to (`push the changes`)."""

SYNONYMS: dict[str, str] = {
    "db": "database", "dir": "folder", "directory": "folder", "prod": "production", "repo": "repository", "doc": "document",
    "docs": "documentation", "config": "configuration", "conf": "configuration", "cfg": "configuration",
    "settings": "configuration", "setting": "configuration", "src": "source", "img": "image", "pic": "image",
    "spec": "test", "specs": "test", "tests": "test", "dev": "development", "env": "environment", "pkg": "package",
    "tmp": "temp", "temporary": "temp", "msg": "message", "auth": "authentication", "info": "information", "logs": "log",
    "mails": "email", "mail": "email", "mailbox": "inbox", "master": "main", "pytest": "test", "jest": "test", "unittest": "test",
    "stage": "staging", "k8s": "kubernetes", "dependencies": "dependency", "libraries": "library", "repositories": "repository",
    "people": "person", "entries": "entry", "caches": "cache",
}  # fmt: skip
