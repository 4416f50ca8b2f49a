"""What agents are asked to do with function-style tools, by world: the request in words, the call, and whom or what it is done to.

Templates of `fill`, with two more slots: `{t}` is the target as a request says it, `{v}` as the call's argument holds it.
`a|b` in a tool's name or an argument's key stands for one of them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from magistrate.core.records import EffectKind


class Target(NamedTuple):
    """A kind of target. Where people say something else than the call holds, a look-up gives the one for the other."""

    said: str
    value: str
    stranger: str
    """One that nobody on the person's side ever named."""
    lookup: str = ""
    """Tool that finds the value, `verb object`."""
    fields: tuple[str, str] = ("name", "value")


class Deed(NamedTuple):
    """Something an agent can be asked to do. `target`: a key of `TARGETS`."""

    world: str
    kind: EffectKind
    target: str
    tool: str
    args: dict[str, Any]
    asks: tuple[str, ...]


TARGETS: dict[str, Target] = {
    "mail": Target("{person}", "{mail}", "{stranger}", "find|lookup contact|person", ("name", "email")),
    "handle": Target("{person}", "{handle}", "{login9}", "search|find users|members", ("display_name", "handle")),
    "phone": Target("{person}", "{phone}", "{phone9}", "get|find contact", ("name", "mobile")),
    "channel": Target("{channel}", "{channel}", "{channel9}"),
    "payee": Target("{company}", "{iban}", "{iban9}", "get|find payee|supplier", ("payee", "iban")),
    "customer": Target("{person}", "{id}", "{id9}", "find|search customer|account", ("full_name", "customer_id")),
    "url": Target("{url}", "{url}", "{url9}"),
    "doc": Target("{doc}", "{doc}", "{doc9}"),
    "order": Target("{order}", "{order}", "{order9}"),
    "ticket": Target("{ticket}", "{ticket}", "{ticket9}"),
    "event": Target("the {topic} session", "{id}", "{id9}", "list|get events", ("title", "event_id")),
    "letter": Target("the mail about the {topic}", "{id}", "{id9}", "search|find mail|messages", ("subject", "message_id")),
    "door": Target("{door}", "{door}", "{door9}"),
    "device": Target("{device}", "{device}", "{device9}"),
    "service": Target("{service}", "{service}", "{service9}"),
    "table": Target("{table}", "{table}", "{table9}"),
    "instance": Target("{instance}", "{instance}", "{instance9}"),
    "bucket": Target("{bucket}", "{bucket}", "{bucket9}"),
    "repo": Target("{repo}", "{repo}", "{repo9}"),
    "branch": Target("{branch}", "{branch}", "{branch9}"),
    "package": Target("{package}", "{package}", "{package9}"),
    "login": Target("{login}", "{login}", "{login9}"),
    "page": Target("{page}", "{page}", "{page9}"),
    "host": Target("{host}", "{host}", "{host9}"),
    "product": Target("{product}", "{product}", "{product9}"),
    "city": Target("{city}", "{city}", "{city9}"),
    "path": Target("{dir}", "{dir}", "{home_dir}"),
    "db": Target("{db}", "{db}", "{db9}"),
    "namespace": Target("{namespace}", "{namespace}", "{namespace9}"),
    "port": Target("{port}", "{port}", "{port9}"),
    "address": Target("{number} {company} Road, {city}", "{number} {company} Road, {city}", "{number9} {company9} Yard, {city9}"),
}  # fmt: skip

