"""Completion: what can be written at an offset, and the values that it takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from spacelang import ast
from spacelang.ast.bodies import types
from spacelang.ast.loader import library
from spacelang.ast.read.module import DECLARATIONS, LANGUAGE
from spacelang.editor.analysis import Analysis
from spacelang.editor.place import SPACES, Place, place_at
from spacelang.editor.sections import (
    enclosing_block,
    in_head,
    lists_blocks,
    operators,
    parameters,
    properties,
    property_at,
    target,
)
from spacelang.editor.texts import path_of
from spacelang.ir.forms import modifiers
from spacelang.ir.parameters import ParameterType
from spacelang.language.schema import (
    ACTIVATIONS,
    FUNCTIONS,
    HEAD_NAMES,
    LAYER_NAMES,
    REPEATED,
    SHORTCUTS,
    TARGETS,
    Property,
)

ItemKind = Literal["property", "keyword", "block", "device", "space", "parameter", "value", "operator", "file", "name"]

TAKES: dict[ParameterType, str] = {
    "activation": "an activation",
    "kernel": "odd kernel sizes: 3 or {3, 5, 7}",
    "number": "numbers: 4 or {4, 6, 8}",
}


class Item(NamedTuple):
    """One completion: `detail` says what it is or takes, `doc` what it means."""

    label: str
    kind: ItemKind
    detail: str = ""
    doc: str = ""
    text: str = ""
    """The text to write, if it isn't the label."""


class Completions(NamedTuple):
    """An item replaces the word from `start` to `end`."""

    start: int
    end: int
    items: tuple[Item, ...]


def complete(analysis: Analysis, offset: int) -> Completions:
    """Everything that is allowed at an offset of the document; the editor filters by what has been typed so far."""
    place = place_at(analysis.tokens, offset)
    if place.section == ("#",):
        return Completions(offset, offset, ())
    word = place.word
    start, end = (word.start, word.end) if word is not None else (offset, offset)
    if word is not None and not word.text.startswith('"'):
        end = max(offset, min(end, start + len(word.text)))
    items = dict.fromkeys(_items(place, analysis))
    return Completions(start, end, tuple(items))


def _items(place: Place, analysis: Analysis) -> Iterator[Item]:
    if not place.groups:
        yield from _top(place, analysis)
    elif lists_blocks(place):
        if place.phrase[-1:] == ("=",):
            yield from _blocks(analysis)
    elif operators(place):
        yield from _pipeline(place, analysis)
    elif not place.phrase and (properties(place) or parameters(place, analysis)):
        yield from _names(place, analysis)
    else:
        yield from _values(place, analysis)


# --- the top of a file ------------------------------------------------------------------------------------------------


def _top(place: Place, analysis: Analysis) -> Iterator[Item]:
    match place.phrase:
        case ():
            for word in DECLARATIONS:
                text = f"language {LANGUAGE}" if word == "language" else word
                yield Item(text, "keyword", "a declaration")
        case ("import",):
            yield from _paths(analysis, place)
        case (kind, _) if kind in SPACES:
            yield Item("on", "keyword", "the device follows")
        case (kind, _, "on") if kind in SPACES:
            yield from (Item(each, "device", "a device") for each in analysis.program.devices)


def _paths(analysis: Analysis, place: Place) -> Iterator[Item]:
    for path in library():
        yield Item(path, "file", "from the library", text=f'"{path}"')
    here = path_of(analysis.source)
    typed = place.word.text.strip('"') if place.word is not None else ""
    folder = typed.rpartition("/")[0]
    try:
        found = sorted((here.parent / folder).iterdir())
    except (OSError, ValueError):
        return
    for each in found:
        if each.suffix == ".space" and each.is_file() and each != here:
            shown = f"{folder}/{each.name}" if folder else each.name
            yield Item(shown, "file", "a file", text=f'"{shown}"')
        elif each.is_dir() and not each.name.startswith("."):
            shown = f"{folder}/{each.name}/" if folder else f"{each.name}/"
            if _holds_spaces(each):
                yield Item(shown, "file", "a folder", text=f'"{shown}"')


def _holds_spaces(folder: Path) -> bool:
    try:
        return any(each.suffix == ".space" for each in folder.iterdir())
    except OSError:
        return False


# --- properties and their values --------------------------------------------------------------------------------------


def _names(place: Place, analysis: Analysis) -> Iterator[Item]:
    for each in properties(place):
        if each.name not in place.names or each.name in REPEATED:
            yield Item(each.name, "property", each.form, f"{each.doc}{'; required' * each.required}")
    for name, type in parameters(place, analysis).items():
        if name not in place.names:
            yield Item(name, "parameter", TAKES[type], "an argument of the block")


