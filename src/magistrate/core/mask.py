"""Secrets are masked before anything is judged, stored or sent (design: invariant 9).

A secret becomes `MASKED-<kind>-<4 hex>`: one plain word, so that it breaks no shell line, URL or JSON it stands in, and the
same for the same secret, so that a token read from one place and sent to another can still be told to be one token. The four
hex digits are 16 bits of its SHA-256: enough to link within a run, too little to find the secret by. Masking twice changes
nothing.

Formats are those the vendors document for their own tokens; the named-value patterns cover the rest. Plain prefix searches
come first because text without any secret, which is nearly all text, should cost next to nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

from magistrate.core.records import Action, Message, Outcome, RunStarted, Said

MAX_DEPTH = 120
"""Levels of nesting that are read; deeper values are left out whole (`core.intake` admits 100)."""

_TOKENS: tuple[tuple[str, str, re.Pattern[str]], ...] = tuple(
    (needle, kind, re.compile(pattern))
    for needle, kind, pattern in (
        ("AKIA", "aws-key", r"\bAKIA[0-9A-Z]{16}\b"),
        ("ASIA", "aws-key", r"\bASIA[0-9A-Z]{16}\b"),
        ("ghp_", "github-token", r"\bghp_[A-Za-z0-9]{30,255}"),
        ("gho_", "github-token", r"\bgho_[A-Za-z0-9]{30,255}"),
        ("ghs_", "github-token", r"\bghs_[A-Za-z0-9]{30,255}"),
        ("ghu_", "github-token", r"\bghu_[A-Za-z0-9]{30,255}"),
        ("ghr_", "github-token", r"\bghr_[A-Za-z0-9]{30,255}"),
        ("github_pat_", "github-token", r"\bgithub_pat_[A-Za-z0-9_]{22,255}"),
        ("glpat-", "gitlab-token", r"\bglpat-[A-Za-z0-9_\-]{20,}"),
        ("xox", "slack-token", r"\bxox[abeoprs]-[A-Za-z0-9\-]{10,}"),
        ("xapp-", "slack-token", r"\bxapp-[A-Za-z0-9\-]{20,}"),
        ("hooks.slack.com/services/", "slack-webhook", r"hooks\.slack\.com/services/[A-Za-z0-9/]{20,}"),
        ("sk-", "api-key", r"\bsk-(?:ant-|proj-|or-|svcacct-)?[A-Za-z0-9_\-]{20,}"),
        ("sk_live_", "stripe-key", r"\bsk_live_[A-Za-z0-9]{16,}"),
        ("rk_live_", "stripe-key", r"\brk_live_[A-Za-z0-9]{16,}"),
        ("whsec_", "stripe-key", r"\bwhsec_[A-Za-z0-9]{20,}"),
        ("AIza", "google-key", r"\bAIza[A-Za-z0-9_\-]{35}"),
        ("ya29.", "google-token", r"\bya29\.[A-Za-z0-9_\-]{20,}"),
        ("GOCSPX-", "google-secret", r"\bGOCSPX-[A-Za-z0-9_\-]{20,}"),
        ("eyJ", "jwt", r"\beyJ[A-Za-z0-9_\-]{8,}\.eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}"),
        ("npm_", "npm-token", r"\bnpm_[A-Za-z0-9]{36}\b"),
        ("pypi-", "pypi-token", r"\bpypi-[A-Za-z0-9_\-]{50,}"),
        ("hf_", "hf-token", r"\bhf_[A-Za-z0-9]{30,}"),
        ("SG.", "sendgrid-key", r"\bSG\.[A-Za-z0-9_\-]{16,}\.[A-Za-z0-9_\-]{16,}"),
        ("dop_v1_", "digitalocean-token", r"\bdop_v1_[a-f0-9]{40,}"),
        ("shpat_", "shopify-token", r"\bshpat_[a-fA-F0-9]{32}"),
        ("AccountKey=", "azure-key", r"(?<=AccountKey=)[A-Za-z0-9+/]{40,}={0,2}"),
        (
            "PRIVATE KEY",
            "private-key",
            r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
            r"[\s\S]{1,20000}?(?:-----END [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----|\Z)",
        ),
    )
)

_NAMES = (
    r"(?:pass(?:word|wd|phrase)|secret(?:[_-]?(?:key|access[_-]?key|token))?|(?:api|access|auth|private|client|encryption|signing)"
    r"[_-]?(?:key|token|secret)|(?:auth|bearer|refresh|session|id)[_-]?token)"
)
_NAMED = re.compile(
    r"(?i)" + _NAMES + r"[\"']?\s{0,3}(?::=|=>|[:=])\s{0,3}[\"']?"
    r"(?P<value>[^\s\"'`,;&|<>(){}\[\]$\\]{8,200})"
)
_BEARER = re.compile(r"(?i)(?:bearer|basic|token)\s+(?P<value>[A-Za-z0-9_\-.=+/]{16,})")
_USERINFO = re.compile(r"://[^\s/:@\"']{0,100}:(?P<value>[^\s/@\"'$]{1,200})@")
# What lower-case text must hold for the two slow patterns to be worth asking: these begin with literals, those do not.
_NAME_WORDS = ("password", "passwd", "passphrase", "secret", "key", "token")
_MAYBE_NAMED = re.compile(r"[\"']?\s{0,3}(?::=|=>|[:=])").match
_SCHEMES = ("bearer", "basic", "token")
_MAYBE_BEARER = re.compile(r"\s+[a-z0-9_\-.=+/]{16}").match
_SECRET_KEY = re.compile(r"(?i)(?:.*[_\-.])?" + _NAMES + r"$")
_HEX = re.compile(r"[0-9a-f]+")
_MASKED = re.compile(r"MASKED-[a-z\-]+-[0-9a-f]{4}")


def mask(text: str) -> str:
    """The text with every recognised secret masked."""
    for needle, kind, pattern in _TOKENS:
        if needle in text:
            text = pattern.sub(_whole(kind), text)
    if "://" in text and "@" in text:
        text = _USERINFO.sub(_value("password", always=True), text)
    lowered = text.lower()
    if _followed(lowered, _NAME_WORDS, _MAYBE_NAMED):
        text = _NAMED.sub(_value("secret"), text)
    if _followed(lowered, _SCHEMES, _MAYBE_BEARER):
        text = _BEARER.sub(_value("token"), text)
    return text


def _followed(lowered: str, words: tuple[str, ...], by: Callable[[str, int], re.Match[str] | None]) -> bool:
    """Whether one of the words stands in a text with the right thing after it. Searching for plain words costs next to nothing."""
    for word in words:
        at = lowered.find(word)
        while at >= 0:
            if by(lowered, at + len(word)):
                return True
            at = lowered.find(word, at + 1)
    return False


def mask_value(value: Any, *, key: str = "", depth: int = 0) -> Any:
    """Any JSON value with its strings masked; a string under a key that names a secret is masked whole when it looks like one."""
    if isinstance(value, str):
        masked = mask(value)
        if masked == value and key and _looks_secret(value) and _SECRET_KEY.match(key):
            return _mark("secret", value)
        return masked
    if depth > MAX_DEPTH:
        return "MASKED-depth-0000"
    if isinstance(value, dict):
        return {
            mask(k) if isinstance(k, str) else k: mask_value(v, key=str(k)[:100], depth=depth + 1)
            for k, v in value.items()
        }
    if isinstance(value, list | tuple):
        return [mask_value(item, key=key, depth=depth + 1) for item in value]
    return value


def mask_said(said: Said) -> Said:
    """A record from outside with its secrets masked: what the gate judges and the ledger keeps."""
    match said:
        case Message(text=text):
            clean = mask(text)
            return said if clean == text else Message(author=said.author, text=clean, at=said.at)
        case Outcome(text=text):
            clean = mask(text)
            if clean == text:
                return said
            return Outcome(
                call_id=said.call_id,
                tool=said.tool,
                text=clean,
                status=said.status,
                refused_by=said.refused_by,
                at=said.at,
            )
        case Action():
            return Action(
                tool=said.tool,
                arguments=mask_value(said.arguments),
                call_id=said.call_id,
                cwd=said.cwd,
                server=said.server,
                annotations=said.annotations,
                about=said.about,
                at=said.at,
            )
        case RunStarted():
            return said


def _mark(kind: str, secret: str) -> str:
    return f"MASKED-{kind}-{hashlib.sha256(secret.encode('utf-8', 'surrogatepass')).hexdigest()[:4]}"


def _whole(kind: str) -> Callable[[re.Match[str]], str]:
    return lambda found: _mark(kind, found[0])


def _value(kind: str, *, always: bool = False) -> Callable[[re.Match[str]], str]:
    def replace(found: re.Match[str]) -> str:
        value = found["value"]
        if _MASKED.match(value) or not (always or _looks_secret(value)):
            return found[0]
        start, end = found.start("value") - found.start(), found.end("value") - found.start()
        return found[0][:start] + _mark(kind, value) + found[0][end:]

    return replace


def _looks_secret(value: str) -> bool:
    """Tell `hunter2-X9!` from `None`, `process.env.TOKEN`, `<your key>`: a digit among letters, or a long random word."""
    if len(value) < 8 or len(value) > 4096 or _MASKED.match(value) or any(c in value for c in " \n<>{}()"):
        return False
    if value.count(".") >= 2 or "/" in value[:2] or value.lower().startswith(("your", "example", "env.", "os.")):
        return False
    letters = any(c.isalpha() for c in value)
    digits = any(c.isdigit() for c in value)
    if digits and letters:
        return True
    return letters and len(value) >= 20 and len(set(value)) >= 10 and not _HEX.fullmatch(value) and "_" not in value
