"""The parser's tables, which Lark computes from `space.lark`.

They are committed as `spacelang/syntax/parse/tables.py`, which `make golden` rewrites, so only this module and its test
need Lark. States are numbered in the order in which they are reached, and symbols are sorted, so that the same grammar
always gives the same text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import lark

from spacelang.grammar import grammar_text

_TEXT = '''\
"""The parser's tables: made from grammar/space.lark by grammar/generate.py, through `make golden`."""

# fmt: off
# ruff: noqa: E501

from __future__ import annotations

from typing import Final

TERMINALS: Final = (
{terminals}
)
"""The terminals' names and patterns, in the order in which they are tried."""

RULES: Final[tuple[tuple[str, int, str, tuple[int, ...], tuple[int, ...]], ...]] = (
{rules}
)
"""For each rule: its nonterminal; how many symbols it takes off the stack; what it makes of those that are kept, a node
by the callback of this name, a list (`[]`), or the only one itself (``); the places of those that are kept; the places
of those among them that are lists, whose items are meant."""

ACTIONS: Final[tuple[dict[str, int], ...]] = (
{actions}
)
"""By state, then symbol: the state to go to, or ~rule to reduce by. Reading starts in state 0."""

END: Final = {end}
"""The state in which the whole file is reduced."""
'''


def tables() -> str:
    """The text of the module of tables."""
    parser = lark.Lark(grammar_text(), parser="lalr", lexer="basic", start="file")
    table = parser.parser.parser._parse_table
    rules = sorted(parser.rules, key=lambda rule: (rule.origin.name, [each.name for each in rule.expansion]))
    actions, numbers = _numbered(table, {rule: number for number, rule in enumerate(rules)})
    return _TEXT.format(
        terminals=_lines(_terminals(parser)),
        rules=_lines(map(_rule, rules)),
        actions=_lines(actions),
        end=numbers[table.end_states["file"]],
    )


def _terminals(parser: lark.Lark) -> Iterator[tuple[str, str]]:
    order = sorted(
        parser.terminals,
        key=lambda each: (-each.priority, -each.pattern.max_width, -len(each.pattern.value), each.name),
    )
    return ((each.name, each.pattern.to_regexp()) for each in order)


def _rule(rule: Any) -> tuple[str, int, str, tuple[int, ...], tuple[int, ...]]:
    origin, symbols = str(rule.origin.name), rule.expansion
    kept = tuple(at for at, each in enumerate(symbols) if not (each.is_term and each.filter_out))
    lists = tuple(at for at in kept if not symbols[at].is_term and symbols[at].name.startswith("_"))
    if origin.startswith("_"):
        makes = "[]"
    else:
        makes = "" if rule.options.expand1 and len(kept) == 1 else str(rule.alias or origin)
    return origin, len(symbols), makes, kept, lists


def _numbered(table: Any, rules: dict[Any, int]) -> tuple[list[dict[str, int]], dict[int, int]]:
    """The states' actions, states numbered breadth first, and the number of each of Lark's states."""
    numbers = {table.start_states["file"]: 0}
    actions = []
    for state in _reached(table, numbers):
        found = {}
        for symbol, (action, argument) in sorted(table.states[state].items()):
            found[symbol] = numbers[argument] if action.name == "Shift" else ~rules[argument]
        actions.append(found)
    return actions, numbers


def _reached(table: Any, numbers: dict[int, int]) -> Iterator[int]:
    """The states in the order in which they are first reached, which are numbered on the way."""
    queue = list(numbers)
    for state in queue:
        for _, (action, argument) in sorted(table.states[state].items()):
            if action.name == "Shift" and argument not in numbers:
                numbers[argument] = len(numbers)
                queue.append(argument)
        yield state


def _lines(entries: Iterable[object]) -> str:
    return "\n".join(f"    {each!r}," for each in entries)
