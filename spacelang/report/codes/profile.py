"""Codes of the profile of a device."""

from __future__ import annotations

from spacelang.report.codes.entry import Code

CODES: tuple[Code, ...] = (
    Code(
        "SP1801",
        "not a name for a device",
        "A profile proposes a `device` of this name, and the language writes names with letters, digits and "
        "underscores, and they don't start with a digit.",
        "spacelang profile --device my-laptop -o profile",
        "spacelang profile --device my_laptop -o profile",
    ),
)
