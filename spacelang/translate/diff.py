"""What differs in meaning between two spaces: not lines of text, but stages, blocks and choices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from spacelang import ir
from spacelang.language.numbers import number_text
from spacelang.translate.pairing import Pair, pairs
from spacelang.translate.printer import stage_text, std_blocks
from spacelang.translate.spelling import (
    block_text,
    head_step_text,
    latencies,
    set_text,
    use_text,
    widths_text,
)

ChangeKind = Literal["added", "removed", "changed", "renamed", "moved"]


LIKE = 0.6
"""The share of lines that two blocks must have in common so that one is the other, renamed."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Attributes:
        path: where, such as `stage2.mbv2.kernel`, with the stage's new name; if all stages change
            alike, `stages` takes its place.
        kind: `added` and `removed` are values of a choice, or whole parts; `renamed` are stages and blocks,
            `moved` are stages; `changed` is everything else.
        before, after: as the language writes it; empty if there is nothing.
        note: where a stage was added or removed.
    """

    path: str
    kind: ChangeKind
    before: str
    after: str
    note: str = ""


def diff(before: ir.SearchSpace, after: ir.SearchSpace) -> tuple[Change, ...]:
    """The differences that take `before` to `after`; none if they mean the same."""
    renamed = _renamed_blocks(before, after)
    return (
        *_basics(before, after),
        *_devices(before.device, after.device),
        *_choice("resolution", before.resolutions, after.resolutions),
        *_blocks(before, after, renamed),
        *_stages(_with_names(before, renamed), after),
        *_lines("head", _head(before), _head(after)),
        *_settings(before, after),
    )


def _changed(path: str, before: str, after: str) -> Iterator[Change]:
    """The change of one value; an empty text means that there isn't one."""
    if before != after:
        yield Change(path, "changed" if before and after else "added" if after else "removed", before, after)


def _basics(before: ir.SearchSpace, after: ir.SearchSpace) -> Iterator[Change]:
    yield from _changed("kind", before.kind, after.kind)
    yield from _changed("name", before.name, after.name)
    yield from _changed("from", _origin(before.origin), _origin(after.origin))
    yield from _changed("input", f"{before.channels} channels", f"{after.channels} channels")
    yield from _changed("classes", str(before.classes), str(after.classes))


def _origin(origin: ir.Origin | None) -> str:
    """`hyperspace vnni@53c314c2:151122-023231`, as `encode` writes it."""
    if origin is None:
        return ""
    digest = f"@{origin.sha256[:8]}" if origin.sha256 else ""
    return f"{origin.kind} {origin.name}{digest}" + (f":{origin.encoding}" if origin.encoding else "")


def _devices(before: ir.Device, after: ir.Device) -> Iterator[Change]:
    for (field, old), (_, new) in zip(ir.items(before), ir.items(after), strict=True):
        yield from _changed(f"device.{field}", str(old), str(new))


def _choice(path: str, before: Sequence[ir.Number], after: Sequence[ir.Number]) -> Iterator[Change]:
    """The values that a choice lost and gained; `changed` if it keeps none."""
    if not set(before) & set(after):
        yield from _changed(path, _set(before), _set(after))
        return
    yield from _changed(path, _set([each for each in before if each not in after]), "")
    yield from _changed(path, "", _set([each for each in after if each not in before]))


def _set(values: Sequence[ir.Number]) -> str:
    return set_text(values) if values else ""


def _lines(path: str, before: Sequence[str], after: Sequence[str]) -> Iterator[Change]:
    """Changes of texts in order, such as the operators of a head."""
    for _, low, high, start, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        yield from _changed(path, "; ".join(before[low:high]), "; ".join(after[start:end]))


def _head(space: ir.SearchSpace) -> list[str]:
    return [head_step_text(each, space.device.width_multiple) for each in space.head]


def _blocks(before: ir.SearchSpace, after: ir.SearchSpace, renamed: Mapping[str, str]) -> Iterator[Change]:
    """The steps that differ in blocks of both spaces, and whole blocks that only one uses, except the library's."""
    old = {renamed.get(each.name, each.name): each for each in before.blocks}
    new = after.blocks_by_name
    for name in sorted({*old, *new}):
        if name in old and name in new:
            if old[name].name != name:
                yield Change(f"block {name}", "renamed", old[name].name, name)
            yield from _lines(f"block {name}", _steps(ir.replace(old[name], name=name)), _steps(new[name]))
        elif not _of_library(old.get(name) or new[name]):
            bodies = (block_text(each[name]).rstrip() if name in each else "" for each in (old, new))
            yield from _changed(f"block {name}", *bodies)


def _of_library(block: ir.Block) -> bool:
    return std_blocks().get(block.name) == block


