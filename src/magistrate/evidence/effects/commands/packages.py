"""Package managers, script runners and publishing: what comes onto the machine, from where, and what leaves it.

Publishing to a public registry is `vcs-publish` of a package: it cannot be called back, and others build on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from magistrate.core.records import Effect, Scope, TargetKind
from magistrate.evidence.effects.command import Command, Handler, Scene, Word
from magistrate.evidence.effects.commands.cli import (
    Call,
    Entry,
    Raw,
    Row,
    Tool,
    effects,
    handler,
    options,
    same,
    split,
    unwrap,
)

_REMOTE = re.compile(
    r"^(?:git\+|hg\+|svn\+|bzr\+)?(?:https?|ssh|git|ftp|file|s3|gs)(?:\+[a-z]+)?://|^(?:github|gitlab|bitbucket|gist):|^git@|^[\w.-]+ @ |@\s*(?:git\+|https?:)",
    re.I,
)
_SHORT_REPOSITORY = re.compile(r"^[\w-][\w.-]*/[\w.-]+(?:#.+)?$")
_LOCAL = re.compile(
    r"^(?:\.{1,2}(?:[/\\[]|$)|/|~|[A-Za-z]:[\\/])|\.(?:whl|tar\.gz|tgz|zip|deb|rpm|gem|apk|pkg|msi|dmg|snap|crate)$"
)
_INDEX = options(
    "-i --index-url --extra-index-url --index -f --find-links --registry --source --repo --repository --channel -c --default-index --repofrompath --enablerepo --git --tap --proxy --add-repo --index-strategy"
)
_UNCHECKED = options(
    "--trusted-host --allow-unauthenticated --nogpgcheck --no-gpg-checks --no-gpg-check --allow-untrusted --force-yes --allow-insecure-repositories "
    "--no-verify-ssl --allow-insecure --no-check-certificate --insecure --nodeps --no-audit --strict-ssl=false --no-sign --skip-checks --no-quarantine"
)
_GLOBAL = options("-g --global --system --break-system-packages --location=global")
_MANIFEST = options("-r --requirement --requirements -c --constraint -e --editable")


def _install(call: Call) -> Iterator[Effect]:
    """One `install` effect for each package; for addresses and foreign indexes what they are."""
    line, tool = call.line, call.tool
    flags = [*(["global"] if line.has(*_GLOBAL) or tool.scope == "system" else [])]
    flags += ["no-verify"] if line.has(*_UNCHECKED) else []
    indexes = [w for name, w in line.options if name in _INDEX_OF.get(tool.name, _INDEX) and w is not None]
    flags += ["custom-index"] if indexes else []
    scope: Scope = "home" if line.has("--user") else "system" if line.has(*_GLOBAL) else tool.scope
    for word in [*line.values("-r", "--requirement", "--requirements")]:
        yield call.effect("install", word, "url" if "://" in word.text else "path", scope=scope, flags=flags)
    words = [*line.values("-e", "--editable", "--git"), *call.args, *line.rest]
    if not words and not line.has("-r", "--requirement", "--requirements"):
        words = [Word(text=_MANIFEST_OF.get(tool.name, ""))]
    for word in words[:40]:
        yield _package(call, word, scope, flags)
    for word in indexes:
        if "://" in word.text or word.dynamic:
            yield call.effect("network-out", word, "url", scope="remote", reversible="yes", flags=("custom-index",))


def _package(call: Call, word: Word, scope: Scope, flags: list[str]) -> Effect:
    kind: TargetKind = "package"
    if _REMOTE.search(word.text) or (
        call.tool.name in _REPOSITORY_NAMES and _SHORT_REPOSITORY.match(word.text) and not word.text.startswith("@")
    ):
        kind, flags = "url", [*flags, "custom-index"]
    elif _LOCAL.search(word.text) or word.text in _MANIFEST_OF.values():
        kind = "path"
    certain = call.effect("install", word, kind, scope=scope, reversible="partly", flags=flags)
    return msgspec.structs.replace(certain, scope=scope, broad=False)


_REPOSITORY_NAMES = frozenset({"npm", "pnpm", "yarn", "bun"})
_MANIFEST_OF = {
    "npm": "package.json", "pnpm": "package.json", "yarn": "package.json", "bun": "package.json", "poetry": "pyproject.toml",
    "uv": "pyproject.toml", "pdm": "pyproject.toml", "hatch": "pyproject.toml", "pipenv": "Pipfile", "bundle": "Gemfile",
    "cargo": "Cargo.toml", "composer": "composer.json", "go": "go.mod", "mix": "mix.exs", "pod": "Podfile",
}  # fmt: skip
_INDEX_OF = {
    "cargo": options("--index --registry --git"), "gem": options("-s --source"), "npm": options("--registry"), "pnpm": options("--registry"),
    "yarn": options("--registry"), "bun": options("--registry"), "conda": options("-c --channel"), "pip": _INDEX - {"-c"}, "uv": _INDEX - {"-c"},
    "apt": options("--repo"), "go": frozenset(), "brew": frozenset(),
}  # fmt: skip


def _once(call: Call) -> Iterator[Effect]:
    """`npx`, `uvx`, `pipx run`: fetch a package and run it, then what the run itself would do."""
    line = split(
        call.tail,
        options("-p --package --from --with --python -c --call --registry --index-url --spec --index -w --workspace"),
        stop=1,
    )
    if line.has("--help", "--version") and not line.operands:
        return
    for word in line.values("-c", "--call"):
        yield from call.scene.shell(word.text, via=(*call.command.via, call.command.name), path=call.command.path)
    head, *rest = (*line.operands, *line.rest) or (None,)
    fetched = line.values("-p", "--package", "--from", "--with", "--spec") or ([head] if head is not None else [])
    for word in fetched[:20]:
        named = _package(
            call,
            word,
            "temp",
            ["unpinned"] if not re.search(r".@[\w.^~-]", word.text) and "==" not in word.text else [],
        )
        yield named
    if head is None:
        return
    name = re.sub(r"(?<=.)@[^/]*$|==.*$", "", head.text)
    yield call.effect("execute", head, "package", scope="local")
    yield from _known(unwrap((Word(text=name, dynamic=head.dynamic), *rest), call, call.command.name))


def _known(found: Iterable[Effect]) -> Iterator[Effect]:
    """A tool nobody knows has been said already by the runner: keep what is more than that."""
    for one in found:
        if not (one.kind == "execute" and one.certainty == "guessed"):
            yield one


def _inside(call: Call) -> Iterator[Effect]:
    """`uv run`, `poetry run`, `npm exec`, `bundle exec`: a command in the project's environment."""
    valued = options(
        "--with --python -p --extra --group --directory --project --env-file --package -m --index-url --cwd -C --gemfile --with-requirements -n --name"
    )
    line = split(call.tail, valued, stop=1)
    if line.has("--help") and not line.operands:
        return
    for word in line.values("--with"):
        yield _package(call, word, "temp", ["unpinned"])
    words = (*line.operands, *line.rest)
    module = line.value("-m")
    if module is not None:
        words = (Word(text="python"), Word(text="-m"), module, *words)
    if not words:
        yield call.effect("execute", call.command.name, "code", scope="workspace", certainty="guessed")
        return
    if words[0].text.endswith(".py"):
        words = (Word(text="python"), *words)
    yield from unwrap(words, call, f"{call.command.name} {' '.join(call.path)}")


