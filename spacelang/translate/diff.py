"""What differs in meaning between two spaces: not lines of text, but stages, blocks, choices and cardinalities."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from spacelang import ir
from spacelang.language.numbers import number_text
from spacelang.networks.architecture import count_models
from spacelang.networks.genome import count_spaces
from spacelang.translate.spelling import (
    block_text,
    head_step_text,
    latencies,
    origin_text,
    range_text,
    set_text,
    use_text,
    widths_text,
)

ChangeKind = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Attributes:
        path: where, such as `stage2.mbv2.kernel`; what is the same in all stages has `stages` for the stage's name.
        kind: `added` and `removed` are values of a choice, or whole parts; `changed` is everything else.
        before, after: as the language writes it; empty where there is nothing.
    """

    path: str
    kind: ChangeKind
    before: str
    after: str


def diff(before: ir.SearchSpace, after: ir.SearchSpace) -> tuple[Change, ...]:
    """The differences that take `before` to `after`; none if they mean the same."""
    return (
        *_basics(before, after),
        *_devices(before.device, after.device),
        *_choice("resolution", before.resolutions, after.resolutions),
        *_blocks(before, after),
        *_stages(before, after),
        *_lines("head", _head(before), _head(after)),
        *_settings(before, after),
        *_cardinality(before, after),
    )


def _changed(path: str, before: str, after: str) -> Iterator[Change]:
    """Of one value; an empty text is none."""
    if before != after:
        yield Change(path, "changed" if before and after else "added" if after else "removed", before, after)


def _basics(before: ir.SearchSpace, after: ir.SearchSpace) -> Iterator[Change]:
    yield from _changed("kind", before.kind, after.kind)
    yield from _changed("name", before.name, after.name)
    origins = (origin_text(each.origin).removeprefix("from ") if each.origin else "" for each in (before, after))
    yield from _changed("from", *origins)
    yield from _changed("input", f"{before.channels} channels", f"{after.channels} channels")
    yield from _changed("classes", str(before.classes), str(after.classes))


def _devices(before: ir.Device, after: ir.Device) -> Iterator[Change]:
    for (field, old), (_, new) in zip(ir.items(before), ir.items(after), strict=True):
        yield from _changed(f"device.{field}", str(old), str(new))


def _choice(path: str, before: Sequence[ir.Number], after: Sequence[ir.Number]) -> Iterator[Change]:
    """The values that a choice lost and gained; `changed` where it keeps none."""
    if not set(before) & set(after):
        yield from _changed(path, _set(before), _set(after))
        return
    yield from _changed(path, _set([each for each in before if each not in after]), "")
    yield from _changed(path, "", _set([each for each in after if each not in before]))


def _set(values: Sequence[ir.Number]) -> str:
    return set_text(values) if values else ""


def _lines(path: str, before: Sequence[str], after: Sequence[str]) -> Iterator[Change]:
    """Of texts in order, such as the operators of a head."""
    for _, low, high, start, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        yield from _changed(path, "; ".join(before[low:high]), "; ".join(after[start:end]))


def _head(space: ir.SearchSpace) -> list[str]:
    return [head_step_text(each, space.device.width_multiple) for each in space.head]


def _blocks(before: ir.SearchSpace, after: ir.SearchSpace) -> Iterator[Change]:
    """Bodies of the blocks that both use."""
    for name, block in before.blocks_by_name.items():
        other = after.blocks_by_name.get(name)
        if other is not None and other != block:
            yield Change(f"block {name}", "changed", block_text(block).rstrip(), block_text(other).rstrip())


# --- stages ---------------------------------------------------------------------------------------------------------


def _stages(before: ir.SearchSpace, after: ir.SearchSpace) -> Iterator[Change]:
    old = {each.name: each for each in before.stem + before.stages}
    new = {each.name: each for each in after.stem + after.stages}
    order_before = [name for name in old if name in new]
    order_after = [name for name in new if name in old]
    if order_before != order_after:
        yield Change("stages", "changed", ", ".join(order_before), ", ".join(order_after))
    for name in old:
        if name not in new:
            yield Change(name, "removed", _stage_text(before, old[name]), "")
    for name in new:
        if name not in old:
            yield Change(name, "added", "", _stage_text(after, new[name]))
    multiples = before.device.width_multiple, after.device.width_multiple
    yield from _shared(
        {name: list(_stage(old[name], new[name], multiples)) for name in order_before},
        {name for name in order_before if name in {each.name for each in before.stages}},
    )


def _stage_text(space: ir.SearchSpace, stage: ir.Stage) -> str:
    blocks = ", ".join(each.block for each in stage.candidates)
    width = widths_text(stage.windows, space.device.width_multiple)
    return f"{blocks}: depth {_depth(stage)}, stride {stage.stride}, width {width}"


def _depth(stage: ir.Stage) -> str:
    return range_text(stage.depth, 1, 2)


def _shared(changes: Mapping[str, Sequence[Change]], stages: set[str]) -> Iterator[Change]:
    """What is the same in every stage is said once, as of `stages`."""
    lists = [list(map(_nameless, changes[name])) for name in stages]
    common = [each for each in lists[0] if all(each in other for other in lists)] if len(lists) > 1 else []
    yield from (Change(f"stages{each.path}", each.kind, each.before, each.after) for each in common)
    for name, own in changes.items():
        yield from (each for each in own if name not in stages or _nameless(each) not in common)


