"""Codes of the language server and of the bridges to other tools."""

from __future__ import annotations

from spacelang.report.codes.entry import Code

CODES: tuple[Code, ...] = (
    Code(
        "SP2501",
        "no package for the language server",
        "`spacelang lsp` speaks with editors through pygls, which is a separate extra because a compiler of spaces "
        "doesn't need it: `pip install '.[lsp]'` in the checkout of spacelang.",
        "spacelang lsp",
    ),
    Code(
        "SP2502",
        "nothing to rename",
        "Blocks, devices, spaces, stages, the parameters of blocks and the names that a body binds can be renamed. "
        "Words of the language can't, and neither can what the library declares: copy the block into a file of your "
        "own.",
    ),
    Code(
        "SP2503",
        "a new name that isn't free",
        "Names are made of the letters a-z and A-Z, digits and `_`, and don't start with a digit. Within one program "
        "each block, device and space has its own name, and within a block so do parameters and bound names.",
    ),
    Code(
        "SP2504",
        "values that aren't an architecture",
        "`spacelang.interop` hands a space to other tools as named choices. The answer lacks a value, or has one "
        "that the space doesn't offer: it may come from another version of the space, or from a hyperspace in which "
        "a stage lists a block twice.",
    ),
)