def _script(call: Call) -> Iterator[Effect]:
    """A script of the project's own manifest."""
    for word in call.args[:1] or (Word(text=" ".join(call.path)),):
        yield call.effect("execute", word, "code", scope="workspace", flags=("unseen-script",))


def _shorthand(call: Call) -> Iterator[Effect]:
    """`yarn build`, `bun x.ts`: an unknown word is a script or a program of the project."""
    words = call.line.operands
    if not words:
        return
    yield call.effect("execute", words[0], "code", scope="workspace", flags=("unseen-script",))


_SHOWING = ("--list", "-l", "--show", "--show-sources", "--get", "--describe")


def _set(call: Call) -> Iterator[Effect]:
    """A setting of the tool: where packages come from is worth telling."""
    source = [word for word in call.args if "://" in word.text]
    if not source and call.line.has(*_SHOWING):
        yield call.effect("read", "configuration", "resource", scope="home", reversible="yes")
        return
    target = call.args[0].text.partition("=")[0] if call.args else "configuration"
    flags = ("custom-index",) if source or re.search(r"registry|index|source|repositor", target) else ()
    yield call.effect("overwrite", target, "resource", scope="home", reversible="yes", flags=flags)
    for word in source:
        yield call.effect("network-out", word.text.partition("=")[2] or word.text, "url", scope="remote", flags=flags)


