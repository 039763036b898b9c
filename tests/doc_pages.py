"""The pages of the project, and the command lines in them."""

import ast
import functools
import pathlib
import re
import shlex
import textwrap

ROOT = pathlib.Path(__file__).parents[1]
PAGES = sorted(
    path
    for folder in ("", "docs", "results", "fanet_tf/zoo")
    for path in (ROOT / folder).glob("**/*.md" if folder else "*.md")
)
TEXTS = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in PAGES
}

# The help of commands, benchmarks and configs: their modules' docstrings.
HELPS = {
    path.relative_to(ROOT).as_posix(): textwrap.dedent(
        ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    )
    for pattern in (
        "configs/*.py",
        "benchmarks/*.py",
        "fanet_tf/cli/*.py",
        "export/**/cli.py",
        "android_bench/cli/*.py",
    )
    for path in sorted(ROOT.glob(pattern))
}


def prose(text: str) -> str:
    """Returns a page without its fenced blocks."""
    return re.sub(r"^ *```.*?^ *```$", "", text, flags=re.DOTALL | re.MULTILINE)


def blocks(text: str) -> str:
    """Returns the lines of a page's blocks, those that go on joined."""
    found = re.findall(
        r"^ *```(?:sh|bash)?\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE
    )
    found += re.findall(r"^(?: {4,}|\t)(.+)$", prose(text), re.MULTILINE)
    return re.sub(r" *\\\n *", " ", "\n".join(found))


def commands(text: str) -> list[list[str]]:
    """Returns the command lines of a page's blocks, cut into words.

    What the blocks assign to a variable, or the first that a loop gives it,
    stands in its place.
    """
    text = blocks(text)
    given = dict(re.findall(r"^ *([A-Za-z]\w*)=(\S+)$", text, re.MULTILINE))
    given |= dict(re.findall(r"^ *for (\w+) in (\S+)", text, re.MULTILINE))
    found = []
    for line in text.splitlines():
        line = re.sub(r"^(?:[A-Z_]+=\S+ +)+", "", line.strip())
        if re.match(r"(fanet-\w+|python benchmarks/|\.venv/bin/fanet-)", line):
            line = re.split(r" >>? | &$", line)[0]
            line = re.sub(r"\$(\w+)", lambda m: given.get(m[1], m[0]), line)
            found.append(shlex.split(line, comments=True))
    return found


@functools.cache
def programs() -> dict[str, str]:
    """Returns the module of every console script."""
    setup = (ROOT / "setup.py").read_text(encoding="utf-8")
    return dict(re.findall(r'"(fanet-\w+) = ([\w.]+):', setup))
