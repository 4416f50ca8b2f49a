"""`magistrate rules`: read the law, test it, and see what a change says."""

from __future__ import annotations

import contextlib
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
from magistrate.cli.options import rulebook_at
from magistrate.cli.output import FOUND, json_line, plain, table
from magistrate.cli.rules_change import adopt, approve, log, propose, replay
from magistrate.cli.rules_gaps import gaps
from magistrate.core.config import organisation_rulebook
from magistrate.core.records import AUTHORITY_ORDER, Match, Rule, Rulebook

if TYPE_CHECKING:
    from magistrate.rulebook.check import ExampleResult
    from magistrate.rulebook.diff import RuleChange
    from magistrate.rulebook.layers import LayerName
    from magistrate.rulebook.lint import Lint

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_PATH = click.argument("path", required=False, type=_FILE)


@click.group()
def rules() -> None:
    """Read a rulebook, test it, and change it by a known process; PATH defaults to the law in force."""


for _command in (replay, propose, approve, adopt, log, gaps):
    rules.add_command(_command)


@rules.command("list")
@_PATH
@click.option("--json", "as_json", is_flag=True, help="One rule a line.")
def list_(path: Path | None, as_json: bool) -> None:
    """List the rules with their authority and what they decide."""
    rulebook = rulebook_at(path)
    if as_json:
        for rule in rulebook.rules:
            click.echo(json_line(rule))
        return
    rows = [[rule.id, rule.authority, _decides(rule), rule.title] for rule in _ranked(rulebook)]
    click.echo(table(["rule", "authority", "decides", "title"], rows, left=4))
    click.echo(f"\n{len(rulebook.rules)} rules, revision {rulebook.revision}")


def _ranked(rulebook: Rulebook) -> list[Rule]:
    return sorted(rulebook.rules, key=lambda rule: AUTHORITY_ORDER.index(rule.authority))


def _decides(rule: Rule) -> str:
    decisions = ", ".join(dict.fromkeys(match.decision for match in rule.matches))
    return decisions or ("deny" if rule.authority == "bright-line" else "judgement")


# ---------------------------------------------------------------- show


@rules.command()
@click.option("--for", "folder", type=click.Path(path_type=Path, file_okay=False), help="The law in this folder.")
@click.option("--run", "run", help="The law for a recorded run: that of its folder, with its scope.")
@click.option("--task", type=_FILE, help="A task's rulebook.")
@click.option("--rules", "rules_path", type=_FILE, help="On this rulebook, instead of the law in force.")
@law_ledger_option
@signers_option
@click.option("--json", "as_json", is_flag=True, help="One line of the law a line.")
def show(
    folder: Path | None,
    run: str | None,
    task: Path | None,
    rules_path: Path | None,
    ledger_path: Path | None,
    signers: Path | None = None,
    as_json: bool = False,
    **rest: Any,
) -> None:
    """Print the law in force in a folder or for a run, with the file and line that each line of it comes from."""
    from msgspec.structs import replace

    from magistrate.rulebook.layers import base_layer, effective, find_layers

    base = rulebook_at(rules_path) if rules_path else law_in_force(ledger_path, signers).rulebook
    scopes, revisions = (), list[str]()
    if run is not None:
        folder, scopes, revisions = _of_run(law_ledger(ledger_path), run)
    law = effective(
        [base_layer(base), *find_layers(folder or Path.cwd(), organisation=organisation_rulebook(), task=task)]
    )
    law = replace(law, autonomy=law.autonomy + scopes)
    lines = list(_law(law))
    if as_json:
        for where, what, text in lines:
            click.echo(json_line({"source": where, "what": what, "text": text}))
        return
    width = min(48, max(len(where) for where, _, _ in lines))
    for where, what, text in lines:
        if what == "rule":
            click.echo()
        click.echo(f"{where.rjust(width)}  {'' if what == 'rule' else '    '}{plain(text)}")
    click.echo(f"\n{len(law.rules)} rules, revision {law.revision}")
    if others := [revision for revision in revisions if revision != law.revision]:
        click.echo(f"the run's verdicts were given under {', '.join(others)}")


