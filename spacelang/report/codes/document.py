"""`docs/errors.md`: the table of codes as a page.

python -m spacelang.report.codes.document > docs/errors.md
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from spacelang.report.codes import CODES

AREAS = {
    "SP00": "Syntax",
    "SP01": "Structure",
    "SP02": "Names and imports",
    "SP03": "Values",
    "SP04": "Blocks and heads",
    "SP05": "Shapes",
    "SP06": "Encodings",
    "SP07": "Tables and search",
    "SP08": "Backends and output",
    "SP09": "The intermediate representation",
    "SP10": "Files and the command line",
    "SP11": "Latency",
    "SP12": "Images and teachers",
    "SP13": "Distillation",
    "SP14": "Tables of losses",
    "SP15": "Supernets",
    "SP16": "Predictors",
    "SP17": "ONNX and TFLite files",
    "SP18": "Profiles",
    "SP19": "Exporting",
    "SP20": "Searching for models",
    "SP21": "The whole way",
    "SP25": "Editors and other tools",
}
INTRODUCTION = """# Errors and warnings

<!-- Made by `python -m spacelang.report.codes.document`; a test compares it with the table. -->

Every message of spacelang has a code that never changes its meaning. `spacelang explain SP0301` prints what stands
here. Examples show the lines in question, not whole files.
"""


def page() -> str:
    """The whole page in Markdown."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield INTRODUCTION
    for area, codes in groupby(sorted(CODES.values(), key=lambda each: each.code), key=lambda each: each.code[:4]):
        yield f"## {AREAS[area]}\n"
        for code in codes:
            yield f"### {code.code}: {code.title}\n"
            yield f"{code.explanation}\n"
            yield from _example("Wrong", code.bad)
            yield from _example("Right", code.good)


def _example(caption: str, text: str) -> Iterator[str]:
    if text:
        language = "sh" if text.startswith("spacelang ") else "space"
        yield f"{caption}:\n\n```{language}\n{text}\n```\n"


if __name__ == "__main__":
    print(page(), end="")
