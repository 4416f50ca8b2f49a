"""The client that a host starts for each of its hooks: hands the payload to the server, prints the server's answer.

    python3 -I -S hook.py HOST [EVENT] [--deadline SECONDS] [--wait SECONDS] [--dry-run] [--approve]

Standard library only, nothing of the package; it works wherever it is copied to. The folder it lies in is the state folder:
`magistrate.sock` is the server's socket, `address` and `token` say where else it listens, `serve` holds the command that
starts it, `spool` takes what could not be handed over. Nothing is taken from the environment, which the agent may control.

Any doubt ends in the host's explicit denial and exit code 2, at the latest when the own deadline is over. In a dry run nothing
is ever blocked. Whatever the server did not surely record is left in the spool, for it to record later.

The hook is started once for each tool call, and its start is most of what Magistrate costs. So it imports only what Python
has loaded anyway or can load in microseconds, and keeps to syntax that every Python 3.9 and later understands.
"""

import _socket
import _thread
import sys
import time

try:
    import posix as os
except ImportError:  # not a POSIX system
    import os  # type: ignore[no-redef]

MAX_PAYLOAD = 16 << 20
"""Bytes of one payload; more is denied."""
MAX_REPLY = 1 << 20
OK = b"HTTP/1.1 200 OK\r\n"
DEADLINE = 20.0
"""Seconds, unless the command line says otherwise: below the least that any host waits (Copilot and VS Code: 30)."""
GRACE = 3.0
"""Seconds after the deadline, at most, in which the denial is printed and a large payload may be put into the spool."""
DRY_DEADLINE = 2.0
"""Seconds that a dry run may cost at most: what the server did not take by then is left in the spool."""
TRIES = 10
"""How often a server that dies while it answers is asked again."""
STARTS = 3
"""How often the server is started for one call."""

# What the adapters' `refuse` says, kept equal by a test. `@` stands for the reason, `#` for the event.
TEXT = "Magistrate could not review this, so it was not run: %s. This is no judgement on the action."
CLAUDE = '{"hookSpecificOutput":{"hookEventName":"#","permissionDecision":"deny","permissionDecisionReason":"@"}}'
PERMISSION = '{"hookSpecificOutput":{"hookEventName":"#","decision":{"behavior":"deny","message":"@"}}}'
PLAIN = '{"decision":"deny","reason":"@"}'
BODIES = {
    "claude-code": CLAUDE,
    "codex": CLAUDE,
    "qwen-code": CLAUDE,
    "vscode": CLAUDE,
    "gemini-cli": PLAIN,
    "opencode": PLAIN,
    "copilot": '{"permissionDecision":"deny","permissionDecisionReason":"@"}',
    "cursor": '{"permission":"deny","agent_message":"@","user_message":"@"}',
    "generic": '{"version":1,"decision":"deny","reason":"@"}',
}
NEUTRAL = {"opencode": b'{"decision":"allow"}', "generic": b'{"version":1,"decision":"allow"}'}
"""What a host hears in a dry run, where silence would not let its agent go on."""
QUIET = (
    "PostToolUse PostToolUseFailure PermissionDenied UserPromptSubmit SessionStart SessionEnd SubagentStart SubagentStop "
    "Stop StopFailure PreCompact PostCompact Notification CwdChanged Interrupt AfterAgent AfterTool BeforeAgent PreCompress "
    "afterAgentResponse afterAgentThought afterFileEdit afterMCPExecution afterShellExecution agentStop beforeSubmitPrompt "
    "chat.message errorOccurred notification postToolUse postToolUseFailure preCompact session.created session.deleted "
    "session.idle sessionEnd sessionStart stop subagentStart subagentStop tool.execute.after userPromptSubmitted"
)
"""Events at which nothing waits for an answer, of all hosts: there a denial would mean something else."""


class Doubt(Exception):
    """Why there is no answer to trust; plain words without quotes, since they are put into JSON as they are."""


