"""`magistrate rules replay | propose | approve | adopt | log`: how the law changes, and what a change would have changed."""

from __future__ import annotations

import contextlib
import functools
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from magistrate.cli.law import (
    as_layer,
    as_option,
    law_in_force,
    law_ledger,
    law_ledger_option,
    load_reviewers,
    reviewers_option,
    signers_option,
    wanted,
)
from magistrate.cli.options import need_scipy
from magistrate.cli.output import json_line, plain, progress, table
from magistrate.core.config import state_dir

if TYPE_CHECKING:
    from magistrate.core.records import Proposal, Rulebook
    from magistrate.law.flips import Replay
    from magistrate.rulebook.layers import LayerName

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_SHOWN = 10


# ---------------------------------------------------------------- replay


@click.command()
@click.argument("new", type=_FILE)
@as_option
@click.option("--ledger", "on", type=_FILE, help="Recorded actions; that of the live server is the default.")
@click.option("--since", default="", help="Only verdicts from this time on (ISO 8601).")
@reviewers_option
@click.option(
    "--recompute", is_flag=True, help="Compute evidence anew from what was recorded: slow, nothing remembered."
)
@click.option("--processes", type=click.IntRange(1, 64), default=os.cpu_count() or 1, show_default=True)
@click.option("--cache", type=click.Path(path_type=Path, dir_okay=False), help="Where answers are remembered.")
@click.option("--html", "html_path", type=click.Path(path_type=Path, dir_okay=False), help="Write a page to discuss.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON.")
def replay(
    new: Path,
    layer: LayerName | None,
    on: Path | None,
    since: str,
    names: str,
    recompute: bool,
    processes: int,
    cache: Path | None,
    html_path: Path | None,
    as_json: bool,
) -> None:
    """Judge the recorded actions again under NEW: which verdicts would come out otherwise, by rule and direction.

    The recorded evidence is judged, nothing is executed. A replay that was stopped goes on where it was; what a text says of an
    input is remembered.
    """
    from magistrate.report.changes import change_page

    need_scipy("a replay")
    ledger = law_ledger(on)
    old = law_in_force(on, None).rulebook
    rulebook = as_layer(new, layer, old)
    started = time.perf_counter()
    found = _replayed(ledger, rulebook, wanted(names), since, recompute, processes, cache)
    told = figures(found, ledger, time.perf_counter() - started)
    shown = {way: _examples(ledger, found, way) for way in ("stricter", "looser")}
    if html_path:
        from magistrate.rulebook.diff import diff

        html_path.write_text(change_page(old, rulebook, diff(old, rulebook), told, shown), encoding="utf-8")
    if as_json:
        click.echo(json_line({**told, "examples": shown}))
    else:
        click.echo("\n".join(_told(told, shown)) + (f"\npage       {html_path}" if html_path else ""))


def _replayed(
    ledger: Path,
    rulebook: Rulebook,
    names: tuple[str, ...],
    since: str,
    recompute: bool,
    processes: int,
    cache: Path | None,
) -> Replay:
    from magistrate.law.recompute import recomputed
    from magistrate.law.replay import replay_law

    load = functools.partial(load_reviewers, names, rulebook)
    with progress("judging again", 1.0) as advance:
        if recompute:
            return recomputed(ledger, rulebook, since=since, advance=advance)
        where = cache or state_dir() / "replay.db"
        return replay_law(ledger, rulebook, where, load=load, since=since, processes=processes, advance=advance)


def figures(found: Replay, ledger: Path, seconds: float) -> dict[str, Any]:
    """A replay's figures with their intervals."""
    from magistrate.report.changes import rows, totals

    flips = [(rule, flip.before, flip.after, found.roots[flip.run]) for flip in found.flips for rule in flip.rules]
    asks = {"escalate": 1}
    return {
        "ledger": str(ledger),
        "revision": found.rulebook.revision,
        "recorded_under": found.revisions,
        "judged": found.judged,
        "fresh": found.fresh,
        "runs": len(found.trees),
        "left_out": found.left_out,
        "totals": totals(found.trees, [(flip.way, found.roots[flip.run]) for flip in found.flips]),
        "rows": rows(found.trees, flips),
        "decisions": found.decisions,
        "asks": sum(asks.get(flip.after, 0) - asks.get(flip.before, 0) for flip in found.flips),
        "unreviewed": sum(flip.unreviewed for flip in found.flips),
        "reviewers": found.reviewers,
        "cost": found.cost,
        "tokens": found.tokens,
        "seconds": seconds,
    }


def _examples(ledger: Path, found: Replay, way: Any) -> list[Any]:
    from magistrate.law.flips import examples

    return examples(ledger, found, way, _SHOWN)


