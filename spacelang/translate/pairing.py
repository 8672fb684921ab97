"""Pairs the stages of two spaces: by name first, then by similarity."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from spacelang import ir

ALIKE = 0.5
"""Two stages with different names are the same stage, renamed, if at least this share of them is equal."""

Pair = tuple[int | None, int | None]
"""Indices of a stage before and after; None if it isn't there."""


def pairs(before: Sequence[ir.Stage], after: Sequence[ir.Stage], *, by_name: bool = True) -> list[Pair]:
    """Every stage of both spaces once: those of `after` in order, each removed stage after its predecessor.

    Args:
        by_name: whether names tell stages apart; stems are only numbered.
    """
    partner = _named(before, after) if by_name else {}
    for low, high in _by_likeness(before, after):
        if low not in partner.values() and high not in partner:
            partner[high] = low
    found: list[Pair] = [(partner.get(at), at) for at in range(len(after))]
    for at in range(len(before)):
        if at not in partner.values():
            found.insert(_place_of(found, at), (at, None))
    return found


def _named(before: Sequence[ir.Stage], after: Sequence[ir.Stage]) -> dict[int, int]:
    """The index before, by the index after."""
    old = {each.name: at for at, each in enumerate(before)}
    return {at: old[each.name] for at, each in enumerate(after) if each.name in old}


def _by_likeness(before: Sequence[ir.Stage], after: Sequence[ir.Stage]) -> list[tuple[int, int]]:
    """Pairs of similar stages, the most similar first; if equally similar, those that have moved the least first."""
    scored = [
        (_likeness(old, new), -abs(low - high), low, high)
        for low, old in enumerate(before)
        for high, new in enumerate(after)
    ]
    kept = sorted((each for each in scored if each[0] >= ALIKE), key=lambda each: (-each[0], -each[1], each[2]))
    return [(low, high) for _, _, low, high in kept]


def _likeness(old: ir.Stage, new: ir.Stage) -> float:
    """From 0 to 1: how much of stride, depth, widths, blocks and their arguments is equal."""
    blocks = [{each.block for each in stage.candidates} for stage in (old, new)]
    arguments = [{(each.block, repr(each.numbers), repr(each.acts)) for each in s.candidates} for s in (old, new)]
    widths = [{width for window in stage.windows for width in window.values} for stage in (old, new)]
    parts = (
        old.stride == new.stride,
        old.depth == new.depth,
        _overlap(*widths),
        _overlap(*blocks),
        _overlap(*arguments),
    )
    return sum(parts) / len(parts)


def _overlap(one: AbstractSet[object], other: AbstractSet[object]) -> float:
    return len(one & other) / len(one | other) if one | other else 1.0


def _place_of(found: Sequence[Pair], removed: int) -> int:
    """The place to list a removed stage: after the one that stood before it."""
    earlier = [place for place, (low, _) in enumerate(found) if low is not None and low < removed]
    return max(earlier) + 1 if earlier else 0
