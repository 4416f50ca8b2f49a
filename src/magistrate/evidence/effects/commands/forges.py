"""Forges (`gh`, `glab`, `tea`, `hub`) and version control other than git (`jj`, `hg`, `svn`)."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from magistrate.core.records import Effect, EffectKind
from magistrate.evidence.effects.command import Command, Handler, Scene, Word
from magistrate.evidence.effects.commands.cli import Call, Entry, Row, Tool, effects, handler, options, same, split
from magistrate.evidence.effects.commands.git import FETCH, GLOBAL, READ, RECORD, git, rewrite

_SAID = Row(kind="message", take="first", target_kind="address", reversible="partly")
_SEEN = (Row(kind="read", take="first", target_kind="resource", reversible="yes"),)


def _publish(take: str = "first", **more: object) -> tuple[Row, ...]:
    return (
        msgspec.convert(
            {"kind": "vcs-publish", "take": take, "target_kind": "repository", "reversible": "partly", **more}, Row
        ),
    )


def _api(call: Call) -> Iterator[Effect]:
    """`api PATH`: by its method, as a request would be."""
    method = (call.line.value("-X", "--method") or Word(text="")).text.upper()
    sends = call.line.has("-f", "-F", "--field", "--raw-field", "--input")
    target = call.args[0] if call.args else Word(text="")
    query = target.text == "graphql" and not any(
        "mutation" in w.text for w in call.line.values("-f", "-F", "--field", "--raw-field")
    )
    method = method or ("POST" if sends and not query else "GET")
    if method == "DELETE":
        yield call.effect("delete", target, "resource", reversible="no", flags=("delete-request",))
    elif method in ("GET", "HEAD"):
        yield call.effect("read", target, "resource", reversible="yes")
    else:
        secret = re.search(
            r"/(?:collaborators|permission|invitations|keys|memberships|hooks|protection|secrets)", target.text
        )
        kind: EffectKind = "permission" if secret else "vcs-publish"
        yield call.effect(kind, target, "resource", reversible="partly", flags=("write-request",))


def _repo_edit(call: Call) -> Iterator[Effect]:
    if call.line.has("--visibility", "--enable-auto-merge", "--default-branch"):
        yield call.effect(
            "permission", call.args[0] if call.args else "", "repository", reversible="partly", flags=("public",)
        )
    else:
        yield call.effect("vcs-publish", call.args[0] if call.args else "", "repository", reversible="yes")


def _alias(call: Call) -> Iterator[Effect]:
    value = call.args[1] if len(call.args) > 1 else Word(text="")
    yield call.effect("persistence", value, "code", scope="home")


_FORGE: dict[str, Entry] = {
    **same("pr list|pr view|pr status|pr diff|pr checks|pr checkout|issue list|issue view|issue status|repo list|repo view|release list|release view|run list|run view|run watch|run download|workflow list|workflow view|search|search code|search issues|search prs|search repos|search commits|gist list|gist view|label list|secret list|variable list|variable get|auth status|browse|status|mr list|mr view|mr diff|ci list|ci view|ci status|ci trace|cache list|ruleset list|ruleset view|ruleset check|ssh-key list|gpg-key list|org list|project list|project view|release download|config get|config list|alias list|extension list|extension search|completion|attestation verify|codespace list|repo deploy-key list", _SEEN),
    **same("pr create|pr ready|pr edit|pr update-branch|mr create|mr update|release create|release upload|release edit|repo create|repo fork|repo sync|pr reopen|mr reopen|gist create|gist edit|repo rename|label create|label edit|label clone|project create|project edit|project item-add|project item-create|variable set|snippet create", _publish()),
    **same("pr merge|mr merge|mr accept", _publish(reversible="no")),
    **same("pr review|mr approve|mr revoke", _publish()),
    **same("pr close|mr close|issue close|issue reopen|issue edit|issue lock|issue unlock|issue pin|issue transfer|issue develop|pr lock|issue update", _publish()),
    **same("pr comment|issue create|issue comment|mr note|issue note|discussion create", (_SAID,)),
    **same("repo delete|repo archive|project delete", (Row(kind="delete", take="first", target_kind="repository", reversible="no", broad=True, flags=("delete-request",)),)),
    **same("release delete|release delete-asset|issue delete|gist delete|label delete|run delete|cache delete|codespace delete|variable delete|mr delete|ruleset delete|tag delete|workflow disable", (Row(kind="delete", take="first", reversible="no", flags=("delete-request",)),)),
    **same("secret set|secret delete|secret remove|ssh-key add|ssh-key delete|gpg-key add|gpg-key delete|repo deploy-key add|repo deploy-key delete|auth refresh|auth setup-git|deploy-key add|token create", (Row(kind="credential", take="first", target_kind="account", reversible="partly", flags=("secret",)),)),
    **same("auth token|auth login|auth logout|auth switch|auth git-credential|config set token", (Row(kind="credential", take="none", name="token", target_kind="account"),)),
    **same("workflow run|run rerun|run cancel|ci run|ci retry|ci trigger|pipeline run|ci delete|codespace ssh|codespace create", (Row(kind="execute", take="first", target_kind="resource", scope="remote"),)),
    **same("workflow enable|cache restore", (Row(kind="infrastructure", take="first", reversible="yes"),)),
    "repo clone": (Row(kind="network-out", take="first", target_kind="repository", reversible="yes"), Row(kind="create", take="last", target_kind="path", reversible="yes")),
    "gist clone": (FETCH,),
    "repo edit": _repo_edit,
    "api": _api,
    "alias set": _alias,
    **same("extension install|extension upgrade|extension create", (Row(kind="install", take="first", target_kind="package", scope="home", flags=("custom-index",)),)),
    **same("extension exec|copilot", (Row(kind="execute", take="first", target_kind="package", scope="home"),)),
    **same("config set", (Row(kind="overwrite", take="none", name="~/.config/gh/config.yml", target_kind="path", reversible="yes"),)),
}  # fmt: skip

_FORGE_VALUED = options(
    "-R --repo -X --method -f -F --field --raw-field -H --header --input -q --jq -t --template --title -b --body --body-file "
    "-B --base --head -l --label -a --assignee -m --message --notes -n --notes-file --ref -r --visibility --hostname --env -e --org -o --reviewer --milestone -L --limit -s --state --json -v --target --description"
)
_FORGE_FLAGS = {"--admin": "no-verify", "--auto": "auto-approve", "--yes": "auto-approve", "--public": "public"}


def _forge(name: str) -> Tool:
    return Tool(name=name, table=_FORGE, valued=_FORGE_VALUED, marks=_FORGE_FLAGS, help=("-h",))


def _hub(command: Command, scene: Scene) -> tuple[Effect, ...]:
    """`hub` is git with forge commands on top."""
    forge = {"api", "pull-request", "create", "delete", "fork", "release", "issue", "pr", "gist"}
    head = split(command.words, GLOBAL, stop=1).operands[:1]
    return tuple(effects(_HUB, command, scene)) if head and head[0].text in forge else git(command, scene)


_HUB = Tool(
    name="hub",
    table={
        **_FORGE,
        **same("pull-request|create|fork|issue create|gist create", _publish("none")),
        "delete": (
            Row(
                kind="delete",
                take="first",
                target_kind="repository",
                reversible="no",
                broad=True,
                flags=("delete-request",),
            ),
        ),
    },
    valued=_FORGE_VALUED,
)

# ---------------------------------------------------------------- other version control

_LOCAL_DISCARD = (
    Row(
        kind="overwrite",
        name=".",
        target_kind="path",
        reversible="no",
        flags=("uncommitted",),
        broad_if=("--all", "-a", "-R", "--recursive"),
    ),
)
_PUBLISH = (Row(kind="vcs-publish", take="first", target_kind="repository", scope="remote", reversible="partly"),)
_PULL = (Row(kind="network-out", take="first", target_kind="repository", scope="remote", reversible="yes"),)

_JJ = Tool(
    name="jj", scope="workspace", by_verb=False, valued=options("-R --repository -m --message -r --revision --revisions --remote -b --bookmark -d --destination --config --at-op"),
    table={
        **same("status|st|log|diff|show|op log|operation log|file list|file show|evolog|config list|config get|bookmark list|git remote list|root|help|version|tag list|workspace list|interdiff", READ),
        **same("new|commit|describe|desc|bookmark create|bookmark set|bookmark track|git init|init|file track|workspace add|next|prev|duplicate|git export|git import|split|absorb|parallelize|edit|undo|op undo|redo|bookmark move", RECORD),
        **same("abandon|squash|rebase|op abandon|unsquash|bookmark delete|bookmark forget|op restore|operation restore|diffedit|resolve|backout", (rewrite("first", name="@"),)),
        "restore": _LOCAL_DISCARD,
        "git push": (Row(kind="vcs-publish", take="-b|--bookmark", target_kind="branch", scope="remote", reversible="partly", broad_if=("--all",)),
                     Row(kind="vcs-rewrite", take="none", name="remote", target_kind="branch", scope="remote", reversible="no", when=("--deleted",))),
        **same("git fetch|git clone", _PULL),
        **same("config set|config edit", (Row(kind="overwrite", take="none", name="~/.config/jj/config.toml", target_kind="path", reversible="yes"),)),
    },
)  # fmt: skip

_HG = Tool(
    name="hg", scope="workspace", by_verb=False, valued=options("-R --repository --cwd -m --message -r --rev -b --config -u --user -d --date"), marks={"-f": "force", "-C": "uncommitted"},
    table={
        **same("status|st|log|diff|cat|annotate|blame|heads|id|identify|summary|paths|branches|tags|bookmarks|parents|tip|root|manifest|files|grep|help|version|verify|incoming|outgoing|in|out|export", READ),
        **same("commit|ci|add|addremove|init|merge|branch|bookmark|tag|import|graft|rename|mv|copy|cp|shelve|unshelve|resolve|backout", RECORD),
        **same("strip|rollback|histedit|rebase|uncommit|evolve|prune|fold|amend|debugstrip|convert", (rewrite("first", name="tip"),)),
        **same("revert", _LOCAL_DISCARD),
        **same("update|up|checkout|co", (Row(kind="overwrite", take="none", name=".", target_kind="path", reversible="no", flags=("uncommitted",), broad=True, when=("-C", "--clean")), Row(kind="create", take="first", target_kind="branch", scope="workspace", reversible="yes", unless=("-C", "--clean")))),
        **same("purge|clean", (Row(kind="delete", name=".", target_kind="path", reversible="no", broad=True),)),
        **same("remove|rm|forget", (Row(kind="delete", target_kind="path", reversible="partly"),)),
        "push": (*_PUBLISH, Row(kind="vcs-rewrite", take="first", target_kind="repository", scope="remote", reversible="no", flags=("force",), when=("-f", "--force"))),
        **same("pull|clone|fetch", _PULL),
        "serve": (Row(kind="network-listen", take="none", name="hg", target_kind="host", scope="local"),),
    },
)  # fmt: skip

_SVN = Tool(
    name="svn", scope="workspace", by_verb=False, valued=options("-m --message -r --revision --username --password -F --file --config-dir --depth"),
    table={
        **same("status|st|stat|log|diff|di|info|list|ls|cat|blame|praise|ann|propget|pg|proplist|pl|help|mergeinfo", READ),
        **same("add|merge|resolve|resolved|lock|unlock|changelist|propset|ps|propdel|relocate|upgrade", RECORD),
        **same("commit|ci|import|mkdir", (Row(kind="vcs-publish", name=".", target_kind="repository", scope="remote", reversible="partly"),)),
        **same("delete|del|remove|rm", (Row(kind="delete", target_kind="path", reversible="partly"),)),
        "revert": _LOCAL_DISCARD,
        "cleanup": (Row(kind="delete", name=".", target_kind="path", reversible="no", when=("--remove-unversioned", "--remove-ignored"), broad=True), Row(kind="create", take="none", name=".", target_kind="repository", scope="workspace", reversible="yes", unless=("--remove-unversioned", "--remove-ignored"))),
        **same("checkout|co|update|up|export|switch|sw", _PULL),
        **same("move|mv|rename|copy|cp", RECORD),
    },
)  # fmt: skip


HANDLERS: dict[str, Handler] = {
    "gh": handler(_forge("gh")),
    "glab": handler(_forge("glab")),
    "tea": handler(_forge("tea")),
    "hub": _hub,
    "jj": handler(_JJ),
    "hg": handler(_HG),
    "svn": handler(_SVN),
}
