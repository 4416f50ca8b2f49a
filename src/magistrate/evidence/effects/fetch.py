"""What `curl` and `wget` fetch, and where they put it."""

from __future__ import annotations

import re

from magistrate.evidence.effects.command import Command, Word

_VALUED = (
    "-o", "--output", "-H", "--header", "-d", "--data", "-X", "--request", "-u", "--user", "-A", "--user-agent", "-e", "-b", "-c", "-F", "--form", "-m",
    "--max-time", "--connect-timeout", "-x", "--proxy", "--data-raw", "--data-binary", "--data-urlencode", "--json", "-T", "--upload-file", "-w", "-K", "--retry",
    "--cacert", "--cert", "--key", "-E", "--resolve", "-O", "--output-document", "-P", "--directory-prefix", "--post-data", "--post-file", "--header", "--timeout",
    "--tries", "-t", "--url", "--user-agent", "--password", "--cookie", "--referer", "--limit-rate", "--retry-delay", "-r", "--range", "-Y", "-y", "-z", "-D",
    "--dump-header", "--interface", "--aws-sigv4", "--oauth2-bearer", "--method", "--body-data", "--body-file", "-U", "-i", "-a", "-l", "-Q",
)  # fmt: skip


_WGET_PLAIN = ("-d", "-F", "-m", "-x", "-b", "-c", "-K", "-E", "-r", "-z", "-D", "-H", "-w")


_CURL_PLAIN = ("-O", "-i", "-a", "-l")


def urls(command: Command) -> list[Word]:
    """The addresses that `curl` or `wget` are given."""
    drop = _WGET_PLAIN if command.name == "wget" else _CURL_PLAIN
    words = command.operands(*(option for option in _VALUED if option not in drop))
    named = command.value("--url")
    return [*words, named] if named is not None else words


def fetched_from(command: Command) -> str:
    found = urls(command)
    return found[0].text if found else ""


def fetched_to(command: Command) -> Word | None:
    """Where a download lands; None for standard output."""
    if command.name == "curl":
        named = command.value("-o", "--output") or _bundled(command, "o")
        if named is not None:
            return None if named.text in ("-", "/dev/stdout") else named
        return _remote_name(command) if command.has("-O", "--remote-name") else None
    named = command.value("-O", "--output-document") or _bundled(command, "O")
    if named is not None:
        return None if named.text in ("-", "/dev/stdout") else named
    return _remote_name(command)


def _bundled(command: Command, letter: str) -> Word | None:
    """The value after an option that ends a bundle (`-fsSLo file`, `-qO-`)."""
    for at, word in enumerate(command.words):
        match = re.fullmatch(rf"-[A-Za-z#]*{letter}(.*)", word.text, re.S)
        if match and not word.text.startswith("--"):
            if match[1]:
                return Word(text=match[1], dynamic=word.dynamic)
            return command.words[at + 1] if at + 1 < len(command.words) else None
    return None


def _remote_name(command: Command) -> Word | None:
    found = urls(command)
    if not found:
        return None
    name = found[0].text.split("?")[0].rstrip("/").rsplit("/", 1)[-1]
    return Word(text=name or "index.html", dynamic=found[0].dynamic)
