"""From a text to its syntax tree.

Its modules:

    lexing      text → tokens; comments are set aside. Bad tokens (`bad_tokens`) and brackets (`brackets`) are reported
    parser      tokens → tree, with recovery from errors, which `expected` puts into words
    tree        the parser's callbacks, which make the nodes of `syntax`
    tables      Lark's parser for the grammar, cached
"""

from __future__ import annotations

from spacelang.syntax.parse.parser import parse

__all__ = ["parse"]
