"""git, forges and other version control, read from whole command lines."""

from __future__ import annotations

import pytest

from magistrate.core.records import Effect
from magistrate.evidence.effects.place import Place
from magistrate.evidence.effects.shell import effects

PLACE = Place(cwd="/srv/checkout", home="/home/kim")


def seen(line: str) -> tuple[Effect, ...]:
    return effects(line, PLACE)


def only(line: str, kind: str) -> list[Effect]:
    return [one for one in seen(line) if one.kind == kind]


@pytest.mark.parametrize(
    ("line", "kind", "target"),
    [
        ("git push origin topic", "vcs-publish", "origin/topic"),
        ("git push", "vcs-publish", ""),
        ("git push origin HEAD:refs/heads/main", "vcs-publish", "origin/refs/heads/main"),
        ("git push https://git.example.net/a.git main", "vcs-publish", "https://git.example.net/a.git main"),
        ("git push --force origin main", "vcs-rewrite", "origin/main"),
        ("git push --force=true origin main", "vcs-rewrite", "origin/main"),
        ("git push origin +main", "vcs-rewrite", "origin/main"),
        ("git push origin :old", "vcs-rewrite", "origin/old"),
        ("git push origin --delete old", "vcs-rewrite", "origin/old"),
        ("git -C sub push -f", "vcs-rewrite", ""),
        ("git push -uf origin topic", "vcs-rewrite", "origin/topic"),
        ("git reset --hard", "overwrite", "/srv/checkout"),
        ("git reset --hard HEAD~3", "vcs-rewrite", "HEAD~3"),
        ("git clean -fdx", "delete", "/srv/checkout"),
        ("git clean -fd build", "delete", "/srv/checkout/build"),
        ("git checkout -- src/a.py", "overwrite", "/srv/checkout/src/a.py"),
        ("git checkout .", "overwrite", "/srv/checkout"),
        ("git restore lib", "overwrite", "/srv/checkout/lib"),
        ("git switch -f main", "overwrite", "/srv/checkout"),
        ("git stash drop", "vcs-rewrite", "stash@{0}"),
        ("git stash clear", "vcs-rewrite", "stash"),
        ("git branch -D old", "vcs-rewrite", "old"),
        ("git tag -d v1", "vcs-rewrite", "v1"),
        ("git commit --amend --no-edit", "vcs-rewrite", "HEAD"),
        ("git rebase main", "vcs-rewrite", "main"),
        ("git filter-repo --path a", "vcs-rewrite", "."),
        ("git reflog expire --expire=now --all", "vcs-rewrite", "reflog"),
        ("git update-ref -d refs/heads/x", "vcs-rewrite", "refs/heads/x"),
        ("git worktree remove --force ../w", "delete", "/srv/w"),
        ("git clone https://git.example.net/a/b.git", "network-out", "https://git.example.net/a/b.git"),
        ("git config core.hooksPath /dev/null", "oversight", "/dev/null"),
        ("git config core.hooksPath .hooks", "persistence", "/srv/checkout/.hooks"),
        ("git config --global user.name Kim", "overwrite", "/home/kim/.gitconfig"),
        ("gh repo delete a/b --yes", "delete", "a/b"),
        ("gh pr merge 12 --squash", "vcs-publish", "12"),
        ("gh api -X DELETE repos/a/b", "delete", "repos/a/b"),
        ("gh api repos/a/b/collaborators/eve -X PUT", "permission", "repos/a/b/collaborators/eve"),
        ("gh secret set TOKEN", "credential", "TOKEN"),
        ("gh issue comment 3 --body hello", "message", "3"),
        ("hg strip tip", "vcs-rewrite", "tip"),
        ("svn commit -m x", "vcs-publish", "."),
        ("jj abandon abc", "vcs-rewrite", "abc"),
    ],
)
def test_effect_and_target(line: str, kind: str, target: str) -> None:
    assert (kind, target) in [(one.kind, one.target) for one in seen(line)]


@pytest.mark.parametrize(
    "line",
    [
        "git status",
        "git log -n 3 --oneline",
        "git diff HEAD~1 -- a.py",
        "git --no-pager show HEAD",
        "git -c core.pager=cat log",
        "git branch",
        "git branch -a",
        "git tag -l 'v*'",
        "git remote -v",
        "git config --get user.name",
        "git clean -nfd",
        "git push --dry-run --force origin main",
        "git stash list",
        "gh pr view 3",
        "gh api repos/a/b",
        "hg status",
        "svn log",
    ],
)
def test_reading_is_only_read(line: str) -> None:
    assert {one.kind for one in seen(line)} == {"read"}
    assert all(one.certainty == "parsed" for one in seen(line))


@pytest.mark.parametrize(
    "line",
    [
        "git add .",
        "git commit -m 'drop the rm -rf / and git push --force example'",
        "git stash",
        "git checkout -b x",
        "git restore --staged a.txt",
        "git rm --cached a",
    ],
)
def test_local_and_undoable(line: str) -> None:
    assert {one.kind for one in seen(line)} == {"create"}
    assert all(one.reversible == "yes" and one.scope == "workspace" for one in seen(line))


@pytest.mark.parametrize("line", ["git --version", "git push --help", "git", "gh --help"])
def test_help_has_no_effect(line: str) -> None:
    assert seen(line) == ()


def test_force_with_lease_is_milder_than_force() -> None:
    (lease,) = only("git push --force-with-lease origin topic", "vcs-rewrite")
    (force,) = only("git push --force origin topic", "vcs-rewrite")
    assert (lease.reversible, force.reversible) == ("partly", "no")
    assert {"force", "history", "remote-branch"} <= set(force.flags)


def test_skipped_hooks_are_flagged() -> None:
    assert "no-verify" in seen("git commit -n -m x")[0].flags
    assert "no-verify" in seen("git push --no-verify origin x")[0].flags
    assert "no-verify" not in seen("git commit -m 'about --no-verify'")[0].flags


@pytest.mark.parametrize(
    "line",
    [
        "git -c core.sshCommand='rm -rf /srv/data' fetch",
        "git -c alias.x='!rm -rf /srv/data' x",
        "git rebase -x 'rm -rf /srv/data' main",
        "git bisect run rm -rf /srv/data",
        "git submodule foreach 'rm -rf /srv/data'",
        "git clone 'ext::rm -rf /srv/data'",
        "git clone -c core.sshCommand='rm -rf /srv/data' git@git.example.net:a.git",
        "GIT_SSH_COMMAND='rm -rf /srv/data' git pull",
        "git filter-branch --tree-filter 'rm -rf /srv/data' HEAD",
    ],
)
def test_commands_inside_git_are_read(line: str) -> None:
    assert any(one.kind == "delete" and one.target == "/srv/data" for one in seen(line))


@pytest.mark.parametrize(
    "line", ["git $SUB", "git stash $(cat op)", "git -C x $A main", "gh pr $VERB 3", 'git -c "$PAIR" log']
)
def test_hidden_subcommand_is_dynamic(line: str) -> None:
    assert any(one.certainty == "dynamic" for one in seen(line))


def test_elsewhere_is_not_the_workspace() -> None:
    (lost,) = only("git -C /etc reset --hard", "overwrite")
    assert (lost.target, lost.scope) == ("/etc", "system")


def test_unknown_subcommand_is_guessed_execution() -> None:
    (one,) = seen("git frobnicate")
    assert (one.kind, one.certainty) == ("execute", "guessed")
