"""What the words of tool names mean: verbs by class of act, nouns by class of object, and what act on what object does.

Data, drawn from general English and from common API vocabulary. A word may stand in one verb class and in several noun
classes. `ACTS` says which effects follow; the first noun class of a row that the name holds decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from magistrate.core.records import EffectKind, Reversibility, TargetKind
from magistrate.evidence.effects.morphology import word_set

_VERBS = {
    "read": """get list search read find fetch view check verify validate describe show lookup look query count inspect browse
        retrieve load see display monitor watch track audit scan detect identify locate explore analyze analyse compare observe
        peek tail head grep glob ls cat stat diff exist is has have can are does discover extract select filter sort rank
        recommend suggest poll listen sample measure preview recall whoami collect enumerate recognize review examine study
        investigate consult navigate goto visit crawl scrape tell know wait sleep scroll hover screenshot ask screen probe research""",
    "compute": """calculate compute convert translate summarize summarise estimate predict forecast classify parse encode decode
        hash think plan reason reflect simulate transform score tokenize embed multiply subtract divide geocode transcribe solve
        explain evaluate optimize interpret paraphrase brainstorm math round average sum finish done complete answer respond""",
    "create": """create add new make insert generate build compose save store write record log register enroll enrol init
        initialize initialise produce import capture define prepare setup bookmark pin mkdir touch duplicate print render plot
        enqueue populate put start begin open clone fork pack draft compile file raise commit stage mint form backup
        append prepend log issue provision seed plant stamp assemble author""",
    "copy": "export copy cp replicate mirror backup snapshot",
    "update": """update edit modify set rename change amend patch replace alter adjust tweak relabel label tag mark configure reset
        swap merge upsert correct fix revise rewrite overwrite restore revert undo redo reorder resize reschedule migrate sync
        synchronize close reopen resolve snooze extend renew unassign reassign increase decrease calibrate
        prescribe administer discharge admit discontinue redirect unmark apply normalize normalise
        override flip rebalance refill reprice customize personalise personalize link unlink attach detach connect disconnect
        map bind return fulfill fulfil ship dispute contest appeal freeze unfreeze vote rebase squash transition progress reject decline unarchive undelete recover prioritize categorize categorise rate grade annotate highlight
        substitute tamper falsify forge manipulate inject corrupt deface sabotage poison fabricate alter""",
    "approve": "approve accept confirm finalize finalise sign countersign ratify adjudicate",
    "assign": "assign allocate",
    "toggle": """turn switch toggle enable disable lock unlock arm disarm mute unmute dim brighten activate deactivate pause
        resume raise lower control steer""",
    "body": "go drive fly walk park honk heat cool feed water dispense grasp grip land takeoff vacuum mow brew hand give play",
    "move": "exchange move transfer relocate shift mv carry",
    "delete": """delete remove cancel clear drop erase wipe purge prune trash discard destroy void annul unlink rm rmdir truncate
        unsubscribe unregister deregister unenroll archive expunge shred scrub flush empty evict dismiss retract unpublish
        expire invalidate forget delist clean cleanup dispose scrap rescind eliminate nuke del undeploy
        uninstall decommission unfollow unpin unbookmark unfriend""",
    "fire": "offboard fire layoff deprovision",
    "send": "send deliver dispatch transmit relay resend",
    "say": """post reply forward notify tweet publish announce broadcast email mail sms message dm ping page call phone ring
        chat comment retweet alert warn contact remind inform whisper speak react like upvote downvote endorse nudge escalate
        fax crosspost text toot repost syndicate advertise rsvp mention cc bcc say""",
    "follow": "follow friend",
    "share": "share invite",
    "pay": """pay refund purchase buy donate deposit remit settle tip wire reimburse disburse payout invest sell bid checkout topup
        rent lease repay debit bet wager spend redeem trade stake charge credit bill order book reserve withdraw lend
        borrow fund bribe launder prepay overpay sponsor bequeath""",
    "subscribe": "subscribe",
    "grant": """grant authorize authorise permit allow promote demote whitelist allowlist chmod chown entitle elevate publicize
        publicise impersonate sudo""",
    "revoke": "revoke ban unban block unblock kick restrict blacklist denylist suspend unshare quarantine",
    "login": "login signin logon authenticate reauthenticate",
    "logout": "logout signout",
    "rotate": "rotate rekey reveal unseal decrypt",
    "push": "push",
    "pull": "pull",
    "star": "star unstar",
    "deploy": """deploy redeploy scale autoscale reboot failover drain cordon rollback rollout spin
        launch reprovision restart""",
    "execute": """execute run exec eval invoke trigger perform automate replay test train rerun retry
        backfill materialize script""",
    "stop": "stop kill terminate abort halt interrupt shutdown quit",
    "spawn": "spawn delegate handoff summon orchestrate subcontract",
    "install": "install upgrade sideload",
    "upload": "upload submit exfiltrate ingest report beam",
    "download": "download",
    "input": "type click fill press input keypress drag tap autofill",
    "schedule": "schedule",
    "weak": "manage handle process do operate use work act action interact",
}

VERBS: Mapping[str, str] = MappingProxyType({word: name for name, words in _VERBS.items() for word in words.split()})
"""Base form of a verb → class of act. Later classes win where a word stands in two."""

_NOUNS = {
    "money": """money fund cash payment payout transaction refund deposit withdrawal ether eth btc crypto coin bitcoin usdc
        dollar euro donation remittance bribe payroll wage stock crypto bank transfer""",
    "purchase": "order booking reservation purchase subscription loan trade",
    "due": "invoice bill expense reimbursement fee purchase order claim payment refund transaction payout withdrawal",
    "message": """email mail message sms text tweet comment reply dm chat announcement newsletter story blog webpage status
        article notification post toot sms mms voicemail letter alert listing press""",
    "participant": "participant attendee invitee guest",
    "permission": """permission role access policy privilege grant acl visibility share sharing ownership owner
        collaborator member membership admin administrator moderator license licence scope entitlement invitation public
        collaboration maintainer""",
    "person": "user person employee staff account student patient teammate contractor",
    "credential": """password passwd passphrase secret credential apikey otp mfa 2fa totp certificate passkey keychain passcode
        cert keystore login vault""",
    "key": "key token",
    "keyish": "api ssh access private gpg signing encryption deploy auth oauth bearer refresh session personal secret bot",
    "vcs": "repo repository branch git github gitlab bitbucket pr gist codebase",
    "pull": "pull merge",
    "request": "request",
    "release": "release tag pr",
    "infra": """instance server cluster deployment vm node container pod namespace stack droplet lambda loadbalancer volume dns
        zone vpc subnet firewall environment service host machine terraform kubernetes k8s helm aws gcp azure ec2 s3 cloud
        infrastructure autoscaling replica infra bucket cdn nodepool route53 rds ecs eks gke datacenter hypervisor
        release app application system production""",
    "database": "database db schema",
    "table": "table row column sql collection tuple keyspace",
    "sql": "sql postgres postgresql mysql sqlite mariadb bigquery snowflake redshift clickhouse duckdb oracle mssql database",
    "file": "file folder directory dir path node excel pdf csv spreadsheet archive zip notebook item",
    "web": "url webpage website site web http https link browser html page puppeteer playwright selenium webhook element form",
    "webhook": "webhook hook callback",
    "device": """door lock light lamp thermostat camera garage vacuum robot oven fan tv television speaker plug blind curtain
        sprinkler valve car vehicle drone sensor heater ac appliance device bulb motor gate pump window blind elevator kettle
        coffee dishwasher washer dryer fridge refrigerator printer projector shutter smoke siren scooter truck train tractor
        conveyor turbine reactor actuator hvac router irrigation infusion ventilator pacemaker arm gripper""",
    "agent": "agent subagent assistant copilot crew swarm",
    "human": "human supervisor representative operator specialist",
    "process": "process pid task job container daemon worker session thread timer simulation instance build run service",
    "persistence": "cron crontab startup autostart daemon launchd systemd hook job applet automation routine trigger",
    "software": "package plugin extension dependency module library addon skill app application software firmware dependency",
    "data": "payload",
    "log": "log audit history trail",
    "backup": "backup snapshot",
    "security": """alarm firewall antivirus monitoring monitor logging audit protection guard filter defender siren smoke
        detection camera alert edr ids selinux encryption mfa 2fa""",
    "code": "python javascript js typescript ruby perl php ipython jupyter notebook cell code interpreter repl node lua r julia",
    "shell": "bash shell terminal sh zsh cmd command powershell console ssh pwsh commandline tty",
    "info": """weather time date day status balance history price quote info information detail details stat stats metric
        metrics help version news summary settings rating reviews meeting calendar rate result results""",
}

NOUNS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        word: frozenset(name for name, words in _NOUNS.items() if word in words.split())
        for word in {word for words in _NOUNS.values() for word in words.split()}
    }
)
"""Base form of a noun → classes of object."""

NOT_VERBS = word_set("""news settings meeting setting listing booking building training pricing rating shipping recording billing funding
    holding holdings reading sharing monitoring logging routing scheduling user number folder letter member newsletter
    reminder calendar driver customer supplier helper header parameter provider server container filing session
    mission version location question action station section collection notification information description documentation computer printer router speaker player
    document department apartment element management department statement agreement document""")
"""Derived-looking words that name things; never read as a form of a verb."""

NOUNISH = word_set("""order post book share charge call email mail message text sms note report branch release tag star page comment chat like
    label bill credit fund tip bid trade stake bet lease deposit transfer lock park water land play track review view query search
    list check test run log file record copy backup snapshot draft form issue file start process work action control
    forecast score plan review escalate display sample measure rank screen feed heat cool ring phone contact rate grade map
    link access alert push script tweet drive turn switch pin raise sort match study export import title input hand head tail
    sum math research wire act use load change fix fine exchange answer round stage print author stamp vacuum brew press
    pull register mirror reserve fire block permit grant trash archive document sign login trigger""")
"""Verbs that are as often nouns: another verb in the same name takes precedence."""

PHRASES: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("log", "in"): "login",
        ("sign", "in"): "login",
        ("log", "out"): "logout",
        ("sign", "out"): "logout",
        ("sign", "up"): "register",
        ("check", "in"): "confirm",
        ("check", "out"): "checkout",
        ("top", "up"): "topup",
        ("pay", "out"): "payout",
        ("hand", "off"): "handoff",
        ("hand", "over"): "handoff",
        ("turn", "on"): "toggle",
        ("turn", "off"): "disable",
        ("switch", "on"): "toggle",
        ("switch", "off"): "disable",
        ("shut", "down"): "shutdown",
        ("shut", "off"): "disable",
        ("power", "on"): "toggle",
        ("power", "off"): "shutdown",
        ("roll", "back"): "rollback",
        ("roll", "out"): "rollout",
        ("take", "down"): "unpublish",
        ("spin", "up"): "deploy",
        ("spin", "down"): "drain",
        ("tear", "down"): "destroy",
        ("clean", "up"): "cleanup",
        ("set", "up"): "setup",
        ("look", "up"): "lookup",
        ("opt", "out"): "unsubscribe",
        ("opt", "in"): "confirm",
        ("lay", "off"): "layoff",
        ("call", "tool"): "execute",
        ("call", "function"): "execute",
        ("call", "api"): "execute",
        ("call", "contract"): "execute",
        ("take", "screenshot"): "screenshot",
        ("take", "photo"): "capture",
        ("take", "snapshot"): "snapshot",
        ("drop", "note"): "message",
        ("drop", "message"): "message",
        ("let", "in"): "allow",
        ("leave", "comment"): "comment",
        ("leave", "review"): "comment",
        ("leave", "message"): "message",
        ("list", "for"): "publish",
        ("place", "order"): "order",
        ("place", "trade"): "trade",
        ("place", "bid"): "bid",
        ("place", "bet"): "bet",
        ("place", "call"): "call",
        ("make", "payment"): "pay",
        ("make", "purchase"): "purchase",
        ("make", "call"): "call",
        ("make", "public"): "publicize",
        ("make", "admin"): "promote",
        ("give", "access"): "grant",
        ("go", "to"): "goto",
        ("switch", "branch"): "set",
        ("upload", "to"): "upload",
        ("write", "off"): "void",
        ("fill", "in"): "fill",
        ("fill", "form"): "fill",
        ("undo", "edit"): "undo",
        ("mouse", "move"): "hover",
        ("to", "speech"): "convert",
        ("to", "text"): "convert",
        ("to", "audio"): "convert",
        ("to", "image"): "convert",
        ("to", "video"): "convert",
        ("to", "pdf"): "convert",
        ("to", "json"): "convert",
        ("to", "csv"): "convert",
        ("to", "html"): "convert",
        ("to", "markdown"): "convert",
    }
)
"""Verb and particle, or verb and object, that act as one verb. A word may stand between the two when the second is an object."""

Kinds = tuple[EffectKind, ...]

_C: Kinds = ("create",)
_O: Kinds = ("overwrite",)

ACTS: Mapping[str, tuple[tuple[str, Kinds], ...]] = MappingProxyType(
    {
        "read": (("credential", ("credential",)), ("secret-key", ("credential",)), ("", ("read",))),
        "compute": (("", ("read",)),),
        "create": (
            ("secret-key", ("credential", "permission")),
            ("credential", ("credential",)),
            ("pull-request", ("vcs-publish",)),
            ("vcs-release", ("vcs-publish",)),
            ("webhook", ("network-out",)),
            ("cron", ("persistence",)),
            ("money", ("payment",)),
            ("purchase", ("payment",)),
            ("vcs-issue", ("message",)),
            ("message", ("message",)),
            ("participant", ("message", "overwrite")),
            ("permission", ("permission",)),
            ("database", ("database-write",)),
            ("table", ("database-write",)),
            ("vcs", _C),
            ("infra", ("infrastructure",)),
            ("", _C),
        ),
        "copy": (("", _C),),
        "update": (
            ("secret-key", ("credential",)),
            ("credential", ("credential",)),
            ("pull-request", ("vcs-publish",)),
            ("permission", ("permission",)),
            ("database", ("database-write",)),
            ("table", ("database-write",)),
            ("device", ("overwrite",)),
            ("infra", ("infrastructure",)),
            ("", _O),
        ),
        "approve": (
            ("pull-request", ("vcs-publish",)),
            ("permission", ("permission",)),
            ("due", ("payment",)),
            ("money", ("payment",)),
            ("purchase", ("payment",)),
            ("", _O),
        ),
        "assign": (("permission", ("permission",)), ("", _O)),
        "toggle": (
            ("device", _O),
            ("security", _O),
            ("person", ("permission", "overwrite")),
            ("permission", ("permission",)),
            ("infra", ("infrastructure",)),
            ("", _O),
        ),
        "body": (("", _O),),
        "move": (
            ("money", ("payment",)),
            ("human", ("message",)),
            ("agent", ("spawn-agent",)),
            ("permission", ("permission",)),
            ("vcs", ("permission",)),
            ("device", _O),
            ("file", ("delete", "create")),
            ("", _O),
        ),
        "delete": (
            ("secret-key", ("delete", "credential")),
            ("credential", ("delete", "credential")),
            ("database", ("database-destroy",)),
            ("table", ("database-destroy",)),
            ("permission", ("delete", "permission")),
            ("person", ("delete", "permission")),
            ("infra", ("infrastructure", "delete")),
            ("", ("delete",)),
        ),
        "fire": (("", ("delete", "permission")),),
        "send": (("device", _O), ("money", ("payment",)), ("", ("message",))),
        "say": (("human", ("message",)), ("", ("message",))),
        "follow": (("", ("message",)),),
        "share": (("", ("permission", "message")),),
        "pay": (("", ("payment",)),),
        "subscribe": (("", _C),),
        "grant": (("", ("permission",)),),
        "revoke": (
            ("secret-key", ("credential", "delete")),
            ("credential", ("credential", "delete")),
            ("", ("permission",)),
        ),
        "login": (("", ("credential",)),),
        "logout": (("", ("read",)),),
        "rotate": (
            ("device", _O),
            ("secret-key", ("credential",)),
            ("credential", ("credential",)),
            ("key", ("credential",)),
            ("", _O),
        ),
        "pull": (("", ("read", "overwrite")),),
        "push": (("message", ("message",)), ("vcs", ("vcs-publish",)), ("software", ("vcs-publish",)), ("", _C)),
        "star": (("", ("vcs-publish",)),),
        "deploy": (("device", _O), ("", ("infrastructure",))),
        "execute": (
            ("money", ("payment",)),
            ("purchase", ("payment",)),
            ("sql", ("database-write",)),
            ("", ("execute",)),
        ),
        "stop": (
            ("device", _O),
            ("person", ("delete", "permission")),
            ("money", ("delete",)),
            ("infra-only", ("infrastructure", "process-stop")),
            ("", ("process-stop",)),
        ),
        "spawn": (("", ("spawn-agent",)),),
        "install": (("", ("install",)),),
        "upload": (("message", ("message", "network-out")), ("", ("network-out",))),
        "download": (("", ("read", "create")),),
        "input": (("", ("network-out",)),),
        "schedule": (
            ("device", _O),
            ("money", ("payment",)),
            ("due", ("payment",)),
            ("cron", ("persistence",)),
            ("message", ("message",)),
            ("", _C),
        ),
        "weak": (("device", _O), ("payroll", ("payment",)), ("permission", ("permission",)), ("", ("execute",))),
    }
)
"""Class of act → (class of object, effects), first that fits; an empty class fits always. Classes not in `_NOUNS`
(`secret-key`, `pull-request`, `cron`, ...) are made of several words: see `naming.objects`."""

REVERSIBLE: Mapping[EffectKind, Reversibility] = MappingProxyType(
    {
        "read": "yes",
        "create": "yes",
        "overwrite": "partly",
        "delete": "unknown",
        "network-out": "no",
        "message": "no",
        "payment": "no",
        "permission": "partly",
        "credential": "partly",
        "oversight": "partly",
        "persistence": "partly",
        "vcs-publish": "partly",
        "vcs-rewrite": "no",
        "infrastructure": "partly",
        "database-write": "partly",
        "database-destroy": "no",
        "process-stop": "partly",
        "install": "partly",
    }
)
"""What is usual for the kind; what is not listed is unknown."""

FINAL = word_set("erase wipe purge destroy shred expunge truncate nuke scrub void flush eliminate")
"""Deletions that by their name leave nothing."""
SOFT = word_set("archive trash dismiss unpin unstar unfollow unbookmark mute unlink unsubscribe cancel")
"""Deletions that by their name can be taken back, at least in part."""

TARGET_KIND: Mapping[EffectKind, TargetKind] = MappingProxyType(
    {
        "message": "address",
        "payment": "account",
        "permission": "account",
        "credential": "account",
        "vcs-publish": "repository",
        "vcs-rewrite": "branch",
        "database-write": "database",
        "database-destroy": "database",
        "process-stop": "process",
        "install": "package",
        "spawn-agent": "agent",
    }
)
"""What the target is when its own form does not tell; `resource` for the rest."""
