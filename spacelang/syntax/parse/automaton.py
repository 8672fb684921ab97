"""The LALR automaton: it takes one token at a time and makes nodes of them by the callbacks of a tree builder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spacelang.syntax.parse.tables import ACTIONS, END, RULES
from spacelang.syntax.parse.tokens import Token

END_OF_TEXT = "$END"


class Automaton:
    """`states` is the parser's stack. `values` holds what was made of each symbol on it, so it has one entry fewer.

    `callbacks` has a method for each rule that makes a node, which gets its children, and may have one for each
    terminal, which gets the token.
    """

    def __init__(self, callbacks: object) -> None:
        self.states = [0]
        self.values: list[Any] = []
        self._terminals: dict[str, Callable[[Token], Any] | None] = {}
        self._callbacks = callbacks

    def feed(self, token: Token) -> bool:
        """Whether the token can come next. If not, the rules that end before it may already have been reduced."""
        states, values = self.states, self.values
        while True:
            action = ACTIONS[states[-1]].get(token.type)
            if action is None:
                return False
            if action >= 0:
                states.append(action)
                values.append(self._made(token))
                return True
            self._reduce(~action)
            if states[-1] == END and token.type == END_OF_TEXT:
                return True

    def accepts(self) -> set[str]:
        """The types of the tokens that could come next."""
        return {symbol for symbol in ACTIONS[self.states[-1]] if symbol.isupper() and self._could_take(symbol)}

    def drop(self, height: int) -> None:
        """Forget all but the lowest `height` states, and what was made since."""
        del self.states[height:]
        del self.values[height - 1 :]

    def _made(self, token: Token) -> Any:
        kind = token.type
        if kind not in self._terminals:
            self._terminals[kind] = getattr(self._callbacks, kind, None)
        callback = self._terminals[kind]
        return token if callback is None else callback(token)

    def _reduce(self, rule: int) -> None:
        origin, size, makes, kept, lists = RULES[rule]
        states, values = self.states, self.values
        base = len(values) - size
        if not makes:
            made = values[base + kept[0]]
        else:
            children = _children(values, base, kept, lists)
            made = children if makes == "[]" else getattr(self._callbacks, makes)(children)
        del states[base + 1 :]
        del values[base:]
        states.append(ACTIONS[states[-1]][origin])
        values.append(made)

    def _could_take(self, symbol: str) -> bool:
        states = self.states.copy()
        while (action := ACTIONS[states[-1]].get(symbol)) is not None:
            if action >= 0 or states[-1] == END:
                return True
            origin, size, *_ = RULES[~action]
            del states[len(states) - size :]
            states.append(ACTIONS[states[-1]][origin])
            if states[-1] == END:
                return symbol == END_OF_TEXT
        return False


def _children(values: list[Any], base: int, kept: tuple[int, ...], lists: tuple[int, ...]) -> list[Any]:
    """A list at the front is taken over and added to, so that a long list isn't copied once for each item."""
    if not lists:
        return [values[base + at] for at in kept]
    children: list[Any] = []
    for at in kept:
        value = values[base + at]
        if at not in lists:
            children.append(value)
        elif children:
            children += value
        else:
            children = value
    return children