def _of_run(ledger_path: Path, run: str) -> tuple[Path, Any, list[str]]:
    """Folder, scopes (its own and its parents') and revisions of a recorded run."""
    from magistrate.core.records import RunStarted
    from magistrate.ledger import Ledger
    from magistrate.ledger.views import find_run

    with contextlib.closing(Ledger(ledger_path, readonly=True)) as ledger:
        name = find_run(ledger, run)
        query = "SELECT DISTINCT json_extract(body, '$.revision') FROM events WHERE run = ? AND kind = 'verdict'"
        revisions = [row[0] for row in ledger.query(query, (name,))]
        scopes: tuple[Any, ...] = ()
        cwd, seen = "", set[str]()
        while name and name not in seen:
            seen.add(name)
            event = ledger.event(name, 0)
            started = event.body if event and isinstance(event.body, RunStarted) else RunStarted(host="unknown")
            scopes = started.autonomy + scopes
            cwd, name = cwd or started.cwd, started.parent
    return Path(cwd or "/"), scopes, revisions


def _law(law: Rulebook) -> Iterator[tuple[str, str, str]]:
    """Each line of the law: where it stands, what it is, and its text."""
    home = Path(law.source or "rulebook").name
    for name in ("on_unavailable", "on_uncovered", "may_cover"):
        if value := getattr(law, name):
            yield home, "setting", f"{name} = {value}"
    for scope in law.autonomy:
        bounds = {name: getattr(scope, name) for name in ("tools", "targets", "until", "cost", "ask")}
        told = "; ".join(f"{name} {_words(value)}" for name, value in bounds.items() if value not in ((), "", None))
        yield f"{_short(scope.source) or 'the run'}:{scope.line}", "autonomy", f"autonomy: {told}"
    for rule in _ranked(law):
        place = _short(rule.source) or home
        loosened = f" may-loosen={rule.may_loosen}" if rule.may_loosen else ""
        yield f"{place}:{rule.line}", "rule", f"{rule.id}  {rule.authority}{loosened}  {rule.title}"
        yield f"{place}:{rule.line}", "text", rule.text
        for match in rule.matches:
            yield f"{place}:{match.line}", "match", _match(match)
        if not rule.matches:
            yield f"{place}:{rule.line}", "match", _decides(rule)


def _match(match: Match) -> str:
    from magistrate.rulebook.vocabulary import LISTS, SWITCHES

    told = [f"{name}={_words(value)}" for name in LISTS if (value := getattr(match, name))]
    told += [f"{name}={str(value).lower()}" for name in SWITCHES if (value := getattr(match, name)) is not None]
    return f"{match.decision}  {'  '.join(told)}"


def _words(value: object) -> str:
    if not isinstance(value, tuple):
        return str(value)
    shown = ",".join(map(str, value[:8]))
    return shown + (f",… {len(value) - 8} more" if len(value) > 8 else "")


def _short(source: str) -> str:
    """A source as people write it: relative to where they are."""
    try:
        return str(Path(source).relative_to(Path.cwd())) if source else ""
    except ValueError:
        return source


# ---------------------------------------------------------------- check


@rules.command()
@_PATH
@as_option
@reviewers_option
@law_ledger_option
@signers_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="`github`: annotations for a pull request.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--strict", is_flag=True, help="Remarks are faults too.")
def check(
    path: Path | None,
    layer: LayerName | None,
    names: str,
    ledger_path: Path | None,
    folder: Path | None,
    form: str,
    as_json: bool,
    strict: bool,
) -> None:
    """Run every rule's examples through the gate, and say what is wrong with the rules; exit with 4 on a fault.

    Faults: a text that does not parse, a layer that loosens what is above it, an example that comes out otherwise, an id that comes
    back. Remarks: no example, a match that never decides, rules of one level that disagree, a text that is not one obligation.
    """
    from magistrate.law.examples import through_gate
    from magistrate.rulebook.check import check as check_examples
    from magistrate.rulebook.lint import lint
    from magistrate.rulebook.problems import BadRulebook

    form = "json" if as_json else form
    own = str(path or "default.md")
    try:
        base = law_in_force(ledger_path, folder).rulebook if layer else rulebook_at(None)
        rulebook = as_layer(path, layer, base) if path else rulebook_at(None)
    except BadRulebook as bad:
        for error in bad.errors:
            told = error.what + (f" ({error.mend})" if error.mend else "")
            click.echo(_remark(form, own, error.line, "rulebook", told, error=True))
        raise click.exceptions.Exit(FOUND) from None
    mine = {rule.id for rule in rulebook.rules if not layer or rule.source == own}
    results = check_examples(rulebook, through_gate(load_reviewers(wanted(names), rulebook)), only=mine)
    lints = [one for one in lint(rulebook, _earlier(ledger_path)) if one.rule in mine]
    for result in results:
        if form == "json" or not result.ok:
            click.echo(_result(form, own, result))
    for one in lints:
        click.echo(_lint(form, own, one))
    failed = sum(not result.ok for result in results)
    if form == "text":
        click.echo(
            f"{len(results) - failed} of {len(results)} examples come out as they say, {len(mine)} rules, {len(lints)} remarks"
        )
    if failed or any(one.error or strict for one in lints):
        raise click.exceptions.Exit(FOUND)


