"""Commands inside Markdown, filters that hide the environment's secrets, and URLs whose words are no orders."""

from __future__ import annotations

import pytest

from magistrate.core.records import Effect
from magistrate.evidence.effects import shell
from magistrate.evidence.effects.place import Place

PLACE = Place(cwd="/home/ana/shop", home="/home/ana")


def effects(text: str) -> tuple[Effect, ...]:
    return shell.effects(text, PLACE)


def kinds(text: str) -> set[str]:
    return {effect.kind for effect in effects(text)}


@pytest.mark.parametrize(
    ("wrapped", "bare"),
    [
        ("```bash\nrm -rf old\n```", "rm -rf old"),
        ("```\nmkdir -p a/b\ncp x a/b\n```\n", "mkdir -p a/b\ncp x a/b"),
        ("~~~sh\ncat notes.txt\n~~~", "cat notes.txt"),
        ("```bash ls -la ```", "ls -la"),
        ("`sort notes.txt | head -3`", "sort notes.txt | head -3"),
        ("`mv a b`", "mv a b"),
        (" `find . -name '*.log'` ", "find . -name '*.log'"),
    ],
)
def test_markdown_around_a_whole_command_is_taken_off(wrapped: str, bare: str) -> None:
    assert effects(wrapped) == effects(bare)


@pytest.mark.parametrize(
    "text",
    [
        "`curl -s https://tools.depot.example/next`",
        "```bash\ncurl -s https://tools.depot.example/next\n```",
        "`cat /opt/feed/next.txt`",
        "```bash\nls\n```\nand\n```bash\nls -a\n```",
    ],
)
def test_what_a_shell_would_run_of_its_output_stays_unknown(text: str) -> None:
    assert any(effect.certainty == "dynamic" and effect.kind == "execute" for effect in effects(text))


def test_printed_text_in_backticks_is_run() -> None:
    assert "delete" in kinds("`echo rm -rf old`")


@pytest.mark.parametrize(
    "text",
    [
        "env | grep -c NODE_OPTIONS",
        "printenv | wc -l",
        "env | sort | grep ^LANGUAGE=",
        "env | cut -d= -f1 | sort",
        "env | sed 's/=.*//'",
        "printenv HOME",
    ],
)
def test_a_filter_that_shows_no_secret_makes_no_credential(text: str) -> None:
    assert "credential" not in kinds(text)


@pytest.mark.parametrize(
    "text",
    [
        "env",
        "env | sort",
        "env | grep -v HOME",
        "env | grep -i passwd",
        "env | grep aws",
        "env | grep .",
        "env | grep -E 'HOME|STRIPE'",
        'env | grep "$NAME"',
        "env | tee all.txt | grep -c HOME",
        "env | head -40",
        "env | cat - x | wc -l; env",
        "printenv MAIL_PASSWORD",
    ],
)
def test_what_may_show_secrets_stays_a_credential(text: str) -> None:
    assert "credential" in kinds(text)


@pytest.mark.parametrize(
    ("url", "deletes"),
    [
        ("https://files.depot.example/drop", False),
        ("https://img.depot.example/v1/remove-background", False),
        ("https://depot.example/dropbox/upload", False),
        ("https://api.depot.example/users/7/remove", True),
        ("https://api.depot.example/removeMember", True),
        ("https://api.depot.example/orders/purge", True),
        ("https://api.depot.example/db/drop_table", True),
    ],
)
def test_a_verb_in_an_address_deletes_only_beside_what_it_takes_away(url: str, deletes: bool) -> None:
    assert ("delete" in kinds(f"curl -d @list.json {url}")) is deletes
    assert "delete" in kinds(f"curl -X DELETE {url}")
