"""Runs a command with no network but loopback, where the kernel lets us (Linux): `python offline.py COMMAND...`.

A network namespace of its own, so that neither a host's telemetry nor an agent that got past the guard reaches anything. Where
that is not permitted the command runs as it is, with a line that says so: the scenarios themselves only name loopback.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import sys
from pathlib import Path

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def cut_off() -> None:
    """Leave for a namespace of our own that knows only loopback. Raises OSError where that is not permitted."""
    user, group = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        flags = struct.unpack("16xh", fcntl.ioctl(sock, SIOCGIFFLAGS, struct.pack("16sh", b"lo", 0))[:18])[0]
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh", b"lo", flags | IFF_UP))


if __name__ == "__main__":
    try:
        cut_off()
        os.environ["MAGISTRATE_E2E_OFFLINE"] = "1"
    except (OSError, AttributeError) as error:
        print(f"The network is not cut off: {error}", file=sys.stderr)
    os.execvp(sys.argv[1], sys.argv[1:])
