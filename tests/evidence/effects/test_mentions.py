"""Text that only mentions a dangerous command, or looks like one: nothing destructive is found in it."""

from __future__ import annotations

import pytest

from magistrate.core.records import Effect
from magistrate.evidence.effects import code, shell
from magistrate.evidence.effects.morphology import word_set
from magistrate.evidence.effects.place import Place

PLACE = Place(cwd="/srv/project", home="/home/ana")
DESTRUCTIVE = word_set(
    "delete overwrite vcs-rewrite database-destroy infrastructure permission credential process-stop oversight persistence"
)

MENTIONS = {
    "echo": "echo 'rm -rf /'",
    "echo without quotes": "echo rm -rf /",
    "printf": "printf '%s\\n' 'git push --force' 'DROP TABLE users'",
    "grep pattern": "grep -rn 'rm -rf' scripts/",
    "grep -e": "grep -e 'DROP TABLE' -e 'shutil.rmtree' src/app.py",
    "ripgrep": "rg 'kubectl delete' --glob '*.md'",
    "commit message": "git commit -m 'Stop calling rm -rf / in the cleanup script'",
    "commit message from a heredoc": "git commit -F - <<'END'\nRemove the rm -rf / call\n\nAlso mentions git reset --hard.\nEND",
    "commit message from a substitution": "git commit -m \"$(cat <<'END'\nnever run: rm -rf /\nEND\n)\"",
    "comment": "ls # rm -rf /",
    "comment line": "# rm -rf /\nls",
    "heredoc into a file": "cat > docs/danger.md <<'END'\nNever run `rm -rf /` or `git push --force`.\nEND",
    "heredoc into a file, other order": "cat <<'END' > docs/danger.md\nrm -rf /\nEND",
    "heredoc through tee": "tee notes.txt <<'END'\nsudo rm -rf /\nEND",
    "heredoc to a reader": "sort <<END\nrm -rf /\ngit clean -fd\nEND",
    "here-string to a reader": "wc -c <<< 'rm -rf /'",
    "argument of an unknown program": "notify 'rm -rf / was blocked'",
    "sed over text": "sed -n 's/rm -rf/REMOVED/p' history.txt",
    "awk pattern": "awk '/rm -rf/ {print $2}' audit.txt",
    "case label": "case \"$1\" in rm) echo no;; *) echo yes;; esac",
    "variable that is never run": "NOTE='rm -rf /'; echo \"$NOTE\"",
    "array of words": "BAD=('rm -rf /' 'mkfs'); echo ${#BAD[@]}",
    "test of a string": "[[ \"$cmd\" == 'rm -rf /' ]] && echo matched",
    "test of a program": "[ -x /bin/rm ] && echo present",
    "command -v": "command -v rm",
    "which": "which -a rm shred dd",
    "type": "type rm",
    "man page": "man rm",
    "whatis": "whatis shred mkfs dd",
    "help": "docker rm --help",
    "file named like a command": "cat rm",
    "folder named like a command": "ls delete/ drop-table/",
    "find by name": "find . -name 'rm*' -print",
    "find printing": "find . -name '*.log' -exec echo rm {} \\;",
    "xargs echo": "ls *.log | xargs echo rm",
    "echo in a pipe": "echo 'rm -rf /' | grep rm | wc -l",
    "echo into a file": "echo 'rm -rf build' >> cleanup.txt",
    "json text": "jq '.commands[] | select(. == \"rm -rf /\")' log.json",
    "curl with words": "curl -s 'https://search.example.org/?q=rm+-rf'",
    "python string": "python3 -c 'print(\"rm -rf /\")'",
    "python comparison": "python3 -c 's = \"os.remove(x)\"; print(len(s))'",
    "python docstring": "python3 - <<'END'\n'''Calls shutil.rmtree(\"/\") never.'''\nprint('ok')\nEND",
    "node string": "node -e \"console.log('rm -rf /')\"",
    "perl string": "perl -e 'print \"rm -rf /\\n\"'",
    "spelled in a flag": "mytool --message='rm -rf /' --level 3",
    "branch name": "git checkout -b fix/rm-rf-guard",
    "branch listing": "git branch --list '*delete*'",
    "log search": "git log --grep='reset --hard' --oneline",
    "history of a phrase": "git log -S'DROP TABLE' -- db/",
    "test selection": "pytest -k 'delete or drop' tests/test_remove.py",
    "make dry run": "make -n clean",
    "shellcheck": "shellcheck -e SC2115 cleanup.sh",
    "diff of scripts": "diff rm-old.sh rm-new.sh",
    "safe git": "git status && git diff && git log -3",
    "reading logs": "tail -n 50 /var/log/syslog",
    "listing processes": "ps aux | grep kill",
    "pgrep": "pgrep -f 'rm -rf'",
    "dd to nowhere": "dd if=/dev/zero of=/dev/null bs=1M count=10",
    "discarded output": "ls nothing 2>/dev/null >/dev/null",
    "kill of nothing": "kill -0 1234",
    "looking at keys": "ls -la ~/.ssh",
    "public key": "cat ~/.ssh/id_ed25519.pub",
    "sample environment": "cat .env.example",
    "a new folder": "mkdir -p build/delete && touch build/delete/.keep",
    "executable bit": "chmod +x scripts/run.sh",
    "own background job": "sleep 5 & wait",
    "sub-shell of readers": "(cd docs && ls | head)",
    "quoted substitution": "echo '$(rm -rf /)'",
    "escaped substitution": "echo \"\\$(rm -rf /)\"",
    "quoted heredoc with a substitution": "cat <<'END'\n$(rm -rf /)\nEND",
    "arithmetic": "echo $((3 > 2))",
    "shift operator": "echo $((1<<4))",
}  # fmt: skip


