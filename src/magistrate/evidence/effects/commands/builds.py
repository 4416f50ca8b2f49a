"""Compilers, linters, test runners: they run or read the project's own code."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from magistrate.core.records import Effect
from magistrate.evidence.effects.command import Command, Handler, Scene, effect, write_effect
from magistrate.evidence.effects.commands.generic import run_file
from magistrate.evidence.effects.morphology import word_set


def _build(command: Command, scene: Scene) -> Iterator[Effect]:
    """Build tools and test runners: they run the project's own code, whatever is in it."""
    if command.has("--version", "--help") or command.pretends(
        "-n", "--dry-run", "--just-print", "--collect-only", "--co"
    ):
        return
    words = command.operands("-C", "-f", "-j", "-k", "-m", "-n", "-o", "-p", "-c", "--directory", "--file", "--rootdir")
    target = words[0].text if words else ""
    yield effect(
        "execute",
        " ".join([command.name, target]).strip(),
        "code",
        command,
        scope="workspace",
        certainty="parsed",
        reversible="yes",
    )


_TESTS = word_set(
    "pytest py.test nosetests unittest jest vitest mocha ava jasmine karma cypress playwright rspec minitest phpunit pest ctest gtest bats tap prove busted "
    "ruff black isort flake8 pylint mypy pyright pyre bandit eslint tslint prettier biome standard stylelint tsc swc esbuild rollup webpack vite parcel babel "
    "rubocop shellcheck shfmt hadolint golangci-lint staticcheck clang-tidy clang-format cppcheck gofmt goimports rustfmt markdownlint codespell vale yapf autopep8 pyupgrade "
    "gcc g++ cc c++ clang clang++ rustc javac kotlinc scalac ghc ocamlc nasm as ld ar ranlib configure autoconf automake buck buck2 pants mill lein "
    "msbuild swiftc protoc thrift flatc bison flex yacc lex sphinx-build mkdocs pandoc pdflatex xelatex latexmk doxygen hugo jekyll ffmpeg convert magick "
    "coverage locust k6 ab wrk asv cython nuitka pyinstaller strip objcopy install_name_tool codesign ccache distcc sass lessc tailwindcss storybook"
)


def _compile(command: Command, scene: Scene) -> Iterator[Effect]:
    output = command.value("-o", "--output", "--out")
    if output is not None and output.text not in ("/dev/null", "-"):
        yield write_effect(output, command, scene)
    yield from _build(command, scene)


def _jar(command: Command, scene: Scene) -> Iterator[Effect]:
    given = command.value("-jar")
    if given is not None:
        yield effect("execute", given.text, "path", command, scope="local", certainty="guessed", dynamic=given.dynamic)
        at = command.texts().index("-jar")
        yield from scene.command(
            msgspec.structs.replace(
                command,
                name=given.text.rsplit("/", 1)[-1].removesuffix(".jar"),
                words=command.words[at + 2 :],
                asked="",
                redirects=(),
            )
        )
    elif not command.has("-version", "--version"):
        for word in command.operands("-cp", "-classpath", "--class-path")[:1]:
            yield from (
                run_file(word, command, scene, "java")
                if word.text.endswith(".java")
                else iter(
                    (
                        effect(
                            "execute",
                            word.text,
                            "code",
                            command,
                            scope="local",
                            certainty="guessed",
                            dynamic=word.dynamic,
                        ),
                    )
                )
            )


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(_TESTS, _compile),
    "java": _jar,
}  # fmt: skip