_SEEN = (Row(kind="read", take="first", target_kind="package", scope="local", reversible="yes"),)
_NOTHING: tuple[Row, ...] = ()
_REMOVED = (Row(kind="delete", target_kind="package", scope="workspace", reversible="yes"),)
_REMOVED_SYSTEM = (Row(kind="delete", target_kind="package", scope="system", reversible="partly"),)
_PUBLISHED = (
    Row(
        kind="vcs-publish",
        take="first",
        name="package",
        target_kind="package",
        scope="remote",
        reversible="no",
        flags=("public",),
    ),
)
_UNPUBLISHED = (Row(kind="delete", take="first", target_kind="package", scope="remote", reversible="no"),)
_TOKEN = (Row(kind="credential", take="none", name="registry account", target_kind="account", scope="remote"),)
_RIGHTS = (Row(kind="permission", take="last", target_kind="account", scope="remote", reversible="partly"),)
_CACHE = (Row(kind="delete", take="none", name="package cache", scope="home", reversible="yes"),)
_LOCKED = (
    Row(kind="overwrite", take="none", name="lock file", target_kind="resource", scope="workspace", reversible="yes"),
)
_SETTING = (
    Row(kind="overwrite", take="first", name="configuration", target_kind="resource", scope="home", reversible="yes"),
)
_CREATED = (Row(kind="create", take="last", name=".", target_kind="path", reversible="yes"),)
_CHECKED = (
    Row(kind="execute", take="first", name="project", target_kind="code", scope="workspace", flags=("unseen-script",)),
)

