"""What differs between two spaces' structures, in the words of a message."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from spacelang import ir
from spacelang.suggest import listed

LONGEST = 60
"""Longer values are named, not shown."""


def differences(one: ir.SearchSpace, other: ir.SearchSpace) -> list[str]:
    """Each difference of structure as `where: X in ONE, Y in OTHER`; empty where the structures agree."""
    return list(_differences("", one.structure, other.structure, one.name, other.name))


def _differences(where: str, one: Any, other: Any, ours: str, theirs: str) -> Iterator[str]:
    if one == other:
        return
    key = _key(one, other)
    if isinstance(one, dict) and isinstance(other, dict) and "per_layer" not in one:
        for name in [*one, *(each for each in other if each not in one)]:
            yield from _differences(f"{where} {name}".strip(), one.get(name), other.get(name), ours, theirs)
    elif key:
        left, right = ({str(each[key]): each for each in side} for side in (one, other))
        if list(left) != list(right):
            yield f"{where}: {listed(left, 'and')} in {ours}, {listed(right, 'and')} in {theirs}"
        for name in left:
            if name in right:
                inner = name if where == "stages" else f"{where} {name}"
                yield from _differences(inner, left[name], right[name], ours, theirs)
    else:
        yield f"{where}: {_shown(one)} in {ours}, {_shown(other)} in {theirs}"


def _key(one: Any, other: Any) -> str | None:
    """What tells the members of two lists apart, where something does."""
    if not (isinstance(one, list) and isinstance(other, list) and one and other):
        return None
    members = one + other
    keys = (key for key in ("name", "id") if all(isinstance(each, dict) and key in each for each in members))
    return next(keys, None)


def _shown(value: Any) -> str:
    if value is None:
        return "missing"
    if isinstance(value, dict) and "values" in value:
        return _shown(value["values"])
    if isinstance(value, list):
        text = ", ".join(map(_shown, value))
        return f"{{{text}}}" if len(text) <= LONGEST else f"a list of {len(value)}"
    text = str(value)
    return text if len(text) <= LONGEST else "another"