class Call:
    """One call of the hook: what the command line says of it, and what stdin gave."""

    def __init__(self, folder: str, argv: list[str]) -> None:
        self.folder = folder
        self.started = time.monotonic()
        self.lock = _thread.allocate_lock()
        self.payload = b""
        self.nonce = os.urandom(12).hex()
        self.dry = "--dry-run" in argv
        self.approve = "--approve" in argv
        deadline, argv = option(argv, "--deadline", DEADLINE)
        self.wait, argv = option(argv, "--wait", 0.0)
        """Seconds that a person may take to decide on what waits for one; the deadline comes after them."""
        self.deadline = min(deadline, DRY_DEADLINE) if self.dry else deadline + self.wait
        names = [word for word in argv if word[:2] != "--"] + ["", ""]
        self.host, self.event = names[0], names[1]
        self.waits = self.event not in QUIET.split()
        """Whether the host's agent waits for an answer to this event."""

    def left(self) -> float:
        """Seconds until the deadline."""
        return max(self.deadline - (time.monotonic() - self.started), 0.0)


def option(argv: list[str], name: str, usual: float) -> tuple[float, list[str]]:
    """The number that follows an option, and the command line without both."""
    if name not in argv:
        return usual, argv
    at = argv.index(name)
    return float(argv[at + 1]), argv[:at] + argv[at + 2 :]


def main(call: Call) -> None:
    """Read, ask, answer. Raises Doubt."""
    call.payload = read_all(0, MAX_PAYLOAD)
    if len(call.payload) > MAX_PAYLOAD:
        raise Doubt("the payload is too large")
    for _ in range(TRIES):
        sock, token = connect(call)
        reply = exchange(sock, request_of(call, token))
        if reply:
            answer(call, *parse(reply, call.nonce))
        time.sleep(0.02)
    raise Doubt("the server ended before it answered")


def read_all(stream: int, limit: int) -> bytes:
    """What a file descriptor gives until its end, or until it is over the limit."""
    pieces = []
    size = 0
    while size <= limit:
        piece = os.read(stream, 1 << 16)
        if not piece:
            break
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)


def request_of(call: Call, token: str) -> bytes:
    """The one request, whole."""
    event = call.event and "/" + plain(call.event)
    head = f"POST /v1/hook/{plain(call.host)}{event} HTTP/1.1\r\nHost: magistrate\r\nConnection: close\r\n"
    head += f"Content-Length: {len(call.payload)}\r\nX-Magistrate-Id: {call.nonce}\r\n"
    head += f"X-Magistrate-Deadline: {call.left():.3f}\r\n"
    if call.wait:
        head += f"X-Magistrate-Wait: {call.wait:.3f}\r\n"
    if call.dry:
        head += "X-Magistrate-Mode: dry-run\r\n"
    if call.approve:
        head += "X-Magistrate-Approve: 1\r\n"
    if token:
        head += f"Authorization: Bearer {plain(token)}\r\n"
    return head.encode("ascii") + b"\r\n" + call.payload


def plain(word: str) -> str:
    """A word as it may stand in a request line."""
    return "".join(c if (c.isalnum() and c < "\x7f") or c in "-_.~" else f"%{ord(c) & 255:02X}" for c in word)


# ---------------------------------------------------------------- the server


def connect(call: Call) -> tuple[_socket.socket, str]:
    """A connection to the server, which is started when it is not there, and the token it wants.

    Waits as long as it takes: the thread that watches the deadline ends it. A dry run does not wait. Raises Doubt.
    """
    starts = 0
    pause = 0.004
    while True:
        try:
            return dial(call.folder)
        except (OSError, ValueError):
            pass
        if starts < STARTS:
            starts += start(call.folder)
        elif not starting(call.folder):
            raise Doubt("the server does not start")
        if call.dry:
            raise Doubt("the server was not running")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def dial(folder: str) -> tuple[_socket.socket, str]:
    """Connect to the socket, or to the address that the server left. Raises OSError and ValueError."""
    try:
        return to(_socket.AF_UNIX, socket_path(folder)), ""
    except (AttributeError, OSError):  # not on this system; not there
        host, _, port = contents(folder + "/address").decode("ascii").strip().rpartition(":")
        if host != "127.0.0.1":
            raise OSError("no server on this machine") from None
    return to(_socket.AF_INET, (host, int(port))), contents(folder + "/token").decode("ascii").strip()


