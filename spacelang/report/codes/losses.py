"""Codes of building a table of losses."""

from __future__ import annotations

from spacelang.report.codes.entry import Code

CODES: tuple[Code, ...] = (
    Code(
        "SP1401",
        "not all blocks are distilled",
        "A table holds losses for every stage, block and width list, because a search may reach any of them. They "
        "are measured with the student of each stage and block, and some of these aren't trained yet.",
        "spacelang table build build -o table.parquet",
        "spacelang distill build && spacelang table build build -o table.parquet",
    ),
    Code(
        "SP1402",
        "a student that learned nothing",
        "The loss of a stage architecture is the ratio of noise to signal: 0 is perfect, 1 is as good as always "
        "giving the teacher's mean. This one isn't a number, or is far from both: training diverged. A lower "
        "learning rate in the space's `distill` section helps.",
    ),
)
