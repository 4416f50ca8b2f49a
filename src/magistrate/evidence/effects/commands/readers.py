"""Commands that read, list, filter and print; a few of them can also write or run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from magistrate.core.records import Effect
from magistrate.evidence.effects.command import (
    Command,
    Handler,
    Scene,
    Word,
    as_command,
    bounded,
    effect,
    path_effect,
    write_effect,
)
from magistrate.evidence.effects.morphology import word_set

_VALUED: dict[str, tuple[str, ...]] = {
    "head": ("-n", "-c", "--lines", "--bytes"), "tail": ("-n", "-c", "--lines", "--bytes", "-s", "--pid"), "cut": ("-d", "-f", "-c", "-b"),
    "sort": ("-k", "-t", "-o", "-S", "-T"), "shuf": ("-o", "-n", "-i", "--output", "--head-count"), "iconv": ("-f", "-t", "-o"), "nl": ("-b", "-w", "-s"), "xxd": ("-l", "-s", "-c", "-g"), "od": ("-A", "-t", "-N", "-j"),
    "hexdump": ("-n", "-s", "-e"), "strings": ("-n", "-t", "-e"), "jq": ("--arg", "--argjson", "--indent", "--slurpfile"), "column": ("-s", "-t", "-c"),
    "fold": ("-w",), "base64": ("-w",), "diff": ("-U", "-C", "--label"), "paste": ("-d",), "split": ("-l",),
}  # fmt: skip


def _read(words: Iterable[Word], command: Command, scene: Scene, flags: tuple[str, ...] = ()) -> Iterator[Effect]:
    for word in words:
        if word.text not in ("-", "/dev/null", "/dev/stdin") and not word.text.startswith("/dev/fd/"):
            found = path_effect("read", word, command, scene, reversible="yes", flags=flags)
            if "listing" in flags and word.dynamic:
                found = msgspec.structs.replace(found, certainty="guessed")  # names only, wherever it is
            yield found


def _reader(command: Command, scene: Scene) -> Iterator[Effect]:
    if command.name in ("less", "more", "most", "view"):
        for word in command.words:
            if word.text.startswith("+!"):
                yield from scene.shell(word.text[2:], via=(*command.via, command.name), path=command.path)
    yield from _read(command.operands(*_VALUED.get(command.name, ())), command, scene)
    if command.name in ("sort", "shuf", "jq", "yq", "xmlstarlet", "xxd", "iconv"):
        named = command.value("-o", "--output") if command.name in ("sort", "shuf", "iconv") else None
        if named is not None:
            yield write_effect(named, command, scene)
        if command.name == "yq" and command.has("-i", "--inplace", "--in-place"):
            for word in command.operands()[1:]:
                yield write_effect(word, command, scene, flags=("in-place",), replaces=True)


def _filter(command: Command, scene: Scene) -> Iterator[Effect]:
    """The first operand is a program or pattern (`jq .a file`)."""
    yield from _read(command.operands(*_VALUED.get(command.name, ()))[1:], command, scene)
    if command.name == "yq" and command.has("-i", "--inplace", "--in-place"):
        for word in command.operands()[1:]:
            yield write_effect(word, command, scene, flags=("in-place",), replaces=True)


_GREP_VALUED = (
    "-e",
    "-f",
    "-m",
    "-A",
    "-B",
    "-C",
    "--include",
    "--exclude",
    "--exclude-dir",
    "-d",
    "-D",
    "--color",
    "--max-count",
)
_RG_VALUED = ("-g", "-t", "-r", "-T", "-M", "-j", "-E", "--glob", "--type", "--type-not", "--replace")


def _grep(command: Command, scene: Scene) -> Iterator[Effect]:
    given = command.has("-e", "-f", "--regexp", "--file") or any(text == "--files" for text in command.texts())
    words = command.operands(*_GREP_VALUED, *(_RG_VALUED if command.name in ("rg", "ag", "ack", "ugrep") else ()))
    recursive = ("recursive",) if command.has("-r", "-R", "--recursive") or command.name in ("rg", "ag", "ack") else ()
    preprocessor = command.value("--pre")
    if preprocessor is not None:
        yield from scene.shell(preprocessor.text, via=(*command.via, "rg"), path=command.path)
    yield from _read(words if given else words[1:], command, scene, recursive)


def _list(command: Command, scene: Scene) -> Iterator[Effect]:
    yield from _read(
        command.operands("-I", "-w", "-L", "-P", "--ignore", "-d", "-c", "-t", "-h"), command, scene, ("listing",)
    )


def _find(command: Command, scene: Scene) -> Iterator[Effect]:
    words = list(command.words)
    roots: list[Word] = []
    while words and not (words[0].text.startswith("-") and len(words[0].text) > 2) and words[0].text not in ("(", "!"):
        word = words.pop(0)
        if word.text not in ("-H", "-L", "-P"):
            roots.append(word)
    roots = roots or [Word(text=".")]
    name = next(
        (
            words[at + 1]
            for at, word in enumerate(words[:-1])
            if word.text in ("-name", "-iname", "-path", "-wholename", "-regex")
        ),
        None,
    )
    pattern = "**" if name is None else f"**/{name.text}"
    found = [
        Word(
            text=f"{root.text.rstrip('/')}/{pattern}" if root.text != "." else pattern,
            dynamic=root.dynamic or (name is not None and name.dynamic),
            glob=True,
        )
        for root in roots
    ]
    narrowed = any(
        re.match(
            r"-(?:i?name|i?path|i?regex|wholename|m(?:time|min)|a(?:time|min)|newer|size|empty|user|type|maxdepth|inum)",
            word.text,
        )
        for word in words
    )
    yield from _read(roots, command, scene, ("listing",))
    at = 0
    while at < len(words):
        text = words[at].text
        if text == "-delete":
            for word, root in zip(found, roots, strict=True):
                one = path_effect(
                    "delete", word if narrowed else root, command, scene, reversible="no", flags=("recursive",)
                )
                yield one
        elif text in ("-exec", "-execdir", "-ok", "-okdir"):
            end = next((i for i in range(at + 1, len(words)) if words[i].text in (";", "+", "\\;")), len(words))
            yield from _each(words[at + 1 : end], found if narrowed else roots, command, scene)
            at = end
        elif text in ("-fprint", "-fprintf", "-fls", "-fprint0") and at + 1 < len(words):
            yield write_effect(words[at + 1], command, scene)
        at += 1


def _each(words: list[Word], found: list[Word], command: Command, scene: Scene) -> Iterator[Effect]:
    if not words:
        return
    for item in bounded(found, 16):
        filled = tuple(
            Word(text=word.text.replace("{}", item.text), dynamic=word.dynamic or item.dynamic, glob=item.glob)
            if "{}" in word.text
            else word
            for word in words
        )
        yield from scene.command(as_command(filled, command, "find"))


def _fd(command: Command, scene: Scene) -> Iterator[Effect]:
    command = command.spelled_out("eEtdcjSxX")
    texts = command.texts()
    for at, text in enumerate(texts):
        name, attached, first = text.partition("=")
        if name in ("-x", "--exec", "-X", "--exec-batch") and (attached or at + 1 < len(texts)):
            words = [*([Word(text=first)] if attached else []), *command.words[at + 1 :]]
            item = Word(text="**", glob=True)
            if not any("{" in word.text for word in words):
                words.append(Word(text="{}"))
            yield from _each(words, [item], command, scene)
            return
    yield from _read([Word(text=".")], command, scene, ("listing",))


def _sed(command: Command, scene: Scene) -> Iterator[Effect]:
    in_place = any(re.match(r"-[nErsuz]*i|--in-place", text) for text in command.texts())
    given = command.has("-e", "--expression", "--file") or any(
        re.fullmatch(r"-[nErsuz]*[ef]", text) for text in command.texts()
    )
    words = list(command.operands("-e", "-f", "--expression", "--file", "-l"))
    scripts = [
        word
        for at, word in enumerate(command.words)
        if at and re.fullmatch(r"-[nErsuzi]*e|--expression", command.words[at - 1].text)
    ]
    if in_place and words and words[0].text == "":
        words = words[1:]  # the BSD form, `sed -i ''`
    if not given:
        scripts, words = words[:1], words[1:]
    for script in scripts:
        yield from _sed_script(script, command, scene)
    for word in words:
        if in_place:
            yield write_effect(word, command, scene, flags=("in-place",), replaces=True)
        else:
            yield from _read([word], command, scene)


_SED_RUN = re.compile(
    r"(?:^|[;{}\n]|^\d+|\$)\s*e\s+(?P<run>[^;\n]+)|s(?P<d>[^\w\s\\])(?:(?!(?P=d))[^\\]|\\.)*(?P=d)(?P<by>(?:(?!(?P=d))[^\\]|\\.)*)(?P=d)[gpIm\d]*e"
)
_SED_WRITE = re.compile(r"(?:^|[;{}\n/]|\d)\s*[wW]\s+(?P<file>[^\s;}]+)")


def _sed_script(script: Word, command: Command, scene: Scene) -> Iterator[Effect]:
    for match in _SED_RUN.finditer(script.text[:4000]):
        text = match["run"] or re.sub(r"\\(\W)", r"\1", match["by"] or "")
        yield from scene.shell(text, via=(*command.via, "sed"), path=command.path)
        if match["by"] is not None:
            yield effect("execute", match["by"], "code", command, dynamic=True)
    for match in _SED_WRITE.finditer(script.text[:4000]):
        yield write_effect(Word(text=match["file"]), command, scene)


def _awk(command: Command, scene: Scene) -> Iterator[Effect]:
    files = command.value("-f", "--file")
    words = command.operands("-F", "-v", "-f", "--file", "--assign", "--field-separator", "-i")
    if files is None and words:
        yield from scene.code("awk", words[0].text, via=(*command.via, command.name), path=command.path)
        words = words[1:]
    elif files is not None:
        yield effect("execute", files.text, "path", command, flags=("unseen-script",), dynamic=files.dynamic)
    if command.value("-i") is not None and command.value("-i") == Word(text="inplace"):
        for word in words:
            yield write_effect(word, command, scene, flags=("in-place",), replaces=True)
        return
    yield from _read(words, command, scene)


def _environment(command: Command, scene: Scene) -> Iterator[Effect]:
    """`printenv`, `set`, bare `export -p`: what is in the environment, secrets among it."""
    words = command.operands()
    if not words:
        yield effect("credential", "environment", "text", command, scope="local", reversible="yes")
    for word in words:
        if re.search(r"TOKEN|SECRET|PASS|KEY|CREDENTIAL", word.text, re.I):
            yield effect("credential", word.text, "text", command, scope="local", reversible="yes")


def _manual(command: Command, scene: Scene) -> Iterator[Effect]:
    """`man` runs its pager."""
    pager = command.value("-P", "--pager", "-H")
    if pager is not None:
        yield from scene.shell(pager.text, via=(*command.via, "man"), path=command.path)


def _quiet(command: Command, scene: Scene) -> tuple[Effect, ...]:
    return ()


_PRINTERS = word_set(
    "echo : true false test [ [[ pwd cd pushd popd dirs date sleep usleep seq yes whoami id groups uname hostname arch nproc uptime w who users last "
    "lastlog finger tty which whereis type hash info apropos whatis help tput clear reset stty locale getconf logname expr bc dc factor "
    "let return exit break continue wait jobs fg bg shift getopts shopt setopt unsetopt umask ulimit basename dirname realpath readlink mktemp read mapfile "
    "readarray printf alias unalias local declare typeset readonly export caller times logger cal ncal numfmt tr "
    "free vmstat iostat mpstat sar df lsblk blkid lscpu lspci lsusb lsmod lsof ps pgrep pstree top htop pidof ss netstat arp dmidecode sw_vers "
    "vm_stat lsb_release hostid figlet cowsay tldr tabs unset compgen complete bind enable "
    " sync fc xdpyinfo glxinfo nvidia-smi rocm-smi gettext sensors acpi"
)
_READERS = word_set(
    "cat less more most bat batcat head tail nl wc cut sort uniq paste join comm diff colordiff sdiff cmp md5sum sha1sum sha224sum sha256sum sha384sum sha512sum b2sum cksum sum shasum "
    "md5 xxd od hexdump strings file column fold fmt expand unexpand pr base64 base32 zcat bzcat xzcat zless zmore view xmllint csvlook csvcut "
    "tac rev shuf csvstat pdftotext iconv look tsort ptx jsonlint yamllint hd nm objdump readelf ldd size otool exiftool identify ffprobe mediainfo soxi "
    " cloc scc tokei wdiff vimdiff icdiff delta glow mdcat hexyl jless zipinfo lsar"
)

HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(_PRINTERS, _quiet),
    **dict.fromkeys(_READERS, _reader),
    **dict.fromkeys(("jq", "yq", "gron", "dasel", "xmlstarlet", "fx"), _filter),
    **dict.fromkeys(("grep", "egrep", "fgrep", "zgrep", "rg", "ag", "ack", "pcregrep", "ugrep", "bzgrep"), _grep),
    **dict.fromkeys(("ls", "ll", "la", "dir", "vdir", "exa", "eza", "lsd", "tree", "du", "ncdu", "stat", "getfacl", "lsattr", "namei"), _list),
    "find": _find,
    "gfind": _find,
    **dict.fromkeys(("fd", "fdfind"), _fd),
    **dict.fromkeys(("sed", "gsed"), _sed),
    **dict.fromkeys(("awk", "gawk", "mawk", "nawk"), _awk),
    **dict.fromkeys(("printenv",), _environment),
    "man": _manual,
}  # fmt: skip
