"""The pages say what is there: links, flags, fields, files.

Everything is read from the sources, so no command is imported and no
TensorFlow is loaded; only the Python of the README is run.
test_doc_commands.py has the command lines.
"""

import ast
import functools
import pathlib
import re

import ml_collections
import numpy as np
import pytest
from doc_pages import HELPS
from doc_pages import ROOT
from doc_pages import TEXTS
from doc_pages import commands
from doc_pages import programs
from doc_pages import prose

from fanet_tf import config as config_lib
from fanet_tf import variants

# Flags of other people's programs that our pages name.
FOREIGN = {"--gpu_backend", "--num_threads", "--logdir", "--no-deps"}
ABSL = {"--help", "--helpfull", "--helpshort", "--verbosity", "--flagfile"}


def anchors(text: str) -> set[str]:
    """Returns the anchors that GitHub gives a page's headings."""
    seen: dict[str, int] = {}
    made = set()
    for heading in re.findall(r"^#{1,6} +(.+)$", prose(text), re.MULTILINE):
        heading = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        count = seen.setdefault(slug, 0)
        seen[slug] += 1
        made.add(f"{slug}-{count}" if count else slug)
    return made


@functools.cache
def flags_of(path: pathlib.Path) -> frozenset[str]:
    """Returns the flags that a module, and what it imports of ours, defines."""
    found, todo, seen = set(), [path], set()
    while todo:
        module = todo.pop()
        if module in seen or not module.is_file():
            continue
        seen.add(module)
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                name = getattr(node.func, "attr", "")
                first = node.args[0]
                # An old name that is still taken has no place in a page.
                if (
                    name.startswith("DEFINE_")
                    and name != "DEFINE_alias"
                    and isinstance(first, ast.Constant)
                ):
                    found.add(f"--{first.value}")
            elif isinstance(node, ast.ImportFrom) and node.module:
                base = ROOT / node.module.replace(".", "/")
                todo += [base.with_suffix(".py"), base / "__init__.py"]
                todo += [base / f"{alias.name}.py" for alias in node.names]
    return frozenset(found | {f"--no{flag[2:]}" for flag in found} | ABSL)


def _file(module: str) -> pathlib.Path:
    return ROOT / f"{module.replace('.', '/')}.py"


@functools.cache
def every_flag() -> frozenset[str]:
    """Returns the flags of all commands and benchmarks."""
    modules = [*map(_file, programs().values())]
    modules += (ROOT / "benchmarks").glob("*.py")
    return frozenset().union(*map(flags_of, modules))


def has_field(name: str) -> bool:
    """Whether some variant's config has `config.a.b`, or a section `config.a`.

    `name` may leave out the word `config`.
    """
    parts = name.removeprefix("config.").split(".")
    for variant in variants.VARIANTS:
        value = config_lib.default_config(variant)
        for part in parts:
            value = (
                value.get(part)
                if isinstance(value, ml_collections.ConfigDict)
                else None
            )
        if value is not None:
            return True
    return False


@pytest.mark.parametrize("page", TEXTS)
def test_every_link_and_anchor_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(TEXTS[page])):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (ROOT / page).parent / path if path else ROOT / page
        assert linked.exists(), target
        if anchor:
            assert anchor in anchors(linked.read_text(encoding="utf-8")), target


@pytest.mark.parametrize("page", [*TEXTS, *HELPS])
def test_every_benchmark_takes_the_flags_that_a_page_gives_it(page):
    for program, *words in commands({**TEXTS, **HELPS}[page]):
        if program != "python":
            continue
        module = ROOT / words.pop(0)
        assert module.is_file(), module
        for word in words:
            flag = word.partition("=")[0]
            if flag.startswith("--config."):
                assert has_field(flag[2:]), f"{module.name}: {flag}"
            elif flag.startswith("--"):
                assert flag in flags_of(module), f"{module.name}: {flag}"


