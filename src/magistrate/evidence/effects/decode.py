"""Decoders that a pipe may hold: base64, hex, compression, rot13, reversal. Bounded; None for what does not decode."""

from __future__ import annotations

import base64
import binascii
import bz2
import gzip
import lzma
import re
import zlib
from collections.abc import Callable, Sequence

LIMIT = 1 << 18
"""Bytes that a decoder gives at most: what would be larger is not read."""


def from_base64(text: str) -> bytes | None:
    packed = re.sub(r"\s+", "", text)
    packed += "=" * (-len(packed) % 4)
    try:
        return base64.b64decode(packed.translate(str.maketrans("-_", "+/")), validate=True)
    except (binascii.Error, ValueError):
        return None


def from_base32(text: str) -> bytes | None:
    packed = re.sub(r"\s+", "", text).upper()
    try:
        return base64.b32decode(packed + "=" * (-len(packed) % 8))
    except (binascii.Error, ValueError):
        return None


def from_hex(text: str) -> bytes | None:
    """Plain hex, `\\x41`, or the lines of a dump with offsets."""
    if re.search(r"^[0-9a-f]{6,8}:", text, re.M):
        text = " ".join(re.sub(r"^[0-9a-f]+:\s*", "", line).split("  ")[0] for line in text.splitlines())
    packed = re.sub(r"0x|\\x|[\s:,]+", "", text)
    try:
        return bytes.fromhex(packed)
    except ValueError:
        return None


def decompress(data: bytes) -> bytes | None:
    """gzip, zlib, bzip2 or xz, by content, at most `LIMIT` bytes of it."""
    makers: Sequence[Callable[[], object]] = (
        lambda: zlib.decompressobj(47).decompress(data, LIMIT),
        lambda: bz2.BZ2Decompressor().decompress(data, LIMIT),
        lambda: lzma.LZMADecompressor().decompress(data, LIMIT),
    )
    for maker in makers:
        try:
            found = maker()
        except (zlib.error, OSError, EOFError, lzma.LZMAError, ValueError, gzip.BadGzipFile):
            continue
        if isinstance(found, bytes) and found:
            return found
    return None


def transliterate(text: str, source: str, target: str) -> str:
    """`tr source target` for plain sets and ranges."""
    a, b = _set(source), _set(target)
    if not a or not b:
        return text
    b += b[-1] * (len(a) - len(b))
    return text.translate({ord(x): y for x, y in zip(a, b, strict=False)})


def without(text: str, drop: str) -> str:
    """`tr -d drop`."""
    return text.translate({ord(char): None for char in _set(drop)})


_CLASSES = {
    "[:upper:]": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "[:lower:]": "abcdefghijklmnopqrstuvwxyz",
    "[:digit:]": "0123456789",
    "[:space:]": " \t\n\r\v\f",
    "[:blank:]": " \t",
}
_ESCAPES = {"\\n": "\n", "\\t": "\t", "\\r": "\r", "\\0": "\0", "\\\\": "\\"}


def _set(text: str) -> str:
    for name, letters in (*_CLASSES.items(), *_ESCAPES.items()):
        text = text.replace(name, letters)
    out: list[str] = []
    at = 0
    while at < len(text) and len(out) < 1024:
        if at + 2 < len(text) and text[at + 1] == "-" and ord(text[at]) <= ord(text[at + 2]) < 256:
            out.extend(chr(n) for n in range(ord(text[at]), ord(text[at + 2]) + 1))
            at += 3
        else:
            out.append(text[at])
            at += 1
    return "".join(out)


def readable(data: bytes | None) -> str | None:
    """The bytes as text, if they are text."""
    if data is None:
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return text if "\0" not in text else None