_PIP: dict[str, Entry] = {
    **same("install|sync", _install),
    **same("download|wheel", (Row(kind="network-out", target_kind="package", scope="remote", reversible="yes"),)),
    "uninstall": (Row(kind="delete", target_kind="package", scope="local", reversible="yes"),),
    **same("list|show|freeze|check|search|index|inspect|debug|hash|completion|config list|config get|cache list|cache info|cache dir|tree|compile", _SEEN),
    **same("cache purge|cache remove|cache clean|cache prune", _CACHE),
    **same("config set|config unset|config edit", _set),
}  # fmt: skip
_NODE: dict[str, Entry] = {
    **same("install|i|add|ci|isntall|in|update|up|upgrade|install-test|it|global add|dedupe|import|rebuild|install-ci-test|cit", _install),
    **same("uninstall|remove|rm|r|un|unlink|prune|global remove|audit fix", _REMOVED),
    **same("run|run-script|test|t|start|stop|restart|build|tst", _script),
    **same("exec|x|dlx|create|init-with", Raw(run=_once)),
    **same("init", _CREATED),
    **same("link", (Row(kind="install", target_kind="package", scope="home"),)),
    **same("list|ls|ll|la|view|info|show|outdated|audit|why|explain|search|docs|home|bugs|repo|root|prefix|bin|doctor|fund|ping|whoami|pack|config list|config get|get|version|help|licenses|owner ls|access list|dist-tag ls|team ls|cache ls|cache dir|store path|store status|query|profile get|token list|sbom|find-dupes|diff|workspaces list|node|env", _SEEN),
    **same("publish|stage publish|npm publish", _PUBLISHED),
    **same("unpublish|npm unpublish", _UNPUBLISHED),
    **same("deprecate|dist-tag add|dist-tag rm|tag add|dist-tags add", (Row(kind="vcs-publish", take="first", target_kind="package", scope="remote", reversible="partly"),)),
    **same("login|adduser|add-user|logout|token create|token revoke|profile set|npm login", _TOKEN),
    **same("owner add|owner rm|access grant|access revoke|access set|access public|access restricted|team create|team add|team rm|team destroy|org set|org rm", _RIGHTS),
    **same("config set|config delete|set|config edit|set version|pkg set|pkg delete|version patch|version minor|version major", _set),
    **same("cache clean|cache clear|cache rm|store prune|pm cache rm", _CACHE),
    "workspace": _script,
}  # fmt: skip
_PYTHON_PROJECT: dict[str, Entry] = {
    **same("add|install|update|sync|self update|self add|self install|python install|python use|tool install|tool upgrade|upgrade|use|inject|ensurepath", _install),
    **same("remove|uninstall|self remove|tool uninstall|env remove|python remove|python uninstall|env prune|uninstall-all|uninject", _REMOVED),
    **same("lock|export|version|self lock|pip compile|lock --check", _LOCKED),
    **same("run", Raw(run=_inside)),
    **same("tool run|x", Raw(run=_once)),
    **same("shell|env use|venv|init|new|env create", _CREATED),
    **same("show|tree|check|env list|env info|env show|list|search|about|python list|python find|python pin|python dir|tool list|tool dir|cache list|cache dir|config list|config --list|self version|self show|env run|source show|graph|info|environment", _SEEN),
    **same("publish|upload", _PUBLISHED),
    **same("build", _CHECKED),
    **same("cache clear|cache clean|cache prune", _CACHE),
    **same("config|source add|source remove|config set", _set),
    **same("login|auth login|auth logout|auth token", _TOKEN),
    **{f"pip {name}": entry for name, entry in _PIP.items() if name != "compile"},
}  # fmt: skip
_CARGO: dict[str, Entry] = {
    **same("install|add|update|fetch|binstall|vendor", _install),
    **same("uninstall|remove|rm", _REMOVED),
    **same("clean", (Row(kind="delete", take="none", name="target", target_kind="path", reversible="yes"),)),
    **same("build|b|check|c|test|t|bench|run|r|doc|d|clippy|rustc|rustdoc|nextest|nextest run|watch|expand|miri|llvm-cov|tarpaulin", _CHECKED),
    **same("fmt|fix|init|new|generate-lockfile", _LOCKED),
    **same("publish", _PUBLISHED),
    "yank": _UNPUBLISHED,
    **same("owner", _RIGHTS),
    **same("login|logout", _TOKEN),
    **same("search|tree|metadata|info|pkgid|locate-project|read-manifest|verify-project|version|help|audit|deny|outdated|package|list", _SEEN),
}  # fmt: skip
_GEM: dict[str, Entry] = {
    **same("install|update|i", _install),
    **same("uninstall|cleanup", (Row(kind="delete", target_kind="package", scope="system", reversible="yes"),)),
    **same("list|search|info|env|environment|which|contents|dependency|outdated|query|specification|sources|build|check|help", _SEEN),
    "push": _PUBLISHED,
    "yank": _UNPUBLISHED,
    "owner": _RIGHTS,
    "signin": _TOKEN,
    "exec": Raw(run=_once),
}  # fmt: skip
_GO: dict[str, Entry] = {
    **same("install|get|mod download|mod vendor", _install),
    **same("run|generate|tool", (Row(kind="execute", take="first", target_kind="code", scope="workspace", flags=("unseen-script",)),)),
    **same("build|test|vet", _CHECKED),
    **same("fmt|mod tidy|mod init|mod edit|work init|work use|work sync|fix|mod why", _LOCKED),
    **same("list|env|version|doc|help|mod graph|mod verify|bug|telemetry", _SEEN),
    "clean": (Row(kind="delete", take="none", name="go cache", scope="home", reversible="yes"),),
}  # fmt: skip
_REFRESH = (
    Row(
        kind="network-out", take="none", name="package index", target_kind="resource", scope="remote", reversible="yes"
    ),
)
_SYSTEM: dict[str, Entry] = {
    **same("install|upgrade|update|dist-upgrade|full-upgrade|reinstall|localinstall|groupinstall|add|in|up|dup|build-dep|bundle|tap|downgrade|distro-sync|system-upgrade|refresh|group install|module install|module enable|cask install|tap-new|swap|safe-upgrade|patch|fetch|source|download", _install),
    **same("remove|purge|uninstall|rm|erase|del|autoremove|autopurge|auto-remove|zap|untap|group remove|cask uninstall|history undo|history rollback", _REMOVED_SYSTEM),
    **same("clean|autoclean|cleanup|makecache|clean all|cache clean", _CACHE),
    **same("list|search|show|info|policy|depends|rdepends|check|check-update|repolist|provides|whatprovides|deplist|deps|uses|leaves|outdated|doctor|config|desc|home|history|cat|log|changelog|madison|pkgnames|showpkg|find|connections|interfaces|repo list|formulae|casks|--prefix|prefix|stats|dump|audit|version|se|if|lr|query|repoquery|moo", _SEEN),
    **same("hold|unhold|pin|unpin|mark|versionlock|services start|services stop|services restart|services run|link|unlink|config-manager|set|enable|disable|edit-sources|services|ar|addrepo|rr|removerepo|repo add|switch|revert|connect|disconnect|alias", (Row(kind="overwrite", take="last", target_kind="package", scope="system", reversible="yes"),)),
}  # fmt: skip