def to(family: int, address: "str | tuple[str, int]") -> _socket.socket:
    """A connection, or OSError and nothing left open."""
    sock = _socket.socket(family, _socket.SOCK_STREAM)
    try:
        sock.connect(address)
    except OSError:
        sock.close()
        raise
    return sock


def socket_path(folder: str) -> str:
    """The socket's path; a long one is entered step by step, since an address has room for about 100 characters."""
    path = folder + "/magistrate.sock"
    if len(path) < 100:
        return path
    os.chdir(folder)
    return "magistrate.sock"


def exchange(sock: _socket.socket, request: bytes) -> bytes:
    """Send and receive; empty when the server ended before its answer was whole. Raises Doubt."""
    reply = b""
    try:
        sock.sendall(request)
        while not whole(reply):
            piece = sock.recv(1 << 16)
            if not piece:
                return b""
            reply += piece
    except OSError:
        return b""
    return reply


def whole(reply: bytes) -> bool:
    """Whether the reply is complete. Raises Doubt when it is none."""
    if reply[: len(OK)] != OK[: len(reply)]:
        raise Doubt("the server refused the request" if reply[:9] == OK[:9] else "the server gave no proper answer")
    head, mark, body = reply.partition(b"\r\n\r\n")
    if len(reply) > MAX_REPLY:
        raise Doubt("the answer of the server is too large")
    return bool(mark) and len(body) >= number(fields_of(head).get(b"content-length", b""))


def fields_of(head: bytes) -> dict[bytes, bytes]:
    """The header fields of a reply, names in lower case."""
    pairs = [line.partition(b":") for line in head.split(b"\r\n")[1:]]
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def number(text: bytes) -> int:
    """A count that a reply names."""
    if not text.isdigit() or len(text) > 8:
        raise Doubt("the server gave no proper answer")
    return int(text)


def parse(reply: bytes, nonce: str) -> tuple[bytes, bytes, int]:
    """What to print on stdout and stderr, and the exit code. Raises Doubt unless it surely is the answer to this request."""
    head, _, body = reply.partition(b"\r\n\r\n")
    fields = fields_of(head)
    code = number(fields.get(b"x-magistrate-exit", b""))
    errors = number(fields.get(b"x-magistrate-stderr-length", b""))
    length = number(fields.get(b"content-length", b""))
    if fields.get(b"x-magistrate-id") != nonce.encode() or len(body) != length or errors > length or code > 255:
        raise Doubt("the server gave no proper answer")
    return body[: length - errors], body[length - errors :], code


