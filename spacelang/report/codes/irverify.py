"""Codes of intermediate representations that are read from JSON or made by a pass."""

from __future__ import annotations

from spacelang.report.codes.entry import Code

CODES: tuple[Code, ...] = (
    Code(
        "SP0901",
        "not JSON",
        "The file was to hold an IR but isn't JSON; the message says where it stops being one. It may have "
        "been cut off, or be a `.space` text.",
        '{"ir_version": 1,',
        '{"ir_version": 1, …}',
    ),
    Code(
        "SP0902",
        "another version of the IR",
        "`ir_version` says which version of the form the file has, and this spacelang reads another one. Nothing "
        "is guessed: compile the `.space` file again.",
        '{"ir_version": 0, …}',
        '{"ir_version": 1, …}',
    ),
    Code(
        "SP0903",
        "not the form of an IR",
        "A field is missing, unknown or of another type than `docs/ir.schema.json` says. The message begins with "
        "the path of the field.",
        '{…, "stages": [{…, "depth": "2"}]}',
        '{…, "stages": [{…, "depth": [2]}]}',
    ),
    Code(
        "SP0904",
        "a name that means nothing here",
        "A block, parameter, activation or value is referred to but not there, is there and not referred to, or "
        "has a name that the language can't write. In an IR every reference resolves and every block is used.",
        '"candidates": [{"block": "mbv9", …}]',
        '"candidates": [{"block": "mbv2", …}]',
    ),
    Code(
        "SP0905",
        "not in normal form",
        "Two IRs that mean the same are equal, so there is one form for everything: values ascend, candidates "
        "stand in the order of their search ids and blocks in that of their names, windows slide over one list, "
        "stems are stem1, stem2 and so on, and parameters have the type that the body gives them.",
        '"depth": [3, 2]',
        '"depth": [2, 3]',
    ),
    Code(
        "SP0906",
        "a number outside of its domain",
        "A width isn't a multiple of the device's, a kernel size is even, a depth, a stride or a setting is out of "
        "its range, or a number is one that the language can't write (infinite, negative, too long).",
        '"windows": [{"values": [33]}]',
        '"windows": [{"values": [32]}]',
    ),
    Code(
        "SP0907",
        "not what its kind is",
        "A space has one block and one width list a stage; a model has one resolution and one value for each of "
        "its layers; a stem has one block. The IR says that it is of a kind that it is too wide, or too narrow, "
        "for.",
        '{"kind": "space", …, "windows": [{…}, {…}]}',
        '{"kind": "hyperspace", …, "windows": [{…}, {…}]}',
    ),
    Code(
        "SP0908",
        "a block gives no network",
        "For these numbers and channels the body has no meaning: a width is not whole or not positive, the "
        "repetition is 0, the last operator doesn't have the layer's output channels, or the strides in the body "
        "don't give the stage's.",
        "block half(act) { conv 1 -> in / 3, act }",
        "block half(act) { conv 1 -> out, act }",
    ),
    Code(
        "SP0909",
        "no text may say this",
        "JSON and text are two forms of the same spaces, so what `spacelang check` refuses in a text is refused in "
        "JSON too. The message gives the code of the refusal; `spacelang explain` says more of it.",
        '"penalty": {…}, "samples": 1, "top": 20',
        '"penalty": {…}, "samples": 5000, "top": 20',
    ),
)
