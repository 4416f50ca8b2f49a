"""`magistrate audit`: draw, label, estimate."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from magistrate.cli.options import need_scipy
from magistrate.cli.output import FOUND, json_line, plain, table
from magistrate.core.config import review_ledgers, state_dir
from magistrate.core.errors import ConfigError, InputError
from magistrate.ledger import Ledger

if TYPE_CHECKING:
    from magistrate.audit.findings import Audited, Measured
    from magistrate.audit.labelling import Card
    from magistrate.core.records import Label, Sample
    from magistrate.model_labeller import ModelLabeller

ledger_option = click.option(
    "--ledger",
    "ledger_path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The ledger; the live one, else that of the newest review, is the default.",
)
sample_option = click.option(
    "--sample", "name", default="", help="How the sample's id begins; the newest is the default."
)
_KEYS = {"h": "harmful", "s": "harmless", "c": "cannot-tell"}


def opened(path: Path | None, *, readonly: bool = False) -> Ledger:
    """The named ledger, the live one, or that of the newest review."""
    known = [*review_ledgers(), *(live for live in [state_dir() / "live.db"] if live.exists())]
    if path is None and not known:
        raise InputError(
            "no ledger here yet", mend="run `magistrate review` or `magistrate guard`, or name one by --ledger"
        )
    return Ledger(path or known[-1], readonly=readonly)


@click.group()
def audit() -> None:
    """Measure what was missed: draw a sample, label it blind, estimate.

    docs/measuring.md says what to label and what it can tell.
    """


@audit.command()
@ledger_option
@click.option(
    "--secret", "secret_path", required=True, type=click.Path(path_type=Path, dir_okay=False), help="Where to keep it."
)
def commit(ledger_path: Path | None, secret_path: Path) -> None:
    """Fix the randomness of a later draw now, so that nobody can choose it when the actions are known.

    Writes a fresh secret to a file that only you can read, and its hash to the ledger.
    """
    import os

    from magistrate.audit.book import commit as put
    from magistrate.audit.book import new_secret

    secret = new_secret()
    try:
        with os.fdopen(os.open(secret_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(secret)
    except FileExistsError:
        raise ConfigError(f"{secret_path} exists; a secret is never overwritten") from None
    with opened(ledger_path) as ledger:
        number = put(ledger, secret)
        click.echo(f"committed as event {number} of the run `audit`, checkpoint {ledger.checkpoint}")


@audit.command()
@ledger_option
@click.option("--items", type=click.IntRange(min=1), help="How many to draw.")
@click.option("--minutes", type=click.FloatRange(min=1), help="Or how long labelling may take; 30 is the default.")
@click.option(
    "--floor", type=click.FloatRange(0.1, 1), default=0.5, show_default=True, help="Share drawn regardless of scores."
)
@click.option(
    "--twice", type=click.FloatRange(0, 1), default=0.2, show_default=True, help="Share that is labelled twice."
)
@click.option("--since", "at_since", default="", help="Only actions recorded since this time (ISO 8601).")
@click.option("--new", is_flag=True, help="Only actions since the last sample.")
@click.option(
    "--secret", "secret_path", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Of `audit commit`."
)
@click.option("--dry-run", is_flag=True, help="Only say what it would be able to tell.")
def draw(
    ledger_path: Path | None,
    items: int | None,
    minutes: float | None,
    floor: float,
    twice: float,
    at_since: str,
    new: bool,
    secret_path: Path | None,
    dry_run: bool,
) -> None:
    """Draw actions at random to be labelled, and say what they will be able to tell.

    Allowed, denied, escalated and unjudged actions are strata of their own; the allowed also by score. Every action has a known
    chance of being drawn, which is recorded, as is the hash of the seed before the draw.
    """
    need_scipy("measuring")
    from magistrate.audit.book import samples, take
    from magistrate.audit.draw import plan
    from magistrate.audit.frame import AUDIT, first_id, frame
    from magistrate.audit.planning import items_in
    from magistrate.audit.watch import more_wanted

    if items and minutes:
        raise click.UsageError("give --items or --minutes, not both")
    with opened(ledger_path, readonly=dry_run) as ledger:
        spent = [event.body.seconds for event in ledger.events(AUDIT, kinds=("label",))]  # type: ignore[union-attr]
        budget = items or items_in(minutes or 30.0, spent) * (2 if more_wanted(ledger) else 1)
        since = max((one.upto for one in samples(ledger)), default=0) + 1 if new else 0
        since = max(since, first_id(ledger, at_since)) if at_since else since
        if dry_run:
            units = frame(ledger, since=since)
            if not units:
                raise InputError("no action to draw from", where=ledger.path)
            planned, name = plan(units, budget, floor=floor), ""
        else:
            secret = secret_path.read_text().strip() if secret_path else ""
            sample, planned, _ = take(ledger, budget, since=since, floor=floor, twice=twice, secret=secret)
            name = sample.id
    click.echo(_planned(planned, name))


def _planned(planned: Any, name: str) -> str:
    from magistrate.audit.planning import promises

    rows = [(one.name, f"{one.size:,}", f"{one.quota:,}", f"{one.quota / one.size:.2%}") for one in planned.strata]
    expected = [
        (promise.of, promise.case, f"{promise.estimate.low:.2%} to {promise.estimate.high:.2%}")
        for promise in promises(planned)
    ]
    lines = [
        table(["stratum", "actions", "drawn", "chance of each"], rows),
        "",
        "what it will tell, at 95%",
        table(["share of", "if labels show", "interval"], expected, left=2),
    ]
    return "\n".join([*lines, "", f"sample {name}: label it by `magistrate audit label`"] if name else lines)


@audit.command()
@ledger_option
@sample_option
@click.option("--as", "labeller", default="", help="Your name; it stands beside every label.")
@click.option(
    "--model",
    "model_path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Have a language model label instead, under its own name: settings as in docs/models.md.",
)
@click.option("--most", type=click.IntRange(min=0), default=0, help="Stop after so many; 0: when all are done.")
@click.option("--page", is_flag=True, help="In a browser instead: serve a page on loopback until interrupted.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Of that page; a free one by default.")
def label(
    ledger_path: Path | None,
    name: str,
    labeller: str,
    model_path: Path | None,
    most: int,
    page: bool,
    port: int,
) -> None:
    """Label drawn actions one by one, without sight of what was decided. Stop and go on whenever you like."""
    from magistrate.audit.book import find_sample
    from magistrate.audit.labelling import label_all

    if page:
        if model_path or most:
            raise click.UsageError("--page is for people: no --model, no --most")
        with opened(ledger_path, readonly=True) as ledger:
            where = Path(ledger.path), find_sample(ledger, name).id
        _serve_page(*where, labeller, port)
        return
    if bool(labeller) == bool(model_path):
        raise click.UsageError("say who labels: --as NAME, or --model FILE")
    with opened(ledger_path) as ledger:
        sample = find_sample(ledger, name)
        with _model(model_path) if model_path else nullcontext(_Terminal(labeller)) as who:
            done = sum(1 for _ in label_all(ledger, sample, who, most=most))
        click.echo(f"{done} labelled by {who.name}, durable; {_open(ledger, sample)} open")


def _serve_page(path: Path, sample: str, labeller: str, port: int) -> None:
    """Serve the page over one sample until interrupted."""
    from secrets import token_urlsafe
    from urllib.parse import quote

    from magistrate.server.labels import serve_page

    token = token_urlsafe(32)

    def ready(address: str) -> None:
        click.echo(
            f"http://{address}/label#{token}.{quote(labeller, safe='')}\nctrl-c ends it; every label is kept when given"
        )

    serve_page(path, sample, token, port, ready)


def _model(path: Path) -> ModelLabeller:
    from magistrate.model_labeller import ModelLabeller
    from magistrate.models.settings import connect, load
    from magistrate.review.choose import KEY
    from magistrate.review.quote import key_at

    return ModelLabeller(connect(load(path).model, state_dir()), key_at(state_dir() / KEY))


def _open(ledger: Ledger, sample: Sample) -> str:
    from magistrate.audit.labelling import left

    first, second = left(ledger, sample)
    return f"{first} and {second} second labels by somebody else"


class _Terminal:
    """A person at a terminal."""

    def __init__(self, name: str) -> None:
        self.name, self._seen = name, 0

    def label(self, shown: Card) -> Any:
        from magistrate.audit.labelling import Answer

        self._seen += 1
        click.echo("\n" + _text(shown, self._seen))
        while True:
            click.echo("h harmful   s harmless   c cannot tell   q stop: ", nl=False)
            pressed = click.getchar().lower()
            click.echo(_KEYS.get(pressed, ""))
            if pressed in ("q", "\x03", "\x04", ""):
                return None
            if pressed == "h":
                return Answer(says="harmful", severity=self._severity())
            if pressed in _KEYS:
                return Answer(says=_KEYS[pressed])  # type: ignore[arg-type]

    def _severity(self) -> int:
        click.echo("how bad?  1 a nuisance   2 harm that can be mended   3 serious   4 cannot be undone: ", nl=False)
        while (pressed := click.getchar()) not in "1234" or not pressed:
            if pressed in ("", "\x03", "\x04"):
                raise click.Abort
        click.echo(pressed)
        return int(pressed)


def _text(shown: Card, seen: int) -> str:
    """A card for a terminal; nothing that an agent wrote can steer it."""
    lines = [f"──── {seen} ────" + ("  second label" if shown.round == 2 else "")]
    lines += [f"{said.who}: {_lines(said.text)}" for said in shown.asked]
    if shown.before:
        lines += ["just before:", *(f"  #{said.n} {said.who}: {plain(said.text, 300)}" for said in shown.before)]
    where = f" in {plain(shown.cwd, 120)}" if shown.cwd else ""
    server = f" of {plain(shown.server, 60)}" if shown.server else ""
    return "\n".join([*lines, "", f"THE ACTION  {plain(shown.tool, 80)}{server}{where}", _lines(shown.arguments), ""])


def _lines(text: str) -> str:
    return "\n".join(plain(line) for line in text.splitlines())


@audit.command(name="export")
@ledger_option
@sample_option
def export_(ledger_path: Path | None, name: str) -> None:
    """Write what is to be labelled as JSON lines, for other tools: no verdict, no score, no stratum."""
    from magistrate.audit.book import find_sample
    from magistrate.audit.labelling import card

    with opened(ledger_path, readonly=True) as ledger:
        sample = find_sample(ledger, name)
        for item in sample.items:
            for number in (1, 2) if item.twice else (1,):
                click.echo(json_line(card(ledger, sample.id, item, round_=number)))


@audit.command(name="import")
@click.argument("path", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True))
@ledger_option
@sample_option
@click.option("--as", "labeller", default="", help="Who labelled, where the lines don't say.")
def import_(path: Path, ledger_path: Path | None, name: str, labeller: str) -> None:
    """Read labels as JSON lines: run, n, says (harmful, harmless, cannot-tell), and severity, labeller, round, note.

    All lines are checked before any is recorded.
    """
    from magistrate.audit.book import find_sample, record
    from magistrate.audit.labelling import imported

    data = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    with opened(ledger_path) as ledger:
        sample = find_sample(ledger, name)
        taken = list(imported(sample, data.splitlines(), labeller, str(path)))
        record(ledger, taken)
        click.echo(f"{len(taken)} labels recorded; {_open(ledger, sample)} open")


@audit.command()
@ledger_option
@sample_option
@click.option("--by", "ways", multiple=True, help="Also for each host, agent model, rule, reviewer, revision or day.")
@click.option("--severity", type=click.IntRange(0, 4), default=0, help="Harmful: at least this severe.")
@click.option("--anytime", is_flag=True, help="Limits that hold however often you look; wider.")
@click.option("--json", "as_json", is_flag=True, help="Everything, as one JSON object.")
def estimate(
    ledger_path: Path | None, name: str, ways: Sequence[str], severity: int, anytime: bool, as_json: bool
) -> None:
    """Say what the labels tell: each figure with its interval, method and assumptions."""
    need_scipy("measuring")
    from magistrate.audit.findings import PARTS, by_parts, measured, undetected_curve

    if unknown := set(ways) - set(PARTS):
        raise click.UsageError(f"no way to part by {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    command = "magistrate audit estimate"
    with opened(ledger_path, readonly=True) as ledger:
        of = loaded(ledger, name, severity=severity)
    command += f" --sample {of.sample.id}" + (f" --severity {severity}" if severity else "") + " --anytime" * anytime
    found = measured(of, anytime=anytime, command=command)
    parts = [one for way in ways for one in by_parts(of, way, command=f"{command} --by '{way}'")]
    curve = undetected_curve(of)
    if as_json:
        click.echo(json_line({"sample": of.sample.id, "figures": [*found, *parts], "undetected": curve}))
        return
    click.echo(_figures(of, [*found, *parts]))
    click.echo("\nundetected at most (95%), by the share of harmful actions that a labeller recognises")
    click.echo(table(["recognised", "actions", "of what went through"], [
        (f"{bound.recall:.0%}", f"{bound.high:,.0f}", f"{bound.rate:.2%}") for bound in curve
    ]))  # fmt: skip


def loaded(ledger: Ledger, name: str = "", *, severity: int = 0) -> Audited:
    """A sample with its population and labels."""
    from magistrate.audit.book import find_sample, labels
    from magistrate.audit.findings import audited
    from magistrate.audit.frame import frame

    sample = find_sample(ledger, name)
    units = frame(ledger, since=sample.since, upto=sample.upto)
    given: list[Label] = labels(ledger, sample.id)
    return audited(sample, units, given, severity=severity)


def _figures(of: Audited, found: Sequence[Measured]) -> str:
    rows = []
    for one in found:
        told = one.estimate
        value = "-" if told.value is None else f"{told.value:.2%}"
        rows.append(
            (one.quantity, one.part, value, f"{told.low:.2%} to {told.high:.2%}", f"{told.count}/{told.n}", told.method)
        )
    assumed = dict.fromkeys(one for entry in found for one in entry.estimate.assumptions)
    lines = [
        f"sample {of.sample.id}: {len(of.at):,} of {len(of.sample.items):,} drawn items labelled by "
        f"{', '.join(plain(name, 40) for name in of.labellers) or 'nobody'}; {len(of.units):,} actions",
        "",
        table(["", "of", "value", "95% interval", "found/labelled", "method"], rows, left=2),
        "",
        *(f"assumed: {one}" for one in assumed),
    ]
    return "\n".join(lines)


@audit.command()
@ledger_option
@sample_option
def verify(ledger_path: Path | None, name: str) -> None:
    """Draw a sample anew from the ledger; exit with 4 when it is not the one that was recorded."""
    from magistrate.audit.book import doubts, find_sample
    from magistrate.audit.frame import frame

    began = time.monotonic()
    with opened(ledger_path, readonly=True) as ledger:
        sample = find_sample(ledger, name)
        found = doubts(ledger, sample, frame(ledger, since=sample.since, upto=sample.upto))
    for doubt in found:
        click.echo(doubt.what)
    verdict = "NOT AS DRAWN" if found else "drawn as it says"
    click.echo(f"{verdict}: sample {sample.id}, {len(sample.items):,} items ({time.monotonic() - began:.1f} s)")
    if found:
        raise click.exceptions.Exit(FOUND)


@audit.command()
@ledger_option
@click.option(
    "--config", "config_path", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Watches, as TOML."
)
@click.option("--anew", multiple=True, help="Declare this indicator's baseline again; may be given again.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON an indicator.")
def watch(ledger_path: Path | None, config_path: Path | None, anew: Sequence[str], as_json: bool) -> None:
    """Check what is new against the baselines; exit with 4 when an alarm rings. Made to be run every day.

    Watched are missed canaries, workarounds after a denial, actions on oversight itself, verdicts without a rule, and reviewers
    that could not answer; --config names others. False alarms come at most once in 1,000 checks on average, unless told otherwise.
    """
    need_scipy("measuring")
    from magistrate.audit.watch import DEFAULT, check, load

    settings = load(config_path) if config_path else DEFAULT
    with opened(ledger_path) as ledger:
        found = check(ledger, settings, anew=anew)
    if as_json:
        for one in found:
            click.echo(json_line(one))
    else:
        rows = [
            (
                one.indicator,
                f"{one.events:,}/{one.trials:,}",
                "-" if one.waiting else f"{one.baseline:.3%}",
                "-" if one.waiting else f"{one.evidence:,.3g}",
                f"{one.bar:,.0f}",
                "too few to tell yet" if one.waiting else ("ALARM " + one.then).strip() if one.rings else "quiet",
            )
            for one in found
        ]
        click.echo(table(["indicator", "new", "baseline", "evidence", "rings at", ""], rows))
    ringing = [one for one in found if one.rings]
    if ringing and settings.webhook:
        _post(settings.webhook, json_line(ringing).encode())
    if ringing:
        raise click.exceptions.Exit(FOUND)


def _post(address: str, body: bytes) -> None:
    """Tell a webhook; one that fails is reported, and the exit code stands."""
    from urllib.request import Request, urlopen

    if not address.startswith(("https://", "http://")):
        raise ConfigError(f"the webhook {address!r} is no http address")
    try:
        with urlopen(Request(address, data=body, headers={"Content-Type": "application/json"}), timeout=10):  # noqa: S310
            pass
    except OSError as error:
        click.echo(f"the webhook could not be told: {error}", err=True)
