"""Python calls, tuples and signatures laid out as `ruff format` lays them out: on one line, or one item a line."""

from __future__ import annotations

from dataclasses import dataclass

WIDTH = 120
METHOD = 8
"""Spaces before the statements of a method."""


@dataclass(frozen=True, slots=True)
class Group:
    """`opening`, items with commas, `closing`; items may be groups themselves."""

    opening: str
    items: tuple[Code, ...]
    closing: str


Code = str | Group


def call(function: str, *arguments: Code) -> Group:
    return Group(f"{function}(", arguments, ")")


def keyword(name: str, value: Code) -> Code:
    """`name=value`."""
    return f"{name}={value}" if isinstance(value, str) else Group(f"{name}={value.opening}", value.items, value.closing)


def tuple_of(items: tuple[Code, ...]) -> Code:
    return f"({items[0]},)" if len(items) == 1 and isinstance(items[0], str) else Group("(", items, ")")


def lay_out(code: Code, indent: int, before: str = "", after: str = "") -> list[str]:
    """The lines of `before` + code + `after`, indented by that many spaces."""
    margin, line = " " * indent, before + flat(code) + after
    if isinstance(code, str) or not code.items or indent + len(line) <= WIDTH:
        return [margin + line]
    inner = [line for item in code.items for line in lay_out(item, indent + 4, after=",")]
    return [margin + before + code.opening, *inner, margin + code.closing + after]


def statement(before: str, code: Code, depth: int = 0) -> list[str]:
    """The lines of a statement in a method, `depth` spaces inside it, without the method's own margin."""
    return [line[METHOD:] for line in lay_out(code, METHOD + depth, before)]


def flat(code: Code) -> str:
    if isinstance(code, str):
        return code
    return code.opening + ", ".join(map(flat, code.items)) + code.closing
