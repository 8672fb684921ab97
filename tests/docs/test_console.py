"""Every command in the documentation prints what the page says it prints.

A block ```` ```console ```` holds commands (`$ spacelang …`) and what they print. The commands of one page run in one
folder, in order; ```` ```space NAME.space ```` writes that file there first. `--update-golden` rewrites the pages.
"""

from __future__ import annotations

import math
import re
import shlex
import sys
from contextlib import redirect_stderr
from pathlib import Path
from typing import NamedTuple

import pytest

from spacelang.cli.entry import DEBUG, run

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT.parent / "shared" / "data" / "vnni_block_table.tar.xz"
PAGES = [ROOT / name for name in ("README.md", "docs/tutorial.md", "docs/commands.md", "docs/whole.md")]
FENCE = re.compile(r"^```(?P<kind>space|console)(?P<info>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
ELLIPSIS = "…"


class Block(NamedTuple):
    kind: str
    info: str
    body: str

    @property
    def writes(self) -> str | None:
        """The file that a space block stands for."""
        first = self.info.split(" ")[0]
        return first if self.kind == "space" and first.endswith(".space") else None

    @property
    def runs(self) -> bool:
        return self.kind == "console" and (self.info != "published" or PUBLISHED.exists())


def run_block(body: str, capsys: pytest.CaptureFixture[str]) -> str:
    """The block with what its commands really print; lines that the page leaves out (`…`) stay left out."""
    parts = re.split(r"^(?=\$ )", body, flags=re.MULTILINE)
    return "".join(run_command(part, capsys) for part in parts if part)


def run_command(part: str, capsys: pytest.CaptureFixture[str]) -> str:
    line, _, expected = part.partition("\n")
    program, *arguments = shlex.split(line.removeprefix("$ "))
    if program == "cat":
        printed = "".join(Path(each).read_text() for each in arguments)
    else:
        assert program == "spacelang", line
        with redirect_stderr(sys.stdout):  # in the order of a terminal
            run(arguments)
        printed = capsys.readouterr().out
    printed = "".join(f"{each.rstrip()}\n" for each in printed.splitlines())
    return f"{line}\n{expected if matches(printed, expected) else printed}"


def matches(printed: str, expected: str) -> bool:
    """Whether they are the same; a line `…` stands for any lines."""
    pattern = re.escape(expected).replace(re.escape(f"{ELLIPSIS}\n"), r"(?:[^\n]*\n)*")
    return re.fullmatch(pattern, printed) is not None


def blocks(page: Path) -> list[Block]:
    return [Block(found["kind"], found["info"].strip(), found["body"]) for found in FENCE.finditer(page.read_text())]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_print_what_the_page_shows(
    page: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "specs").symlink_to(ROOT / "specs")
    (tmp_path / "work" / PUBLISHED.name).symlink_to(PUBLISHED)
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv(DEBUG, "1")
    monkeypatch.setattr("spacelang.cli.progress.LOG_SECONDS", math.inf)
    text = page.read_text()
    for block in blocks(page):
        if block.writes:
            Path(block.writes).write_text(block.body)
        elif block.runs:
            text = text.replace(block.body, run_block(block.body, capsys))
    if text != page.read_text():
        if request.config.getoption("--update-golden"):
            page.write_text(text)
            pytest.fail(f"{page.name} was rewritten: review the diff", pytrace=False)
        assert text == page.read_text()
