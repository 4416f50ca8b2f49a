"""Package managers and script runners."""

from __future__ import annotations

import pytest

from magistrate.core.records import Effect
from magistrate.evidence.effects.place import Place
from magistrate.evidence.effects.shell import effects

PLACE = Place(cwd="/srv/app", home="/home/kim")


def seen(line: str) -> tuple[Effect, ...]:
    return effects(line, PLACE)


@pytest.mark.parametrize(
    ("line", "target", "scope"),
    [
        ("pip install left", "left", "local"),
        ("pip3 install --user left", "left", "home"),
        ("python -m pip install left", "left", "local"),
        ("uv add left", "left", "workspace"),
        ("uv pip install left", "left", "workspace"),
        ("npm install left", "left", "workspace"),
        ("npm i -g left", "left", "system"),
        ("npm ci", "/srv/app/package.json", "workspace"),
        ("yarn", "/srv/app/package.json", "workspace"),
        ("apt-get install -y left", "left", "system"),
        ("brew install left", "left", "system"),
        ("cargo install --git https://git.example.net/left", "https://git.example.net/left", "workspace"),
        ("pip install git+https://git.example.net/left", "git+https://git.example.net/left", "local"),
        ("pacman -S left", "left", "system"),
        ("dpkg -i left.deb", "/srv/app/left.deb", "system"),
        ("gem install left", "left", "local"),
        ("go install example.net/left@latest", "example.net/left@latest", "workspace"),
        ("npx left", "left", "temp"),
    ],
)
def test_what_is_installed_where(line: str, target: str, scope: str) -> None:
    assert (target, scope) in [(one.target, one.scope) for one in seen(line) if one.kind == "install"]


def test_foreign_index_is_told() -> None:
    found = seen("pip install left --index-url https://index.example.net/simple")
    assert "custom-index" in next(one for one in found if one.kind == "install").flags
    assert any(one.kind == "network-out" and one.target == "https://index.example.net/simple" for one in found)
    assert not any("custom-index" in one.flags for one in seen("pip install left -c pins.txt"))


@pytest.mark.parametrize(
    "line",
    ["npm publish", "cargo publish", "twine upload dist/a.whl", "gem push a.gem", "poetry publish", "docker push a/b"],
)
def test_publishing(line: str) -> None:
    (one,) = [one for one in seen(line) if one.kind == "vcs-publish"]
    assert one.scope == "remote"


@pytest.mark.parametrize(
    "line",
    [
        "cargo publish --dry-run",
        "npm publish --dry-run",
        "apt-get -s remove left",
        "pip list",
        "npm ls",
        "brew info left",
        "pacman -Ss left",
    ],
)
def test_pretending_and_listing_read(line: str) -> None:
    assert {one.kind for one in seen(line)} == {"read"}


@pytest.mark.parametrize("line", ["npm run build", "npm test", "yarn build", "make all", "cargo test", "just deploy"])
def test_project_scripts_execute(line: str) -> None:
    assert {one.kind for one in seen(line)} == {"execute"}
    assert "unseen-script" in seen(line)[0].flags


@pytest.mark.parametrize(
    "line",
    [
        "uv run rm -rf /srv/data",
        "poetry run rm -rf /srv/data",
        "npx -c 'rm -rf /srv/data'",
        "bundle exec rm -rf /srv/data",
    ],
)
def test_runners_are_unwrapped(line: str) -> None:
    assert any(one.kind == "delete" and one.target == "/srv/data" for one in seen(line))


@pytest.mark.parametrize(
    "line", ["pip uninstall -y left", "npm rm left", "apt-get purge left", "pacman -Rns left", "rpm -e left"]
)
def test_removal(line: str) -> None:
    assert [(one.kind, one.target) for one in seen(line)] == [("delete", "left")]


@pytest.mark.parametrize("line", ["npm $X", "pip $X left", "apt-get $(cat x)"])
def test_hidden_subcommand_is_dynamic(line: str) -> None:
    assert any(one.certainty == "dynamic" for one in seen(line))
