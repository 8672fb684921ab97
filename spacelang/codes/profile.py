"""Codes of the profile of a device."""

from __future__ import annotations

from spacelang.codes.entry import Code

CODES: tuple[Code, ...] = (
    Code(
        "SP1801",
        "too busy to profile",
        "A disturbed measurement is put off and tried again after the others. Here one after the other was disturbed, "
        "so the profile stopped. What was measured is kept in the folder: once the machine is quiet, the same command "
        "goes on from there.",
    ),
    Code(
        "SP1802",
        "no name for a device",
        "A profile proposes a `device` of this name, and the language writes names with letters, digits and "
        "underscores, the first of them no digit.",
        "spacelang profile --device my-laptop -o profile",
        "spacelang profile --device my_laptop -o profile",
    ),
)
