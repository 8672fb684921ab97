"""A space as named choices with conditions, and architectures as values of these choices.

Names say where a choice is: `resolution`; `stage1.block`, `stage1.window` and `stage1.depth`; `stage1.0.width` and
`stage1.0.expand` for its first layer (`stage1.width` if `uniform` lets all layers share it); `head.0`. In a
hyperspace, the widths of a window and the numbers of a block are separate choices, `stage1.0.width.1` and
`stage1.0.mbv2.expand`, which exist only if that window or block is chosen. A setting with a single value isn't a
choice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from spacelang import ir
from spacelang.networks.architecture import Architecture, LayerChoice, StageChoice, head_choices
from spacelang.report.diagnostics import refuse

Value = int | float | str


class Condition(NamedTuple):
    """A choice exists only if the choice `name` has one of `values`."""

    name: str
    values: tuple[Value, ...]


class Choice(NamedTuple):
    """A name and the values that it may take; all of `conditions` have to hold."""

    name: str
    options: tuple[Value, ...]
    conditions: tuple[Condition, ...] = ()

    def exists(self, values: Mapping[str, Value]) -> bool:
        """Whether this choice exists, given the values of those before it."""
        return all(each.name in values and values[each.name] in each.values for each in self.conditions)


def choices(space: ir.SearchSpace) -> tuple[Choice, ...]:
    """Every choice of a space, those that others depend on come first."""
    return tuple(each for each in _all(space) if len(each.options) > 1)


def values_of(space: ir.SearchSpace, architecture: Architecture) -> dict[str, Value]:
    """The values that stand for an architecture; `architecture_from` turns them back into it.

    Raises:
        SpacelangError: if the architecture isn't in the space.
    """
    found: dict[str, Value] = {}
    _note(found, "resolution", architecture.resolution)
    stages = zip(space.stem + space.stages, architecture.stem + architecture.stages, strict=True)
    for stage, chosen in stages:
        _note_stage(found, space, stage, chosen)
    for index, width in enumerate(architecture.head):
        _note(found, f"head.{index}", width)
    for each in _all(space):
        if each.exists(found) and found.get(each.name) not in each.options:
            refuse("SP2504", f"`{each.name}` can't be {found.get(each.name)} in {space.name}", _legal(each))
    names = {each.name for each in choices(space)}
    return {name: value for name, value in found.items() if name in names}


def architecture_from(space: ir.SearchSpace, values: Mapping[str, object]) -> Architecture:
    """The architecture that these values stand for; values of choices that don't exist are ignored.

    Raises:
        SpacelangError: if a value is missing, or isn't among the options.
    """
    known: dict[str, Value] = {}
    for each in _all(space):
        if each.exists(known):
            known[each.name] = _value(each, values)
    stages = [_stage(space, stage, known) for stage in space.stem + space.stages]
    return Architecture(
        int(known["resolution"]),
        tuple(stages[: len(space.stem)]),
        tuple(stages[len(space.stem) :]),
        tuple(int(known[f"head.{index}"]) for index in range(len(head_choices(space)))),
    )


# --- all choices, also those with one value ---------------------------------------------------------------------------


def _all(space: ir.SearchSpace) -> Iterator[Choice]:
    yield Choice("resolution", space.resolutions)
    for stage in space.stem + space.stages:
        yield from _of_stage(space, stage)
    for index, each in enumerate(head_choices(space)):
        yield Choice(f"head.{index}", each.values)


def _of_stage(space: ir.SearchSpace, stage: ir.Stage) -> Iterator[Choice]:
    name = stage.name
    yield Choice(f"{name}.block", tuple(each.block for each in _once(stage)))
    yield Choice(f"{name}.window", tuple(range(len(stage.windows))))
    yield Choice(f"{name}.depth", stage.depth)
    for layer in range(max(stage.depth)):
        deep = Condition(f"{name}.depth", tuple(each for each in stage.depth if each > layer))
        for index, window in enumerate(stage.windows):
            of_window = Condition(f"{name}.window", (index,))
            if layer == 0 or "width" not in stage.uniform:
                yield Choice(_width(stage, layer, index), window.at(layer), (deep, of_window))
        for candidate in _once(stage):
            of_block = Condition(f"{name}.block", (candidate.block,))
            for number in space.blocks_by_name[candidate.block].numeric:
                if layer == 0 or number not in stage.uniform:
                    options = candidate.numbers[number].at(layer)
                    yield Choice(_number(stage, layer, candidate, number), options, (deep, of_block))


def _once(stage: ir.Stage) -> tuple[ir.Candidate, ...]:
    """The candidates of a stage.

    Raises:
        SpacelangError: if one block is listed twice, since blocks are told apart by their names here.
    """
    names = [each.block for each in stage.candidates]
    if len(set(names)) < len(names):
        refuse("SP2504", f"{stage.name} lists a block twice", "give the second a name of its own, or narrow the space")
    return stage.candidates


def _width(stage: ir.Stage, layer: int, window: int) -> str:
    place = stage.name if "width" in stage.uniform else f"{stage.name}.{layer}"
    return f"{place}.width" if len(stage.windows) == 1 else f"{place}.width.{window}"


def _number(stage: ir.Stage, layer: int, candidate: ir.Candidate, number: str) -> str:
    place = stage.name if number in stage.uniform else f"{stage.name}.{layer}"
    return f"{place}.{number}" if len(stage.candidates) == 1 else f"{place}.{candidate.block}.{number}"


# --- there and back ---------------------------------------------------------------------------------------------------


def _note(found: dict[str, Value], name: str, value: Value) -> None:
    if found.setdefault(name, value) != value:
        refuse(
            "SP2504", f"`{name}` is shared, but is {found[name]} and {value}", "all layers of the stage share one value"
        )


def _note_stage(found: dict[str, Value], space: ir.SearchSpace, stage: ir.Stage, chosen: StageChoice) -> None:
    candidate = stage.candidate(chosen.candidate)
    window = next(
        (
            index
            for index, each in enumerate(stage.windows)
            if all(layer.width in each.at(at) for at, layer in enumerate(chosen.layers))
        ),
        0,
    )
    _note(found, f"{stage.name}.block", candidate.block)
    _note(found, f"{stage.name}.window", window)
    _note(found, f"{stage.name}.depth", len(chosen.layers))
    for at, layer in enumerate(chosen.layers):
        _note(found, _width(stage, at, window), layer.width)
        for name, value in zip(space.blocks_by_name[candidate.block].numeric, layer.numbers, strict=True):
            _note(found, _number(stage, at, candidate, name), value)


def _value(choice: Choice, values: Mapping[str, object]) -> Value:
    if choice.name not in values:
        if len(choice.options) == 1:
            return choice.options[0]
        refuse("SP2504", f"`{choice.name}` has no value", _legal(choice))
    # Other tools return numbers in their own types, such as numpy's.
    given = values[choice.name]
    found = next((each for each in choice.options if each == given), None)
    if found is None:
        refuse("SP2504", f"`{choice.name}` can't be {given}", _legal(choice))
    return found


def _legal(choice: Choice) -> str:
    return f"legal here: {', '.join(map(str, choice.options))}"


def _stage(space: ir.SearchSpace, stage: ir.Stage, known: Mapping[str, Value]) -> StageChoice:
    candidate = next(each for each in stage.candidates if each.block == known[f"{stage.name}.block"])
    window, depth = int(known[f"{stage.name}.window"]), int(known[f"{stage.name}.depth"])
    names = space.blocks_by_name[candidate.block].numeric
    layers = tuple(
        LayerChoice(
            int(known[_width(stage, at, window)]),
            tuple(_as_number(known[_number(stage, at, candidate, each)]) for each in names),
        )
        for at in range(depth)
    )
    return StageChoice(candidate.id, layers)


def _as_number(value: Value) -> ir.Number:
    assert not isinstance(value, str)
    return value
