"""Codes of the whole way in one command, and of its report."""

from __future__ import annotations

from spacelang.report.codes.entry import Code

CODES: tuple[Code, ...] = (
    Code(
        "SP2101",
        "a folder of something else",
        "`spacelang run` keeps everything that it makes in one folder, which belongs to one hyperspace or space. This "
        "folder holds other files, or the run of another one. Nothing in it was touched.",
        "spacelang run digits.space -o .",
        "spacelang run digits.space -o out",
    ),
    Code(
        "SP2102",
        "two runs in one folder",
        "Another process is running in this folder, on this machine or on another that shares the disk. Two would "
        "replace each other's files.",
    ),
    Code(
        "SP2103",
        "the record of a run is damaged",
        "`run.json` says what each step read, made and took. It was edited, or a disk failed. Remove it to begin "
        "again: students, losses and evaluated models are kept by the steps themselves and found again.",
    ),
    Code(
        "SP2104",
        "a step has failed",
        "The message repeats what the step said; its log has the rest. All that is done stays done. After the mend "
        "the same command goes on from there.",
    ),
    Code(
        "SP2105",
        "no such step",
        "`--until` and `--from` name a step of the plan, which `--dry-run` prints. The way of a space begins with "
        "`train`, since nothing is left to search in it.",
        "spacelang run found.space -o out --until distill",
        "spacelang run found.space -o out --until train",
    ),
    Code(
        "SP2106",
        "nothing to report",
        "A report is made of what `spacelang run` keeps in its folder.",
        "spacelang report specs",
        "spacelang report out -o report.html",
    ),
    Code(
        "SP2107",
        "packages that a step needs aren't installed",
        "`spacelang run` looks for the packages of all its steps before it begins, so that none is missed hours later. "
        "The plots of the report are made by Vega-Altair; `vl-convert-python` holds what a page needs to show them "
        "without a network.",
    ),
)