def _told(told: dict[str, Any], shown: dict[str, list[Any]]) -> Iterator[str]:
    yield f"{told['judged']:,} recorded actions of {told['runs']:,} runs judged again under {told['revision'][:19]}"
    yield f"{told['fresh']:,} now, the rest remembered; {told['seconds']:.1f} s, {told['tokens']:,} tokens, cost {told['cost']:.2f}"
    if len(told["recorded_under"]) > 1:
        yield f"they were judged under {len(told['recorded_under'])} revisions, so other changes of the law are in this too"
    if told["left_out"]:
        yield "left out: " + ", ".join(f"{why} {count:,}" for why, count in told["left_out"].items())
    for total in told["totals"]:
        yield f"{total.what:10} {total.exact}   for runs like these [{total.clustered.low:.1%}, {total.clustered.high:.1%}]"
    yield f"questions to people {told['asks']:+,}; let through and seen by no reviewer {told['unreviewed']:,}"
    if told["rows"]:
        cells = [
            [row.rule, row.before, row.after, f"{row.exact.count:,}", _range(row.exact), _range(row.clustered)]
            for row in told["rows"]
        ]
        yield ""
        yield table(["rule", "before", "after", "actions", "exact 95%", "for runs like these"], cells, left=3)
    for way, cards in shown.items():
        yield ""
        yield f"{'stopped now' if way == 'stricter' else 'let through now'}: {len(cards)} examples"
        for card in cards:
            flip = card.flip
            yield f"  {flip.before} -> {flip.after}  {plain(flip.run, 60)} #{flip.n}  {plain(card.tool, 40)} {plain(card.arguments, 110)}"
            yield f"      {', '.join(flip.rules)}: {plain('; '.join(card.facts), 180)}"


def _range(estimate: Any) -> str:
    return f"{estimate.low:.3%} - {estimate.high:.3%}"


# ---------------------------------------------------------------- propose, approve


