"""From a text to its syntax tree.

Its modules:

    lexing      text → tokens; comments are set aside. Bad tokens (`bad_tokens`) and brackets (`brackets`) are reported
    parser      tokens → tree, with recovery from errors, which `expected` puts into words
    automaton   the LALR automaton that it feeds, whose tables (`tables`) are made from `grammar/space.lark`
    tree        the automaton's callbacks, which make the nodes of `syntax`
"""

from __future__ import annotations

from spacelang.syntax.parse.parser import parse

__all__ = ["parse"]
