"""What makes an effect special: the closed list of flags, one line of meaning each.

Rules match on these words, so a flag that is not listed here must not be set; `unknown_flags` lets tests hold that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        # how it is done
        "force": "a safety check of the tool is switched off (`-f`, `--force`, `-y` on a destructive command)",
        "recursive": "a folder and all that is in it",
        "wildcard": "the targets come from a wildcard",
        "bulk": "many objects at once, or all of a kind",
        "append": "adds to the end, what is there stays",
        "listing": "names and sizes only, not what is in the files",
        "in-place": "edits a file where it stands",
        "truncate": "empties a file",
        "move": "the object goes elsewhere rather than away",
        "mirror": "makes the destination equal to the source, deleting what is not there",
        "wipe": "overwrites so that nothing can be recovered",
        "format": "makes a new file system, table or partition where data was",
        "raw-device": "writes to a disk beneath its file system",
        "dry-run": "the tool only says what it would do",
        "background": "goes on after the command returns",
        "scheduled": "runs later, or again and again",
        "elevated": "runs with the rights of another account, root as a rule",
        "inline-code": "program text given on the command line or standard input",
        "computes": "program text that was read whole and only computes",
        "unseen-script": "runs a file whose text is not known here",
        "piped-from-network": "runs what a remote host sends",
        "decoded": "the text was encoded (base64, hex, compressed, reversed) and was decoded to be read",
        "reverse-shell": "gives a remote host a shell here",
        "fork-bomb": "starts processes without end",
        "cut": "longer or deeper than is analysed; the rest is unknown",
        "unparsed": "a piece that the parser could not read",
        # rights and protection
        "world-writable": "anybody may write afterwards",
        "setuid": "runs with its owner's rights afterwards",
        "disables-security": "switches a protection off (firewall, SELinux, audit, antivirus, verification)",
        "clears-logs": "removes or stops a record of what happened",
        "no-verify": "skips hooks or checks",
        "insecure-transport": "certificate or host key checks are off",
        "privileged": "a container or process with the rights of the host",
        # what leaves
        "upload": "sends data out",
        "secret": "carries or reveals a secret",
        "public": "visible to anybody",
        # remote resources and version control
        "write-request": "an HTTP request that changes something (POST, PUT, PATCH)",
        "delete-request": "an HTTP request that deletes something",
        "history": "rewrites or drops version history",
        "uncommitted": "drops work that no commit holds",
        "remote-branch": "changes a branch or tag that others use",
        "no-backup": "skips a final snapshot or backup",
        "no-where": "every row: no condition",
        "cascade": "what depends on it goes too",
        "auto-approve": "skips the tool's own question",
        "unpinned": "whatever version is served",
        "custom-index": "packages from a place that is not the usual registry",
        "global": "for the whole machine or account, not this project",
    }
)

FLAGS: frozenset[str] = frozenset(MEANINGS)


def unknown_flags(flags: Iterable[str]) -> frozenset[str]:
    """Those of the flags that the list does not hold."""
    return frozenset(flags) - FLAGS