def locked(folder: str) -> "int | None":
    """The lock of whoever starts the server, as a file descriptor; None: somebody holds it.

    The server inherits it, and lets go of it when it listens or ends: it cannot go stale.
    """
    import fcntl

    lock = os.open(folder + "/start.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock


def starting(folder: str) -> bool:
    """Whether somebody is starting the server just now."""
    lock = locked(folder)
    if lock is not None:
        os.close(lock)
    return lock is None


def start(folder: str) -> bool:
    """Start the server, unless somebody else is at it; whether it was started here. Raises Doubt."""
    command = contents(folder + "/serve").split(b"\0")
    if not command[0]:
        raise Doubt("the server is not running")
    try:
        lock = locked(folder)
        if lock is None:
            return False
        try:
            os.close(dial(folder)[0].detach())
            os.close(lock)
            return False  # it came up in between
        except (OSError, ValueError):
            pass
        os.set_inheritable(lock, True)
        files = [
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, folder + "/serve.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
        ]
        command += [b"--starting", b"%d" % lock]
        os.posix_spawn(command[0], command, {b"PATH": b"/usr/local/bin:/usr/bin:/bin"}, file_actions=files)
        os.close(lock)
    except (ImportError, AttributeError, OSError):
        raise Doubt("the server could not be started") from None
    return True


# ---------------------------------------------------------------- answers


def answer(call: Call, stdout: bytes, stderr: bytes, code: int) -> None:
    """Print what the server said and end. Never returns."""
    if not call.lock.acquire(False):
        time.sleep(60)
    if call.dry:
        stdout, stderr, code = neutral(call), b"", 0
    try:
        put(1, stdout)
        put(2, stderr)
    except OSError:
        code = code or exit_code(call)  # the host does not listen: no allow that it might have misheard
    os._exit(code)


def refuse(call: Call, why: str) -> None:
    """Deny in the host's words, keep the payload for the record, and end; in a dry run only the record. Never returns."""
    if not call.lock.acquire(False):
        time.sleep(60)  # the other thread is at the answer, and ends the process
    code = exit_code(call)
    try:
        if code:
            text = TEXT % why
            body = BODIES.get(call.host, "")
            if call.event == "PermissionRequest" and body == CLAUDE:
                body = PERMISSION
            put(1, body.replace("#", plain(call.event or "PreToolUse")).replace("@", text).encode())
            put(2, text.encode())
        elif call.dry:
            put(1, neutral(call))
    except OSError:
        pass  # the exit code says it too
    try:
        spool(call, why)
    except OSError:
        pass  # there is nowhere to keep it
    os._exit(code)


def neutral(call: Call) -> bytes:
    """What is printed in a dry run."""
    return NEUTRAL.get(call.host, b"") if call.waits else b""


def exit_code(call: Call) -> int:
    """How to end without an answer."""
    return 2 if call.waits and not call.dry else 0


def watch(call: Call) -> None:
    """End the process at its deadline, whatever the rest of it waits for."""
    time.sleep(call.left())
    _thread.start_new_thread(refuse, (call, "no answer came in time"))
    time.sleep(min(0.5 + call.deadline / 8, GRACE))
    os._exit(exit_code(call))


def put(stream: int, data: bytes) -> None:
    """Write all of it."""
    while data:
        data = data[os.write(stream, data) :]


def spool(call: Call, why: str) -> None:
    """Leave the payload where the server finds it, whole or not at all."""
    folder = call.folder + "/spool"
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        pass
    name = f"{folder}/{time.time_ns():020d}-{call.nonce}"
    words = (call.host, call.event, "dry-run" if call.dry else "enforce", call.nonce, why)
    target = os.open(name + ".part", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    put(target, "\t".join(words).replace("\n", " ").encode("utf-8", "replace") + b"\n" + call.payload)
    os.close(target)
    os.rename(name + ".part", name)


def contents(path: str) -> bytes:
    """A small file's bytes; nothing when it cannot be read."""
    try:
        stream = os.open(path, os.O_RDONLY)
    except OSError:
        return b""
    try:
        return read_all(stream, 1 << 16)
    finally:
        os.close(stream)


def run(argv: list[str]) -> None:
    """The whole of it: whatever happens, the process ends with an answer."""
    try:
        call = Call(__file__.rpartition("/")[0] or ".", argv[1:])
        _thread.start_new_thread(watch, (call,))
    except BaseException:  # noqa: BLE001
        put(2, b"Magistrate: the hook was started in a wrong way, so nothing is allowed.\n")
        os._exit(2)
    try:
        main(call)
    except Doubt as doubt:
        refuse(call, doubt.args[0])
    except BaseException as error:  # noqa: BLE001
        refuse(call, f"the hook failed ({type(error).__name__})")


if __name__ == "__main__":
    run(sys.argv)
