"""The words of the language by kind, for tools that only highlight syntax; taken from the schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from spacelang.ast.read.module import DECLARATIONS
from spacelang.ir.forms import HEAD_OPERATORS, modifiers
from spacelang.ir.operators import OPERATORS
from spacelang.language.schema import (
    ACTIVATIONS,
    FUNCTIONS,
    HEAD_NAMES,
    LAYER_NAMES,
    SECTIONS,
    SHORTCUTS,
    SPACE,
    STAGE,
    TARGETS,
    Property,
)


def _all(table: Iterable[Property]) -> Iterator[Property]:
    for each in table:
        yield each
        yield from _all(each.group)


_PROPERTIES = tuple(_all([*SPACE, *STAGE, *TARGETS, *(each for table in SECTIONS.values() for each in table)]))

_GROUPS: tuple[tuple[str, Iterable[str]], ...] = (
    ("declaration", (*DECLARATIONS, "on")),
    ("operator", ("div",)),
    ("function", FUNCTIONS),
    ("step", (*OPERATORS, *HEAD_OPERATORS, "shortcut")),
    ("value", (*ACTIVATIONS, *SHORTCUTS, *(word for each in _PROPERTIES for word in each.words))),
    ("property", tuple(each.name for each in _PROPERTIES)),
    ("modifier", modifiers()),
    ("name", (*LAYER_NAMES, *HEAD_NAMES)),
    ("unit", (*(each.unit for each in _PROPERTIES if each.unit), "of", "step", "multiple")),
)


def words() -> Mapping[str, tuple[str, ...]]:
    """The words of each kind, each word once: a word with two meanings has the kind that is listed first."""
    seen: set[str] = set()
    found: dict[str, tuple[str, ...]] = {}
    for kind, members in _GROUPS:
        found[kind] = tuple(sorted(set(members) - seen))
        seen |= set(found[kind])
    return found