_PIP_VALUED = options(
    "-r --requirement --requirements -c --constraint -e --editable -i --index-url --extra-index-url --index --default-index -f --find-links --trusted-host -t "
    "--target --prefix --root --python --platform --abi --implementation --only-binary --no-binary --progress-bar --cache-dir --proxy --retries "
    "--timeout --log --src -d --dest --cert --client-cert --upgrade-strategy --python-version -p -G --group --extra --source --directory --project -E --extras --optional --index-strategy --tag --branch --rev --config-settings -C"
)
_NODE_VALUED = options(
    "--registry --prefix -w --workspace --cwd -C --dir --tag --otp --access --cache --loglevel --userconfig --omit --include --filter -F --only --install-strategy --reporter --store-dir --location --message"
)
_SYSTEM_VALUED = options(
    "-o --option -c --config-file -t --target-release --default-release --repo --enablerepo --disablerepo --installroot --releasever --setopt -x --exclude --channel --repository --root -R -X --appdir --arch --repofrompath --version --source -n --name --tap"
)


def _tool(
    name: str, table: dict[str, Entry], scope: Scope, valued: frozenset[str], *, long: bool = False, dry: str = ""
) -> Tool:
    return Tool(name=name, table=table, scope=scope, valued=valued, by_verb=False, long_dash=long, dry=tuple(dry.split()), help=() if name in ("npm",) else ("-h",),
                marks={"-y": "auto-approve", "-g": "global", "--global": "global", "--break-system-packages": "global", "--ignore-scripts": "", "--purge": "bulk", "--allow-dirty": "no-verify", "--no-git-checks": "no-verify", "--skip-existing": ""})  # fmt: skip


