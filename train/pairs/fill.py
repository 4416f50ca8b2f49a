"""Fillers: random but plausible names, addresses, ids, amounts and paths, and the slots of templates.

A template holds slots such as `{person}` or `{path2}`. A `Scene` fills each from its own generator once and keeps the value, so all
texts of a pair speak of the same things; a number at the end of a slot asks for another value of the same kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

_SLOT = re.compile(r"\{([a-z_]+?)(\d?)\}")

FIRST = [
    "Ruth",
    "Tomasz",
    "Ingrid",
    "Kofi",
    "Maren",
    "Dario",
    "Yuki",
    "Oluchi",
    "Pieter",
    "Solveig",
    "Hamid",
    "Beatriz",
    "Anselm",
    "Priti",
    "Gwen",
    "Matteo",
    "Noor",
    "Casper",
    "Leilani",
    "Ravi",
    "Zofia",
    "Emeka",
    "Astrid",
    "Joaquin",
    "Mirela",
    "Thabo",
    "Elin",
    "Vikram",
    "Paloma",
    "Owen",
    "Saskia",
    "Farid",
    "Hanneke",
    "Lucian",
    "Ayumi",
    "Bronwen",
    "Idris",
    "Katya",
    "Rowan",
    "Nadia",
    "Silas",
    "Tamsin",
    "Ulrich",
    "Wanda",
    "Ximena",
    "Yusuf",
    "Zelda",
    "Arno",
    "Bodil",
    "Cyrus",
]
LAST = [
    "Calder",
    "Wozniak",
    "Lindqvist",
    "Asante",
    "Feldkamp",
    "Moretti",
    "Tanabe",
    "Okonjo",
    "Verhoeven",
    "Haugland",
    "Rahimi",
    "Queiroz",
    "Brandt",
    "Deshmukh",
    "Pritchard",
    "Gallo",
    "Haddad",
    "Nyberg",
    "Kahale",
    "Menon",
    "Zielinski",
    "Eze",
    "Sandvik",
    "Barrios",
    "Ionescu",
    "Mokoena",
    "Aalto",
    "Chopra",
    "Serrano",
    "Hollis",
    "Dekker",
    "Nassar",
    "Vos",
    "Petrescu",
    "Ishida",
    "Maddox",
    "Karim",
    "Volkova",
    "Ashdown",
    "Belova",
    "Thorne",
    "Greaves",
    "Lenz",
    "Kruk",
    "Duarte",
    "Demir",
    "Marsh",
    "Keller",
    "Friis",
    "Ansari",
]
_LEFT = (
    ["brindle", "harbor", "copper", "willow", "granite", "juniper", "lantern", "meadow", "north", "otter", "pepper", "quarry", "river", "saddle", "timber", "umber", "velvet", "walnut", "yarrow", "zephyr", "amber", "birch", "cobalt", "dune", "ember", "fern", "glacier", "hazel", "iris", "kelp", "larch", "moss"]
)  # fmt: skip
_RIGHT = (
    ["croft", "lane", "works", "field", "stone", "bridge", "gate", "point", "mill", "ford", "wick", "haven", "ridge", "brook", "dale", "stead", "yard", "loft", "forge", "crest", "side", "wood", "port", "marsh", "hill"]
)  # fmt: skip
_TRADE = [
    "freight",
    "dental",
    "textiles",
    "analytics",
    "bakery",
    "robotics",
    "legal",
    "optics",
    "tours",
    "foods",
    "media",
    "energy",
    "labs",
    "clinic",
    "press",
]
_ENDINGS = (".example", ".com", ".net", ".io", ".org", ".co", ".de", ".co.uk", ".eu", ".se")
_SERVICES = (
    ["billing", "checkout", "ledger-sync", "notifier", "catalog", "pricing", "inventory", "geocoder", "thumbnailer", "auth-proxy", "mailer", "quotes", "scheduler", "search-indexer", "webhooks", "reports-api", "importer", "media-resizer", "loyalty", "fraud-scorer"]
)  # fmt: skip
_TOPICS = [
    "office move",
    "quarterly review",
    "supplier onboarding",
    "winter rota",
    "trade fair",
    "brand refresh",
    "warehouse audit",
    "pension change",
    "price list",
    "customer survey",
    "release plan",
    "fire drill",
    "travel policy",
    "parking permits",
    "annual dinner",
    "data migration",
    "newsletter draft",
    "hiring round",
    "insurance renewal",
    "website relaunch",
    "maintenance window",
    "training week",
    "stock count",
    "lab visit",
]
_NOTES = [
    "the meeting moves to Thursday at ten",
    "the samples arrived this morning",
    "we need two more days",
    "the room is booked",
    "the numbers look right to me",
    "delivery slips by a week",
    "lunch is on us tomorrow",
    "the contract is signed",
    "parking is behind the building",
    "the draft is ready for comments",
    "the line is back up",
    "the invoice was settled",
    "we start at half past eight",
    "the badge readers are being replaced",
    "the new price holds until June",
    "the visit is confirmed",
]
_PRODUCTS = [
    "desk lamp",
    "standing mat",
    "label printer",
    "field notebook",
    "water filter",
    "road bike tyre",
    "camping stove",
    "wool blanket",
    "headset",
    "barcode scanner",
    "espresso grinder",
    "rain jacket",
    "monitor arm",
    "tool chest",
    "seed tray",
    "projector",
]
_CITIES = [
    "Porto",
    "Utrecht",
    "Lund",
    "Gdansk",
    "Galway",
    "Trieste",
    "Bergen",
    "Ghent",
    "Leipzig",
    "Aarhus",
    "Turku",
    "Bilbao",
    "Graz",
    "Lyon",
    "Cork",
    "Split",
]
_DEVICES = ["hall thermostat", "kitchen heater", "garden sprinkler", "nursery lamp", "attic fan", "cellar dehumidifier"]
_DOORS = ["front door", "garage door", "side gate", "cellar door", "back porch", "summer house"]
_TABLES = [
    "orders_archive",
    "tmp_import_rows",
    "customer_notes",
    "sessions_old",
    "price_history",
    "audit_2021",
    "staging_leads",
    "invoice_lines",
    "stock_moves",
]
_PACKAGES = [
    "tabulate-lite",
    "pathkeeper",
    "fastslug",
    "chronotext",
    "jsonpatcher",
    "colorwheel",
    "dotmapper",
    "ratewindow",
    "linegraph-mini",
    "csvtools",
]
_DIRS = [
    "build",
    "dist",
    "out",
    "coverage",
    ".cache",
    "tmp/render",
    "node_modules",
    "target/debug",
    "generated",
    "docs/_site",
    ".next",
    "logs/old",
]
_MODULES = [
    "cart",
    "pager",
    "invoices",
    "session",
    "uploads",
    "parser",
    "dates",
    "tokens",
    "router",
    "mailer",
    "quota",
    "exports",
    "shipping",
]
_SPEC = [
    "notes",
    "plan",
    "summary",
    "minutes",
    "checklist",
    "handbook",
    "brief",
    "agenda",
    "outline",
    "schedule",
    "report",
]


class Person:
    """A person with the ways in which tools and people refer to them."""

    def __init__(self, rng: Random, domain: str) -> None:
        self.first, self.last = rng.choice(FIRST), rng.choice(LAST)
        self.name = f"{self.first} {self.last}"
        first, last = self.first.lower(), self.last.lower()
        self.handle = rng.choice(
            [f"{first}.{last}", f"{first[0]}{last}", f"{first}{rng.randint(2, 98)}", f"{last}-{first[0]}"]
        )
        self.mail = f"{rng.choice([f'{first}.{last}', f'{first[0]}.{last}', first, f'{last}{first[0]}'])}@{domain}"
        self.phone = f"+{rng.choice([31, 44, 46, 47, 49, 351])} {rng.randint(100, 999)} {rng.randint(100_000, 999_999)}"


def domain(rng: Random) -> str:
    """An invented domain."""
    name = rng.choice(_LEFT) + rng.choice(_RIGHT)
    if rng.random() < 0.5:
        name += rng.choice(["-", ""]) + rng.choice(_TRADE)
    return name + rng.choice(_ENDINGS)


def hexes(rng: Random, length: int) -> str:
    """Random lower-case hexadecimal digits."""
    return "".join(rng.choice("0123456789abcdef") for _ in range(length))


def _iban(rng: Random) -> str:
    country, length = rng.choice([("DE", 18), ("SE", 20), ("NL", 0), ("NO", 11), ("PT", 21)])
    if country == "NL":
        return f"NL{rng.randint(10, 99)}{rng.choice(['BRIN', 'COPR', 'UMBR'])}{rng.randint(10**9, 10**10 - 1)}"
    return f"{country}{rng.randint(10, 99)}{rng.randint(10 ** (length - 1), 10**length - 1)}"


def _url(rng: Random) -> str:
    tail = rng.choice(["upload", "hooks/" + hexes(rng, 8), "collect", "v1/ingest", "in/" + hexes(rng, 6), "drop"])
    return f"https://{rng.choice(['files', 'api', 'hooks', 'data', 'www'])}.{domain(rng)}/{tail}"


def _page(rng: Random) -> str:
    return (
        f"https://{rng.choice(['www', 'docs', 'blog', 'wiki'])}.{domain(rng)}/{rng.choice(_SPEC)}-{rng.randint(2, 400)}"
    )


def _doc(rng: Random) -> str:
    return f"{rng.choice(_TOPICS).replace(' ', rng.choice(['-', '_']))}-{rng.choice(_SPEC)}.{rng.choice(['md', 'docx', 'txt', 'pdf'])}"


def _secret(rng: Random) -> str:
    alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789"
    return rng.choice(["tok_", "key-", "sec_", ""]) + "".join(rng.choice(alphabet) for _ in range(28))


def _of(values: Sequence[str]) -> Callable[[Random], str]:
    return lambda rng: rng.choice(values)


GENERATORS: dict[str, Callable[[Random], Any]] = {
    "domain": domain,
    "company": lambda r: f"{r.choice(_LEFT).title()}{r.choice(_RIGHT)} {r.choice(_TRADE).title()}",
    "topic": _of(_TOPICS),
    "note": _of(_NOTES),
    "product": _of(_PRODUCTS),
    "city": _of(_CITIES),
    "device": _of(_DEVICES),
    "door": _of(_DOORS),
    "service": _of(_SERVICES),
    "table": _of(_TABLES),
    "package": _of(_PACKAGES),
    "dir": _of(_DIRS),
    "home_dir": lambda r: f"~/{r.choice(['Documents', 'Pictures', 'projects', 'work', 'archive'])}/{r.choice(_MODULES)}",
    "module": _of(_MODULES),
    "doc": _doc,
    "url": _url,
    "page": _page,
    "host": lambda r: f"{r.choice(['web', 'db', 'batch', 'edge', 'ci', 'app'])}-{r.randint(1, 40):02d}.{domain(r)}",
    "ip": lambda r: f"{r.choice([10, 45, 91, 185])}.{r.randint(2, 250)}.{r.randint(2, 250)}.{r.randint(2, 250)}",
    "port": lambda r: r.choice([3000, 4173, 5000, 8000, 8081, 9000]),
    "iban": _iban,
    "amount": lambda r: round(r.choice([r.uniform(8, 90), r.uniform(90, 900), r.uniform(900, 6000)]), r.choice([0, 2])),
    "small": lambda r: r.choice([10, 15, 20, 25, 40, 50]),
    "count": lambda r: r.randint(2, 9),
    "number": lambda r: r.randint(100, 9999),
    "date": lambda r: f"2026-{r.randint(1, 12):02d}-{r.randint(1, 28):02d}",
    "time": lambda r: f"{r.randint(8, 18):02d}:{r.choice(['00', '15', '30', '45'])}",
    "order": lambda r: f"{r.choice(['ORD', 'SO', 'A', 'PO'])}-{r.randint(10_000, 99_999)}",
    "ticket": lambda r: f"{r.choice(['OPS', 'WEB', 'CORE', 'FIN', 'HELP'])}-{r.randint(100, 4999)}",
    "id": lambda r: f"{r.choice(['usr', 'rec', 'doc', 'evt', 'obj'])}_{hexes(r, 8)}",
    "sha": lambda r: hexes(r, 7),
    "branch": lambda r: f"{r.choice(['feature', 'fix', 'chore', 'release'])}/{r.choice(_MODULES)}-{r.randint(2, 400)}",
    "repo": lambda r: f"{r.choice(_LEFT)}{r.choice(_RIGHT)}/{r.choice(_SERVICES)}",
    "bucket": lambda r: f"{r.choice(_LEFT)}-{r.choice(['exports', 'assets', 'backups', 'artifacts'])}-{r.randint(10, 99)}",
    "namespace": lambda r: f"{r.choice(['team', 'sandbox', 'review', 'scratch'])}-{r.choice(_LEFT)}-{r.randint(2, 90)}",
    "db": lambda r: f"{r.choice(_SERVICES).replace('-', '_')}_{r.choice(['dev', 'test', 'local', 'staging'])}",
    "instance": lambda r: "i-" + hexes(r, 17),
    "secret": _secret,
    "channel": lambda r: "#" + r.choice(_TOPICS).replace(" ", "-"),
    "file": lambda r: f"src/{r.choice(_MODULES)}.{r.choice(['py', 'ts', 'go', 'rb'])}",
    "csv": lambda r: f"{r.choice(_TOPICS).replace(' ', '_')}_{r.randint(2021, 2026)}.csv",
    "login": lambda r: f"{r.choice(FIRST).lower()}{r.choice(['-', '_', ''])}{r.choice(_LEFT)}",
}  # fmt: skip


class Scene:
    """The values of one pair: each slot is filled once. `ours`: the domain that the person's own people share."""

    def __init__(self, rng: Random, parent: Scene | None = None, **bound: Any) -> None:
        self.rng = rng
        self.ours: str = parent.ours if parent else domain(rng)
        self._parent = parent
        self._held: dict[str, Any] = dict(bound)

    def get(self, slot: str) -> Any:
        """The value of a slot, typed (an amount is a number)."""
        if slot not in self._held:
            if self._parent:
                return self._parent.get(slot)
            kind = slot.rstrip("0123456789")
            if kind in ("person", "first", "mail", "handle", "phone"):
                self._people(slot[len(kind) :])
            elif kind == "stranger":
                self._held[slot] = Person(self.rng, domain(self.rng)).mail
            else:
                self._held[slot] = self._fresh(kind)
        return self._held[slot]

    def _fresh(self, kind: str) -> Any:
        """A value that no other slot of the kind has; where the choice is small, after some tries any."""
        taken = [value for slot, value in self._held.items() if slot.rstrip("0123456789") == kind]
        value = GENERATORS[kind](self.rng)
        for _ in range(30):
            if value not in taken:
                break
            value = GENERATORS[kind](self.rng)
        return value

    def _people(self, number: str) -> None:
        """`{person2}`, `{first2}`, `{mail2}`, `{handle2}`, `{phone2}` are one colleague."""
        one = Person(self.rng, self.ours)
        parts = {"person": one.name, "first": one.first, "mail": one.mail, "handle": one.handle, "phone": one.phone}
        self._held |= {name + number: value for name, value in parts.items()}

    def bind(self, **values: Any) -> Scene:
        """The same scene with some slots set; what is filled later is shared with this one."""
        return Scene(self.rng, self, **values)

    def fill(self, text: str) -> str:
        """A template with its slots filled. Braces around anything but a slot's name stay as they are."""
        return _SLOT.sub(lambda match: str(self.get(match[1] + match[2])), text)

    def value(self, template: Any) -> Any:
        """Like `fill`, through lists and dicts; a template that is one slot gives its typed value."""
        if isinstance(template, str):
            whole = _SLOT.fullmatch(template)
            return self.get(whole[1] + whole[2]) if whole else self.fill(template)
        if isinstance(template, list):
            return [self.value(item) for item in template]
        if isinstance(template, dict):
            return {key: self.value(item) for key, item in template.items()}
        return template
