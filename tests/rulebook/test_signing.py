"""Signatures: ours and OpenSSH's understand each other; what is altered, forged or of another purpose is refused."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from magistrate.core.errors import ConfigError, InputError
from magistrate.core.records import Proposal
from magistrate.rulebook.signing import NAMESPACE, Signer, public_key, read_signers, sign, verify
from magistrate.rulebook.statements import approved, proposed

KINDS: dict[str, Any] = {
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
    "ecdsa": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ecdsa521": lambda: ec.generate_private_key(ec.SECP521R1()),
}
SSH = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="no ssh-keygen here")


def make_key(folder: Path, name: str, kind: str = "ed25519") -> Path:
    path = folder / name
    private = KINDS[kind]()
    path.write_bytes(private.private_bytes(ser.Encoding.PEM, ser.PrivateFormat.OpenSSH, ser.NoEncryption()))
    path.chmod(0o600)
    return path


def signers(**keys: Path) -> tuple[Signer, ...]:
    return tuple(Signer(principals=(name,), key=public_key(key)) for name, key in keys.items())


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_signed_is_known_again(tmp_path: Path, kind: str) -> None:
    key = make_key(tmp_path, "ana", kind)
    assert verify(b"text", sign(b"text", key), "ana", signers(ana=key)) == public_key(key)


def test_refusals_say_why(tmp_path: Path) -> None:
    ana, eve = make_key(tmp_path, "ana"), make_key(tmp_path, "eve")
    known = signers(ana=ana, bo=make_key(tmp_path, "bo"))
    good = sign(b"text", ana)
    for message, signature, name, why in (
        (b"other", good, "ana", "does not fit"),
        (b"text", sign(b"text", eve), "ana", "not among"),
        (b"text", good, "bo", "may not sign as bo"),
        (b"text", "nothing", "ana", "no SSH signature"),
        (b"text", "-----BEGIN SSH SIGNATURE-----\n!!\n-----END SSH SIGNATURE-----", "ana", "no SSH signature"),
    ):
        with pytest.raises(InputError, match=why):
            verify(message, signature, name, known)


@settings(max_examples=60)
@given(st.data())
def test_no_altered_signature_passes(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.getbasetemp() / "altered"
    folder.mkdir(exist_ok=True)
    key = folder / "ana" if (folder / "ana").exists() else make_key(folder, "ana")
    head, *lines, tail = sign(b"text", key).strip().split("\n")
    body = "".join(lines)
    at = data.draw(st.integers(0, len(body) - 2))
    char = data.draw(st.sampled_from([c for c in "ABCxyz019+/" if c != body[at]]))
    altered = "\n".join([head, body[:at] + char + body[at + 1 :], tail])
    with pytest.raises(InputError):
        verify(b"text", altered, "ana", signers(ana=key))


@SSH
def test_openssh_understands_ours_and_we_openssh(tmp_path: Path) -> None:
    key = tmp_path / "id"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "c", "-f", str(key)], check=True)
    signers_file = tmp_path / "allowed_signers"
    signers_file.write_text(f'ana namespaces="{NAMESPACE}" {(tmp_path / "id.pub").read_text()}', encoding="utf-8")
    message = tmp_path / "message"
    message.write_bytes(b"text\n")
    ours = tmp_path / "ours.sig"
    ours.write_text(sign(b"text\n", key), encoding="utf-8")
    command = ["ssh-keygen", "-Y", "verify", "-f", str(signers_file), "-I", "ana", "-n", NAMESPACE, "-s", str(ours)]
    assert subprocess.run(command, input=b"text\n", capture_output=True).returncode == 0
    command = ["ssh-keygen", "-q", "-Y", "sign", "-f", str(key), "-n", NAMESPACE, str(message)]
    subprocess.run(command, check=True, capture_output=True)
    theirs = (tmp_path / "message.sig").read_text(encoding="utf-8")
    known = read_signers(signers_file)
    assert verify(b"text\n", theirs, "ana", known)
    subprocess.run([*command[:-2], "git", str(message)], check=True, capture_output=True, input=b"y\n")
    with pytest.raises(InputError, match="something else"):
        verify(b"text\n", (tmp_path / "message.sig").read_text(encoding="utf-8"), "ana", known)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("ana cert-authority ssh-ed25519 AAAA", "cert-authority"),
        ('ana valid-before="20300101" ssh-ed25519 AAAA', "valid-before"),
        ("ana", "not `name key-type key`"),
    ],
)
def test_signers_that_could_be_misread_are_refused(tmp_path: Path, line: str, problem: str) -> None:
    path = tmp_path / "allowed_signers"
    path.write_text(f"# people\n\n{line}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=f"allowed_signers:3.*{problem}"):
        read_signers(path)


def test_a_key_for_other_purposes_signs_nothing_here(tmp_path: Path) -> None:
    path = tmp_path / "allowed_signers"
    path.write_text('ana namespaces="git,file" ssh-ed25519 AAAA\n*@shop.example,!eve@shop.example ssh-ed25519 BBBB c\n')
    other, shop = read_signers(path)
    assert not other.stands_for("ana")
    assert shop.stands_for("bo@shop.example")
    assert not shop.stands_for("eve@shop.example")


PROPOSAL = Proposal(id="p", old="a", new="b", old_text="o", text="t", author="ana", why="w", reporter="r", at="2026")


@pytest.mark.parametrize("name", ["id", "old", "new", "old_text", "text", "author", "why", "reporter", "at"])
def test_statements_tell_every_word(name: str) -> None:
    other = replace(PROPOSAL, **{name: "x"})
    assert proposed(other) != proposed(PROPOSAL)
    assert approved(other, "bo") != approved(PROPOSAL, "bo") != approved(PROPOSAL, "cy")
