"""The machine itself: processes, services, schedules, accounts, mounts, firewalls, logs, keys."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from magistrate.core.records import Effect
from magistrate.evidence.effects.command import Command, Handler, Scene, Word, effect, path_effect

_OWN = re.compile(r"\$!|%\d*|%%|\$\{?\w*pid\w*\}?", re.I)
_MAGISTRATE = re.compile(r"magistrate", re.I)


def _stop(
    target: str, command: Command, *, dynamic: bool = False, broad: bool = False, flags: tuple[str, ...] = ()
) -> Iterator[Effect]:
    yield effect(
        "process-stop",
        target,
        "process",
        command,
        scope="local",
        reversible="no",
        dynamic=dynamic,
        broad=broad,
        flags=flags,
    )
    if _MAGISTRATE.search(target):
        yield effect("oversight", target, "process", command, scope="local", reversible="no")


def _kill(command: Command, scene: Scene) -> Iterator[Effect]:
    texts = command.texts()
    if "-l" in texts or "-L" in texts or "-0" in texts:
        return
    force = ("force",) if any(text in ("-9", "-KILL", "-SIGKILL") for text in texts) else ()
    # Behind the signal a word that begins with a dash is a group of processes.
    words = [
        word
        for at, word in enumerate(command.words)
        if word.text != "--" and not (at == 0 and re.fullmatch(r"-[A-Za-z][A-Za-z0-9+]*|-\d{1,2}", word.text))
    ]
    if command.has("-s", "--signal", "-n") and words:
        words = command.operands("-s", "--signal", "-n")
    for word in words:
        own = bool(_OWN.fullmatch(word.text))
        yield from _stop(
            word.text, command, dynamic=word.dynamic and not own, broad=word.text in ("-1", "1", "0"), flags=force
        )


_KILL_VALUED = {
    "pkill": ("-s", "--signal", "-g", "-G", "-P", "-t", "-F", "--parent", "--pgroup", "--group", "--session", "--terminal", "--uid", "--pidfile", "--ns"),
    "killall": ("-s", "--signal", "-o", "-y", "-n", "-Z", "--older-than", "--younger-than", "--ns", "--context"),
    "fuser": ("-n", "--namespace"),
}  # fmt: skip


_SELECTS = (
    "-t",
    "-P",
    "-g",
    "-G",
    "-F",
    "-s",
    "--parent",
    "--pgroup",
    "--group",
    "--session",
    "--terminal",
    "--pidfile",
)


def _killall(command: Command, scene: Scene) -> Iterator[Effect]:
    force = ("force",) if any(text in ("-9", "-KILL", "-SIGKILL") for text in command.texts()) else ()
    everyone = command.value("-u", "-U", "--euid")
    words = command.operands("-u", "-U", "--euid", "--user", *_KILL_VALUED.get(command.name, ("-s", "--signal")))
    if command.name == "fuser" and not command.has("-k", "--kill"):
        return
    for word in words:
        yield from _stop(word.text, command, dynamic=word.dynamic, broad=word.text in ("*", ".", ".*", ""), flags=force)
    if (
        not words
        and everyone is None
        and (command.name == "killall5" or command.has(*_SELECTS))
        and command.name != "fuser"
    ):
        yield from _stop(" ".join(command.texts())[:80], command, dynamic=False, broad=True, flags=force)
    if not words and everyone is not None:
        yield from _stop(everyone.text, command, dynamic=everyone.dynamic, broad=True, flags=force)


_OFF = frozenset({"stop", "disable", "mask", "kill", "restart", "try-restart", "reload-or-restart", "isolate", "reboot", "poweroff", "halt", "suspend", "hibernate", "kexec", "rescue",
                  "emergency", "unload", "bootout", "remove", "revert", "condrestart", "try-reload-or-restart", "soft-reboot", "switch-root", "freeze", "clean", "shutdown", "signal", "delete", "del",
                  "terminate-user", "terminate-session", "terminate-seat", "kill-session", "kill-user", "force-stop", "sendSignal"})  # fmt: skip
_ON = frozenset(
    {
        "enable",
        "link",
        "preset",
        "edit",
        "load",
        "bootstrap",
        "add-wants",
        "add-requires",
        "reenable",
        "preset-all",
        "startup",
        "save",
        "enable-linger",
        "submit",
        "setenv",
    }
)
_PROTECTION = re.compile(r"(?:^|\b)(?:auditd|apparmor|firewalld|ufw|iptables|nftables|fail2ban|clamav\S*|falco|osquery\S*|crowdstrike|falcon-sensor|selinux|rsyslog|syslog\S*|systemd-journald|"
                         r"journald|wazuh\S*|ossec|snort|suricata|sysmon|mdatp|defender|aide|tripwire|magistrate\S*)(?:\.service)?$", re.I)  # fmt: skip


_SYSTEMCTL = ("-t", "-n", "-H", "-M", "-s", "--signal", "-o", "-p", "--property", "--type", "--state", "--root", "--host", "--machine", "--job-mode", "--lines", "--output",
              "--kill-whom", "--image", "--what", "--when", "--preset-mode")  # fmt: skip
_SERVICE_VALUED = {"supervisorctl": ("-c", "-s", "-u", "-p"), "sv": ("-w",), "pm2": ("-n", "--name", "-i", "--signal")}


def _service(command: Command, scene: Scene) -> Iterator[Effect]:
    words = command.operands(*_SERVICE_VALUED.get(command.name, _SYSTEMCTL))
    if command.name in ("service", "invoke-rc.d", "rc-service", "sv"):
        words = [*words[1:2], *words[:1]] if command.name != "sv" else words
    if not words:
        return
    verb, units = words[0].text, words[1:]
    if words[0].dynamic:
        yield effect("process-stop", words[0].text, "process", command, scope="local", dynamic=True)
        return
    if verb in _OFF or (verb in ("down", "exit", "force-stop", "zap") and command.name in ("sv", "rc-service")):
        flags = (
            ("disables-security",)
            if any(_PROTECTION.search(word.text) for word in units) and verb not in ("restart", "try-restart")
            else ()
        )
        for word in units or [Word(text=verb)]:
            yield from _stop(word.text, command, dynamic=word.dynamic, flags=flags)
    if verb in _ON:
        for word in units:
            yield effect(
                "persistence", word.text, "process", command, scope="local", reversible="yes", dynamic=word.dynamic
            )
    elif verb in ("start", "up", "kickstart"):
        for word in units:
            yield effect(
                "execute", word.text, "process", command, scope="local", reversible="yes", dynamic=word.dynamic
            )
    elif verb in ("set-property", "set-environment", "set-default", "daemon-reexec"):
        yield effect("execute", verb, "process", command, scope="system", certainty="guessed")


def _power(command: Command, scene: Scene) -> Iterator[Effect]:
    if command.has("-c", "--help", "--show") and command.name == "shutdown":
        return
    if command.name in ("init", "telinit") and not any(text in ("0", "1", "6") for text in command.texts()):
        return
    yield from _stop("this machine", command, broad=True)


def _crontab(command: Command, scene: Scene) -> Iterator[Effect]:
    if command.has("-l"):
        return
    if command.has("-r"):
        yield effect("persistence", "crontab", "path", command, scope="local", reversible="no")
        yield effect("delete", "crontab", "path", command, scope="local", reversible="no", broad=True)
        return
    words = command.operands("-u")
    if words or command.input != "none" or command.has("-e"):
        yield effect(
            "persistence", "crontab", "path", command, scope="local", reversible="partly", flags=("scheduled",)
        )
    text = command.stdin if command.input in ("text", "dynamic") else ""
    if words and words[0].text != "-":
        kind, content = scene.content(words[0].text)
        text = content if kind == "text" else ""
    for line in text.splitlines()[:200]:
        match = re.match(r"\s*(?:@\w+|(?:[\d*/,A-Za-z-]+\s+){5})\s*(.+)", line)
        if match and not line.lstrip().startswith("#"):
            for item in scene.shell(match[1], via=(*command.via, "cron"), path=command.path):
                yield msgspec.structs.replace(item, flags=(*item.flags, "scheduled"))


_ACCOUNT_LONG = (
    "--shell", "--home", "--home-dir", "--gid", "--uid", "--groups", "--password", "--gecos", "--ingroup", "--comment", "--expiredate", "--inactive", "--login", "--root", "--base-dir",
    "--key", "--skel", "--selinux-user", "--prefix",
)  # fmt: skip
_USER = ("-c", "-d", "-e", "-f", "-g", "-G", "-p", "-s", "-u", "-R", "-P", "-Z", *_ACCOUNT_LONG)
_ACCOUNT_VALUED = {
    "useradd": (*_USER, "-b", "-k", "-K"), "adduser": (*_USER, "-b", "-k", "-K"), "usermod": (*_USER, "-l", "-v", "-V", "-w", "-W"),
    "groupadd": ("-g", "-K", "-p", "-R", "-U", *_ACCOUNT_LONG), "groupmod": ("-g", "-n", "-p", "-R", "-U", *_ACCOUNT_LONG),
    "userdel": ("-R", "-P"), "groupdel": ("-R", "-P"), "passwd": ("-i", "-n", "-w", "-x", "-R", "--inactive", "--mindays", "--warndays", "--maxdays", "--root"),
    "chage": ("-d", "-E", "-I", "-m", "-M", "-R", "-W"), "gpasswd": ("-a", "-d", "-A", "-M", "-Q"), "chsh": ("-s", "--shell", "-R"), "chfn": ("-f", "-r", "-w", "-h", "-o"),
}  # fmt: skip


def _account(command: Command, scene: Scene) -> Iterator[Effect]:
    words = command.targets(*_ACCOUNT_VALUED.get(command.name, _ACCOUNT_LONG))
    removes = command.name in ("userdel", "deluser", "groupdel", "delgroup")
    if command.name == "dscl" and not re.search(
        r"-(?:create|append|delete|passwd|change)|\b(?:create|append|delete|passwd)\b", " ".join(command.texts())
    ):
        return
    if command.name == "usermod":
        words = words[-1:]
    if command.name == "chpasswd":
        words = [Word(text=line.partition(":")[0]) for line in command.stdin.splitlines()] or words
    if command.name == "visudo" and command.has("-c", "--check"):
        return
    if (command.name == "chage" and command.has("-l", "--list")) or (
        command.name == "passwd" and command.has("-S", "--status")
    ):
        return
    for word in words or [Word(text="$USER")]:
        yield effect(
            "permission",
            word.text,
            "account",
            command,
            scope="local",
            reversible="no" if removes else "partly",
            dynamic=word.dynamic,
        )
        if removes and command.has("-r", "--remove", "--remove-home"):
            yield effect(
                "delete",
                f"/home/{word.text}",
                "path",
                command,
                scope="home",
                reversible="no",
                flags=("recursive",),
                broad=True,
                dynamic=word.dynamic,
            )


def _mount(command: Command, scene: Scene) -> Iterator[Effect]:
    words = command.operands("-t", "-o", "-L", "-U", "-O", "-T", "--types", "--options")
    everything = command.has("-a", "--all", "-D", "--detach-all")
    if (
        command.name == "mount"
        and not everything
        and len(words) + bool(command.value("-o", "-L", "-U", "--options")) < 2
    ):
        return
    if everything and not words:
        yield effect("permission", "all file systems", "device", command, scope="system", reversible="partly")
    for word in words[-1:]:
        yield path_effect("permission", word, command, scene, reversible="yes")


_CHAINS = re.compile(
    r"(?:^|\s)(?:-[AIDFXPRZN]|--(?:append|insert|delete|flush|policy|replace|zero))(?:\s|$)|^(?:allow|deny|delete|reset|limit|insert)\b"
)
"""What changes a firewall, whatever else is on the line."""


def _firewall(command: Command, scene: Scene) -> Iterator[Effect]:
    texts = command.texts()
    joined = " ".join(texts)
    if (
        re.search(r"(?:^|\s)(?:-L|-S|--list\S*|list|status|show|--state|-n?vL|--get-\S+)(?:\s|$)", joined)
        or not texts
        or (command.name == "pfctl" and any(text.startswith("-s") for text in texts))
    ) and not _CHAINS.search(joined):
        return
    opens = bool(
        re.search(
            r"(?:^|\s)(?:-F|--flush|-X|disable|reset|flush|-P\s+\w+\s+ACCEPT|--panic-off|delete|stop|-d)(?:\s|$)|-j\s+ACCEPT|allow",
            joined,
        )
    )
    yield effect(
        "permission", command.name, "resource", command, scope="local", reversible="partly", flags=("disables-security",) if opens else ()
    )  # fmt: skip


def _protection(command: Command, scene: Scene) -> Iterator[Effect]:
    joined = " ".join(command.texts())
    off = {
        "setenforce": r"0|permissive", "auditctl": r"-e\s*0|-D|-d|-W", "aa-disable": r".", "aa-complain": r".", "aa-teardown": r"", "csrutil": r"disable|clear",
        "spctl": r"disable|master-disable", "setsebool": r".", "mokutil": r"disable", "fail2ban-client": r"stop|unban", "tamper": r".", "getenforce": r"(?!)",
        "semanage": r"permissive|-d", "falconctl": r"uninstall|unload", "tccutil": r"reset", "Set-MpPreference": r"Disable|Exclusion", "netsh": r"off|delete|disable",
    }.get(command.name, r"(?!)")  # fmt: skip
    if re.search(off, joined, re.I):
        yield effect(
            "permission",
            command.name,
            "resource",
            command,
            scope="system",
            reversible="partly",
            flags=("disables-security",),
        )


def _kernel(command: Command, scene: Scene) -> Iterator[Effect]:
    texts = command.texts()
    if command.name == "sysctl" and not (
        command.has("-w", "-p", "--system", "--write") or any("=" in text for text in texts)
    ):
        return
    if (
        not texts
        or _SHOWS.fullmatch(texts[0])
        or (command.name == "modprobe" and command.has("-n", "--dry-run", "--show-depends"))
    ):
        return
    yield effect("permission", " ".join(texts)[:120], "resource", command, scope="system", reversible="partly")


_SHOWS = re.compile(
    r"status|show|list-[\w-]+|--list|--display|--query|--get-selections|--version|--help|statistics|timesync-status"
)


def _history(command: Command, scene: Scene) -> Iterator[Effect]:
    if command.has("-c", "-d", "-w") or any(text in ("clear", "delete") for text in command.texts()):
        yield effect("delete", "shell history", "path", command, scope="home", reversible="no", flags=("clears-logs",))


def _journal(command: Command, scene: Scene) -> Iterator[Effect]:
    joined = " ".join(command.texts())
    clears = {
        "journalctl": r"--vacuum|--rotate|--flush",
        "dmesg": r"(?:^|\s)(?:-C|-c|--clear|--read-clear)",
        "wevtutil": r"\bcl\b|clear-log",
        "logcat": r"-c",
        "log": r"\berase\b",
        "lastb": r"(?!)",
    }
    if re.search(clears.get(command.name, "(?!)"), joined):
        yield effect(
            "delete", "system log", "path", command, scope="system", reversible="no", flags=("clears-logs",), broad=True
        )


def _defaults(command: Command, scene: Scene) -> Iterator[Effect]:
    words = command.operands()
    verb = words[0].text if words else ""
    if verb in ("write", "delete", "import"):
        target = words[1].text if len(words) > 1 else ""
        kind = (
            "persistence"
            if re.search(r"login|launch", " ".join(command.texts()), re.I)
            else "delete"
            if verb == "delete"
            else "overwrite"
        )
        yield effect(kind, target, "resource", command, scope="home", reversible="partly")  # type: ignore[arg-type]


def _interface(command: Command, scene: Scene) -> Iterator[Effect]:
    joined = " ".join(command.texts())
    if re.search(
        r"\b(?:add|del|delete|flush|down|up|replace|change|set|-arp|promisc|modify|mod|off|disconnect|reload|apply)\b",
        joined,
    ):
        yield effect("permission", joined[:120], "resource", command, scope="system", reversible="partly")


def _debug(command: Command, scene: Scene) -> Iterator[Effect]:
    """Tools that look into or drive other programs."""
    for text in command.texts():
        match = re.search(
            r"\b(?:call\s+(?:\(\w+\))?\s*)?(?:system|execve?)\s*\(\s*[\"'](.+?)[\"']\s*\)|^(?:shell|!)\s+(.+)$", text
        )
        if match:
            yield from scene.shell(match[1] or match[2], via=(*command.via, command.name), path=command.path)
    program = next(
        (word for word in command.operands("-ex", "-x", "-p", "--pid", "-iex", "-o", "--eval-command")), None
    )
    if program is not None:
        yield effect(
            "execute", program.text, "path", command, scope="local", certainty="guessed", dynamic=program.dynamic
        )


def _open(command: Command, scene: Scene) -> Iterator[Effect]:
    for word in command.operands("-a", "-b"):
        if "://" in word.text:
            yield effect("network-out", word.text, "url", command, scope="remote", dynamic=word.dynamic)
        else:
            yield path_effect("read", word, command, scene, reversible="yes")


def _drive(command: Command, scene: Scene) -> Iterator[Effect]:
    yield effect("execute", command.name, "code", command, scope="local", certainty="guessed")


def _clipboard(command: Command, scene: Scene) -> Iterator[Effect]:
    if command.name in ("pbpaste", "wl-paste") or command.has("-o", "--output"):
        yield effect("read", "clipboard", "text", command, scope="local", reversible="yes")


HANDLERS: dict[str, Handler] = {
    "kill": _kill,
    **dict.fromkeys(("pkill", "killall", "killall5", "skill", "fuser", "xkill"), _killall),
    **dict.fromkeys(("systemctl", "service", "launchctl", "rc-service", "invoke-rc.d", "sv", "initctl", "loginctl", "supervisorctl", "pm2"), _service),
    **dict.fromkeys(("shutdown", "reboot", "halt", "poweroff", "init", "telinit"), _power),
    "crontab": _crontab,
    **dict.fromkeys(
        ("useradd", "adduser", "usermod", "userdel", "deluser", "groupadd", "addgroup", "groupmod", "groupdel", "delgroup", "gpasswd", "passwd", "chpasswd", "chsh", "chfn",
         "chage", "visudo", "vipw", "vigr", "dscl", "newusers"),
        _account,
    ),
    **dict.fromkeys(("mount", "umount", "losetup", "swapoff", "swapon", "pivot_root"), _mount),
    **dict.fromkeys(("iptables", "ip6tables", "nft", "ufw", "firewall-cmd", "pfctl", "iptables-restore", "ipset"), _firewall),
    **dict.fromkeys(
        ("setenforce", "auditctl", "aa-disable", "aa-complain", "aa-teardown", "csrutil", "spctl", "setsebool", "mokutil", "fail2ban-client", "semanage", "falconctl", "tccutil",
         "netsh", "getenforce"),
        _protection,
    ),
    **dict.fromkeys(("modprobe", "insmod", "rmmod", "kextload", "kextunload", "sysctl", "update-grub", "grub-install", "efibootmgr", "nvram", "kexec", "dpkg-reconfigure", "hostnamectl",
                     "timedatectl", "update-alternatives"), _kernel),
    "history": _history,
    **dict.fromkeys(("journalctl", "dmesg", "wevtutil", "logcat", "log"), _journal),
    "defaults": _defaults,
    **dict.fromkeys(("ip", "ifconfig", "route", "nmcli", "networksetup", "tc", "brctl", "resolvectl", "scutil"), _interface),
    **dict.fromkeys(("gdb", "lldb", "pdb"), _debug),
    **dict.fromkeys(("open", "xdg-open", "gnome-open", "start"), _open),
    **dict.fromkeys(("xdotool", "ydotool", "wmctrl", "cliclick", "screencapture", "scrot", "import"), _drive),
    **dict.fromkeys(("pbpaste", "pbcopy", "xclip", "xsel", "wl-copy", "wl-paste"), _clipboard),
}  # fmt: skip
