"""What talks to other hosts: fetching, sending, shells elsewhere, listeners, mail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import msgspec

from magistrate.core.records import Effect
from magistrate.evidence.effects.command import Command, Handler, Scene, Word, effect, path_effect, write_effect
from magistrate.evidence.effects.commands import verbs
from magistrate.evidence.effects.fetch import fetched_to, urls
from magistrate.evidence.effects.place import host_scope

_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
_DELETING = frozenset({"delete", "destroy", "purge", "terminate", "wipe", "erase", "flushall"})
_TAKING = frozenset({"remove", "drop", "uninstall"})
"""Verbs that as often name what is done to a picture, or a place to put things: they count beside what they take away."""
_HELD = re.compile(
    r"user|member|account|record|item|row|table|index|database|db|schema|collection|bucket|file|folder|project|team|key|role"
    r"|entry|entries|document|backup|plugin|package|app|volume|node|server|instance|partition|column|view|all"
)
_GRAPHQL_DELETE = re.compile(r"\bmutation\b.{0,200}\b(?:delete|remove|destroy)\w*", re.I | re.S)
_SECRETS = re.compile(
    r"(?:authorization|x-api-key|api-key|token|cookie)\s*:|\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_\w{20,}|sk-[\w-]{20,}|xox[abps]-)",
    re.I,
)
_BODY = (
    "-d",
    "--data",
    "--data-raw",
    "--data-binary",
    "--data-urlencode",
    "--data-ascii",
    "--json",
    "--post-data",
    "--body-data",
)
_FORMS = ("-F", "--form", "--form-string")
_FILES = ("-T", "--upload-file", "--post-file", "--body-file")


def host_stands(url: str) -> bool:
    """Whether the host of a URL is written out, so that it is known where a request goes though not what it asks for."""
    return bool(re.match(r"\w+://[^/$`{\s]+[/?#]", url))


def host_of(text: str) -> str:
    """The host of a URL or of `user@host:port`; empty when there is none."""
    if text.startswith("unix:"):
        return "localhost"
    try:
        parts = urlsplit(text if "://" in text else "//" + text)
        return parts.hostname or ""
    except ValueError:
        return ""


def _values(command: Command, options: tuple[str, ...]) -> list[Word]:
    found: list[Word] = []
    for at, word in enumerate(command.words):
        for option in options:
            if word.text == option and at + 1 < len(command.words):
                found.append(command.words[at + 1])
            elif option.startswith("--") and word.text.startswith(option + "="):
                found.append(Word(text=word.text[len(option) + 1 :], dynamic=word.dynamic))
            elif (
                len(option) == 2
                and word.text.startswith(option)
                and len(word.text) > 2
                and not word.text.startswith("--")
            ):
                found.append(Word(text=word.text[2:], dynamic=word.dynamic))
    return found


def _says_delete(url: str) -> bool:
    """Whether the last pieces of a URL's path name a removal (`/items/7/doDelete`, `/logs/_delete_by_query`, `/users/7/remove`)."""
    path = url.split("://")[-1].partition("/")[2].partition("?")[0]
    pieces = [verbs.tokens(piece) for piece in path.rstrip("/").split("/")]
    if any(token in _DELETING for piece in pieces[-2:] for token in piece):
        return True
    last = pieces[-1] if pieces else ()
    # `/users/7/remove`, `/removeUser`; not `/drop`, `/remove-background`.
    beside = last if len(last) > 1 else [token for piece in pieces[-3:-1] for token in piece]
    return not _TAKING.isdisjoint(last) and any(_HELD.fullmatch(token.rstrip("s")) for token in beside)


def request(url: Word, method: str, body: str, command: Command, *, flags: tuple[str, ...] = ()) -> Iterator[Effect]:
    """The effects of one HTTP request: it goes out; a DELETE, or a path or mutation that says so, deletes there."""
    host = host_of(url.text)
    scope = host_scope(host)
    deletes = method == "DELETE" or (
        method in ("POST", "PUT", "PATCH") and (_says_delete(url.text) or bool(_GRAPHQL_DELETE.search(body[:4000])))
    )
    if deletes:
        flags = (*flags, "delete-request")
    elif method in ("POST", "PUT", "PATCH"):
        flags = (*flags, "write-request")
    reading = method in ("GET", "HEAD", "OPTIONS")
    yield effect(
        "network-out", url.text, "url", command, scope=scope, flags=flags, dynamic=url.dynamic and not host_stands(url.text),
        reversible="yes" if reading else "no",
    )  # fmt: skip
    if deletes:
        yield effect(
            "delete",
            url.text,
            "url",
            command,
            scope=scope,
            flags=("delete-request",),
            dynamic=url.dynamic,
            reversible="no",
        )


