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


# ---------------------------------------------------------------------- commands that run commands

WRAPPERS = """
    sudo|sudo -nu root|sudo -E|doas|pkexec|run0|env|env A=1|env -u X A=1|nice -n 5|ionice -c 3|timeout -s KILL 5|gtimeout 5|stdbuf -oL|strace -f|chroot /x|nsenter -t 1
    unshare -r|flock /tmp/l|taskset 1|setpriv --reuid 0|runuser -u bob --|perf stat|perf record -F 99|exec -a x|time -p|command|builtin command|nohup|setsid|systemd-run --user
    setarch x86_64|torsocks|watch -n 1|busybox|xargs -n 1|parallel -j 2|tmux new-session -d|tmux new -d -s a|tmux -L sock new -d|tmux -S /tmp/s neww|screen -dm|screen -dmS name
    op run --env-file=.env --|dotenv run|dotenv -f x run --|dotenv -e .env --|retry -t 3|ssh -p 22 host|ssh -o A=b host --|docker exec -it -u 0 c|docker run --rm img
    docker compose exec svc|kubectl -n prod exec -it pod -c web --|lxc exec c --|multipass exec vm --|limactl shell vm|adb -s 1 shell|wsl -d Ubuntu --|wsl -e|heroku run -a shop
    uv run --with x|poetry run|pixi run -e dev|conda run -n e|npm exec --|npx|bundle exec|mise exec node@22 --|asdf exec|nix shell nixpkgs#jq -c|nix develop -c|flatpak-spawn --host
    distrobox enter box --|toolbox run -c box|apptainer exec -B /a img.sif|srun -N 1|magistrate mcp --|anyrunner --fast --
"""
PREFIXES = [prefix.strip() for line in WRAPPERS.split("\n") for prefix in line.split("|") if prefix.strip()]
OF_OTHERS = [f"-{letter}" for letter in "acdehilnprsuvxCEISVX"] + [
    "-S x",
    "-I x",
    "-c x",
    "--edit",
    "--list",
    "--command=x",
    "quit",
    "kill",
]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_the_options_of_a_wrapped_command_are_its_own(prefix: str) -> None:
    """However an option of the command would read on the one that runs it, the command is seen."""
    for option in ("", *OF_OTHERS):
        found = effects(f"{prefix} rm -rf /srv/data {option}")
        assert any(effect.kind == "delete" and effect.target.endswith("/srv/data") for effect in found), option


@pytest.mark.parametrize("prefix", PREFIXES)
def test_running_a_command_through_another_destroys_no_more(prefix: str) -> None:
    bare = kinds("find / -type f -size +100M -exec ls -lh {} ;") | kinds("grep -rine token src")
    more = {"execute", "network-out", "install", "credential", "infrastructure"}  # the runner's own
    for harmless in (r"find / -type f -size +100M -exec ls -lh {} \;", "grep -rine token src"):
        assert kinds(f"{prefix} {harmless}") <= bare | more


@pytest.mark.parametrize(
    "text",
    [
        "env -S 'rm -rf /srv/data'",
        "env '-Srm -rf /srv/data'",
        "env -iS 'rm -rf' /srv/data",
        "env -u X -S 'A=1 rm -rf /srv/data'",
        "env --split-string='rm -rf' /srv/data",
        "flock /tmp/l -c 'rm -rf /srv/data'",
        "runuser -l bob -c 'rm -rf /srv/data'",
        "su - bob -c 'rm -rf /srv/data'",
        "nix-shell -p jq --run 'rm -rf /srv/data'",
        "sbatch --wrap='rm -rf /srv/data'",
        "fly ssh console -a shop -C 'rm -rf /srv/data'",
        "mise x -c 'rm -rf /srv/data'",
        r"tmux new -d \; send-keys -t a 'rm -rf /srv/data' Enter",
        "tmux -L s send-keys 'rm -rf /srv/data' C-m",
        "screen -S a -p 0 -X stuff 'rm -rf /srv/data^M'",
        r"screen -S a -X stuff 'rm -rf /srv/data\n'",
    ],
)
def test_a_command_given_as_text_is_read(text: str) -> None:
    assert ("delete", "/srv/data") in {(effect.kind, effect.target) for effect in effects(text)}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("sudo -e /etc/hosts", "overwrite"),
        ("sudo -s", "execute"),
        ("tmux kill-server", "process-stop"),
        ("screen -S a -X quit", "process-stop"),
        ("env", "credential"),
    ],
)
def test_a_wrapper_without_a_command_is_what_it_is(text: str, kind: str) -> None:
    assert kinds(text) == {kind}


@pytest.mark.parametrize("text", ["command -v rm", "tmux ls", "screen -ls", "screen -r work", "wsl --list", "mise ls"])
def test_asking_runs_nothing(text: str) -> None:
    assert kinds(text) <= {"execute", "read"}
    assert not any(effect.target.endswith("rm") for effect in effects(text))