_NPM = _tool("npm", _NODE, "workspace", _NODE_VALUED)
_TOOLS: dict[str, Tool] = {
    "pip": _tool("pip", _PIP, "local", _PIP_VALUED),
    "uv": _tool("uv", _PYTHON_PROJECT, "workspace", _PIP_VALUED),
    "poetry": _tool("poetry", _PYTHON_PROJECT, "workspace", _PIP_VALUED),
    "pdm": _tool("pdm", _PYTHON_PROJECT, "workspace", _PIP_VALUED),
    "hatch": _tool("hatch", _PYTHON_PROJECT, "workspace", _PIP_VALUED),
    "rye": _tool("rye", _PYTHON_PROJECT, "workspace", _PIP_VALUED),
    "pipenv": _tool("pipenv", _PYTHON_PROJECT, "workspace", _PIP_VALUED),
    "conda": _tool("conda", {**_PYTHON_PROJECT, **same("create|env create|env update", _install)}, "home", options("-n --name -p --prefix -c --channel -f --file") ),
    "npm": _NPM,
    "pnpm": _tool("pnpm", _NODE, "workspace", _NODE_VALUED),
    "yarn": _tool("yarn", {**_NODE, "global": _install}, "workspace", _NODE_VALUED),
    "bun": _tool("bun", {**_NODE, "pm": _SEEN}, "workspace", _NODE_VALUED),
    "deno": _tool("deno", {**_NODE, **same("fmt|lock", _LOCKED), **same("eval|run|task|test|serve|repl|bench|compile", _script), **same("check|lint|doc|info|types", _SEEN), "deploy": _PUBLISHED}, "workspace", _NODE_VALUED | options("-A -c --config")),
    "cargo": _tool("cargo", _CARGO, "workspace", options("--index --registry --git --branch --tag --rev --version --path --root --target --target-dir -p --package --features -F --manifest-path -j --jobs --bin --example --test --token --color -Z --config --profile"), dry="-n"),
    "gem": _tool("gem", _GEM, "local", options("-v --version -s --source -i --install-dir -n --bindir --platform -p --http-proxy --host -k --key -P")),
    "bundle": _tool("bundle", {**same("install|update|add|", _install), **same("remove|clean", _REMOVED), "exec": Raw(run=_inside), **same("show|list|info|outdated|check|config|doctor|platform|version|audit", _SEEN), **same("lock|init|cache|package", _LOCKED)}, "workspace", _NODE_VALUED),
    "go": _tool("go", _GO, "workspace", options("-o -run -bench -count -timeout -tags -ldflags -gcflags -mod -modfile -p -C --ldflags --tags --timeout --run --count --mod")),
    "composer": _tool("composer", {**same("install|require|update|global require|create-project", _install), **same("remove|global remove", _REMOVED), **same("show|validate|outdated|diagnose|licenses|search|status|audit|depends|why", _SEEN), **same("run-script|exec|run", _script), **same("dump-autoload|dumpautoload|init|config", _LOCKED)}, "workspace", _NODE_VALUED),
    **{name: _tool(name, {**_SYSTEM, "update": _REFRESH} if name in ("apt", "apt-get", "aptitude", "brew", "apk", "opkg") else _SYSTEM, "system", _SYSTEM_VALUED, dry="-s --just-print --no-act --recon --assumeno --test -D" if name.startswith("apt") else "--assumeno -n" if name == "brew" else "--assumeno") for name in ("apt", "apt-get", "aptitude", "apt-cache", "yum", "dnf", "microdnf", "zypper", "brew", "apk", "snap", "port", "choco", "winget", "scoop", "flatpak", "pkg", "nix-env", "emerge", "xbps-install", "opkg", "tdnf", "eopkg", "urpmi", "mas", "asdf", "mise", "sdk", "nvm", "rustup", "pyenv", "fnm", "volta")},
    "twine": _tool("twine", {"upload": (msgspec.structs.replace(_PUBLISHED[0], take="all"),), "register": _PUBLISHED, "check": _SEEN}, "remote", options("-r --repository --repository-url -u --username -p --password -c --comment --config-file -i --identity")),
    "dotnet": _tool("dotnet", {**same("add|add package|restore|tool install|tool restore|new install|workload install", _install), **same("remove|remove package|tool uninstall", _REMOVED), **same("build|test|run|publish|watch|pack|msbuild|format|exec|fsi", _CHECKED), "nuget push": _PUBLISHED, "nuget delete": _UNPUBLISHED, **same("list|list package|tool list|sln list|nuget list", _SEEN), **same("new|sln|sln add|clean|add reference|user-secrets", _LOCKED), "ef database drop": (Row(kind="database-destroy", take="none", name="database", target_kind="database", reversible="no", broad=True),), "ef database update": (Row(kind="database-write", take="none", name="database", target_kind="database", reversible="partly"),)}, "workspace", options("-p --project -c --configuration -o --output -f --framework -s --source -k --api-key --version -v -r")),
}  # fmt: skip


