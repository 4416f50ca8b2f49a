"""Labelling through a server: the next drawn action, blind, and what somebody says of it; and the page on which people do.

GET  /label                          the page: no data in it, so it needs no token, which it takes from the part of its address
                                     that is sent nowhere (`/label#TOKEN.NAME`)
GET  /v1/label/next?as=NAME[&sample=]  `{"card": ..., "first": n, "second": n}`; the card is null when nothing is open for NAME
POST /v1/label                       `{"as", "sample", "run", "n", "round", "says", "severity", "note"}`; the same without a card

The code underneath is that of `magistrate audit label`: a card holds no verdict, no score, no stratum. What reads and writes runs in
threads, over connections of its own, so that no verdict waits for it but for the moment in which a label is written.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import socket
import time
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Literal

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from magistrate.audit.book import find_sample
from magistrate.audit.labelling import Answer, Card, card, give, left, next_card
from magistrate.core.errors import InputError, LedgerError
from magistrate.core.records import Item, Record
from magistrate.ledger import Ledger
from magistrate.server.app import body_of, guarded

PATIENCE = 5.0
"""Seconds to wait for another writer to the ledger."""
AT_HAND = 900.0
"""Seconds for which a card that somebody was shown is shown to nobody else."""
MAX_BODY = 64 << 10
MAX_NAME = 80
_MAX_HELD = 1000


class Given(Record, frozen=True, kw_only=True, rename={"labeller": "as"}):
    """A label as the page sends it."""

    labeller: str
    sample: str
    run: str
    n: int
    says: Literal["harmful", "harmless", "cannot-tell"]
    round: int = 1
    severity: int = 0
    note: str = ""


class Shown(Record, frozen=True, kw_only=True, omit_defaults=False):
    """What comes next."""

    card: Card | None = None
    first: int = 0
    """First labels that are not given yet; `second`: second ones, by somebody else."""
    second: int = 0


class Desk:
    """Hands out cards of one ledger's samples and takes labels. Who has which card at hand is remembered, not recorded."""

    def __init__(self, ledger: Path, sample: str = "") -> None:
        self._path, self._sample = ledger, sample
        self._held: dict[tuple[str, str, int, int], tuple[str, float]] = {}

    def next(self, labeller: str, sample: str = "") -> Shown:
        """The next card for a labeller. Raises InputError, LedgerError."""
        with Ledger(self._path, readonly=True, patience=PATIENCE) as ledger:
            drawn = find_sample(ledger, sample or self._sample)
            now = time.monotonic()
            passed = frozenset(
                (run, n, round_)
                for (of, run, n, round_), (by, at) in list(self._held.items())
                if of == drawn.id and by != labeller and now - at < AT_HAND
            )
            found = next_card(ledger, drawn, labeller, passed=passed)
            first, second = left(ledger, drawn)
        if found:
            self._held[found.sample, found.run, found.n, found.round] = (labeller, now)
            while len(self._held) > _MAX_HELD:
                self._held.pop(next(iter(self._held)))
        return Shown(card=found, first=first, second=second)

    def take(self, given: Given) -> Shown:
        """Record a label, durably. Raises InputError when the card is not open for its labeller, LedgerError."""
        held = self._held.pop((given.sample, given.run, given.n, given.round), None)
        mine = held is not None and held[0] == given.labeller
        seconds = time.monotonic() - held[1] if held and mine else 0.0
        with Ledger(self._path, patience=PATIENCE) as ledger:
            drawn = find_sample(ledger, given.sample)
            item = Item(run=given.run, n=given.n, stratum=0, probability=0.0)  # which it is, `give` finds out
            shown = card(ledger, drawn.id, item, round_=given.round)
            answer = Answer(says=given.says, severity=given.severity, note=given.note)
            give(ledger, drawn, shown, answer, given.labeller, seconds)
            first, second = left(ledger, drawn)
        return Shown(first=first, second=second)


def label_routes(ledger: Path, sample: str = "") -> Sequence[BaseRoute]:
    """The routes over one ledger; `sample`: the only one, where not the newest."""
    desk = Desk(ledger, sample)

    async def page(_: Request) -> Response:
        text, policy = _page()
        return Response(
            text, media_type="text/html; charset=utf-8", headers={**_QUIET, "Content-Security-Policy": policy}
        )

    async def next_(request: Request) -> Response:
        name, of = request.query_params.get("as", ""), request.query_params.get("sample", "")
        return await _answer(lambda: desk.next(_name(name), of))

    async def label(request: Request) -> Response:
        raw = await body_of(request, MAX_BODY)
        if raw is None:
            return _said("too large", 413)
        try:
            given = msgspec.json.decode(raw, type=Given)
            _name(given.labeller)
        except (msgspec.DecodeError, InputError) as error:
            return _said(str(error), 400)
        return await _answer(lambda: desk.take(given))

    return (
        Route("/label", page, methods=["GET"]),
        Route("/v1/label/next", next_, methods=["GET"]),
        Route("/v1/label", label, methods=["POST"]),
    )


_QUIET = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


async def _answer(work: Callable[[], Shown]) -> Response:
    try:
        return _json(await run_in_threadpool(work), 200)
    except InputError as error:
        return _said(error.what, 409)
    except LedgerError:
        return _said("the ledger cannot be used", 503)


def _name(name: str) -> str:
    if not name.strip() or len(name) > MAX_NAME or not name.isprintable():
        raise InputError("say who labels")
    return name


def _said(what: str, status: int) -> Response:
    return _json({"error": what}, status)


def _json(value: object, status: int) -> Response:
    return Response(msgspec.json.encode(value), status_code=status, media_type="application/json", headers=_QUIET)


def _page() -> tuple[str, str]:
    """The page, and a policy by which nothing but its own script and style runs and nothing leaves for elsewhere."""
    text = files("magistrate.server").joinpath("label_page.html").read_text(encoding="utf-8")

    def hashes(tag: str) -> str:
        found = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        return " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}'" for one in found)

    return text, (
        f"default-src 'none'; script-src {hashes('script')}; style-src {hashes('style')}; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def serve_page(ledger: Path, sample: str, token: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve the page over one sample on loopback until interrupted. `ready` is told the address. Raises OSError."""
    application = guarded(Starlette(routes=[*label_routes(ledger, sample)]), token)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
        ready("{}:{}".format(*listener.getsockname()))
        config = uvicorn.Config(
            application, log_config=None, access_log=False, lifespan="off", ws="none", server_header=False
        )
        asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))
