"""What a command writes to its standard output, where that can be computed without running it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from magistrate.evidence.effects import decode
from magistrate.evidence.effects.command import Command, Scene, Word
from magistrate.evidence.effects.fetch import fetched_from, fetched_to
from magistrate.evidence.effects.marks import DYNAMIC, GLOB, ansi, clean, mark, unprivate
from magistrate.evidence.effects.streams import NOTHING, UNKNOWN, Stream, text_stream

Output = Callable[[Command, Stream, Scene], Stream]


def produce(command: Command, stdin: Stream, scene: Scene) -> Stream:
    """The output of a command of this name; unknown for those not listed."""
    output = _OUTPUTS.get(command.name)
    return UNKNOWN if output is None else output(command, stdin, scene)


def written(command: Command, stdin: Stream, out: Stream, scene: Scene) -> Iterator[tuple[str, Stream]]:
    """Files whose content a command fills with something known: (path, content)."""
    name = command.name
    if name in ("curl", "wget"):
        target = fetched_to(command)
        if target is not None and not target.dynamic:
            yield target.text, Stream("network", DYNAMIC, fetched_from(command))
    elif name == "tee":
        for word in command.operands():
            if not word.dynamic:
                yield word.text, stdin
    elif name in ("cp", "mv", "ln", "install"):
        words = command.operands("-t", "-m", "-o", "-g", "-S")
        if len(words) == 2 and not words[0].dynamic and not words[1].dynamic:
            kind, text = scene.content(words[0].text)
            if kind == "text":
                yield words[1].text, text_stream(text)
            elif kind in ("network", "dynamic"):
                yield words[1].text, Stream(kind, DYNAMIC, text)


# ---------------------------------------------------------------- one command each


def _silent(command: Command, stdin: Stream, scene: Scene) -> Stream:
    return NOTHING


def _echo(command: Command, stdin: Stream, scene: Scene) -> Stream:
    words, escapes, end = list(command.words), False, "\n"
    while words and re.fullmatch(r"-[neE]+", words[0].text):
        option = words.pop(0).text
        escapes = escapes or "e" in option
        end = "" if "n" in option else end
    text = " ".join(mark(word) for word in words)
    return text_stream(unprivate_marks(ansi(text)) + end if escapes else text + end)


def unprivate_marks(text: str) -> str:
    """Text after escapes were read: nothing in it may look like a mark, save those that stood there."""
    return (
        "".join(char if char in (DYNAMIC, GLOB) else unprivate(char) for char in text) if not text.isascii() else text
    )


def _printf_output(command: Command, stdin: Stream, scene: Scene) -> Stream:
    if command.words and command.words[0].text == "-v":
        return NOTHING
    return printf(command.words)


_SPEC = re.compile(r"%(%|[-+ #0]*\d*(?:\.\d+)?([sbdioxXcqu]))")


def printf(words: Sequence[Word]) -> Stream:
    """The text that `printf FORMAT ARGUMENT...` gives."""
    if words and words[0].text == "--":
        words = words[1:]
    if not words:
        return NOTHING
    template = mark(words[0])
    arguments = [mark(word) for word in words[1:]]
    out: list[str] = []
    for _ in range(64):
        given = len(arguments)
        at = 0
        for match in _SPEC.finditer(template):
            out.append(ansi(template[at : match.start()]))
            at = match.end()
            out.append("%" if match[1] == "%" else _convert(match[2], arguments.pop(0) if arguments else ""))
        out.append(ansi(template[at:]))
        if not arguments or len(arguments) == given:
            break
    return text_stream(unprivate_marks("".join(out)))


def _convert(kind: str, value: str) -> str:
    if kind == "s" or kind == "q":
        return value
    if kind == "b":
        return ansi(value)
    if kind == "c":
        return value[:1]
    try:
        number = ord(value[1]) if value[:1] in "'\"" and len(value) > 1 else int(value or "0", 0)
    except ValueError:
        return DYNAMIC + value
    return {"x": f"{number:x}", "X": f"{number:X}", "o": f"{number:o}"}.get(kind, str(number))


def _cat(command: Command, stdin: Stream, scene: Scene) -> Stream:
    words = command.operands()
    if not words:
        return stdin if stdin.kind != "none" else UNKNOWN
    out = NOTHING
    for word in words:
        if word.text == "-":
            one = stdin
        elif word.dynamic or word.glob:
            one = UNKNOWN
        else:
            kind, text = scene.content(word.text)
            one = text_stream(text) if kind == "text" else Stream(kind, DYNAMIC if kind == "dynamic" else "", text)
        out = out.then(one)
    return out


def _decoder(name: str, read: Callable[[Command, Stream, Scene], str | None]) -> Output:
    def output(command: Command, stdin: Stream, scene: Scene) -> Stream:
        if stdin.kind == "network":
            return stdin
        text = read(command, stdin, scene)
        return (
            Stream("dynamic", decoded=(name,))
            if text is None
            else text_stream(unprivate(text), decoded=(*stdin.decoded, name))
        )

    return output


def _text_of(command: Command, stdin: Stream, scene: Scene, *valued: str) -> str | None:
    words = command.operands(*valued)
    if words and words[0].text != "-":
        kind, text = scene.content(words[0].text)
        return text if kind == "text" else None
    return clean(stdin.text) if stdin.known else None


def _base64(command: Command, stdin: Stream, scene: Scene) -> str | None:
    text = _text_of(command, stdin, scene, "-w", "--wrap", "-i", "-o")
    given = command.value("-i")
    if given is not None and not command.operands("-i"):
        kind, content = scene.content(given.text)
        text = content if kind == "text" else None
    if text is None:
        return None
    if not command.has("-d", "-D", "--decode"):
        return None
    data = decode.from_base32(text) if command.name == "base32" else decode.from_base64(text)
    return _as_text(data)


def _as_text(data: bytes | None) -> str | None:
    """Decoded bytes as text; compressed bytes travel as Latin-1 until a decompressor reads them."""
    if data is None:
        return None
    text = decode.readable(data)
    return text if text is not None else data.decode("latin-1")


def _xxd(command: Command, stdin: Stream, scene: Scene) -> str | None:
    text = _text_of(command, stdin, scene, "-c", "-s", "-l", "-g")
    return _as_text(decode.from_hex(text)) if text is not None and command.has("-r", "--decode") else None


def _gunzip(command: Command, stdin: Stream, scene: Scene) -> str | None:
    text = _text_of(command, stdin, scene)
    return None if text is None else decode.readable(decode.decompress(text.encode("latin-1", "replace")))


def _openssl(command: Command, stdin: Stream, scene: Scene) -> str | None:
    texts = command.texts()
    if (
        not texts
        or texts[0] not in ("enc", "base64")
        or not command.has("-d")
        or not (texts[0] == "base64" or command.has("-base64", "-a"))
    ):
        return None
    if any(text.startswith(("-aes", "-des")) for text in texts):
        return None
    return _as_text(decode.from_base64(clean(stdin.text))) if stdin.known else None


def _rev(command: Command, stdin: Stream, scene: Scene) -> str | None:
    text = _text_of(command, stdin, scene)
    return None if text is None else "\n".join(line[::-1] for line in text.split("\n"))


def _tac(command: Command, stdin: Stream, scene: Scene) -> str | None:
    text = _text_of(command, stdin, scene)
    return None if text is None else "".join(line + "\n" for line in reversed(text.splitlines()))


def _tr(command: Command, stdin: Stream, scene: Scene) -> Stream:
    if not stdin.known:
        return stdin if stdin.kind != "none" else UNKNOWN
    words = [word.text for word in command.operands()]
    text = clean(stdin.text)
    if command.has("-s", "-c", "-C", "--complement") or not words:
        return UNKNOWN
    if command.has("-d", "--delete"):
        return text_stream(decode.without(text, words[0]), decoded=stdin.decoded)
    if len(words) < 2:
        return UNKNOWN
    result = decode.transliterate(text, words[0], words[1])
    return text_stream(result, decoded=(*stdin.decoded, "tr"))


_SUBSTITUTE = re.compile(
    r"(?:^|;)\s*s(?P<d>[^\w\s\\])(?P<old>(?:(?!(?P=d))[^\\]|\\.)*)(?P=d)(?P<new>(?:(?!(?P=d))[^\\]|\\.)*)(?P=d)(?P<how>[gi]*)\s*(?=;|$)"
)


def _sed(command: Command, stdin: Stream, scene: Scene) -> Stream:
    """`sed s/literal/text/` over known text; other programs leave it unknown."""
    if not stdin.known:
        return stdin if stdin.kind == "network" else UNKNOWN
    words = command.operands("-e", "--expression")
    given = command.value("-e", "--expression")
    script = given.text if given is not None else words[0].text if words else ""
    text = clean(stdin.text)
    done = 0
    for match in _SUBSTITUTE.finditer(script):
        old, new = match["old"], match["new"]
        if re.search(r"[.*^$\[\]\\+?(){}|]", old) or re.search(r"[&\\]", new):
            return UNKNOWN
        text = "\n".join(line.replace(old, new, -1 if "g" in match["how"] else 1) for line in text.split("\n"))
        done += 1
    return text_stream(text, decoded=(*stdin.decoded, "sed")) if done else UNKNOWN


def _pass(command: Command, stdin: Stream, scene: Scene) -> Stream:
    """Filters that give some of their input: known text stays as it is, the rest keeps its kind."""
    if command.operands("-n", "-c", "-k", "-t", "-d", "-f") and command.name != "tee":
        return UNKNOWN
    if command.name == "sort" and stdin.known:
        lines = clean(stdin.text).splitlines(keepends=True)
        return UNKNOWN if command.words and len(lines) > 1 else text_stream("".join(sorted(lines)))
    return stdin if stdin.kind != "none" else UNKNOWN


def _head(command: Command, stdin: Stream, scene: Scene) -> Stream:
    whole = _cat(Command(name="cat", words=tuple(command.operands("-n", "-c"))), stdin, scene)
    if not whole.known:
        return whole
    value = command.value("-n", "-c") or next(
        (Word(text=word.text[1:]) for word in command.words if re.fullmatch(r"-\d+", word.text)), None
    )
    if value is None or not value.text.isdigit():
        return whole
    count = int(value.text)
    text = clean(whole.text)
    if command.has("-c") and not command.has("-n"):
        return text_stream(text[:count] if command.name == "head" else text[len(text) - count :])
    lines = text.splitlines(keepends=True)
    return text_stream("".join(lines[:count] if command.name == "head" else lines[-count:]))


def _grep(command: Command, stdin: Stream, scene: Scene) -> Stream:
    if command.has("-l", "--files-with-matches", "-L"):
        words = command.operands("-e", "-f", "-A", "-B", "-C", "-m", "--include", "--exclude", "--exclude-dir")[1:]
        return _listing(words or [Word(text=".")])
    return stdin if stdin.kind == "network" else UNKNOWN


def _listing(roots: Sequence[Word], pattern: str = "**") -> Stream:
    if any(root.dynamic for root in roots):
        return UNKNOWN
    return Stream(
        "dynamic", items=tuple(Word(text=f"{root.text.rstrip('/') or ''}/{pattern}", glob=True) for root in roots[:16])
    )


def _find(command: Command, stdin: Stream, scene: Scene) -> Stream:
    roots: list[Word] = []
    for word in command.words:
        if word.text.startswith(("-", "(", "!")):
            break
        roots.append(word)
    name = command.value("-name", "-iname")
    return _listing(roots or [Word(text=".")], f"**/{name.text}" if name is not None and not name.dynamic else "**")


def _ls(command: Command, stdin: Stream, scene: Scene) -> Stream:
    words = command.operands("-I", "-w", "--ignore")
    if any(word.glob for word in words) or command.has("-d"):
        return Stream("dynamic", items=tuple(words)) if not any(word.dynamic for word in words) else UNKNOWN
    return _listing(words, "*") if words else Stream("dynamic", items=(Word(text="*", glob=True),))


def _fetch(command: Command, stdin: Stream, scene: Scene) -> Stream:
    return NOTHING if fetched_to(command) is not None else Stream("network", DYNAMIC, fetched_from(command))


def _network(command: Command, stdin: Stream, scene: Scene) -> Stream:
    words = command.operands()
    return Stream("network", DYNAMIC, words[0].text if words else "")


def _value(make: Callable[[Command, Scene], str | None]) -> Output:
    def output(command: Command, stdin: Stream, scene: Scene) -> Stream:
        text = make(command, scene)
        return UNKNOWN if text is None else text_stream(text + "\n")

    return output


def _first_operand(command: Command) -> str | None:
    words = command.operands("-s", "-a")
    return mark(words[0]) if words else None


def _basename(command: Command, scene: Scene) -> str | None:
    text = _first_operand(command)
    words = command.operands("-s", "-a")
    if text is None:
        return None
    base = text.rstrip("/").rsplit("/", 1)[-1]
    if DYNAMIC in text and DYNAMIC not in base:
        base = DYNAMIC + base
    return base.removesuffix(words[1].text) if len(words) > 1 and base != words[1].text else base


def _dirname(command: Command, scene: Scene) -> str | None:
    text = _first_operand(command)
    if text is None:
        return None
    head = text.rstrip("/").rpartition("/")[0]
    return head or ("/" if text.startswith("/") else ".")


def _pwd(command: Command, scene: Scene) -> str | None:
    return scene.place.here or scene.place.cwd or "."


def _mktemp(command: Command, scene: Scene) -> str | None:
    return "/tmp/tmp.XXXXXX"  # noqa: S108  where it would be, not a file of ours


def _date(command: Command, scene: Scene) -> str | None:
    words = command.operands("-d", "--date", "-r", "-f", "-u")
    shape = words[0].text if words else ""
    if shape.startswith("+") and re.fullmatch(r"\+(?:%[-_0]?[YmdHMSsNFTjuwyIV]|[-_.:T ])+", shape):
        return re.sub(r"%[-_0]?[A-Za-z]", "0", shape[1:])
    return shape[1:] if shape.startswith("+") and "%" not in shape else None


def _seq(command: Command, scene: Scene) -> str | None:
    numbers = [word.text for word in command.operands("-s", "-f")]
    if not numbers or not all(re.fullmatch(r"-?\d{1,6}", number) for number in numbers):
        return None
    first, last = (1, int(numbers[0])) if len(numbers) == 1 else (int(numbers[0]), int(numbers[-1]))
    return "\n".join(str(n) for n in range(first, min(last, first + 63) + 1))


def _number(command: Command, scene: Scene) -> str | None:
    return "1"


def _realpath(command: Command, scene: Scene) -> str | None:
    words = command.operands("-m", "-e", "-f")
    if words and words[0].text.startswith(("-",)):
        return None
    return None if not words or words[0].dynamic else scene.place.resolve(words[0].text)


def _which(command: Command, stdin: Stream, scene: Scene) -> Stream:
    words = command.operands()
    if command.name == "command" and not command.has("-v"):
        return UNKNOWN
    return text_stream(mark(words[0]) + "\n") if words else UNKNOWN


def _git(command: Command, stdin: Stream, scene: Scene) -> Stream:
    texts = command.texts()
    if texts[:2] == ["rev-parse", "--show-toplevel"]:
        return text_stream((scene.place.cwd or ".") + "\n")
    return Stream("dynamic", items=(Word(text="**", glob=True),)) if texts[:1] == ["ls-files"] else UNKNOWN


_OUTPUTS: Mapping[str, Output] = {
    **dict.fromkeys(
        ("cd", "pushd", "popd", ":", "true", "false", "mkdir", "rm", "rmdir", "mv", "cp", "touch", "chmod", "chown", "ln", "sleep", "export", "set", "unset", "shift",
         "source", ".", "eval", "alias", "read", "mapfile", "exit", "return", "break", "continue", "wait", "kill", "trap", "test", "[", "local", "declare"),
        _silent,
    ),
    "echo": _echo,
    "printf": _printf_output,
    "cat": _cat,
    "tac": _decoder("tac", _tac),
    "zcat": _decoder("gunzip", _gunzip),
    "gunzip": _decoder("gunzip", _gunzip),
    "gzip": _decoder("gunzip", _gunzip),
    "bzcat": _decoder("gunzip", _gunzip),
    "bunzip2": _decoder("gunzip", _gunzip),
    "xzcat": _decoder("gunzip", _gunzip),
    "unxz": _decoder("gunzip", _gunzip),
    "base64": _decoder("base64", _base64),
    "base32": _decoder("base32", _base64),
    "xxd": _decoder("xxd", _xxd),
    "openssl": _decoder("openssl", _openssl),
    "rev": _decoder("rev", _rev),
    "tr": _tr,
    "sed": _sed,
    "tee": _pass,
    "sort": _pass,
    "uniq": _pass,
    "pv": _pass,
    "sponge": _pass,
    "head": _head,
    "tail": _head,
    "grep": _grep,
    "find": _find,
    "fd": _find,
    "ls": _ls,
    "curl": _fetch,
    "wget": _fetch,
    "nc": _network,
    "ncat": _network,
    "netcat": _network,
    "socat": _network,
    "telnet": _network,
    "http": _network,
    "https": _network,
    "lynx": _network,
    "aria2c": _network,
    "dig": _network,
    "basename": _value(_basename),
    "dirname": _value(_dirname),
    "pwd": _value(_pwd),
    "mktemp": _value(_mktemp),
    "date": _value(_date),
    "seq": _value(_seq),
    "nproc": _value(_number),
    "realpath": _value(_realpath),
    "readlink": _value(_realpath),
    "which": _which,
    "command": _which,
    "git": _git,
}  # fmt: skip