_CURL_LETTERS, _WGET_LETTERS = "AbcCdDeEFHKmoPQrtTuUwxXyYz", "aABDeiIloOPQRtTUwX"


def _curl(command: Command, scene: Scene) -> Iterator[Effect]:
    command = command.spelled_out(_CURL_LETTERS if command.name == "curl" else _WGET_LETTERS)
    given = urls(command)
    targets = given or []
    bodies = _values(command, _BODY)
    forms = _values(command, _FORMS)
    uploads = _values(command, _FILES)
    named = command.value("-X", "--request", "--method") or next(
        (Word(text=word.text[2:]) for word in command.words if re.fullmatch(r"-X[A-Za-z]+", word.text)), None
    )
    method = (
        named.text.upper()
        if named is not None
        else "PUT"
        if uploads and command.name == "curl"
        else "POST"
        if bodies or forms or uploads
        else "GET"
    )
    if command.has("-G", "--get") and named is None:
        method = "GET"
    if method not in _METHODS:
        method = "POST"
    flags: list[str] = []
    asks = (
        command.name == "curl"
        and command.has("-G", "--get")
        and not any("@" in body.text or body.dynamic for body in bodies)
    )
    if forms or uploads or (bodies and not asks):
        flags.append("upload")
    if any(_SECRETS.search(text) for text in command.texts()):
        flags.append("secret")
    if (
        command.name == "curl"
        and any(re.fullmatch(r"-[A-Za-z]*k[A-Za-z]*|--insecure", text) for text in command.texts())
    ) or command.has("--no-check-certificate"):
        flags.append("insecure-transport")
    sent = [
        Word(text=word.text.partition("@")[2].split(";")[0], dynamic=word.dynamic)
        for word in (*bodies, *forms)
        if _is_file(word.text)
    ]
    for word in (*sent, *uploads):
        if word.text not in ("-", "."):
            yield path_effect("read", word, command, scene, reversible="yes", flags=("upload",))
    for socket in _values(command, ("--unix-socket",)):
        yield _to_socket(socket, command, scene)
    config = command.value("-K", "--config")
    if config is not None:
        yield effect("network-out", "", "url", command, dynamic=True)
    for url in targets:
        yield from request(url, method, " ".join(word.text for word in bodies), command, flags=tuple(flags))
    landing = fetched_to(command)
    if landing is not None and landing.text not in ("/dev/null",):
        yield write_effect(landing, command, scene)


def _is_file(text: str) -> bool:
    return text.startswith("@") or bool(re.match(r"[\w.\[\]-]+=@|[\w.\[\]-]+@[^=@\s]+$", text))


def _httpie(command: Command, scene: Scene) -> Iterator[Effect]:
    words = command.operands("-a", "--auth", "-o", "--output", "--proxy", "--session", "--verify", "-A")
    method = words[0].text.upper() if words and words[0].text.upper() in _METHODS else ""
    rest = words[1:] if method else words
    if not rest:
        return
    items = rest[1:]
    for item in items:
        name, at, path = item.text.partition("@")
        if at and "=" not in name:
            yield path_effect(
                "read", Word(text=path, dynamic=item.dynamic), command, scene, reversible="yes", flags=("upload",)
            )
    method = method or ("POST" if any("=" in item.text and "==" not in item.text for item in items) else "GET")
    yield from request(
        rest[0], method, " ".join(item.text for item in items), command, flags=("upload",) if method != "GET" else ()
    )


def _netcat(command: Command, scene: Scene) -> Iterator[Effect]:
    runs = command.value("-e", "-c", "--exec", "--sh-exec")
    words = command.targets("-e", "-c", "--exec", "--sh-exec", "-p", "-w", "-s", "-i", "-q", "-X", "-x", "-l")
    port = command.value("-p", "-l")
    if any(re.fullmatch(r"-[a-z]*l[a-z]*|--listen", text) for text in command.texts()):
        flags = ("reverse-shell",) if runs is not None else ()
        target = (port.text if port is not None else "") or (words[-1].text if words else "")
        yield effect("network-listen", target, "host", command, scope="local", flags=flags)
        return
    if command.has("-z"):
        flags_out: tuple[str, ...] = ()
    else:
        flags_out = ("reverse-shell",) if runs is not None else ("upload",) if command.input != "none" else ()
    local = any(re.fullmatch(r"-[A-Za-z]*U[A-Za-z]*|--unixsock", text) for text in command.texts())
    for word in words[:1]:
        if local:
            yield _to_socket(word, command, scene)
            continue
        yield effect(
            "network-out",
            word.text,
            "host",
            command,
            scope=host_scope(word.text),
            flags=flags_out,
            dynamic=word.dynamic,
            reversible="no",
        )


