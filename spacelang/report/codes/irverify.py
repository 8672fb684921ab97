"""Codes of intermediate representations that are read from JSON or made by a pass."""

from __future__ import annotations

from spacelang.report.codes.entry import Code

CODES: tuple[Code, ...] = (
    Code(
        "SP0901",
        "not JSON",
        "The file should hold an IR but isn't JSON; the message says where it stops being JSON. It may have been cut "
        "off, or be a `.space` text.",
        '{"ir_version": 1,',
        '{"ir_version": 1, …}',
    ),
    Code(
        "SP0902",
        "another version of the IR",
        "`ir_version` says which version of the format the file has, and this spacelang reads another one. Compile "
        "the `.space` file again.",
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
        "A block, parameter, activation or value is used but isn't there, is there but isn't used, or has a name "
        "that the language can't write. In an IR every reference resolves and every block is used.",
        '"candidates": [{"block": "mbv9", …}]',
        '"candidates": [{"block": "mbv2", …}]',
    ),
    Code(
        "SP0905",
        "not in normal form",
        "Two IRs that mean the same are equal, so there is one form for everything: candidates stand in the order of "
        "their search ids and blocks in that of their names, windows slide over one list, stems are stem1, stem2 and "
        "so on, and parameters have the type that the body gives them.",
        '"candidates": [{"id": 2, …}, {"id": 1, …}]',
        '"candidates": [{"id": 1, …}, {"id": 2, …}]',
    ),
    Code(
        "SP0906",
        "a number that a text can't express",
        "The language can't write this number: it is infinite, negative, or too long.",
        '"windows": [{"values": [1e30]}]',
        '"windows": [{"values": [32]}]',
    ),
    Code(
        "SP0907",
        "not what its kind says",
        "A space has one block and one width list a stage; a model has one resolution and one value for each of its "
        "layers; a stem has one block. The IR declares a kind that it is too wide, or too narrow, for.",
        '{"kind": "space", …, "windows": [{…}, {…}]}',
        '{"kind": "hyperspace", …, "windows": [{…}, {…}]}',
    ),
)
