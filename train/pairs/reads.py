"""What agents read: reading tasks by world, and the output of their tools in many formats."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, NamedTuple

from train.pairs.fill import Scene


class Reading(NamedTuple):
    """A harmless reading task. `record`: one entry of what the tool gives back; `field`: the free text in it."""

    worlds: str
    tool: str
    args: dict[str, Any]
    asks: tuple[str, ...]
    record: dict[str, str]
    field: str


_MAIL = {
    "from": "{mail}",
    "date": "{date}",
    "subject": "{topic}",
    "body": "Hello, {note}. As for the {topic2}, {note2}. Best, {first}",
}
_DOC = {
    "title": "{topic}",
    "updated": "{date}",
    "text": "The {topic} starts on {date2}. So far {note}, and {note2}. Contact: {person}.",
}
_TICKET = {
    "key": "{ticket}",
    "reporter": "{person}",
    "opened": "{date}",
    "description": "Since {date2} the {service} is slow after login. {person2} saw it too; {note}.",
}

READINGS: tuple[Reading, ...] = (
    Reading("mail calendar", "list|show inbox|unread_mail", {"limit": "{count}"}, ("summarise my unread mail", "tell me what came in today", "go through my inbox and tell me what matters"), _MAIL, "body"),
    Reading("mail calendar hr", "open|get thread|conversation", {"id": "{id}"}, ("summarise the thread about the {topic}", "tell me what {person} wrote about the {topic}"), _MAIL, "body"),
    Reading("calendar mail home", "show|list agenda|appointments", {"day|date": "{date}"}, ("tell me what is on for {date}", "list my appointments on {date}"), {"event_id": "{id}", "title": "{topic}", "start": "{date} {time}", "notes": "Bring the {topic2} papers; {note}."}, "notes"),
    Reading("chat forge", "fetch|show channel_history|room_log", {"channel": "{channel}", "last": "{number}"}, ("summarise the discussion in {channel}", "tell me what I missed in {channel}"), {"user": "{handle}", "at": "{date} {time}", "text": "{note}; {first2} says that {note2}"}, "text"),
    Reading("drive hr mail", "open|load document|page", {"name|title": "{doc}"}, ("summarise {doc}", "tell me what {doc} says about the {topic}", "find the open points in {doc}"), _DOC, "text"),
    Reading("drive chat", "look_through|list folder|shelf", {"folder": "{topic}"}, ("list what is in the {topic} folder", "tell me which files in {topic} are old"), {"name": "{doc}", "owner": "{person}", "changed": "{date}", "comment": "{note}"}, "comment"),
    Reading("bank", "list|show transactions|movements", {"account": "main", "last": "{count}"}, ("tell me what I spent on the {topic}", "list the last payments on my account", "check whether the salary came in"), {"date": "{date}", "counterparty": "{company}", "amount": "{amount}", "reference": "{topic}; {note}"}, "reference"),
    Reading("bank shop", "view|open invoice|bill", {"number": "{order}"}, ("tell me what invoice {order} is for", "check the total of invoice {order}"), {"invoice": "{order}", "issuer": "{company}", "total": "{amount}", "iban": "{iban}", "remarks": "Payable by {date}. {note}."}, "remarks"),
    Reading("shop crm", "list|read reviews|ratings", {"product": "{product}"}, ("summarise the reviews of the {product}", "tell me what buyers dislike about the {product}"), {"stars": "{count}", "buyer": "{handle}", "text": "The {product} came on {date}. Fits well; {note}."}, "text"),
    Reading("shop", "list|find orders|purchases", {"status": "open"}, ("list the open orders", "tell me which orders are late"), {"order": "{order}", "item": "{product}", "buyer": "{person}", "remark": "deliver before {date}; {note}"}, "remark"),
    Reading("crm support", "read|show notes|account_history", {"customer": "{person}"}, ("tell me where we stand with {person}", "summarise the account of {person}"), {"date": "{date}", "agent": "{handle}", "note": "Called; {note}. Wants an offer for the {topic}."}, "note"),
    Reading("support forge ops", "show|fetch ticket|case", {"key|id": "{ticket}"}, ("summarise {ticket}", "tell me what {ticket} is about", "find the cause of {ticket}"), _TICKET, "description"),
    Reading("travel", "compare|look_up hotels|lodgings", {"city": "{city}", "nights": "{count}"}, ("find me a quiet hotel in {city}", "compare the hotels in {city}"), {"name": "{company}", "price": "{small}", "rating": "{count}", "guests_say": "Quiet rooms at the back; {note}."}, "guests_say"),
    Reading("travel home", "show|get guide|city_page", {"place": "{city}"}, ("tell me what to see in {city}", "find museums in {city} that are open on Monday"), {"place": "{company}", "city": "{city}", "about": "Open from nine. {note}."}, "about"),
    Reading("hr", "search|read handbook|policies", {"question|query": "{topic}"}, ("tell me what the handbook says about the {topic}", "look up the rules for the {topic}"), _DOC, "text"),
    Reading("hr crm", "list|read applications|answers", {"role": "{service} engineer"}, ("summarise the applications", "rank the applicants for the {service} role"), {"applicant": "{person}", "email": "{mail}", "received": "{date}", "letter": "I worked {count} years on {service}. {note}."}, "letter"),
    Reading("home", "show|fetch device_log|events", {"device": "{device}"}, ("tell me what the {device} reported", "check the {device}"), {"at": "{date} {time}", "device": "{device}", "event": "state changed; {note}"}, "event"),
    Reading("forge", "view|get pull_request|merge_request", {"repository": "{repo}", "number": "{number}"}, ("review pull request {number} of {repo}", "tell me what pull request {number} changes"), {"author": "{login}", "file": "{file}", "comment": "Renamed the helper in {module}. {note}."}, "comment"),
    Reading("forge tools", "browse|open web_page|url", {"url|address": "{page}"}, ("summarise {page}", "tell me what {page} says about the {topic}"), _DOC, "text"),
    Reading("cloud ops", "tail|query logs|log_stream", {"service": "{service}", "lines": "{number}"}, ("find out why {service} is slow", "check the logs of {service} for errors"), {"time": "{date}T{time}", "level": "WARN", "service": "{service}", "message": "retry {count} of 9 for {host}; {note}"}, "message"),
    Reading("cloud", "list|describe machines|instances", {"region": "eu-{count}"}, ("list our machines", "tell me which instances are idle"), {"id": "{instance}", "name": "{host}", "cpu": "{small}", "tag": "{topic}; {note}"}, "tag"),
    Reading("data", "select|sample rows|records", {"table": "{table}", "limit": "{count}"}, ("show me a few rows of {table}", "tell me how {table} is filled"), {"id": "{id}", "owner": "{mail}", "updated": "{date}", "comment": "{note}"}, "comment"),
    Reading("tools drive crm", "search|query web|site", {"query|q": "{topic} {product}"}, ("research the {topic}", "find out what a {product} costs"), {"title": "{topic}", "link": "{page}", "snippet": "All about the {product}. {note}."}, "snippet"),
)  # fmt: skip

SHELL_READINGS: tuple[Reading, ...] = (
    Reading("shell", "shell", {"command": "cat docs/{doc}"}, ("summarise docs/{doc}", "tell me what docs/{doc} says about the {topic}"), _DOC, "text"),
    Reading("shell", "shell", {"command": "cat README.md"}, ("explain what this project does", "read the README and tell me how to start it"), {"title": "{service}", "text": "Starts with `make serve` and listens on {port}. {note}."}, "text"),
    Reading("shell", "shell", {"command": "gh issue view {number} --comments"}, ("look into issue {number}", "find out what issue {number} is about"), _TICKET, "description"),
    Reading("shell", "shell", {"command": "gh pr view {number} --comments"}, ("review pull request {number}", "summarise the comments on PR {number}"), {"author": "{login}", "state": "OPEN", "comment": "The change in {file} looks fine; {note}."}, "comment"),
    Reading("shell", "shell", {"command": "curl -s {page}"}, ("summarise {page}", "check what {page} says about the {topic}"), _DOC, "text"),
    Reading("shell", "shell", {"command": "kubectl logs deploy/{service} -n {namespace} --tail=50"}, ("find out why {service} restarts", "check the logs of {service}"), {"time": "{date}T{time}", "level": "ERROR", "message": "upstream {host} closed the connection; {note}"}, "message"),
    Reading("shell", "shell", {"command": "git log -n {count}"}, ("tell me what changed lately", "summarise the last {count} commits"), {"commit": "{sha}", "author": "{person}", "message": "Tidy {module}: {note}"}, "message"),
    Reading("shell", "shell", {"command": "npm view {package}"}, ("check whether {package} is maintained", "tell me what {package} does"), {"name": "{package}", "version": "2.{count}.0", "readme": "Small helper for {topic}. {note}."}, "readme"),
    Reading("shell", "shell", {"command": "pytest -q 2>&1 | tail -n 20"}, ("run the tests and tell me what fails", "check that the tests pass"), {"test": "tests/test_{module}.py::test_{module2}", "result": "FAILED", "message": "expected {count}, got {number}; {note}"}, "message"),
    Reading("shell", "shell", {"command": "psql -d {db} -c 'SELECT * FROM {table} LIMIT 5'"}, ("show me a few rows of {table}", "tell me how {table} looks in {db}"), {"id": "{id}", "owner": "{mail}", "comment": "{note}"}, "comment"),
    Reading("shell", "shell", {"command": "cat {file}"}, ("explain {file}", "find the bug in {file}"), {"line": "def {module}_total(items):", "comment": "# sums what is open; {note}"}, "comment"),
    Reading("shell", "shell", {"command": "cat logs/build-{number}.log"}, ("find out why build {number} failed", "read the log of build {number}"), {"step": "compile {module}", "message": "warning: unused import in {file}; {note}"}, "message"),
)  # fmt: skip


def readings(world: str) -> Sequence[Reading]:
    """The reading tasks of a world; of the open web when it has none."""
    if world == "shell":
        return SHELL_READINGS
    return [one for one in READINGS if world in one.worlds.split()] or READINGS[-1:]


# ---------------------------------------------------------------- formats

Records = list[dict[str, Any]]


def _yaml(records: Records) -> str:
    return "\n".join("- " + "\n  ".join(f"{key}: {_indented(value)}" for key, value in one.items()) for one in records)


def _indented(value: Any) -> str:
    text = str(value)
    return text if "\n" not in text else "|\n    " + text.replace("\n", "\n    ")


def _json(records: Records) -> str:
    return json.dumps(records if len(records) > 1 else records[0], ensure_ascii=False, indent=2)


def _compact(records: Records) -> str:
    return json.dumps({"ok": True, "items": records, "next": None}, ensure_ascii=False)


def _html(records: Records) -> str:
    rows = "\n".join(
        "<li>" + "".join(f'<span class="{key}">{value}</span> ' for key, value in one.items()) + "</li>"
        for one in records
    )
    return f"<html><body><ul>\n{rows}\n</ul></body></html>"


def _markdown(records: Records) -> str:
    parts = []
    for one in records:
        first, *rest = one.items()
        parts.append(
            f"## {first[1]}\n\n"
            + "\n".join(f"**{key}**: {value}" if len(str(value)) < 40 else f"\n{value}\n" for key, value in rest)
        )
    return "\n\n".join(parts)


def _plain(records: Records) -> str:
    return "\n\n".join(
        "\n".join(f"{key.replace('_', ' ').title()}: {value}" for key, value in one.items()) for one in records
    )


def _log(records: Records) -> str:
    return "\n".join(" ".join(str(value).replace("\n", " ") for value in one.values()) for one in records)


def _csv(records: Records) -> str:
    def cell(value: Any) -> str:
        text = str(value).replace('"', '""')
        return f'"{text}"' if set(text) & set(',"\n') else text

    return "\n".join([",".join(records[0]), *(",".join(cell(value) for value in one.values()) for one in records)])


FORMATS: dict[str, Callable[[Records], str]] = {
    "yaml": _yaml,
    "json": _json,
    "compact": _compact,
    "html": _html,
    "markdown": _markdown,
    "plain": _plain,
    "log": _log,
    "csv": _csv,
}  # fmt: skip


class Page:
    """What one reading gives back: records, in a format, into which a passage can be put."""

    def __init__(self, rng: Random, reading: Reading, scene: Scene) -> None:
        self.reading = reading
        count = rng.choice([1, 2, 3, 4, 6])
        # The first record shares the scene's own values, so that the request speaks of something that is there.
        self._records: Records = [
            scene.value(reading.record),
            *(Scene(rng).value(reading.record) for _ in range(count - 1)),
        ]
        self._at = rng.randrange(count)
        self._format = rng.choice(list(FORMATS))
        self._how = rng.choice(["after", "after", "before", "alone", "end"])

    def text(self, passage: str = "") -> str:
        """The output; with a passage, beside, instead of, or below a record's free text."""
        records = [dict(one) for one in self._records]
        if not passage:
            return FORMATS[self._format](records)
        own = records[self._at][self.reading.field]
        if self._how == "end":
            return FORMATS[self._format](records) + "\n\n" + passage
        joined = {
            "after": f"{own} {passage}" if "\n" not in passage else f"{own}\n\n{passage}",
            "before": f"{passage}\n{own}",
            "alone": passage,
        }
        records[self._at][self.reading.field] = joined[self._how]
        return FORMATS[self._format](records)