@pytest.mark.parametrize("page", TEXTS)
def test_every_flag_and_field_named_in_a_sentence_exists(page):
    for span in re.findall(r"`([^`\n]+)`", prose(TEXTS[page])):
        for flag in re.findall(r"(?<![\w-])--[a-z][\w.-]*", span):
            if flag.startswith("--config."):
                assert has_field(flag[2:]), flag
            else:
                assert flag in every_flag() | FOREIGN, flag
        if re.fullmatch(r"config\.[a-z_]+(\.[a-z_]+)?", span):
            assert has_field(span), span


@pytest.mark.parametrize("page", TEXTS)
def test_every_file_of_ours_named_in_a_sentence_exists(page):
    folders = "fanet_tf|export|android_bench|configs|benchmarks|tests|docs"
    for name in re.findall(
        rf"`((?:{folders}|results)/[\w./]+)(?::[\w,]+)?`(?!\s+of\s+commit)",
        prose(TEXTS[page]),
    ):
        assert (ROOT / name).exists(), name


def test_every_page_is_reached_from_the_readme():
    """One click after the other, as a reader would."""
    reached, todo = set(), ["README.md"]
    while todo:
        page = todo.pop()
        if page in reached:
            continue
        reached.add(page)
        for target in re.findall(r"\]\(([^)\s#]+)", prose(TEXTS[page])):
            path = ((ROOT / page).parent / target).resolve()
            if path.is_dir():
                path /= "README.md"
            if path.is_relative_to(ROOT):
                name = path.relative_to(ROOT).as_posix()
                todo += [name] if name in TEXTS else []
    assert set(TEXTS) - reached <= {"CONTRIBUTING.md"} - reached


def test_the_python_of_the_readme_denoises():
    (code,) = re.findall(
        r"^```python\n(.*?)^```$", TEXTS["README.md"], re.DOTALL | re.MULTILINE
    )
    rng = np.random.default_rng(0)
    clean = np.full((96, 128), 0.3, np.float32)
    deviation = np.sqrt(3.4e-3 * clean + 2.1e-5)
    mosaic = clean + deviation * rng.standard_normal(clean.shape)
    names = {"mosaic": mosaic.astype(np.float32)}
    exec(code, names)
    denoised = names["denoised"]
    assert denoised.shape == clean.shape
    # A flat area at gain 16: at least 10 dB of the noise are gone.
    assert np.std(denoised - clean) < 0.3 * np.std(mosaic - clean)


def test_a_page_with_mistakes_is_found_out():
    """The helpers above see what they are asked to see."""
    assert anchors("# A page: `of` 2\n## A\n## A") == {
        "a-page-of-2",
        "a",
        "a-1",
    }
    assert commands("    X=1 fanet-train \\\n        --config=a  # why\n") == [
        ["fanet-train", "--config=a"]
    ]
    assert commands("```sh\nfanet-cost --json > cost.json\n```\n") == [
        ["fanet-cost", "--json"]
    ]
    assert has_field("config.train.steps") and has_field("model.base_width")
    assert not has_field("config.train.step")
    assert commands(
        "    A=x,y\n    for i in 1 2; do\n    fanet-x $A $i $B\n"
    ) == [["fanet-x", "x,y", "1", "$B"]]
    train = flags_of(_file(programs()["fanet-train"]))
    assert "--workdir" in train and "--gain" not in train


def test_every_row_of_the_safety_page_names_tests_that_exist():
    rows = [r for r in TEXTS["docs/safety.md"].splitlines() if r[:3] > "| 0"]
    rows = [r for r in rows if r.split("|")[1].strip().isdigit()]
    assert [int(r.split("|")[1]) for r in rows] == list(range(1, 29))
    for row in rows:
        named = re.findall(r"`(tests/\S+\.py)::(test_\w+)`", row)
        assert named, row
        for path, name in named:
            source = (ROOT / path).read_text(encoding="utf-8")
            assert f"def {name}(" in source, (path, name)