def _values(place: Place, analysis: Analysis) -> Iterator[Item]:
    owner, found = place.phrase[0] if place.phrase else "", property_at(place)
    given = parameters(place, analysis)
    if not place.phrase:
        yield from _members(place, analysis)
    elif found is None and given.get(owner) == "activation":
        yield from _activations() if len(place.phrase) == 1 else ()
    elif found is None:
        yield from _step(place) if owner in given else ()
    elif owner in ("stem", "stage"):
        if len(place.phrase) == (1 if owner == "stem" else 2):
            yield from _blocks(analysis)
    elif owner == "targets":
        metric = target(place)
        yield from _names_of(TARGETS) if metric is None else _unit(place._replace(phrase=place.phrase[1:]), metric)
    elif owner == "uniform":
        yield from _members(place._replace(groups=(*place.groups, ("uniform",))), analysis)
    elif owner == "from":
        yield from _origin(place, analysis)
    else:
        yield from _of_property(place, found)


def _names_of(table: Iterable[Property]) -> Iterator[Item]:
    return (Item(each.name, "property", each.form, each.doc) for each in table)


def _of_property(place: Place, found: Property) -> Iterator[Item]:
    if found.kind == "word" and len(place.phrase) == 1:
        yield from (Item(each, "value", found.doc) for each in found.words)
    elif found.kind == "widths rule" and len(place.phrase) < 3:
        yield Item(("multiple", "of")[len(place.phrase) - 1], "keyword", found.form, found.doc)
    elif found.kind == "values":
        yield from _step(place)
        if found.name == "width" and len(place.phrase) == 2:
            yield Item("of", "keyword", "N of VALUES", "windows of N neighbours")
    elif found.unit:
        yield from _unit(place, found)


def _unit(place: Place, found: Property) -> Iterator[Item]:
    if len(place.phrase) > 1:
        yield Item(found.unit, "keyword", "the unit")


def _step(place: Place) -> Iterator[Item]:
    if ".." in place.phrase and "step" not in place.phrase:
        yield Item("step", "keyword", "LOW..HIGH step N")


def _members(place: Place, analysis: Analysis) -> Iterator[Item]:
    """The members of a set: the names that `uniform` takes."""
    if place.groups[-1][:1] != ("uniform",):
        return
    outer = place._replace(groups=place.groups[:-1])
    given = parameters(outer, analysis) or {
        name: type
        for space in analysis.program.main.spaces
        for use in space.blocks
        if use.block.text in analysis.program.blocks
        for name, type in types(analysis.program.blocks[use.block.text]).items()
    }
    for name in ("width", *(each for each, type in given.items() if type != "activation")):
        if name not in place.names:
            yield Item(name, "name", "a choice that all layers of the stage share")


def _origin(place: Place, analysis: Analysis) -> Iterator[Item]:
    if len(place.phrase) == 1:
        yield from (Item(each, "keyword") for each in SPACES)
    elif len(place.phrase) == 2:
        yield from (Item(each, "space", "a space") for each in analysis.program.spaces)


def _blocks(analysis: Analysis) -> Iterator[Item]:
    for name, block in analysis.program.blocks.items():
        signature = f"{name}({', '.join(each.text for each in block.parameters)})"
        yield Item(name, "block", signature, f"from {block.span.source.name.rpartition('/')[2]}")


def _activations() -> Iterator[Item]:
    return (Item(each, "value", "an activation") for each in ACTIVATIONS)


# --- pipelines: blocks' bodies and heads ------------------------------------------------------------------------------


def _pipeline(place: Place, analysis: Analysis) -> Iterator[Item]:
    forms = operators(place)
    if not place.line and not place.phrase:
        yield from (Item(each.kind, "operator", each.form, each.doc) for each in forms.values())
        if not in_head(place):
            yield Item("shortcut", "keyword", "shortcut KIND", "how the block's input joins its output")
    elif place.phrase[:1] == ("shortcut",):
        yield from (Item(each, "value", "a shortcut") for each in SHORTCUTS)
    elif not place.line:
        yield from _activations() if place.phrase == ("act",) else ()
        yield from _expression(place, analysis)
    elif not place.phrase:
        form = forms.get(place.line[0][0])
        legal = form.modifiers if form else ("act",) if place.line[0][0] == "shortcut" else ()
        for name in legal:
            if not any(phrase[0] == name for phrase in place.line[1:]):
                yield Item(name, "keyword", modifiers()[name].form.replace("`", ""))
    else:
        yield from _modifier(place, analysis)


def _modifier(place: Place, analysis: Analysis) -> Iterator[Item]:
    match place.phrase[0]:
        case "act":
            yield from _activations()
            block = enclosing_block(place, analysis)
            given = types(block) if block else {}
            yield from (Item(name, "parameter", "of the block") for name, type in given.items() if type == "activation")
        case "norm":
            yield Item("none", "value", "no batch norm")
        case "when" | "repeat":
            yield from _expression(place, analysis)


def _expression(place: Place, analysis: Analysis) -> Iterator[Item]:
    block = None if in_head(place) else enclosing_block(place, analysis)
    for name in HEAD_NAMES if in_head(place) else LAYER_NAMES:
        yield Item(name, "name", "given by the layer")
    for each in block.parameters if block else ():
        yield Item(each.text, "parameter", "of the block")
    for step in block.body if block else ():
        if isinstance(step, ast.Let):
            yield Item(step.name.text, "name", step.span.text)
    yield from (Item(each, "keyword", "a function") for each in FUNCTIONS)
