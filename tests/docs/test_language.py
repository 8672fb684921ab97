"""Every example in the documentation means what the page says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from spacelang.driver import check_source, compile_source
from spacelang.report.diagnostics import Report
from spacelang.report.source import Source

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted(set((ROOT / "docs").glob("*.md")) - {ROOT / "docs" / "errors.md"})]
"""errors.md is made from the table of codes, whose examples have their own test."""

SKELETON = """\
input 3 channels
resolution {160, 192}
classes 10
blocks {
  0 = mbv1 { kernel 3, act relu }
  1 = mbv2 { kernel {3, 5}, expand {4, 6}, act relu6 }
}
stem conv { depth 1, stride 2, width 16, kernel 3, act relu }
stage stage1 { depth 1..2, stride 2, width 2 of 32..64 }
head {
  pool
  linear -> classes
}
"""
FRAME = """\
language 1
import "std/blocks.space"
device d {{ runtime onnxruntime, precision int8, threads 1, widths multiple of 16 }}
hyperspace h on d {{
{}}}
"""


class Example(NamedTuple):
    page: str
    line: int
    info: tuple[str, ...]
    text: str

    @property
    def name(self) -> str | None:
        """Of the file that it stands for, which others on the page may import."""
        return next((each for each in self.info if each.endswith(".space")), None)

    @property
    def whole(self) -> str:
        """The text; a fragment of a hyperspace stands in the place of the skeleton's properties of the same names."""
        if "hyperspace" not in self.info:
            return self.text
        own = properties(self.text)
        names = {each.split()[0] for each in own}
        kept = [each for each in properties(SKELETON) if each.split()[0] not in names]
        return FRAME.format("".join(kept + own))


def properties(text: str) -> list[str]:
    """The lines of a body, those of a group together, without comments and blank lines."""
    found: list[str] = []
    depth = 0
    for line in text.splitlines(keepends=True):
        if not line.split("#")[0].strip():
            continue
        if depth:
            found[-1] += line
        else:
            found.append(line)
        depth += line.count("{") - line.count("}")
    return found


def examples(page: Path) -> list[Example]:
    text = page.read_text()
    fences = re.finditer(r"^```space([^\n]*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [Example(page.name, text[: m.start()].count("\n") + 1, tuple(m[1].split()), m[2]) for m in fences]


ALL = [each for page in PAGES for each in examples(page)]


def test_there_are_examples() -> None:
    assert len([each for each in ALL if each.page == "language.md"]) >= 15


@pytest.mark.parametrize("example", ALL, ids=lambda each: f"{each.page}:{each.line}")
def test_an_example_is_right_or_gives_the_error_it_shows(
    example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for each in ALL:
        if each.page == example.page and each.name:
            Path(each.name).write_text(each.text)
    source = Source(f"{example.page}:{example.line}", example.whole)
    report = Report()
    program = check_source(source, None, report)
    found = [each.code for each in report.sorted()]
    assert found == [each for each in example.info if re.fullmatch(r"SP\d{4}", each)], report.sorted()
    if not found and program.own_spaces:
        compile_source(source)


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md"], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text()
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), target
