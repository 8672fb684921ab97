"""Codes of encodings and genomes."""

from __future__ import annotations

from spacelang.report.codes.entry import Code

CODES: tuple[Code, ...] = (
    Code(
        "SP0601",
        "not an encoding of this hyperspace",
        "An encoding is one block digit for each stage, a `-`, and one width digit for each stage; digits are 0-9, "
        "then a-z. The old separator `_` is read too. This text has another form or another number of stages.",
        "spacelang decode specs/vnni.space 11111-00000",
        "spacelang decode specs/vnni.space 111111-000000",
    ),
    Code(
        "SP0602",
        "a stage doesn't have such a block",
        "A digit before the `-` is the search id that the hyperspace writes in front of a block. The stage at this "
        "place doesn't have a block with this id.",
        "spacelang decode specs/vnni.space 911111-000000",
        "spacelang decode specs/vnni.space 611111-000000",
    ),
    Code(
        "SP0603",
        "a stage doesn't have such a width list",
        "A digit after the `-` counts the width lists of its stage from 0, which is the narrowest. The stage at this "
        "place has fewer of them.",
        "spacelang decode specs/vnni.space 111111-900000",
        "spacelang decode specs/vnni.space 111111-100000",
    ),
    Code(
        "SP0604",
        "the encoding belongs to another hyperspace",
        "The hash in front of an encoding, as in `vnni@3f2a9c1e:151122-023231`, is that of the hyperspace it was made"
        " with. Digits may mean other blocks and widths in this file, so they are not decoded.",
    ),
    Code(
        "SP0605",
        "the space has another encoding",
        "The `from` line of a space says which encoding it has in its hyperspace. The stages were edited since, so it "
        "is now another space of that hyperspace. `spacelang fmt --update-origin FILE` writes the line again.",
    ),
    Code(
        "SP0606",
        "the space isn't in the one it says it comes from",
        "A `from` line is compared with the space that it names, if that is declared in the same file, in a file "
        "that is imported, or in a file of its name in the same folder. A space must be one that an encoding of the "
        "hyperspace names; the choices of a model must be among those of its space. Tables, encodings and trained "
        "weights of the wider space don't fit this one. Undo the edit, or remove the `from` line.",
    ),
    Code(
        "SP0607",
        "the space was edited after its `from` line was written",
        "The checksum in a `from` line covers the line's claim and what the space says (stages, blocks, head, "
        "resolutions). The space's checksum is different now. Names, comments, targets and settings may change "
        "freely. Where the wider space can be found, `spacelang fmt --update-origin FILE` writes the line again; a "
        "space of your own doesn't need a `from` line.",
    ),
    Code(
        "SP0608",
        "the origin has changed",
        "The space that a `from` line names is declared here, but no longer has the SHA-256 in that line. Encodings "
        "of the old one may mean other blocks and widths now. `spacelang fmt --update-origin FILE` writes the line "
        "again, if the space is still part of the new one.",
    ),
    Code(
        "SP0609",
        "the origin can't be checked",
        "The space that a `from` line names is declared neither in this file, nor in one that is imported, nor (with "
        "the SHA-256 of the line) in a file of its name in the same folder; and the line has no checksum. What the "
        "line says is taken on trust.",
    ),
    Code(
        "SP0610",
        "the origin can't be found",
        "To write a `from` line again, spacelang needs the space that it names: in the same file, in one that is "
        "imported, or in a file of its name in the same folder, such as `vnni.space` for `from hyperspace vnni`.",
    ),
)