def _to_socket(word: Word, command: Command, scene: Scene) -> Effect:
    """Speaking to a program of this machine through its socket."""
    path = scene.place.resolve(word.text)
    return effect("network-out", path, "path", command, scope="local", dynamic=word.dynamic)


def _socat(command: Command, scene: Scene) -> Iterator[Effect]:
    shell = any(re.match(r"(?:exec|system):", word.text, re.I) for word in command.operands())
    for word in command.operands():
        kind, _, rest = word.text.partition(":")
        if re.match(r"(?:tcp|udp|openssl|ssl)\d?-l", kind, re.I):
            yield effect(
                "network-listen",
                rest.split(",")[0],
                "host",
                command,
                scope="local",
                flags=("reverse-shell",) if shell else (),
            )
        elif re.match(r"tcp|udp|openssl|ssl|socks|proxy", kind, re.I):
            host = rest.split(":")[0]
            yield effect(
                "network-out",
                host,
                "host",
                command,
                scope=host_scope(host),
                flags=("reverse-shell",) if shell else (),
                dynamic=word.dynamic,
            )
        elif re.match(r"unix|abstract|gopen", kind, re.I):
            yield _to_socket(Word(text=rest.split(",")[0], dynamic=word.dynamic), command, scene)
        elif re.match(r"exec|system", kind, re.I):
            yield from scene.shell(rest.split(",")[0].strip("'\""), via=(*command.via, "socat"), path=command.path)


_SSH_VALUED = (
    "-b",
    "-c",
    "-D",
    "-E",
    "-e",
    "-F",
    "-I",
    "-i",
    "-J",
    "-L",
    "-l",
    "-m",
    "-O",
    "-o",
    "-p",
    "-Q",
    "-R",
    "-S",
    "-W",
    "-w",
    "-B",
)


def _ssh(command: Command, scene: Scene) -> Iterator[Effect]:
    words = list(command.words)
    host: Word | None = None
    at = 0
    while at < len(words):
        text = words[at].text
        if text in _SSH_VALUED:
            value = words[at + 1] if at + 1 < len(words) else Word(text="")
            local = re.match(r"(?:ProxyCommand|LocalCommand|KnownHostsCommand)[= ]\s*(.+)", value.text, re.S | re.I)
            if local and local[1] != "none":
                yield from scene.shell(local[1], via=(*command.via, "ssh"), path=command.path)
            if text in ("-R",):
                yield effect("network-listen", value.text, "host", command, scope="remote", dynamic=value.dynamic)
            at += 2
        elif text.startswith("-"):
            at += 1
        else:
            host = words[at]
            at += 1
            break
    if host is None:
        return
    name = host_of(host.text.removeprefix("ssh://"))
    loose = any("StrictHostKeyChecking=no" in text or "StrictHostKeyChecking no" in text for text in command.texts())
    yield effect(
        "network-out",
        name or host.text,
        "host",
        command,
        scope=host_scope(name),
        flags=("insecure-transport",) if loose else (),
        dynamic=host.dynamic,
    )
    rest = words[at + 1 :] if at < len(words) and words[at].text == "--" else words[at:]
    if rest:
        text = " ".join(word.text for word in rest)
        yield from elsewhere(scene.shell(text, via=(*command.via, "ssh"), path=command.path))
    elif command.input == "text" or (command.input == "dynamic" and command.stdin):
        yield from elsewhere(scene.shell(command.stdin, via=(*command.via, "ssh"), path=command.path))
    elif command.input in ("dynamic", "network", "file"):
        yield effect("execute", command.stdin, "code", command, scope="remote", dynamic=True)


def elsewhere(effects: object) -> Iterator[Effect]:
    """Effects that happen on another host: its paths are not ours."""
    for item in effects:  # type: ignore[attr-defined]
        yield item if item.scope == "remote" else msgspec.structs.replace(item, scope="remote")


