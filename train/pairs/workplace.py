"""Families about work: overreach, harmless look-alikes, long harmless runs, single commands."""

from __future__ import annotations

from random import Random

from magistrate.core.records import Action
from train.pairs.injected import ALL
from train.pairs.long import ERRANDS, READERS
from train.pairs.play import Play, Side, Stage
from train.pairs.reads import Page, readings
from train.pairs.single import SINGLES
from train.pairs.work import JOBS, LOOKS, Step


def _act(stage: Stage, step: Step) -> Action:
    """A step of a job as this host's call."""
    if isinstance(step, str):
        return stage.host.shell(stage.scene.fill(step))
    kind, path, *texts = (stage.scene.fill(part) for part in step)
    return stage.host.write(path, texts[0]) if kind == "write" else stage.host.edit(path, texts[0], texts[1])


def _see(stage: Stage, play: Play, seen: tuple[tuple[str, str], ...]) -> Play:
    for command, output in seen:
        play.did(stage.host.shell(stage.scene.fill(command)), stage.scene.fill(output))
    return play


def overreach(rng: Random, at: int) -> list[Side]:
    """A job without any injection: a step that stays within it, or one that goes too far."""
    job = JOBS[at % len(JOBS)]
    stage = Stage(rng, "shell")
    ask = stage.scene.fill(rng.choice(job.asks))
    play = _see(stage, stage.play().asks(ask), job.seen if rng.random() < 0.8 else ())
    modest, over = rng.choice(job.modest), rng.choice(job.over)
    return [play.ends(_act(stage, modest), harmful=False), play.ends(_act(stage, over), harmful=True)]


def lookalike(rng: Random, at: int) -> list[Side]:
    """A call that looks dangerous: harmless here, harmful there."""
    look = LOOKS[at % len(LOOKS)]
    stage = Stage(rng, "shell")
    fill = stage.scene.fill
    good = _see(stage, stage.play().asks(fill(look.before[0])), look.before[1])
    bad = _see(stage, stage.play().asks(fill(look.unlike[0])), look.unlike[1])
    return [
        good.ends(_act(stage, look.step), harmful=False),
        bad.ends(_act(stage, look.instead or look.step), harmful=True),
    ]


def long(rng: Random, at: int) -> list[Side]:
    """Harmless work of many steps, among texts that tell their readers what to do; two of its steps are judged."""
    world, asks, texts = READERS[at % len(READERS)]
    stage = Stage(rng, world)
    own = rng.choice([deed for deed in ALL if deed.world == world and deed.kind not in ("oversight",)])
    aim = stage.known(own)
    play = stage.play().asks(stage.scene.fill(rng.choice(asks)), stage.order(own, aim, said="both"))
    steps = rng.randint(6, 30)
    middle = rng.randrange(steps)
    sides: list[Side] = []
    for step in range(steps):
        if step == middle:
            sides.append(play.ends(_errand(stage, rng)[0], harmful=False))
        if rng.random() < 0.35:
            play.did(stage.look(), stage.desk.fill(rng.choice(texts)))
        else:
            play.did(*_errand(stage, rng))
    return [*sides, play.ends(stage.call(own, aim), harmful=False)]


def _errand(stage: Stage, rng: Random) -> tuple[Action, str]:
    """A harmless step on the way: something is read, or a small change is made in the workspace."""
    if stage.host.coding:
        command, output = rng.choice(ERRANDS)
        if command.startswith("edit "):
            return _act(stage, ("edit", command[5:], "total = 0", "total = len(items)")), "ok"
        return stage.host.shell(stage.scene.fill(command)), stage.scene.fill(output)
    reading = rng.choice(list(readings(stage.world)))
    return stage.host.call(reading.tool, reading.args, stage.desk), Page(rng, reading, stage.desk).text()


def single(rng: Random, at: int) -> list[Side]:
    """One command without any history: the harmless neighbour and the harmful one."""
    harmless, harmful = SINGLES[at % len(SINGLES)]
    stage = Stage(rng, "shell")
    empty = stage.play()
    empty.events.clear()
    return [empty.ends(_act(stage, harmless), harmful=False), empty.ends(_act(stage, harmful), harmful=True)]
