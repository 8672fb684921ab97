"""Codes of encodings and genomes."""

from __future__ import annotations

from spacelang.report.codes.entry import Code

CODES: tuple[Code, ...] = (
    Code(
        "SP0601",
        "not an encoding of this hyperspace",
        "An encoding is one block digit for each stage, a `-`, and one width digit for each stage; digits are 0-9, "
        "then a-z. The old separator `_` is read too. The text has another form or another number of stages.",
        "spacelang decode specs/vnni.space 11111-00000",
        "spacelang decode specs/vnni.space 111111-000000",
    ),
    Code(
        "SP0602",
        "a stage has no such block",
        "A digit before the `-` is the search id that the hyperspace writes in front of a block. The stage that "
        "stands at this place has no block with this id.",
        "spacelang decode specs/vnni.space 911111-000000",
        "spacelang decode specs/vnni.space 611111-000000",
    ),
    Code(
        "SP0603",
        "a stage has no such width list",
        "A digit behind the `-` counts the width lists of its stage from 0, which is the narrowest. The stage that "
        "stands at this place has fewer of them.",
        "spacelang decode specs/vnni.space 111111-900000",
        "spacelang decode specs/vnni.space 111111-100000",
    ),
    Code(
        "SP0604",
        "the encoding belongs to another hyperspace",
        "The hash in front of an encoding, as in `vnni@3f2a9c1e:151122-023231`, is that of the hyperspace it was made"
        " with. Digits may mean other blocks and widths in this file, so they are not decoded.",
    ),
)