def _nameless(change: Change) -> Change:
    path = change.path.partition(".")[2]
    return Change(f".{path}", change.kind, change.before, change.after)


def _stage(before: ir.Stage, after: ir.Stage, multiples: tuple[int, int]) -> Iterator[Change]:
    name = after.name
    yield from _changed(f"{name}.stride", str(before.stride), str(after.stride))
    yield from _choice(f"{name}.depth", before.depth, after.depth)
    widths = map(widths_text, (before.windows, after.windows), multiples)
    if before.windows != after.windows:
        yield from _changed(f"{name}.width", *widths)
    yield from _changed(f"{name}.uniform", ", ".join(before.uniform), ", ".join(after.uniform))
    yield from _candidates(name, before.candidates, after.candidates)


def _candidates(path: str, before: Sequence[ir.Candidate], after: Sequence[ir.Candidate]) -> Iterator[Change]:
    """Matched by block, and by order where a block is there more than once."""
    if len(before) == len(after) == 1 and before[0].block != after[0].block:
        yield from _changed(f"{path}.block", use_text(before[0]), use_text(after[0]))
        return
    old, new = _by_block(before), _by_block(after)
    for key, candidate in old.items():
        if key not in new:
            yield Change(f"{path}.block", "removed", use_text(candidate), "")
    for key, candidate in new.items():
        if key not in old:
            yield Change(f"{path}.block", "added", "", use_text(candidate))
        else:
            yield from _candidate(f"{path}.{candidate.block}", old[key], candidate)


def _by_block(candidates: Iterable[ir.Candidate]) -> dict[tuple[str, int], ir.Candidate]:
    found: dict[tuple[str, int], ir.Candidate] = {}
    for each in candidates:
        found[each.block, sum(block == each.block for block, _ in found)] = each
    return found


def _candidate(path: str, before: ir.Candidate, after: ir.Candidate) -> Iterator[Change]:
    yield from _changed(f"{path}.id", str(before.id), str(after.id))
    for name in dict.fromkeys((*before.numbers, *after.numbers)):
        old, new = before.numbers.get(name), after.numbers.get(name)
        if old and new and not (old.per_layer or new.per_layer):
            yield from _choice(f"{path}.{name}", old.values, new.values)
        else:
            yield from _changed(f"{path}.{name}", _optional(old), _optional(new))
    for name in dict.fromkeys((*before.acts, *after.acts)):
        yield from _changed(f"{path}.{name}", before.acts.get(name, ""), after.acts.get(name, ""))


def _optional(choices: ir.Choices | None) -> str:
    return widths_text((choices,), 0) if choices else ""


# --- settings and cardinality ---------------------------------------------------------------------------------------


def _settings(before: ir.SearchSpace, after: ir.SearchSpace) -> Iterator[Change]:
    targets = (latencies(each.targets) if each.targets else () for each in (before, after))
    yield from _choice("targets.latency", *targets)
    for section in ("limits", "quality", "evolution", "distill", "train"):
        old, new = (dict(_fields(section, getattr(each, section))) for each in (before, after))
        for path in dict.fromkeys((*old, *new)):
            yield from _changed(path, old.get(path, ""), new.get(path, ""))


def _fields(path: str, section: ir.Node | None) -> Iterator[tuple[str, str]]:
    for name, value in ir.items(section) if section else ():
        if isinstance(value, ir.Node):
            yield from _fields(f"{path}.{name}", value)
        elif value is not None:
            yield f"{path}.{name}", value if isinstance(value, str) else number_text(value)


def _cardinality(before: ir.SearchSpace, after: ir.SearchSpace) -> Iterator[Change]:
    """Exact numbers: of spaces, or of the models of a space."""
    counts: dict[str, Callable[[ir.SearchSpace], int]] = {"hyperspace": count_spaces, "space": count_models}
    if before.kind == after.kind and before.kind in counts:
        count = counts[before.kind]
        word = "spaces" if before.kind == "hyperspace" else "models"
        yield from _changed(word, f"{count(before)}", f"{count(after)}")


# --- as text --------------------------------------------------------------------------------------------------------

MARKS = {"added": "+", "removed": "-", "changed": "~"}
EMPTY = "No difference."


def to_lines(changes: Iterable[Change]) -> str:
    """One line a change, `+ stage2.mbv2.kernel  7`; texts of several lines stand below each other, marked."""
    lines: list[str] = []
    for each in changes:
        if "\n" in each.before + each.after:
            lines.append(f"{MARKS[each.kind]} {each.path}")
            lines += [f"    - {line}" for line in each.before.splitlines()]
            lines += [f"    + {line}" for line in each.after.splitlines()]
        else:
            lines.append(f"{MARKS[each.kind]} {each.path}  {_values(each)}")
    return "\n".join(lines or [EMPTY]) + "\n"


def _values(change: Change) -> str:
    return f"{change.before} → {change.after}" if change.kind == "changed" else change.before or change.after


def to_markdown(changes: Sequence[Change]) -> str:
    """A table for a pull request."""
    if not changes:
        return f"{EMPTY}\n"
    rows = [f"| {MARKS[each.kind]} | `{each.path}` | {_cell(each.before)} | {_cell(each.after)} |" for each in changes]
    return "\n".join(("| | what | before | after |", "|---|---|---|---|", *rows)) + "\n"


def _cell(text: str) -> str:
    escaped = text.replace("|", "\\|")
    return "<br>".join(f"`{line.strip()}`" for line in escaped.splitlines())
