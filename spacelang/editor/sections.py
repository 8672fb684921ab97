"""What is allowed at a place: the schema's tables, found by the groups that are open there."""

from __future__ import annotations

from spacelang import ast
from spacelang.ast.bodies import types
from spacelang.editor.analysis import Analysis
from spacelang.editor.place import SPACES, Place
from spacelang.ir.forms import HEAD_OPERATORS, OperatorForm, operator_forms
from spacelang.ir.parameters import ParameterType
from spacelang.language.schema import (
    DEVICE,
    SECTIONS,
    SPACE,
    STAGE,
    TARGETS,
    Property,
    named,
)


def properties(place: Place) -> tuple[Property, ...]:
    """The properties of the innermost group; none at the top of a file, in sets, lists of blocks and pipelines."""
    match place.section:
        case ("device",):
            return DEVICE
        case (kind,) if kind in SPACES:
            return SPACE
        case (kind, "stage" | "stem") if kind in SPACES:
            return STAGE
        case (kind, section) if kind in SPACES and section in SECTIONS:
            return SECTIONS[section]
        case (kind, section, name) if kind in SPACES and section in SECTIONS:
            found = named(SECTIONS[section], name)
            return found.group if found else ()
    return ()


def property_at(place: Place) -> Property | None:
    """The property whose values are written here: that of the phrase, or that of the set around it."""
    table = properties(place)
    if table:
        return named(table, place.phrase[0]) if place.phrase else None
    if place.groups and place.groups[-1]:
        return property_at(place._replace(groups=place.groups[:-1], phrase=place.groups[-1]))
    return None


def operators(place: Place) -> dict[str, OperatorForm]:
    """The operators of the innermost pipeline; empty elsewhere."""
    if place.section == ("block",):
        return dict(operator_forms())
    return dict(HEAD_OPERATORS) if in_head(place) else {}


def in_head(place: Place) -> bool:
    return len(place.section) == 2 and place.section[0] in SPACES and place.section[1] == "head"


def lists_blocks(place: Place) -> bool:
    """Whether the innermost group is a list of blocks."""
    return place.section[:1] != ("block",) and place.section[-1:] == ("blocks",)


def target(place: Place) -> Property | None:
    """The metric after `targets`."""
    return named(TARGETS, place.phrase[1]) if place.phrase[:1] == ("targets",) and len(place.phrase) > 1 else None


def used_block(place: Place, analysis: Analysis) -> ast.Block | None:
    """The block whose arguments the innermost group holds: a use's, or that of a stem or stage that names one."""
    if not place.groups:
        return None
    words = place.groups[-1]
    match place.section[-1]:
        case "use":
            name = words[2] if len(words) > 2 else ""
        case "stem":
            name = words[1] if len(words) > 1 else ""
        case "stage":
            name = words[2] if len(words) > 2 else ""
        case _:
            return None
    return analysis.program.blocks.get(name)


def parameters(place: Place, analysis: Analysis) -> dict[str, ParameterType]:
    """The parameters that may be given a value in the innermost group."""
    block = used_block(place, analysis)
    return dict(types(block)) if block is not None else {}


def enclosing_block(place: Place, analysis: Analysis) -> ast.Block | None:
    """The block whose body the place is in, if it could be read."""
    name = place.groups[0][1] if place.section == ("block",) and len(place.groups[0]) > 1 else ""
    return next((each for each in analysis.program.main.blocks if each.name.text == name), None)
