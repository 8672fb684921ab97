"""Hover: what the word at an offset means, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from spacelang import ast, ir
from spacelang.ast.bodies import types
from spacelang.editor.analysis import Analysis
from spacelang.editor.completion import TAKES
from spacelang.editor.hints import braced, width_lists
from spacelang.editor.names import Occurrence, symbol_at
from spacelang.editor.place import SPACES, Place, place_at
from spacelang.editor.sections import operators, properties, property_at
from spacelang.editor.stages import architectures, extremes
from spacelang.ir.forms import modifiers as all_modifiers
from spacelang.language.schema import ACTIVATIONS, Domain, Property, named
from spacelang.report.suggest import listed


class Hover(NamedTuple):
    """`markdown` describes the characters `start` to `end`."""

    start: int
    end: int
    markdown: str


def hover(analysis: Analysis, offset: int) -> Hover | None:
    """The description of the word at an offset; None if there isn't one."""
    place = place_at(analysis.tokens, offset)
    if place.word is None:
        return None
    start, end, text = place.word.start, place.word.end, place.word.text
    found = symbol_at(analysis, offset)
    if found is not None and (said := _symbol(found, analysis)):
        return Hover(found.span.start, found.span.end, said)
    said = _word(place, text, analysis, offset)
    return Hover(start, end, said) if said else None


# --- names ------------------------------------------------------------------------------------------------------------


def _symbol(found: Occurrence, analysis: Analysis) -> str:
    name, program = found.symbol.name, analysis.program
    match found.symbol.kind:
        case "block":
            return _code(_block_source(program.blocks[name]), f"from `{_file(program.blocks[name])}`")
        case "device":
            return _code(program.devices[name].span.text, f"from `{_file(program.devices[name])}`")
        case "space":
            return _space(program.spaces[name], analysis)
        case "stage":
            return _stage(found.span.start, analysis)
        case "parameter":
            return _parameter(found)
    return ""


def _block_source(block: ast.Block) -> str:
    """The text of a block, with the comment above it."""
    lines = block.span.source.text[: block.span.start].splitlines()
    above: list[str] = []
    while lines and lines[-1].startswith("#"):
        above.insert(0, lines.pop())
    return "\n".join([*above, block.span.text])


def _file(declaration: ast.Block | ast.Device) -> str:
    name = declaration.span.source.name
    return name if name.startswith("std/") else name.replace("\\", "/").rpartition("/")[2]


def _parameter(found: Occurrence) -> str:
    source, at = found.symbol.span.source, found.symbol.span.start
    start = source.text.rfind("block ", 0, at)
    header = source.text[start:].partition("{")[0].strip()
    return _code(header, f"`{found.symbol.name}` is a parameter of the block")


# --- spaces and stages ------------------------------------------------------------------------------------------------


def _space(space: ast.Space, analysis: Analysis) -> str:
    from spacelang.networks.architecture import count_models
    from spacelang.networks.genome import count_spaces

    lines = [f"**{space.kind} {space.name.text}** on {space.device.text}"]
    found = analysis.spaces.get(space.name.text)
    if found is not None and found.kind == "hyperspace":
        lines.append(f"{count_spaces(found):,} spaces".replace(",", "\u202f"))
    elif found is not None and found.kind == "space":
        lines.append(f"{count_models(found):,} models".replace(",", "\u202f"))
    return "\n\n".join(lines)


def _stage(offset: int, analysis: Analysis) -> str:
    """The description of the stem or stage at the offset."""
    for space in analysis.program.main.spaces:
        stages = (*space.stem, *space.stages)
        for index, stage in enumerate(stages):
            if stage.span.start <= offset <= stage.span.end:
                name = stage.name or stage.block
                title = f"**{stage.role} {name.text if name else ''}**"
                return "\n\n".join([title, "\n".join(_facts(stage, space, index, analysis))])
    return ""


def _facts(stage: ast.Stage, space: ast.Space, index: int, analysis: Analysis) -> Iterator[str]:
    if stage.width is not None:
        lists = width_lists(stage.width, analysis.width_multiple(space))
        if lists:
            yield f"- widths {', '.join(map(braced, lists))}"
    found = analysis.spaces.get(space.name.text)
    if found is None:
        return
    lowered = (found.stem + found.stages)[index]
    yield f"- depth {listed(map(str, lowered.depth))}, stride {lowered.stride}"
    if stage.role == "stage":
        yield f"- blocks {listed((each.block for each in lowered.candidates), 'and')}"
        if found.kind == "hyperspace":
            yield f"- {len(lowered.candidates) * len(lowered.windows)} choices of block and width list"
    yield f"- {architectures(found, lowered):,} stage architectures".replace(",", "\u202f")
    yield from _cost(found, index)


def _cost(space: ir.SearchSpace, index: int) -> Iterator[str]:
    found = extremes(space, index)
    if found is not None:
        yield f"- {found[0].mflops:.3g} to {found[1].mflops:.4g} MFLOPs, smallest and largest"


# --- words of the language --------------------------------------------------------------------------------------------


def _word(place: Place, text: str, analysis: Analysis, offset: int) -> str:
    table = properties(place)
    if not place.groups:
        return _declaration(place, text)
    if not place.phrase and text in ("stem", "stage") and (said := _stage(offset, analysis)):
        return said
    if not place.phrase and (found := named(table, text)):
        return _property(found)
    if operators(place):
        return _pipeline(place, text)
    if text in ACTIVATIONS:
        return f"`{text}`: an activation. Legal: {listed(ACTIVATIONS)}"
    value_of = property_at(place)
    return _property(value_of) if value_of is not None else ""


def _declaration(place: Place, text: str) -> str:
    meaning = {
        "language": "the version of the language; the first line of every file",
        "import": "makes the names of another file, or of the library (`std/…`), visible",
        "block": "a block's body: a pipeline of operators",
        "device": "the device that the network runs on, and the rule for its widths",
        "hyperspace": "a space of spaces: each stage chooses its block and its width list",
        "space": "one block and one width list for each stage; layers still have choices",
        "model": "one network",
    }
    if place.phrase[:1] and place.phrase[0] in SPACES and text == "on":
        return "`on DEVICE`: the device that the space is for"
    return f"`{text}`: {meaning[text]}" if not place.phrase and text in meaning else ""


def _property(found: Property) -> str:
    lines = [f"```space\n{found.form}\n```", found.doc]
    if found.words:
        lines.append(f"Legal: {listed(found.words)}")
    if found.domain != Domain():
        lines.append(f"Legal: {found.domain}{f' {found.unit}' if found.unit else ''}")
    if found.required:
        lines.append("Required.")
    return "\n\n".join(lines)


def _pipeline(place: Place, text: str) -> str:
    forms = operators(place)
    if not place.line and not place.phrase and text in forms:
        form = forms[text]
        modifiers = f"Modifiers: {listed(form.modifiers, 'and')}" if form.modifiers else ""
        return "\n\n".join(filter(None, [f"```space\n{form.form}\n```", form.doc, modifiers]))
    if text in ACTIVATIONS:
        return f"`{text}`: an activation. Legal: {listed(ACTIVATIONS)}"
    if place.line and not place.phrase and text in all_modifiers():
        return f"`{all_modifiers()[text].form}`"
    return ""


def _code(text: str, below: str) -> str:
    return f"```space\n{text}\n```\n{below}"


def takes(block: ast.Block) -> dict[str, str]:
    """What each parameter of a block takes, in words."""
    return {name: TAKES[type] for name, type in types(block).items()}