def _family(name: str) -> Handler:
    """Package managers whose bare word may be a script (`yarn build`) fall back to that."""
    tool = _TOOLS[name]

    def handle(command: Command, scene: Scene) -> tuple[Effect, ...]:
        found = tuple(effects(tool, command, scene))
        line = split(command.words, tool.valued)
        if (
            name in ("yarn", "pnpm", "bun", "deno")
            and [one.certainty for one in found] == ["guessed"]
            and line.operands
        ):
            call = Call(tool=tool, path=(), line=line, args=(), tail=(), command=command, scene=scene)
            return tuple(_shorthand(call))
        if name == "yarn" and not line.operands and not line.has("--help", "--version", "-v") and not found:
            call = Call(tool=tool, path=("install",), line=line, args=(), tail=(), command=command, scene=scene)
            return tuple(_install(call))
        return found

    return handle


def _runner(command: Command, scene: Scene) -> tuple[Effect, ...]:
    """`npx`, `bunx`, `uvx`, `pipx run`."""
    line = split(command.words)
    call = Call(tool=_NPM, path=(), line=line, args=line.operands, tail=command.words, command=command, scene=scene)
    return tuple(_once(call))


_PIPX = _tool("pipx", {**_PYTHON_PROJECT, "run": Raw(run=_once)}, "home", _PIP_VALUED | options("--spec --pip-args"))

_PACMAN = {"S": "install", "U": "install", "R": "delete", "Q": "read", "F": "read", "T": "read", "D": "overwrite"}


def _pacman(command: Command, scene: Scene) -> tuple[Effect, ...]:
    """pacman and its kin: the operation is a capital letter."""
    line = split(command.words, options("-r --root -b --dbpath --config --cachedir --arch"))
    tool = _tool("pacman", {}, "system", frozenset())
    call = Call(tool=tool, path=(), line=line, args=line.operands, tail=(), command=command, scene=scene)
    letters = "".join(name[1:] for name, _ in line.options if name.startswith("-") and not name.startswith("--"))
    words = {"--sync": "S", "--remove": "R", "--query": "Q", "--upgrade": "U", "--files": "F", "--database": "D"}
    letters += "".join(letter for word, letter in words.items() if line.has(word))
    letter = next((letter for letter in letters if letter in _PACMAN), "")
    hidden = next((word for word in command.words if word.dynamic), None)
    if not letter:
        if hidden is None and line.has("--help", "--version", "-h", "-V"):
            return ()
        return (call.effect("execute", hidden or "pacman", "code", certainty="guessed"),)
    kind = _PACMAN[letter]
    if kind == "install" and ("s" in letters or "i" in letters) and "y" not in letters.replace("yy", "y"):
        kind = "read"
    if kind == "install":
        return tuple(_install(call))
    row = {"delete": _REMOVED_SYSTEM, "read": _SEEN, "overwrite": _SETTING}[kind]
    return tuple(
        call.effect(row[0].kind, word, "package", scope=row[0].scope, reversible=row[0].reversible)
        for word in line.operands or (Word(text=""),)
    )