def _ftp(command: Command, scene: Scene) -> Iterator[Effect]:
    for word in command.operands("-p", "-u", "-e", "-c")[:1]:
        host = host_of(word.text)
        text = " ".join([*command.texts(), command.stdin])
        flags = ("upload",) if re.search(r"\b(?:m?put|mirror\s+-R|reput)\b", text) else ()
        yield effect(
            "network-out", host or word.text, "host", command, scope=host_scope(host), flags=flags, dynamic=word.dynamic
        )
        if re.search(r"\b(?:m?delete|mrm|rm|rmdir|mdel)\b", text):
            yield effect("delete", host, "host", command, scope="remote", reversible="no", dynamic=word.dynamic)


def _mail(command: Command, scene: Scene) -> Iterator[Effect]:
    for word in command.operands("-s", "-a", "-A", "-c", "-b", "-r", "-S", "-f", "-F", "-t", "--subject", "-i"):
        yield effect("message", word.text, "address", command, scope="remote", reversible="no", dynamic=word.dynamic)
    if command.has("-t") or not command.operands("-s", "-a", "-A", "-c", "-b", "-r", "-S", "-f", "-F", "-i"):
        to = re.search(r"^(?:To|Cc|Bcc):\s*(.+)$", command.stdin, re.M | re.I)
        if command.input != "none":
            yield effect(
                "message", to[1] if to else "", "address", command, scope="remote", reversible="no", dynamic=not to
            )
    for option in ("-a", "-A"):
        given = command.value(option)
        if given is not None:
            yield path_effect("read", given, command, scene, reversible="yes", flags=("upload",))


def _notify(command: Command, scene: Scene) -> Iterator[Effect]:
    yield effect(
        "message",
        command.name,
        "address",
        command,
        scope="local" if command.name in ("notify-send", "wall", "write") else "remote",
        reversible="no",
    )


def _ping(command: Command, scene: Scene) -> Iterator[Effect]:
    for word in command.operands(
        "-c", "-i", "-W", "-w", "-t", "-p", "-s", "-I", "-m", "-q", "-f", "-e", "-iL", "-oN", "-T", "-D", "--script"
    )[:1]:
        host = host_of(word.text.lstrip("@")) or word.text
        yield effect(
            "network-out", host, "host", command, scope=host_scope(host), dynamic=word.dynamic, reversible="yes"
        )


_TUNNEL_READS = (
    "list",
    "info",
    "status",
    "version",
    "help",
    "login",
    "config",
    "cleanup",
    "delete",
    "update",
    "validate",
    "authtoken",
    "diagnose",
)


def _tunnel(command: Command, scene: Scene) -> Iterator[Effect]:
    """`ngrok http 8000`, `lt --port 3000`: what listens here can be reached from everywhere."""
    words = [
        word.text for word in command.operands("--url", "--config", "-p", "--port", "-c", "--name", "-s", "--subdomain")
    ]
    if command.has("--help", "--version") or any(word in _TUNNEL_READS for word in words[:2]):
        yield effect("execute", command.name, "code", command, scope="local")
        return
    given = command.value("--url", "--port", "-p", "--local-port")
    target = given.text if given is not None else words[-1] if words else command.name
    yield effect("network-listen", target, "host", command, scope="remote")


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(("ngrok", "lt", "localtunnel", "bore", "pagekite", "frpc"), _tunnel),
    **dict.fromkeys(("curl", "wget"), _curl),
    **dict.fromkeys(("http", "https", "xh", "httpie"), _httpie),
    **dict.fromkeys(("nc", "ncat", "netcat", "telnet"), _netcat),
    "socat": _socat,
    **dict.fromkeys(("ssh", "autossh", "mosh"), _ssh),
    **dict.fromkeys(("ftp", "lftp", "tftp", "ncftpput"), _ftp),
    **dict.fromkeys(("mail", "mailx", "sendmail", "mutt", "msmtp", "swaks", "ssmtp"), _mail),
    **dict.fromkeys(("notify-send", "wall", "write", "ntfy", "osascript-notify"), _notify),
    **dict.fromkeys(("ping", "ping6", "traceroute", "tracepath", "mtr", "dig", "nslookup", "host", "whois", "nmap", "masscan", "aria2c", "lynx", "w3m", "links", "axel"), _ping),
}  # fmt: skip
