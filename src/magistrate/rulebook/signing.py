"""Signatures by SSH keys, made and verified offline: OpenSSH's own format, so that `ssh-keygen -Y sign` and `verify` fit too.

The format is that of OpenSSH's PROTOCOL.sshsig: an armoured blob with the public key, a namespace, a hash name and the signature over
namespace, hash name and message digest. Who may sign stands in an allowed-signers file (ssh-keygen(1), ALLOWED SIGNERS):
`ana@shop.example ssh-ed25519 AAAA...`; of its options only `namespaces` is known, and any other is refused rather than overlooked.
"""

from __future__ import annotations

import base64
import binascii
import fnmatch
import hashlib
import re
from pathlib import Path
from typing import Any

from magistrate.core.errors import ConfigError, InputError
from magistrate.core.records import Record

NAMESPACE = "magistrate-rulebook"
_MAGIC = b"SSHSIG"
_ARMOUR = re.compile(r"-----BEGIN SSH SIGNATURE-----\s(.*?)-----END SSH SIGNATURE-----", re.S)
_OPTION = re.compile(r'([A-Za-z-]+)(?:="([^"]*)")?(?:,|\s+|$)')
_HASHES = {b"sha256": hashlib.sha256, b"sha512": hashlib.sha512}
_MAX = 64 << 10


class Signer(Record, frozen=True, kw_only=True):
    """One line of an allowed-signers file."""

    principals: tuple[str, ...]
    """Patterns of the names under which the key may sign; `!` before one takes it out."""
    key: str
    """Type and base64 of the public key, as in `id_ed25519.pub`."""

    def stands_for(self, name: str) -> bool:
        """Whether the key may sign as that person."""
        chosen = [pattern for pattern in self.principals if fnmatch.fnmatchcase(name, pattern.removeprefix("!"))]
        return bool(chosen) and not any(pattern.startswith("!") for pattern in chosen)


def read_signers(path: Path) -> tuple[Signer, ...]:
    """The allowed signers of a file. Raises ConfigError with the line of what is not understood."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    return tuple(
        _signer(line.strip(), f"{path}:{number}")
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.lstrip().startswith("#")
    )


def _signer(line: str, where: str) -> Signer:
    names, _, rest = line.partition(" ")
    words = rest.split()
    known = [at for at, word in enumerate(words) if word.startswith(("ssh-", "ecdsa-", "sk-"))]
    if not names or not known or known[0] + 1 >= len(words):
        raise ConfigError(f"{where}: not `name key-type key`")
    for name, value in _OPTION.findall(" ".join(words[: known[0]])):
        if name.lower() != "namespaces":
            raise ConfigError(f"{where}: option `{name}` is not supported, so the line could be misread")
        if not any(fnmatch.fnmatchcase(NAMESPACE, pattern) for pattern in value.split(",")):
            return Signer(principals=(), key="")
    return Signer(principals=tuple(names.strip('"').split(",")), key=" ".join(words[known[0] : known[0] + 2]))


# ---------------------------------------------------------------- signing


def sign(message: bytes, key: Path, *, passphrase: bytes | None = None) -> str:
    """The armoured signature by an SSH private key file (ed25519, ECDSA or RSA). Raises InputError when it cannot be used."""
    private = _private(key, passphrase)
    public, name, raw = _signed(private, _to_sign(message, b"sha512"))
    blob = _MAGIC + (1).to_bytes(4, "big")
    for part in (public, NAMESPACE.encode(), b"", b"sha512", _string(name) + _string(raw)):
        blob += _string(part)
    text = base64.b64encode(blob).decode()
    lines = [text[at : at + 70] for at in range(0, len(text), 70)]
    return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----"]) + "\n"


def locked(key: Path) -> bool:
    """Whether a private key file can be read with a passphrase only."""
    library()
    from cryptography.hazmat.primitives.serialization import load_ssh_private_key

    try:
        load_ssh_private_key(key.read_bytes(), None)
    except TypeError:
        return True
    except Exception:  # noqa: BLE001  what is wrong with it is told when it is used
        return False
    return False


def public_key(key: Path, *, passphrase: bytes | None = None) -> str:
    """Type and base64 of the public key that belongs to a private key file."""
    from cryptography.hazmat.primitives import serialization as ser

    public = _private(key, passphrase).public_key()
    return public.public_bytes(ser.Encoding.OpenSSH, ser.PublicFormat.OpenSSH).decode()  # type: ignore[no-any-return]


def _private(key: Path, passphrase: bytes | None) -> Any:
    library()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_ssh_private_key

    try:
        return load_ssh_private_key(key.read_bytes(), passphrase)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InputError(f"no usable SSH private key: {error}", where=str(key)) from None


def _signed(private: Any, data: bytes) -> tuple[bytes, bytes, bytes]:
    """Public key blob, name of the signature's algorithm, and the signature."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives import serialization as ser
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

    line = private.public_key().public_bytes(ser.Encoding.OpenSSH, ser.PublicFormat.OpenSSH)
    name, encoded = line.split()[:2]
    public = base64.b64decode(encoded)
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return public, name, private.sign(data)
    if isinstance(private, rsa.RSAPrivateKey):
        return public, b"rsa-sha2-512", private.sign(data, padding.PKCS1v15(), hashes.SHA512())
    if isinstance(private, ec.EllipticCurvePrivateKey):
        r, s = utils.decode_dss_signature(private.sign(data, ec.ECDSA(_curve_hash(name))))
        return public, name, _string(_mpint(r)) + _string(_mpint(s))
    raise InputError(f"keys of type {name.decode()} are not supported", mend="use an ed25519 key")


