"""`docs/properties.md`: the tables of the schema as a page.

python -m spacelang.language.document > docs/properties.md
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from spacelang.language.domain import Domain, Property
from spacelang.language.numbers import number_text
from spacelang.language.schema import DEVICE, DISTILL, EVOLUTION, LIMITS, QUALITY, SPACE, STAGE, TARGETS, TRAIN

TITLES: Mapping[str, tuple[Property, ...]] = {
    "`device`": DEVICE,
    "`hyperspace`, `space` and `model`": SPACE,
    "`stem` and `stage`": STAGE,
    "`targets`": TARGETS,
    "`limits`": LIMITS,
    "`quality`": QUALITY,
    "`evolution`": EVOLUTION,
    "`distill`": DISTILL,
    "`train`": TRAIN,
}
INTRODUCTION = """# Properties

<!-- Made by `python -m spacelang.language.document`; a test compares it with the schema. -->

Every property of every section, with what it takes. [The language](language.md) explains them with examples.
"""
SEPARATOR = "\\|"
HEADER = "| property | meaning | legal | without it |\n|---|---|---|---|"


def page() -> str:
    """The whole page in Markdown."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield INTRODUCTION
    for title, properties in TITLES.items():
        yield f"## {title}\n\n{HEADER}"
        yield from _rows(properties)
        yield ""


def _rows(properties: Iterable[Property], group: str = "") -> Iterator[str]:
    """The rows of a table; `group` is the property whose group these stand in."""
    for each in properties:
        cells = (f"`{group}{each.form}`", each.doc, _legal(each), _without(each))
        yield f"| {' | '.join(cell.replace('|', SEPARATOR) for cell in cells)} |"
        if each.group not in TITLES.values():
            yield from _rows(each.group, f"{each.name} … ")


def _legal(each: Property) -> str:
    if each.words:
        return ", ".join(f"`{word}`" for word in each.words)
    return "" if each.domain == Domain() else str(each.domain)


def _without(each: Property) -> str:
    if each.required:
        return "an error"
    if isinstance(each.default, int | float):
        return f"`{number_text(each.default)}`"
    return "" if each.default is None else f"`{each.default}`"


if __name__ == "__main__":
    print(page(), end="")
