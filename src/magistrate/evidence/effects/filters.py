"""Whether what reads a pipe lets secrets of the environment through: `env | grep -c x` tells a number, `env | sort` everything.

Only filters that are plain to read are believed; whatever else stands after the pipe may show all of it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence

from magistrate.core.records import Effect
from magistrate.evidence.effects.morphology import word_set

_PASSING = word_set("sort uniq head tail cat less more nl")
_GREPS = word_set("grep egrep fgrep rg")
_SECRET = re.compile(r"tok|sec|pass|pw|key|cred|auth|api|priv|sess|cookie|salt|cert|sign|dsn|conn|login|jwt|pat$", re.I)
_VENDORS = word_set("""aws azure gcp gcloud google github gitlab openai anthropic hf huggingface stripe slack twilio npm pypi docker
    db database postgres pg mysql mongo redis url uri app ci""")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{2,40}")
_VALUELESS = ("s/=.*//", "s/=.*$//")


def hides(readers: Sequence[str]) -> bool:
    """Whether the first of these commands that does more than pass text on lets no secret's value through."""
    for text in readers:
        if len(text) > 400 or any(sign in text for sign in "`$("):
            return False
        try:
            words = shlex.split(text)
        except ValueError:
            return False
        if not words:
            return False
        if words[0] not in _PASSING:
            return _hides(words[0], words[1:])
        if any(not word.startswith("-") for word in words[1:]) and words[0] == "cat":
            return False
    return False


def without_environment(effects: Iterable[Effect]) -> list[Effect]:
    """The effects but for the one that shows the whole environment."""
    return [one for one in effects if not (one.kind == "credential" and one.target == "environment")]


def _hides(name: str, words: Sequence[str]) -> bool:
    if name == "wc":
        return all(word.startswith("-") for word in words)
    if name == "cut":
        return {"-d=", "-f1"} <= set(words) or words in (["-d", "=", "-f", "1"], ["-d=", "-f", "1"])
    if name == "awk":
        return list(words) in (["-F=", "{print $1}"], ["-F", "=", "{print $1}"])
    if name == "sed":
        plain = [word for word in words if word not in ("-n", "-e", "-E", "-r")]
        named = re.fullmatch(r"/\^?(\w+)=?/p", plain[0]) if len(plain) == 1 and "-n" in words else None
        return (len(plain) == 1 and plain[0] in _VALUELESS) or bool(named and _ordinary(named[1]))
    return name in _GREPS and _grep(words)


def _grep(words: Sequence[str]) -> bool:
    options = [word for word in words if word.startswith("-")]
    if any(re.fullmatch(r"-[a-zA-Z]*[cq][a-zA-Z]*|--count|--quiet|--silent", word) for word in options):
        return True
    if any(not re.fullmatch(r"-[iEFwoxsn]+|-e|--ignore-case|--color=\w+", word) for word in options):
        return False
    patterns = [word for word in words if not word.startswith("-")]
    return len(patterns) == 1 and all(
        _ordinary(part.removeprefix("^").partition("=")[0]) for part in re.split(r"\\?\|", patterns[0])
    )


def _ordinary(name: str) -> bool:
    """A whole-looking name of a variable that holds no secret by what it is called."""
    return bool(_NAME.fullmatch(name)) and not _SECRET.search(name) and name.lower().strip("_") not in _VENDORS
