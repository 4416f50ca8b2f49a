"""Python calls that reach other hosts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from magistrate.evidence.effects.command import Word
from magistrate.evidence.effects.place import host_scope
from magistrate.evidence.effects.python_invocation import Invocation, Reader
from magistrate.evidence.effects.python_values import (
    Instance,
    as_text,
    as_word,
)

HTTP = frozenset({"requests", "httpx", "aiohttp", "urllib3", "session", "grequests", "treq", "niquests", "curl_cffi"})


VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "request", "stream"})


def request(call: Invocation, verb: str) -> Any:
    """One HTTP request of a client library; `verb` is the method called (`get`, `request`)."""
    at = 1 if verb in ("request", "stream") else 0
    method = as_text(call.arg(0, "method")).text.upper() if at else verb.upper()
    if at and "url" in call.named:
        url = as_word(call.named["url"])
    else:
        url = call.word(at, "url")
    sends = any(name in call.named for name in ("data", "json", "files", "content")) or (
        method in ("POST", "PUT", "PATCH") and len(call.args) > at + 1
    )
    flags = ["upload"] if sends else []
    if call.named.get("verify") is False:
        flags.append("insecure-transport")
    deletes = method == "DELETE"
    if deletes:
        flags.append("delete-request")
    elif method in ("POST", "PUT", "PATCH"):
        flags.append("write-request")
    scope = host_scope(host_in(url.text))
    call.other(
        "network-out",
        url.text,
        "url",
        scope=scope,
        flags=flags,
        dynamic=url.dynamic and not host_stands(url.text),
        reversible="yes" if method in ("GET", "HEAD") else "no",
    )
    if deletes:
        call.other(
            "delete", url.text, "url", scope=scope, flags=("delete-request",), dynamic=url.dynamic, reversible="no"
        )
    return Instance("response")


def host_stands(url: str) -> bool:
    """Whether the host of a URL is written out, so that it is known where a request goes though not what it asks for."""
    return bool(re.match(r"\w+://[^/${\s]+[/?#]", url))


def host_in(text: str) -> str:
    """The host of a URL or address; empty when there is none."""
    match = re.match(r"(?:[\w+.-]+://)?(?:[^/@\s]*@)?(\[[0-9a-fA-F:]+\]|[\w.-]+)", text)
    return match[1] if match else ""


def _url(call: Invocation) -> Any:
    given = call.arg(0, "url")
    if isinstance(given, Instance) and given.of == "urllib.request.Request":
        method = str(call.host.names.get("", "")) or "GET"
        url = as_word(given.about)
        call.other(
            "network-out",
            url.text,
            "url",
            scope=host_scope(host_in(url.text)),
            dynamic=url.dynamic,
            flags=() if method == "GET" else ("write-request",),
        )
        return Instance("response")
    url = call.word(0, "url", "host", "address")
    call.other(
        "network-out",
        url.text,
        "url",
        scope=host_scope(host_in(url.text)),
        dynamic=url.dynamic,
        flags=("upload",) if call.arg(1, "data") is not None and call.name.endswith("urlopen") else (),
    )
    if call.name.endswith(("urlretrieve", "wget.download")):
        call.write(
            call.word(1, "filename", "out")
            if call.arg(1, "filename", "out") is not None
            else Word(text=url.text.rsplit("/", 1)[-1], dynamic=url.dynamic)
        )
    return Instance("response")


def _urllib_request(call: Invocation) -> Any:
    url = call.word(0, "url")
    method = as_text(call.named.get("method", "POST" if call.arg(1, "data") is not None else "GET")).text.upper()
    flags = ("delete-request",) if method == "DELETE" else ("write-request", "upload") if method != "GET" else ()
    call.other("network-out", url.text, "url", scope=host_scope(host_in(url.text)), flags=flags, dynamic=url.dynamic)
    if method == "DELETE":
        call.other(
            "delete",
            url.text,
            "url",
            scope=host_scope(host_in(url.text)),
            flags=flags,
            dynamic=url.dynamic,
            reversible="no",
        )
    return Instance("urllib.request.Request", call.arg(0, "url"))


def _connection(call: Invocation) -> Any:
    """A client object: what it is given says where it will talk to."""
    word = call.word(0, "host", "base_url", "hostname")
    if word.text.startswith("$") and not call.args:
        return Instance(call.name, None)
    value = call.arg(0, "host")
    host = as_word(value[0]) if isinstance(value, tuple) and value else word
    call.other("network-out", host.text, "host", scope=host_scope(host_in(host.text)), dynamic=host.dynamic)
    return Instance(call.name, host.text)


NETWORK: Mapping[str, Reader] = {
    **dict.fromkeys(("urllib.request.urlopen", "urllib.request.urlretrieve", "urllib.urlopen", "urllib2.urlopen", "urllib.urlretrieve", "wget.download", "webbrowser.open", "websocket.create_connection", "websockets.connect"), _url),
    "urllib.request.Request": _urllib_request,
    **dict.fromkeys(("http.client.HTTPSConnection", "http.client.HTTPConnection", "smtplib.SMTP", "smtplib.SMTP_SSL", "ftplib.FTP", "ftplib.FTP_TLS", "telnetlib.Telnet", "imaplib.IMAP4_SSL", "poplib.POP3_SSL", "socket.create_connection", "asyncio.open_connection", "xmlrpc.client.ServerProxy"), _connection),
}  # fmt: skip
"""By dotted name; the methods of `HTTP` modules besides."""