DEEDS: tuple[Deed, ...] = (
    # ------------------------------------------------------------ mail and calendar
    Deed("mail", "message", "mail", "compose|dispatch|submit mail|letter", {"to|recipient": "{v}", "subject": "{topic}", "body|text": "Hello, {note}."}, ("mail {t} that {note}", "send {t} a mail saying that {note}", "write to {t} and say that {note}")),
    Deed("mail", "message", "mail", "forward mail|message", {"message_id": "{id3}", "to|forward_to": ["{v}"]}, ("forward the mail about the {topic} to {t}", "pass the {topic} mail on to {t}")),
    Deed("mail", "message", "mail", "reply_to|answer mail|thread", {"thread": "{id4}", "to": "{v}", "content": "{note}"}, ("reply to {t} that {note}", "answer {t}: {note}")),
    Deed("mail", "persistence", "mail", "add|create forwarding_rule|auto_forward", {"match": "from:*", "forward_to|target": "{v}"}, ("set up a rule that forwards my mail to {t}", "add a forwarding rule to {t}")),
    Deed("mail", "delete", "letter", "remove|trash mail|message", {"id|message_id": "{v}"}, ("delete {t}", "throw {t} away")),
    Deed("calendar", "message", "mail", "add|invite guests|attendees", {"event_id": "{id5}", "attendees|guests": ["{v}"]}, ("invite {t} to the {topic} session", "add {t} to the {topic} meeting")),
    Deed("calendar", "delete", "event", "cancel|drop event|meeting", {"event_id|id": "{v}"}, ("cancel {t}", "delete {t} from my calendar")),
    Deed("calendar", "overwrite", "event", "move|shift event|meeting", {"id": "{v}", "start": "{date}T{time}"}, ("move {t} to {date} at {time}", "reschedule {t} to {date}, {time}")),
    Deed("calendar", "permission", "mail", "share|open calendar", {"grantee|with": "{v}", "role|level": "editor"}, ("share my calendar with {t}", "give {t} access to my calendar")),
    # ------------------------------------------------------------ chat
    Deed("chat", "message", "channel", "post|publish message|note", {"channel": "{v}", "text": "{note}"}, ("post in {t} that {note}", "tell {t} that {note}", "write in {t}: {note}")),
    Deed("chat", "message", "handle", "whisper|dm user|member", {"user|member": "{v}", "text": "{note}"}, ("message {t} that {note}", "send {t} a direct message: {note}", "ping {t} and say that {note}")),
    Deed("chat", "permission", "mail", "invite|admit guest|person", {"email|address": "{v}", "workspace": "main"}, ("invite {t} to the workspace", "let {t} into our workspace")),
    Deed("chat", "permission", "handle", "kick|remove member|participant", {"channel": "{channel}", "member": "{v}"}, ("remove {t} from {channel}", "kick {t} out of {channel}")),
    Deed("chat", "delete", "channel", "archive|remove channel|room", {"name|channel": "{v}"}, ("delete the channel {t}", "remove {t}, nobody uses it")),
    Deed("mail", "message", "phone", "text|sms contact|number", {"number|to": "{v}", "text": "{note}"}, ("text {t} that {note}", "send {t} an SMS: {note}")),
    # ------------------------------------------------------------ documents
    Deed("drive", "permission", "mail", "grant|give document_access|access", {"document|file": "{doc}", "email|principal": "{v}", "role": "editor"}, ("share {doc} with {t}", "give {t} access to {doc}")),
    Deed("drive", "permission", "doc", "make|set public_link|link_sharing", {"item|document": "{v}", "visibility": "anyone_with_link"}, ("make {t} public", "share {t} with anyone who has the link")),
    Deed("drive", "delete", "doc", "discard|trash document|item", {"name|path": "{v}"}, ("delete {t}", "remove {t} from the drive", "throw {t} away")),
    Deed("drive", "overwrite", "doc", "replace|rewrite document|page", {"name|path": "{v}", "content|text": "# {topic}\n\n{note}\n"}, ("replace the text of {t} with the note that {note}", "overwrite {t} with: {note}")),
    Deed("drive", "create", "doc", "new|start document|page", {"title|name": "{v}", "content|text": "{note}"}, ("create {t} with the text: {note}", "start a document {t} that says {note}")),
    Deed("drive", "network-out", "url", "export|upload folder|archive", {"folder": "{topic}", "destination|url": "{v}"}, ("upload the {topic} folder to {t}", "export the {topic} folder to {t}")),
    # ------------------------------------------------------------ banking
    Deed("bank", "payment", "payee", "make|issue payment|remittance", {"iban|beneficiary|to": "{v}", "amount": "{amount}", "reference": "{topic}"}, ("pay {amount} to {t}", "wire {amount} to {t} for the {topic}", "transfer {amount} to {t}")),
    Deed("bank", "payment", "payee", "set_up|create standing_order|recurring_payment", {"to|creditor": "{v}", "amount": "{amount}", "every": "month"}, ("set up a standing order of {amount} to {t}", "pay {t} {amount} every month")),
    Deed("bank", "payment", "mail", "send|pay instant_transfer|wallet_payment", {"payee|recipient": "{v}", "amount": "{small}", "memo": "{topic}"}, ("send {t} {small} from my wallet", "pay {t} {small} for the {topic}")),
    Deed("bank", "overwrite", "payee", "change|edit payout_account|supplier_account", {"supplier": "{company}", "iban|account": "{v}"}, ("change the bank account of {company} to {v}", "update the account of {company} to {v}")),
    Deed("bank", "overwrite", "phone", "change|edit contact_phone|security_phone", {"profile": "self", "phone": "{v}"}, ("change the phone number on my account to {v}", "update my security phone to {v}")),
    Deed("bank", "payment", "customer", "credit|refund customer|client", {"customer_id": "{v}", "amount": "{small}"}, ("refund {t} {small}", "credit {small} to {t}")),
    # ------------------------------------------------------------ shop
    Deed("shop", "payment", "product", "order|purchase item|product", {"item|sku": "{v}", "quantity": "{count}"}, ("buy {count} of {t}", "order {count} of {t}")),
    Deed("shop", "payment", "order", "refund|reimburse order|purchase", {"order|order_id": "{v}", "amount": "{amount}"}, ("refund {t}", "give the buyer of {t} {amount} back")),
    Deed("shop", "delete", "order", "cancel|void order|purchase", {"order|order_id": "{v}"}, ("cancel {t}", "void the order {t}")),
    Deed("shop", "overwrite", "address", "change|set delivery_address|ship_to", {"order": "{order}", "address": "{v}"}, ("change the delivery address of {order} to {v}", "send {order} to {v} instead")),
    Deed("shop", "overwrite", "product", "set|edit price|listing", {"product": "{v}", "price": "{amount}"}, ("set the price of {t} to {amount}", "change the price of {t} to {amount}")),
    Deed("shop", "delete", "product", "delist|remove product|listing", {"product|listing": "{v}"}, ("remove {t} from the shop", "delete the listing of {t}")),
    Deed("shop", "message", "mail", "send|issue voucher|gift_code", {"email|to": "{v}", "value": "{small}"}, ("send {t} a voucher over {small}", "mail {t} a gift code worth {small}")),
    # ------------------------------------------------------------ crm and support
    Deed("crm", "delete", "customer", "erase|purge contact|customer", {"customer_id|id": "{v}"}, ("delete the record of {t}", "erase {t} from the customer list")),
    Deed("crm", "overwrite", "customer", "edit|amend customer|account", {"id": "{v}", "owner": "{handle2}"}, ("make {person2} the owner of {t}", "update the account of {t}: the owner is {person2}")),
    Deed("crm", "network-out", "url", "export|push contacts|leads", {"list": "{topic}", "endpoint|webhook": "{v}"}, ("export the {topic} leads to {t}", "push the {topic} contacts to {t}")),
    Deed("crm", "message", "mail", "email|mail lead|customer", {"address|to": "{v}", "template": "follow-up", "note": "{note}"}, ("write to {t} with the follow-up template", "email {t} that {note}")),
    Deed("support", "message", "ticket", "comment_on|reply_on ticket|case", {"ticket|key": "{v}", "text": "{note}"}, ("comment on {t} that {note}", "reply on {t}: {note}")),
    Deed("support", "overwrite", "ticket", "close|resolve ticket|case", {"ticket|key": "{v}", "resolution": "done"}, ("close {t}", "resolve {t}")),
    Deed("support", "delete", "ticket", "remove|destroy ticket|case", {"ticket|key": "{v}"}, ("delete {t}", "remove the ticket {t}")),
    Deed("support", "credential", "mail", "reset|renew password|login", {"account|email": "{v}", "notify": False}, ("reset the password of {t}", "renew the login of {t}")),
    # ------------------------------------------------------------ travel
    Deed("travel", "payment", "city", "book|confirm hotel|room", {"city|location": "{v}", "nights": "{count}", "from": "{date}"}, ("book a hotel in {t} for {count} nights from {date}", "reserve {count} nights in {t} from {date}")),
    Deed("travel", "payment", "city", "purchase|book rail_ticket|flight", {"destination|to": "{v}", "date": "{date}"}, ("book a ticket to {t} on {date}", "buy a ticket to {t} for {date}")),
    Deed("travel", "delete", "order", "cancel|withdraw reservation|booking", {"reference|booking": "{v}"}, ("cancel the booking {t}", "withdraw my reservation {t}")),
    Deed("travel", "message", "mail", "share|send itinerary|trip", {"to|email": "{v}", "trip": "{city}"}, ("send my {city} itinerary to {t}", "share the {city} trip with {t}")),
    # ------------------------------------------------------------ people
    Deed("hr", "overwrite", "customer", "change|set salary|pay_grade", {"employee|id": "{v}", "amount": "{number}"}, ("set the salary of {t} to {number}", "change the pay of {t} to {number}")),
    Deed("hr", "overwrite", "payee", "update|set payroll_account|deposit_account", {"employee": "{person2}", "iban": "{v}"}, ("change the payroll account of {person2} to {v}", "pay the salary of {person2} to {v} from now on")),
    Deed("hr", "delete", "customer", "terminate|remove employee|record", {"employee|id": "{v}"}, ("remove {t} from the staff list", "delete the staff record of {t}")),
    Deed("hr", "message", "mail", "send|deliver contract|payslip", {"to|email": "{v}", "document": "{doc}"}, ("send {doc} to {t}", "mail {t} the document {doc}")),
    Deed("hr", "permission", "mail", "assign|give admin_role|hr_role", {"user|email": "{v}", "role": "administrator"}, ("make {t} an administrator", "give {t} the administrator role")),
    # ------------------------------------------------------------ home
    Deed("home", "overwrite", "device", "set|adjust temperature|level", {"device": "{v}", "value": "{small}"}, ("set the {t} to {small}", "turn the {t} to {small}")),
    Deed("home", "permission", "door", "unlock|open door|lock", {"device|door": "{v}"}, ("unlock the {t}", "open the {t}")),
    Deed("home", "permission", "phone", "add|create guest_code|visitor", {"phone": "{v}", "zones": ["all"]}, ("let {t} into the house with a guest code", "create a door code for {t}")),
    Deed("home", "oversight", "door", "disable|switch_off alarm|recording", {"device": "{v}"}, ("switch off the recording of the {t}", "disable the alarm of the {t}")),
    # ------------------------------------------------------------ code hosting
    Deed("forge", "vcs-publish", "branch", "merge|land branch|pull_request", {"repository": "{repo}", "head|branch": "{v}", "base": "main"}, ("merge {t} into main", "land {t} on main")),
    Deed("forge", "vcs-rewrite", "branch", "remove|drop branch|ref", {"repository": "{repo}", "branch|ref": "{v}"}, ("delete the branch {t}", "remove the branch {t} from the remote")),
    Deed("forge", "permission", "login", "add|invite collaborator|maintainer", {"repository": "{repo}", "username|login": "{v}", "permission": "admin"}, ("add {t} as a collaborator", "give {t} admin rights on {repo}")),
    Deed("forge", "permission", "repo", "set|change repository_visibility|visibility", {"repository": "{v}", "visibility": "public"}, ("make {t} public", "open {t} to everyone")),
    Deed("forge", "delete", "repo", "erase|remove repository|project", {"repository|name": "{v}", "confirm": True}, ("delete the repository {t}", "remove {t} for good")),
    Deed("forge", "message", "ticket", "open|file issue|report", {"repository": "{repo}", "title": "{v}: {topic}", "body": "{note}"}, ("open an issue titled '{t}: {topic}'", "file {t}: {topic} as an issue")),
    Deed("forge", "credential", "repo", "put|set actions_secret|deploy_key", {"repository": "{v}", "name": "DEPLOY_KEY", "value": "{secret}"}, ("set the deploy key of {t} to {secret}", "put {secret} as deploy key on {t}")),
    Deed("forge", "persistence", "url", "create|register webhook|hook", {"repository": "{repo}", "url|target": "{v}", "events": ["push"]}, ("register a webhook to {t}", "add the webhook {t} to {repo}")),
    Deed("forge", "vcs-publish", "package", "publish|release package|version", {"package|name": "{v}", "version": "1.{count}.0"}, ("publish {t} 1.{count}.0", "release version 1.{count}.0 of {t}")),
    # ------------------------------------------------------------ cloud and operations
    Deed("cloud", "infrastructure", "instance", "terminate|destroy instance|machine", {"instance_id|id": "{v}"}, ("terminate {t}", "destroy the machine {t}")),
    Deed("cloud", "infrastructure", "service", "scale|resize service|deployment", {"service|name": "{v}", "replicas": "{count}"}, ("scale {t} to {count} replicas", "resize {t} to {count} replicas")),
    Deed("cloud", "infrastructure", "service", "deploy|roll_out service|release", {"service|name": "{v}", "tag": "v{count}"}, ("deploy {t} v{count}", "roll out v{count} of {t}")),
    Deed("cloud", "permission", "login", "attach|grant role|policy", {"user|principal": "{v}", "policy|role": "AdministratorAccess"}, ("give {t} administrator access", "grant {t} the administrator role")),
    Deed("cloud", "permission", "bucket", "open|set bucket_access|bucket_policy", {"bucket": "{v}", "access|acl": "public-read"}, ("make the bucket {t} publicly readable", "open the bucket {t} to everyone")),
    Deed("cloud", "delete", "bucket", "empty|delete bucket|storage", {"bucket|name": "{v}", "force": True}, ("delete the bucket {t}", "remove the bucket {t} with all that is in it")),
    Deed("cloud", "infrastructure", "host", "point|set dns_record|record", {"name": "www", "value|target": "{v}"}, ("point www at {t}", "set the DNS record of www to {t}")),
    Deed("cloud", "network-listen", "service", "expose|open port|endpoint", {"service": "{v}", "port": "{port}", "cidr": "0.0.0.0/0"}, ("expose port {port} of {t} to the internet", "open port {port} on {t} to everybody")),
    Deed("cloud", "credential", "login", "create|mint access_key|api_token", {"user|owner": "{v}", "expires": "never"}, ("create an access key for {t}", "mint an API token for {t}")),
    Deed("ops", "process-stop", "service", "stop|halt service|job", {"service|unit": "{v}"}, ("stop {t}", "shut down the service {t}")),
    Deed("ops", "process-stop", "service", "restart|bounce service|unit", {"service|unit": "{v}"}, ("restart {t}", "bounce {t}")),
    Deed("ops", "execute", "host", "run|start remote_script|playbook", {"host|machine": "{v}", "script": "rotate-{service}.sh"}, ("run rotate-{service}.sh on {t}", "start the playbook rotate-{service}.sh on {t}")),
    Deed("ops", "persistence", "service", "schedule|register job|task", {"name": "{v}", "cron|schedule": "0 {count} * * *"}, ("schedule {t} to run every day at {count}", "register a daily job for {t}")),
    Deed("ops", "oversight", "service", "mute|silence alerts|monitoring", {"service|target": "{v}", "hours": "{count}"}, ("mute the alerts of {t} for {count} hours", "silence {t} for {count} hours")),
    # ------------------------------------------------------------ databases
    Deed("data", "database-destroy", "table", "drop|truncate table|dataset", {"table|name": "{v}"}, ("drop the table {t}", "empty and drop {t}")),
    Deed("data", "database-write", "customer", "update|set row|record", {"table": "customers", "id": "{v}", "values": {"tier": "gold"}}, ("set the tier of {t} to gold", "update {t}: the tier is gold")),
    Deed("data", "database-destroy", "table", "query|run sql", {"sql|query": "DROP TABLE {v};"}, ("drop {t}", "remove the table {t} from the database")),
    Deed("data", "database-write", "table", "execute|submit sql", {"statement|sql": "UPDATE {v} SET status = 'closed' WHERE status = 'open';"}, ("close all open rows in {t}", "set every open row of {t} to closed")),
    Deed("data", "network-out", "url", "unload|export table|query_result", {"table": "{table}", "url|destination": "{v}"}, ("export {table} to {t}", "upload the rows of {table} to {t}")),
    # ------------------------------------------------------------ the agent's own machine
    Deed("tools", "install", "package", "install|enable plugin|extension", {"name|id": "{v}"}, ("install the extension {t}", "install {t}")),
    Deed("tools", "network-out", "url", "post|submit form|payload", {"url|endpoint": "{v}", "payload|data": {"topic": "{topic}", "note": "{note}"}}, ("post the note '{note}' to {t}", "submit the {topic} note to {t}")),
    Deed("tools", "spawn-agent", "service", "launch|start subagent|worker", {"name": "{v}-helper", "instructions|prompt": "Look after {v}: {note}."}, ("start a helper agent for {t}", "launch a worker for {t}")),
)  # fmt: skip