def _dpkg(command: Command, scene: Scene) -> tuple[Effect, ...]:
    """dpkg, rpm, installer: packages from files."""
    line = split(command.words, options("--root --prefix --dbpath --admindir -pkg -target"))
    call = Call(
        tool=_tool(command.name, {}, "system", frozenset()),
        path=(),
        line=line,
        args=line.operands,
        tail=(),
        command=command,
        scene=scene,
    )
    short = "".join(name[1:] for name, _ in line.options if name[:2] != "--")
    if line.has("--install", "--upgrade", "--unpack", "--configure", "--freshen", "--reinstall", "-pkg") or (
        re.match(r"[iUFh]", short) and not re.match(r"h$", short)
    ):
        return tuple(_install(call))
    if line.has("--remove", "--purge", "--erase", "-e", "-P", "-r"):
        return tuple(
            call.effect("delete", word, "package", scope="system", reversible="partly")
            for word in line.operands or (Word(text=""),)
        )
    hidden = next((word for word in command.words if word.dynamic), None)
    if not short and hidden is not None:
        return (call.effect("execute", hidden, "code"),)
    if line.has("--help", "--version"):
        return ()
    return tuple(
        call.effect("read", word, "package", scope="local", reversible="yes")
        for word in line.operands[:1] or (Word(text=""),)
    )


def _make(command: Command, scene: Scene) -> tuple[Effect, ...]:
    """Build tools run what the project's own file says."""
    line = split(
        command.words,
        options(
            "-f --file --makefile -C --directory -j --jobs -o -W -I --eval -p --project -d --justfile -b --tasks -s --set"
        ),
    )
    tool = Tool(name=command.name, scope="workspace")
    call = Call(tool=tool, path=(), line=line, args=line.operands, tail=(), command=command, scene=scene)
    if line.has("--help", "--version", "-v", "--list", "-l", "--summary", "-h") and not line.operands:
        return ()
    targets = [word for word in line.operands if "=" not in word.text] or [Word(text=command.name)]
    found = [call.effect("execute", word, "code", scope="workspace", flags=("unseen-script",)) for word in targets[:20]]
    for word in line.values("--eval"):
        found.append(call.effect("execute", Word(text=word.text, dynamic=True), "code", flags=("inline-code",)))
    if line.has("-n", "--dry-run", "--just-print", "--recon") and command.name in ("make", "gmake", "just"):
        return (call.effect("read", targets[0].text, "code", scope="workspace", reversible="yes", flags=("dry-run",)),)
    return tuple(found)


HANDLERS: dict[str, Handler] = {
    **{name: _family(name) for name in _TOOLS},
    **{alias: _family("pip") for alias in ("pip2", "pip3", "pip3.10", "pip3.11", "pip3.12", "pip3.13")},
    "mamba": _family("conda"),
    "micromamba": _family("conda"),
    "bundler": _family("bundle"),
    **dict.fromkeys(("npx", "bunx", "uvx", "pnpx"), _runner),
    "pipx": handler(_PIPX),
    **dict.fromkeys(("pacman", "yay", "paru"), _pacman),
    **dict.fromkeys(("dpkg", "rpm", "installer"), _dpkg),
    **dict.fromkeys(("make", "gmake", "just", "task", "ninja", "rake", "tox", "nox", "gradle", "gradlew", "mvn", "mvnw", "ant", "bazel", "invoke", "doit", "cmake", "meson", "sbt", "mage", "earthly", "turbo", "nx", "lerna", "gulp", "grunt", "mix", "swift", "xcodebuild", "fastlane", "pre-commit"), _make),
}  # fmt: skip