def destructive(effects: tuple[Effect, ...]) -> list[Effect]:
    return [effect for effect in effects if effect.kind in DESTRUCTIVE and "append" not in effect.flags]


@pytest.mark.parametrize("text", MENTIONS.values(), ids=MENTIONS.keys())
def test_mention_has_no_destructive_effect(text: str) -> None:
    effects = shell.effects(text, PLACE)
    assert destructive(effects) == []
    assert not [effect for effect in effects if effect.certainty == "dynamic" and effect.kind == "execute"]


@pytest.mark.parametrize(
    "text",
    [
        "print('rm -rf /')",
        "text = 'os.system(\"rm -rf /\")'\nlen(text)",
        "# os.remove('/')\n1 + 1",
        "def delete(x):\n    return [y for y in x if y]\ndelete([1, 2])",
        "items = [1, 2]\nitems.remove(1)\nd = {}\nd.pop('x', None)\ndel d",
        "import re\nre.sub('rm', '', 'rm -rf')",
        "import pandas as pd\ndf = pd.DataFrame({'a': [1]})\ndf.drop(columns=['a'])",
        "s = {1, 2}\ns.discard(1)\ns.clear()",
        "import logging\nlogging.getLogger().warning('DROP TABLE users')",
    ],
)
def test_python_that_only_computes(text: str) -> None:
    effects = code.effects("python", text, PLACE)
    assert [(effect.kind, effect.certainty) for effect in effects] == [("execute", "parsed")]
    assert "computes" in effects[0].flags


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("javascript", "const xs = [1, 2, 3]; console.log(xs.map(x => x * 2).join(','))"),
        ("javascript", "console.log(require('./package.json').version)"),
        ("perl", "while (<>) { print lc($_) if /rm -rf/ }"),
        ("ruby", "puts [1, 2].map { |x| x.to_s }.join(', ')"),
        ("php", "echo strtoupper('drop table users');"),
        ("awk", "{ sum += $2 } END { print sum / NR }"),
    ],
)
def test_other_code_that_only_computes(language: str, text: str) -> None:
    effects = code.effects(language, text, PLACE)
    assert [effect.certainty for effect in effects] == ["parsed"]
    assert "computes" in effects[0].flags


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("javascript", "require('left-pad')('x')"),
        ("javascript", "doSomething(process.env)"),
        ("perl", 'my $f = "un" . "link"; &$f(\'x\')'),
        ("ruby", "Object.const_get('File').public_send(:x)"),
        ("php", "$f = 'x'; $f('y');"),
        ("powershell", "Invoke-Mystery -Name x"),
    ],
)
def test_other_code_that_could_do_anything(language: str, text: str) -> None:
    assert any(effect.certainty == "dynamic" for effect in code.effects(language, text, PLACE))
