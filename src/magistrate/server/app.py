"""The server's routes. Hooks come as raw payloads and get what to print; people's commands come and go as JSON.

POST /v1/hook/{host}[/{event}]   the payload a host gave its hook; the reply's body is stdout, then stderr
GET  /v1/health                  what serves here, and what it did so far
GET  /label                      the page of those who label (`magistrate.server.labels`, with what it asks for)
"""

from __future__ import annotations

import hmac
import logging
import os
import time
from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from magistrate import __version__
from magistrate.core.records import Reply
from magistrate.server.service import Refusing, Service
from magistrate.server.spool import Asked

LOG = logging.getLogger("magistrate")
OPEN = frozenset({"/label"})
"""Paths that need no token: a page without any data, which asks for the rest with one."""
MAX_PAYLOAD = 16 << 20
"""Bytes of one payload, as in the hook."""


def make_app(service: Service | Refusing, *, token: str = "", routes: Sequence[BaseRoute] = ()) -> ASGIApp:
    """The application. `token`: what clients have to show, where others than this user can connect."""

    async def hook(request: Request) -> Response:
        came = time.monotonic()
        try:
            payload = await body_of(request)
        except ClientDisconnect:
            return PlainTextResponse("", status_code=400)
        if payload is None:
            return PlainTextResponse("the payload is too large", status_code=413)
        asked = Asked(
            host=request.path_params["host"],
            event=request.path_params.get("event", ""),
            payload=payload,
            nonce=_word(request.headers.get("x-magistrate-id", "")),
            dry_run=request.headers.get("x-magistrate-mode") == "dry-run",
            approve=request.headers.get("x-magistrate-approve") == "1",
            until=came + _seconds(request.headers.get("x-magistrate-deadline", ""), 20.0),
            wait=_seconds(request.headers.get("x-magistrate-wait", ""), 0.0),
        )
        return reply_of(await service.answer(asked), asked.nonce)

    async def health(request: Request) -> Response:
        return JSONResponse(
            {"version": __version__, "pid": os.getpid(), "uptime_s": time.monotonic() - began} | service.state()
        )

    began = time.monotonic()
    application = Starlette(
        routes=[
            Route("/v1/hook/{host}", hook, methods=["POST"]),
            Route("/v1/hook/{host}/{event}", hook, methods=["POST"]),
            Route("/v1/health", health),
            *routes,
        ]
    )
    return guarded(application, token)


def reply_of(reply: Reply, nonce: str) -> Response:
    """A reply as the hook reads it."""
    out, err = reply.stdout.encode("utf-8", "replace"), reply.stderr.encode("utf-8", "replace")
    headers = {
        "X-Magistrate-Id": nonce,
        "X-Magistrate-Exit": str(reply.exit),
        "X-Magistrate-Stderr-Length": str(len(err)),
    }
    return Response(out + err, headers=headers, media_type="application/octet-stream")


def guarded(application: ASGIApp, token: str) -> ASGIApp:
    """Only for those who show the token; and no error of ours is ever shown."""
    wanted = f"Bearer {token}".encode()

    async def checked(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        shown = dict(scope["headers"]).get(b"authorization", b"")
        if token and scope["path"] not in OPEN and not hmac.compare_digest(shown, wanted):
            await PlainTextResponse("", status_code=401)(scope, receive, send)
            return
        try:
            await application(scope, receive, send)
        except Exception:
            LOG.exception("a request failed")

    return checked


async def body_of(request: Request, most: int = MAX_PAYLOAD) -> bytes | None:
    """The payload; None when it is too large."""
    pieces: list[bytes] = []
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > most:
            return None
        pieces.append(piece)
    return b"".join(pieces)


def _word(text: str) -> str:
    """A hook's own number, as far as it is one."""
    return text if text.isalnum() and len(text) <= 64 else ""


def _seconds(text: str, usual: float) -> float:
    """How long the hook waits: at most a week."""
    try:
        return min(max(float(text), 0.0), 604800.0)
    except ValueError:
        return usual