@click.command()
@click.argument("new", type=_FILE)
@click.option("--author", required=True, help="Your name among the allowed signers.")
@click.option("--why", required=True, help="What the change is for.")
@click.option("--reporter", default="", help="Who saw what it is for, where that was somebody else.")
@click.option("--key", type=_FILE, required=True, help="Your SSH private key.")
@law_ledger_option
@signers_option
@click.option("--json", "as_json", is_flag=True)
def propose(
    new: Path,
    author: str,
    why: str,
    reporter: str,
    key: Path,
    ledger_path: Path | None,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Propose NEW, a whole rulebook, in the place of the one in force; signed by its author."""
    from msgspec.structs import replace

    from magistrate.law.adoption import RUN, in_force
    from magistrate.law.adoption import propose as proposing
    from magistrate.law.governance import governance
    from magistrate.ledger import Ledger
    from magistrate.rulebook.signing import sign, verify
    from magistrate.rulebook.statements import proposed

    people = governance(folder)
    with Ledger(law_ledger(ledger_path)) as ledger:
        law = in_force(ledger, people)
        text = new.read_text(encoding="utf-8-sig")
        proposal = proposing(law, text, author=author, why=why, reporter=reporter, source=str(new))
        statement = proposed(proposal)
        proposal = replace(proposal, signature=sign(statement, key, passphrase=_passphrase(key)))
        verify(statement, proposal.signature, author, people.signers)
        ledger.append(RUN, [proposal])
        ledger.commit()
    if as_json:
        click.echo(json_line({"id": proposal.id, "old": proposal.old, "new": proposal.new}))
        return
    click.echo("\n".join(_changed(law.rulebook, proposal)))
    click.echo(f"\nproposed   {proposal.id}\nfrom       {proposal.old}\nto         {proposal.new}")
    click.echo(
        f"needs {people.approvals} approvals besides yours: magistrate rules approve {proposal.id[:8]} --by NAME --key KEY"
    )


def _changed(old: Rulebook, proposal: Proposal) -> Iterator[str]:
    from magistrate.cli.rules import diff_lines
    from magistrate.rulebook.diff import diff
    from magistrate.rulebook.text import parse

    yield from diff_lines(diff(old, parse(proposal.text, shipped_bright_lines=True)))


@click.command()
@click.argument("proposal_id", metavar="PROPOSAL")
@click.option("--by", required=True, help="Your name among the allowed signers.")
@click.option("--key", type=_FILE, help="Your SSH private key.")
@click.option("--statement", is_flag=True, help="Print what is to be signed, and no more: for ssh-keygen -Y sign.")
@click.option("--signature", type=_FILE, help="A signature made elsewhere, over what --statement prints.")
@law_ledger_option
@signers_option
def approve(
    proposal_id: str,
    by: str,
    key: Path | None,
    statement: bool,
    signature: Path | None,
    ledger_path: Path | None,
    folder: Path | None,
) -> None:
    """Agree to a proposal, as somebody else than its author; signed.

    With a key in an agent or on a token: print the statement, sign it with `ssh-keygen -Y sign -n magistrate-rulebook -f KEY`, and
    hand in the signature with --signature.
    """
    from magistrate.core.canon import now
    from magistrate.core.records import Approval
    from magistrate.law.adoption import RUN, History, in_force
    from magistrate.law.adoption import approve as approving
    from magistrate.law.governance import governance
    from magistrate.ledger import Ledger
    from magistrate.rulebook.signing import sign
    from magistrate.rulebook.statements import approved

    if sum((key is not None, statement, signature is not None)) != 1:
        raise click.UsageError("one of --key, --signature and --statement")
    people = governance(folder)
    with Ledger(law_ledger(ledger_path)) as ledger:
        history = History(ledger)
        proposal = history.find(proposal_id)
        told = approved(proposal, by)
        if statement:
            click.echo(told, nl=False)
            return
        signed = (
            signature.read_text(encoding="utf-8", errors="replace")
            if signature
            else sign(told, key, passphrase=_passphrase(key))  # type: ignore[arg-type]
        )
        approval = Approval(proposal=proposal.id, by=by, signature=signed, at=now())
        approving(history, proposal, approval, people)
        ledger.append(RUN, [approval])
        ledger.commit()
        counted = sum(not one.why_not for one in History(ledger).checked(proposal, people))
        law = in_force(ledger, people)
    click.echo("\n".join(_changed(law.rulebook, proposal)))
    click.echo(f"\n{by} approves {proposal.id[:8]}: {counted} of {people.approvals} approvals besides the author")


def _passphrase(key: Path | None) -> bytes | None:
    """The key's passphrase, asked for at the terminal where it has one."""
    from magistrate.rulebook.signing import locked

    if key is None or not locked(key):
        return None
    answer: str = click.prompt(f"passphrase of {key}", hide_input=True, err=True)
    return answer.encode()


# ---------------------------------------------------------------- adopt, log


@click.command()
@click.argument("proposal_id", metavar="PROPOSAL")
@click.option("--by", default="", help="Who adopts it.")
@click.option(
    "--on", type=_FILE, help="Recorded actions that are judged again first; the ledger of the law is the default."
)
@reviewers_option
@click.option("--processes", type=click.IntRange(1, 64), default=os.cpu_count() or 1, show_default=True)
@click.option("--cache", type=click.Path(path_type=Path, dir_okay=False), help="Where answers are remembered.")
@law_ledger_option
@signers_option
def adopt(
    proposal_id: str,
    by: str,
    on: Path | None,
    names: str,
    processes: int,
    cache: Path | None,
    ledger_path: Path | None,
    folder: Path | None,
) -> None:
    """Make a proposal the law, once enough people agreed. What it changes on the recorded actions is counted first, and kept."""
    from msgspec.structs import replace

    from magistrate.law.adoption import RUN, History, in_force
    from magistrate.law.adoption import adopt as adopting
    from magistrate.law.governance import governance
    from magistrate.ledger import Ledger
    from magistrate.rulebook.text import parse

    people = governance(folder)
    where = law_ledger(ledger_path)
    with Ledger(where) as ledger:
        history = History(ledger)
        proposal = history.find(proposal_id)
        adopting(in_force(ledger, people), history, proposal, people)
    rulebook = parse(proposal.text, shipped_bright_lines=True)
    found = _replayed(on or where, rulebook, wanted(names), "", False, processes, cache)
    with contextlib.closing(Ledger(on or where, readonly=True)) as recorded:
        checkpoint = recorded.checkpoint
    with Ledger(where) as ledger:
        adoption = replace(
            adopting(in_force(ledger, people), History(ledger), proposal, people),
            by=by,
            judged=found.judged,
            stricter=sum(flip.way == "stricter" for flip in found.flips),
            looser=sum(flip.way == "looser" for flip in found.flips),
            checkpoint=checkpoint,
        )
        ledger.append(RUN, [adoption])
        ledger.commit()
    click.echo(f"adopted    {proposal.id}\nin force   {proposal.new}")
    click.echo(
        f"verdicts   {len(found.flips):,} of {found.judged:,} changed: {adoption.stricter:,} stricter, {adoption.looser:,} looser"
    )


@click.command()
@law_ledger_option
@signers_option
@click.option("--json", "as_json", is_flag=True, help="One change of the law a line.")
def log(ledger_path: Path | None, folder: Path | None, as_json: bool) -> None:
    """The changelog of the law, in Markdown: what changed, by whom, approved by whom, why, and what it changed."""
    from magistrate.law.governance import governance
    from magistrate.law.log import entries, markdown, waiting
    from magistrate.ledger import Ledger

    path = law_ledger(ledger_path)
    if not path.exists():
        click.echo("no ledger yet: the shipped rulebook is in force")
        return
    people = governance(folder)
    with contextlib.closing(Ledger(path, readonly=True)) as ledger:
        told, open_ = entries(ledger, people), waiting(ledger, people)
    if as_json:
        for entry in (*told, *open_):
            click.echo(json_line(entry))
    else:
        click.echo(markdown(told, open_))