def _earlier(ledger_path: Path | None) -> list[Rulebook]:
    """Former texts of the law, oldest first: their ids do not come back for other rules."""
    from magistrate.law.adoption import former
    from magistrate.ledger import Ledger

    path = law_ledger(ledger_path)
    if not path.exists():
        return []
    with contextlib.closing(Ledger(path, readonly=True)) as ledger:
        return former(ledger)


def _result(form: str, path: str, result: ExampleResult) -> str:
    if form == "json":
        return json_line(result)
    return _remark(form, path, result.example.line, result.rule, result.problem, error=True)


def _lint(form: str, path: str, one: Lint) -> str:
    if form == "json":
        return json_line(one)
    return _remark(form, path, one.line, one.rule, f"{one.lint}: {one.what}", error=one.error)


def _remark(form: str, path: str, line: int, title: str, text: str, *, error: bool) -> str:
    """One finding, for people or as GitHub's workflow command."""
    if form == "json":
        return json_line({"line": line, "rule": title, "problem": text})
    if form == "github":
        where = f"file={_escaped(path, prop=True)},line={max(line, 1)},title={_escaped(title, prop=True)}"
        return f"::{'error' if error else 'warning'} {where}::{_escaped(text)}"
    return f"{plain(path)}:{line}: {'' if error else 'remark: '}{title}: {plain(text, 400)}"


def _escaped(text: str, *, prop: bool = False) -> str:
    """As GitHub's workflow commands want it: nothing in the text can begin a command of its own."""
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if prop else text


# ---------------------------------------------------------------- diff


@rules.command()
@click.argument("old", type=_FILE)
@click.argument("new", type=_FILE, required=False)
@click.option("--json", "as_json", is_flag=True, help="One rule a line.")
@click.option("--exit-code", is_flag=True, help="Exit with 4 when the law differs.")
def diff(old: Path, new: Path | None, as_json: bool, exit_code: bool) -> None:
    """Say what changes from OLD to NEW, rule by rule; with one file, from the shipped rulebook to that one."""
    from magistrate.rulebook.diff import diff as compare

    before, after = (rulebook_at(old), rulebook_at(new)) if new else (rulebook_at(None), rulebook_at(old))
    changes = compare(before, after)
    if as_json:
        for change in changes:
            click.echo(json_line(change))
    else:
        click.echo("\n".join(diff_lines(changes)) or "no change")
        if before.revision != after.revision:
            click.echo(f"\nrevision {before.revision} -> {after.revision}")
        elif changes:
            click.echo("\nthe law is the same: examples are tests, not law")
    if exit_code and before.revision != after.revision:
        raise click.exceptions.Exit(FOUND)


def diff_lines(changes: list[RuleChange]) -> Iterator[str]:
    """Changes as people read them."""
    for change in changes:
        yield f"{change.kind:8} {change.id or 'the rulebook'}"
        for field in change.fields:
            for mark, text in (("-", field.old), ("+", field.new)):
                for at, line in enumerate(text.splitlines()):
                    yield f"  {mark} {field.name + ':' if not at else ' ' * (len(field.name) + 1)} {plain(line)}"


# ---------------------------------------------------------------- text


@rules.command()
@click.argument("name", type=click.Choice(["default", "desk"]), default="default")
def text(name: str) -> None:
    """Print a shipped rulebook, to begin your own with: `default` for coding agents and operators, `desk` for service desks."""
    from magistrate.rulebook.text import shipped_text

    click.echo(shipped_text(f"{name}.md"), nl=False)
