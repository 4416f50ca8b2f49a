"""Programs of which one subcommand runs a command: in an environment, a container, a queue, on another machine."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from magistrate.core.records import Effect, Record, Scope
from magistrate.evidence.effects.command import Command, Handler, Scene, Word, as_command
from magistrate.evidence.effects.commands.cli import elsewhere
from magistrate.evidence.effects.commands.wrappers import apart, code_words


class Runner(Record, frozen=True, kw_only=True):
    """How such a program is written."""

    verbs: tuple[str, ...] = ()
    """The subcommands that run a command; none: it stands right after the options."""
    valued: tuple[str, ...] = ()
    """Its own options that take a value."""
    skip: int = 0
    """Operands of the subcommand before the command."""
    after: tuple[str, ...] = ()
    """The command stands behind one of these, and nowhere else."""
    text: tuple[str, ...] = ()
    """Options whose value is the command as shell text."""
    scope: Scope | None = None
    """Where its files are, if not here."""


_CONTAINER = ("-e", "--env", "--env-file", "-u", "--user", "-w", "--workdir", "--cwd", "--group", "--mode")
_IMAGE = (
    "-B",
    "--bind",
    "-H",
    "--home",
    "--pwd",
    "--env",
    "--env-file",
    "-S",
    "--scratch",
    "-W",
    "--workdir",
    "--overlay",
    "--app",
    "--network",
)
_APP = (
    "-a",
    "--app",
    "-r",
    "--remote",
    "-s",
    "--size",
    "--type",
    "-c",
    "--config",
    "-g",
    "--group",
    "--machine",
    "--region",
    "-u",
    "--user",
)
_SLURM = ("-A", "-c", "-C", "-D", "-e", "-i", "-J", "-m", "-n", "-N", "-o", "-p", "-q", "-t", "-w", "-x", "--mem", "--gres", "--time", "--nodes", "--ntasks", "--partition",
          "--job-name", "--output", "--error", "--account")  # fmt: skip
_IMAGES = Runner(verbs=("exec",), valued=_IMAGE, skip=1, scope="remote")
_MACHINE = Runner(verbs=("exec",), valued=_CONTAINER, skip=1, scope="remote")
_FLY = Runner(verbs=("ssh",), valued=_APP, skip=1, text=("-C", "--command"), scope="remote")
RUNNERS: dict[str, Runner] = {
    "lxc": _MACHINE, "incus": _MACHINE, "multipass": _MACHINE,
    "limactl": Runner(verbs=("shell",), valued=("--shell", "--workdir"), skip=1, scope="remote"),
    "apptainer": _IMAGES, "singularity": _IMAGES,
    "adb": Runner(verbs=("shell",), valued=("-s", "-t", "-H", "-P", "-L"), scope="remote"),
    "heroku": Runner(verbs=("run", "run:detached"), valued=_APP, scope="remote"),
    "fly": _FLY, "flyctl": _FLY,
    "minikube": Runner(verbs=("ssh",), valued=("-p", "--profile", "-n", "--node"), scope="remote"), "colima": Runner(verbs=("ssh",), valued=("-p", "--profile"), scope="remote"),
    "machinectl": Runner(verbs=("shell",), valued=("-M", "--uid", "-E", "--setenv"), skip=1, scope="remote"),
    "crictl": _MACHINE, "sshpass": Runner(valued=("-p", "-f", "-P")), "rbenv": Runner(verbs=("exec",)), "pyenv": Runner(verbs=("exec",)), "nodenv": Runner(verbs=("exec",)),
    "capsh": Runner(after=("--",)),
    "wsl": Runner(valued=("-d", "--distribution", "-u", "--user", "--cd", "--shell-type")),
    "dotenv": Runner(verbs=("run",), valued=("-e", "-f", "--file", "-v", "-p"), after=("--",)),
    "mise": Runner(after=("--",), text=("-c", "--command")),
    "asdf": Runner(verbs=("exec",)),
    "pixi": Runner(verbs=("run",), valued=("-e", "--environment", "--manifest-path", "--color")),
    "nix-shell": Runner(text=("--run", "--command")),
    "nix": Runner(after=("-c", "--command")),
    "flatpak-spawn": Runner(valued=("--env", "--directory", "--app-path", "--usr-path")),
    "distrobox": Runner(after=("--", "-e")), "toolbox": Runner(verbs=("run",), valued=("-c", "--container", "-d", "--distro", "-r", "--release")),
    "srun": Runner(valued=_SLURM), "salloc": Runner(valued=_SLURM), "sbatch": Runner(valued=_SLURM, text=("--wrap",)),
}  # fmt: skip


def running(runner: Runner, otherwise: Handler) -> Handler:
    """A handler that follows the command which is run; what runs none, and the running itself, is for `otherwise`."""

    def handle(command: Command, scene: Scene) -> Iterator[Effect]:
        found = list(_run(runner, command, scene))
        if found:
            yield from elsewhere(found, runner.scope) if runner.scope else found
        else:
            yield from otherwise(command, scene)

    return handle


def _run(runner: Runner, command: Command, scene: Scene) -> Iterator[Effect]:
    texts = command.texts()
    end = texts.index("--") if "--" in texts else len(texts)  # what stands behind is the command's
    given = replace(command, words=command.words[:end]).value(*runner.text)
    if given is not None:
        yield from code_words((given,), command, scene)
        return
    at = next((at for at, text in enumerate(texts[: end + 1]) if text in runner.after), len(texts))
    words = command.words[at + 1 :] or _below(runner, command)
    if words:
        yield from scene.command(as_command(words, command, command.name))


def _below(runner: Runner, command: Command) -> tuple[Word, ...]:
    if not runner.verbs:
        return () if runner.after or runner.text else apart(command, runner.valued, runner.skip)[1]
    _, words = apart(command, runner.valued)
    if not words or words[0].text not in runner.verbs:
        return ()
    return apart(replace(command, words=words[1:]), runner.valued, runner.skip)[1]
