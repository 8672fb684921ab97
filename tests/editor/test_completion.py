"""What is offered where, in texts that are being typed and so are seldom whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from spacelang.ast.loader import library
from spacelang.ast.read.module import DECLARATIONS
from spacelang.editor.completion import Item, complete
from spacelang.ir.forms import HEAD_OPERATORS
from spacelang.ir.operators import OPERATORS
from spacelang.language.schema import (
    ACTIVATIONS,
    DEVICE,
    SECTIONS,
    SHORTCUTS,
    SPACE,
    named,
    names,
)  # fmt: skip
from tests.editor.texts import HEADER, marked
from tests.editor.texts import SPACE as TEXT


def offered(text: str, folder: Path) -> dict[str, Item]:
    analysis, offset, _ = marked(text, folder)
    return {each.label: each for each in complete(analysis, offset).items}


def within(line: str) -> str:
    """A line typed into the space, before its head."""
    return HEADER + TEXT.replace("  head {", f"  {line}\n  head {{")


BLOCKS = {"mine", "mbv2", "conv"}

CASES = {
    "declarations": (HEADER + "|", {"block", "device", "import", "hyperspace", "space", "model", "language 1"}),
    "half a declaration": (HEADER + "hyp|", {"hyperspace"}),
    "on": (HEADER + "space s |", {"on"}),
    "devices": (HEADER + "space s on |", {"phone"}),
    "properties of a space": (within("|"), {"train", "distill", "stage", "stem"}),
    "a property half typed": (within("eval|"), {"evolution"}),
    "properties of a device": (HEADER + "device d { runtime tflite, | }", {"precision", "threads", "widths"}),
    "runtimes": (HEADER + "device d { runtime | }", {"onnxruntime", "tflite"}),
    "widths": (HEADER + "device d { widths | }", {"multiple"}),
    "widths of": (HEADER + "device d { widths multiple | }", {"of"}),
    "properties of a stage": (within("stage s3 { | }"), {"depth", "stride", "width", "uniform", "blocks"}),
    "without its brace": (within("stage s3 { depth 1, |"), {"stride", "width", "uniform", "blocks"}),
    "arguments of a stage's block": (within("stage s3 mine { depth 1, | }"), {"kernel", "act", "width"}),
    "arguments of a stem's block": (within("stem conv { | }"), {"kernel", "act", "depth"}),
    "blocks of a stage": (within("stage s3 |"), BLOCKS),
    "blocks of a stem": (within("stem |"), BLOCKS),
    "blocks of a list": (within("blocks { 2 = | }"), BLOCKS),
    "arguments in a list": (within("blocks { 2 = mine { | } }"), {"kernel", "act"}),
    "activations": (within("stage s3 mine { act | }"), set(ACTIVATIONS)),
    "windows": (within("stage s3 { width 2 | }"), {"of"}),
    "steps": (within("stage s3 { width 2 of 32..64 | }"), {"step"}),
    "uniform": (within("stage s3 mine { uniform {|} }"), {"width", "kernel"}),
    "quality": (within("quality { | }"), {"estimator", "top", "chain", "penalty"}),
    "estimators": (within("quality { estimator | }"), {"exact", "sampled"}),
    "samples": (within("quality { estimator sampled { | } }"), {"samples"}),
    "metrics": (within("targets |"), {"latency"}),
    "the unit of targets": (within("targets latency {8} |"), {"ms"}),
    "the unit of input": (within("input 3 |"), {"channels"}),
    "operators": (HEADER + "block b(kernel) {\n  |\n}", {*OPERATORS, "shortcut"}),
    "modifiers": (HEADER + "block b(kernel) {\n  conv 1 -> out, |\n}", {"stride", "act", "norm", "bias", "when"}),
    "names in a body": (HEADER.replace("conv kernel ->", "conv | ->"), {"kernel", "in", "out", "hidden", "round8"}),
    "an activation parameter": (HEADER.replace("stride, act", "stride, act |"), {"act", "relu", "hswish"}),
    "shortcuts": (HEADER + "block b(kernel) {\n  shortcut |\n}", set(SHORTCUTS)),
    "steps of a head": (HEADER + TEXT.replace("    pool", "    |\n    pool"), set(HEAD_OPERATORS)),
    "the classes": (HEADER + TEXT.replace("linear -> classes", "linear -> |"), {"classes"}),
    "origins": (HEADER + "space x on phone {\n  from |\n}", {"hyperspace", "space", "model"}),
    "library": ('language 1\nimport "|"\n', set(library())),
    "an open quote": ('language 1\nimport "std/|\n', set(library())),
    "a neighbour": ('language 1\nimport "|"\n', {"other.space", "sub/"}),
    "a neighbour's folder": ('language 1\nimport "sub/|"\n', {"sub/deep.space"}),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    (tmp_path / "other.space").write_text("language 1\n")
    (tmp_path / "sub" / "deep.space").write_text("language 1\n")
    return tmp_path


@pytest.mark.parametrize("name", CASES)
def test_offers(name: str, folder: Path) -> None:
    text, wanted = CASES[name]
    assert wanted <= set(offered(text, folder)), sorted(offered(text, folder))


@pytest.mark.parametrize(
    ("text", "unwanted"),
    [
        (HEADER + "# dev|", DECLARATIONS),
        (HEADER + "device d { runtime tflite, | }", ["runtime"]),
        (within("stage s3 { depth 1, stride 1, | }"), ["depth", "stride", "kernel"]),
        (within("input 3 |"), names(SPACE)),
        (HEADER + "device d { runtime | }", names(DEVICE)),
        (HEADER + TEXT.replace("    pool", "    |\n    pool"), ["dwconv", "se", "shortcut"]),
        (within("stage s3 mine { kernel | }"), ACTIVATIONS),
    ],
)
def test_offers_nothing_that_can_not_stand_there(text: str, unwanted: list[str], folder: Path) -> None:
    assert not set(unwanted) & set(offered(text, folder))


def test_every_section_offers_its_table(folder: Path) -> None:
    for section, table in SECTIONS.items():
        line = "device d { | }" if section == "device" else within(f"{section} {{ | }}")
        text = HEADER + line if section == "device" else line
        found = offered(text, folder)
        assert set(found) == set(names(table))
        for name, item in found.items():
            known = named(table, name)
            assert known is not None
            assert (item.detail, known.doc in item.doc) == (known.form, True)


def test_a_completion_replaces_the_word_it_stands_in(folder: Path) -> None:
    analysis, offset, _ = marked(within("qua|"), folder)
    found = complete(analysis, offset)
    assert analysis.source.text[found.start : found.end] == "qua"


def test_a_mistake_above_or_below_silences_nothing(folder: Path) -> None:
    broken = within("stage s3 mine { act | }").replace("classes 10", "classes {{ 10").replace("    pool", "    pool ((")
    assert set(ACTIVATIONS) <= set(offered(broken, folder))