def _renamed_blocks(before: ir.SearchSpace, after: ir.SearchSpace) -> dict[str, str]:
    """The new names of blocks that have one: the likest pairs of what only one space has, the library's left out."""
    old, new = (
        [each for name, each in of.blocks_by_name.items() if name not in other.blocks_by_name and not _of_library(each)]
        for of, other in ((before, after), (after, before))
    )
    likest = sorted(((_likeness(a, b), a.name, b.name) for a in old for b in new), key=lambda each: -each[0])
    found: dict[str, str] = {}
    for likeness, one, other in likest:
        if likeness >= LIKE and one not in found and other not in found.values():
            found[one] = other
    return found


def _likeness(one: ir.Block, other: ir.Block) -> float:
    """The share of lines that two bodies have in common."""
    return SequenceMatcher(None, _steps(ir.replace(one, name="")), _steps(ir.replace(other, name=""))).ratio()


def _with_names(space: ir.SearchSpace, renamed: Mapping[str, str]) -> ir.SearchSpace:
    """The space with the new names of its blocks, so that they compare equal where they are used."""

    def named(stage: ir.Stage) -> ir.Stage:
        uses = (ir.replace(each, block=renamed.get(each.block, each.block)) for each in stage.candidates)
        return ir.replace(stage, candidates=tuple(uses))

    if not renamed:
        return space
    blocks = (ir.replace(each, name=renamed.get(each.name, each.name)) for each in space.blocks)
    stem, stages = (tuple(map(named, each)) for each in (space.stem, space.stages))
    return ir.replace(space, blocks=tuple(blocks), stem=stem, stages=stages)


def _steps(block: ir.Block) -> list[str]:
    return [line.strip() for line in block_text(block).strip().splitlines()]


# --- stages ---------------------------------------------------------------------------------------------------------


def _stages(before: ir.SearchSpace, after: ir.SearchSpace) -> Iterator[Change]:
    own: dict[str, Sequence[Change]] = {}
    for group, by_name in (("stem", False), ("stages", True)):
        old, new = getattr(before, group), getattr(after, group)
        found = pairs(old, new, by_name=by_name)
        yield from _order(group, found, old, new)
        for low, high in found:
            if low is None and high is not None:
                yield Change(new[high].name, "added", "", stage_text(after, new[high]), _where(new, high))
            elif high is None and low is not None:
                yield Change(old[low].name, "removed", stage_text(before, old[low]), "", _where(old, low))
            elif low is not None and high is not None:
                if by_name and old[low].name != new[high].name:
                    yield Change(new[high].name, "renamed", old[low].name, new[high].name)
                own[new[high].name] = list(_stage(old[low], new[high], (before, after)))
    yield from _shared(own, {each.name for each in after.stages if each.name in own})


def _order(group: str, found: Sequence[Pair], old: Sequence[ir.Stage], new: Sequence[ir.Stage]) -> Iterator[Change]:
    """Stages of both spaces that have changed places, by their new names."""
    both = [(low, high) for low, high in found if low is not None and high is not None]
    ascending = sorted(both)
    if ascending != both:
        before, after = (", ".join(new[high].name for _, high in each) for each in (ascending, both))
        yield Change(group, "moved", before, after)


def _where(stages: Sequence[ir.Stage], at: int) -> str:
    return f"after {stages[at - 1].name}" if at else "first"


def _shared(changes: Mapping[str, Sequence[Change]], stages: set[str]) -> Iterator[Change]:
    """A change that is the same in every stage is listed once, under `stages`."""
    lists = [list(map(_nameless, changes[name])) for name in stages]
    common = [each for each in lists[0] if all(each in other for other in lists)] if len(lists) > 1 else []
    yield from (Change(f"stages{each.path}", each.kind, each.before, each.after) for each in common)
    for name, own in changes.items():
        yield from (each for each in own if name not in stages or _nameless(each) not in common)


def _nameless(change: Change) -> Change:
    path = change.path.partition(".")[2]
    return Change(f".{path}", change.kind, change.before, change.after)


def _stage(before: ir.Stage, after: ir.Stage, spaces: tuple[ir.SearchSpace, ir.SearchSpace]) -> Iterator[Change]:
    name = after.name
    yield from _changed(f"{name}.stride", str(before.stride), str(after.stride))
    yield from _choice(f"{name}.depth", before.depth, after.depth)
    if before.windows != after.windows:
        yield from _changed(f"{name}.width", *_widths(before, after, spaces))
    yield from _changed(f"{name}.uniform", ", ".join(before.uniform), ", ".join(after.uniform))
    yield from _candidates(name, before.candidates, after.candidates)


def _widths(before: ir.Stage, after: ir.Stage, spaces: tuple[ir.SearchSpace, ir.SearchSpace]) -> tuple[str, str]:
    """The widths as they are written; in full if they only differ by the device's multiple."""
    one, other = (each.device.width_multiple for each in spaces)
    written = widths_text(before.windows, one), widths_text(after.windows, other)
    return written if written[0] != written[1] else (widths_text(before.windows, 0), widths_text(after.windows, 0))


def _candidates(path: str, before: Sequence[ir.Candidate], after: Sequence[ir.Candidate]) -> Iterator[Change]:
    """Candidates are matched by block, and by order if a block occurs more than once."""
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


# --- settings -------------------------------------------------------------------------------------------------------


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