# ---------------------------------------------------------------- verifying


def verify(message: bytes, signature: str, name: str, signers: tuple[Signer, ...]) -> str:
    """The public key with which that person signed the message.

    Raises InputError, saying why, unless the signature is good, of our namespace, and by a key that may sign under the name.
    """
    library()
    public, algorithm, raw, hashed = _opened(signature)
    line = _public_line(public)
    allowed = [signer for signer in signers if signer.key == line]
    if not allowed:
        raise InputError("signed by a key that is not among the allowed signers")
    if not any(signer.stands_for(name) for signer in allowed):
        raise InputError(f"signed by a key that may not sign as {name}")
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        _check(line, algorithm, raw, _to_sign(message, hashed))
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        raise InputError(
            "the signature does not fit what it should sign: forged, altered, or of something else"
        ) from None
    return line


def _opened(signature: str) -> tuple[bytes, bytes, bytes, bytes]:
    """Public key, signature algorithm, signature, hash name of an armoured signature."""
    found = _ARMOUR.search(signature[:_MAX])
    written = "".join(found[1].split()) if found else ""
    try:
        blob = base64.b64decode(written, validate=True)
    except binascii.Error:
        blob = b""
    if base64.b64encode(blob).decode() != written:
        raise InputError("no SSH signature")  # one signature has one spelling
    if not blob.startswith(_MAGIC) or blob[6:10] != (1).to_bytes(4, "big"):
        raise InputError("no SSH signature")
    public, namespace, reserved, hashed, inner = _strings(blob[10:], 5)
    if namespace != NAMESPACE.encode() or reserved:
        raise InputError(f"a signature for something else (namespace {namespace.decode(errors='replace')!r})")
    if hashed not in _HASHES:
        raise InputError("a signature over an unknown hash")
    algorithm, raw = _strings(inner, 2)
    return public, algorithm, raw, hashed


def _check(line: str, algorithm: bytes, raw: bytes, data: bytes) -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
    from cryptography.hazmat.primitives.serialization import load_ssh_public_key

    key: Any = load_ssh_public_key(line.encode())
    kind = line.split()[0].encode()
    if isinstance(key, ed25519.Ed25519PublicKey) and algorithm == kind:
        key.verify(raw, data)
    elif isinstance(key, rsa.RSAPublicKey) and algorithm in (b"rsa-sha2-512", b"rsa-sha2-256"):
        chosen = hashes.SHA512() if algorithm.endswith(b"512") else hashes.SHA256()
        key.verify(raw, data, padding.PKCS1v15(), chosen)
    elif isinstance(key, ec.EllipticCurvePublicKey) and algorithm == kind:
        r, s = (int.from_bytes(part, "big") for part in _strings(raw, 2))
        key.verify(utils.encode_dss_signature(r, s), data, ec.ECDSA(_curve_hash(kind)))
    else:
        raise ValueError("algorithm and key do not belong together")


def library() -> None:
    """Raises ConfigError where the library for signatures is missing."""
    try:
        import cryptography  # noqa: F401
    except ImportError:
        raise ConfigError("signatures need the extra `sign`: pip install 'magistrate[sign]'") from None


# ---------------------------------------------------------------- the wire format


def _to_sign(message: bytes, hashed: bytes) -> bytes:
    parts = (NAMESPACE.encode(), b"", hashed, _HASHES[hashed](message).digest())
    return _MAGIC + b"".join(map(_string, parts))


def _string(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def _strings(data: bytes, count: int) -> list[bytes]:
    """Exactly so many length-prefixed strings and nothing after them."""
    found, at = [], 0
    for _ in range(count):
        size = int.from_bytes(data[at : at + 4], "big")
        if at + 4 + size > len(data):
            raise InputError("a signature that is cut short")
        found.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    if at != len(data):
        raise InputError("a signature with something behind it")
    return found


def _public_line(blob: bytes) -> str:
    kind = _strings(blob[: 4 + int.from_bytes(blob[:4], "big")], 1)[0]
    return f"{kind.decode('ascii', 'replace')} {base64.b64encode(blob).decode()}"


def _mpint(value: int) -> bytes:
    return value.to_bytes(value.bit_length() // 8 + 1, "big")


def _curve_hash(kind: bytes) -> Any:
    from cryptography.hazmat.primitives import hashes

    return {b"256": hashes.SHA256(), b"384": hashes.SHA384(), b"521": hashes.SHA512()}[kind[-3:]]
