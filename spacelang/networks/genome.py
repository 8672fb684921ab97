"""The genome of a space: for each stage of its hyperspace, a block and a width window.

Written `151122-023231`: blocks, then windows, one character for each stage (paper, C.1). The genome knows nothing of
networks.
"""

from __future__ import annotations

import math
import string
from collections.abc import Sequence
from numbers import Integral
from typing import NamedTuple

from spacelang import ir
from spacelang.ir.parameters import uniform_fields
from spacelang.networks.architecture import blocks_in_use
from spacelang.report.diagnostics import Report, refuse

DIGITS = string.digits + string.ascii_lowercase
"""A search id or a window's index is one of these characters."""
SEPARATOR = "-"
OLD_SEPARATOR = "_"


class Genome(NamedTuple):
    """`blocks`: the search id of each stage's block; `windows`: the index of each stage's width list."""

    blocks: tuple[int, ...]
    windows: tuple[int, ...]


def encode(genome: Genome) -> str:
    """`BLOCKS-WIDTHS`.

    Raises: SpacelangError: SP0601: if the genome isn't one of whole numbers below 36.
    """
    if not all(_is_part(part) and all(0 <= each < len(DIGITS) for each in part) for part in genome):
        refuse("SP0601", f"{genome} has no encoding", f"a genome holds whole numbers, 0 to {len(DIGITS) - 1}")
    return SEPARATOR.join("".join(DIGITS[each] for each in part) for part in genome)


def encode_full(hyperspace: ir.SearchSpace, genome: Genome) -> str:
    """The encoding with the name and short hash of the hyperspace that it belongs to."""
    return f"{hyperspace.name}@{hyperspace.short_hash}:{encode(genome)}"


def decode(hyperspace: ir.SearchSpace, text: str) -> Genome:
    """The genome of an encoding, checked digit by digit against the stages.

    Accepts `BLOCKS-WIDTHS`, the old separator `_`, and before either `NAME@HASH:`, which is checked too.

    Raises:
        SpacelangError: SP0601-SP0604, naming each stage whose digit doesn't fit.
    """
    report = Report()
    prefix, colon, code = text.rpartition(":")
    if colon:
        _check_prefix(hyperspace, prefix, report)
    blocks, separator, windows = code.replace(OLD_SEPARATOR, SEPARATOR).partition(SEPARATOR)
    count = len(hyperspace.stages)
    if not separator or len(blocks) != count or len(windows) != count:
        report.error(
            "SP0601",
            f"'{code}' is not an encoding of {hyperspace.name}",
            help=f"write {count} block digits, '{SEPARATOR}' and {count} width digits, one of each a stage",
        )
        report.raise_if_failed()
    genome = Genome(tuple(map(DIGITS.find, blocks)), tuple(map(DIGITS.find, windows)))
    for stage, block, block_digit, window, window_digit in zip(
        hyperspace.stages, genome.blocks, blocks, genome.windows, windows, strict=True
    ):
        _check_block(stage, block, block_digit, report)
        _check_window(stage, window, window_digit, report)
    report.raise_if_failed()
    return genome


def require_genome(hyperspace: ir.SearchSpace, genome: Genome) -> None:
    """Raises: SpacelangError: SP0601-SP0603: if it isn't a genome of the hyperspace."""
    count = len(hyperspace.stages)
    if not all(_is_part(part) and len(part) == count for part in genome):
        message = f"{genome} is not a genome of {hyperspace.name}"
        refuse("SP0601", message, f"it has a block and a width list for each of the {count} stages")
    report = Report()
    for stage, block, window in zip(hyperspace.stages, *genome, strict=True):
        _check_block(stage, block, str(block), report)
        _check_window(stage, window, str(window), report)
    report.raise_if_failed()


def _is_part(part: object) -> bool:
    return isinstance(part, Sequence) and all(isinstance(each, Integral) for each in part)


def _check_prefix(hyperspace: ir.SearchSpace, prefix: str, report: Report) -> None:
    _, _, digest = prefix.partition("@")
    if digest != hyperspace.short_hash:
        report.error(
            "SP0604",
            f"the encoding belongs to '{prefix}', not to '{hyperspace.name}@{hyperspace.short_hash}'",
            help="decode it with the file that it was made with; `spacelang diff` shows what has changed since",
        )


def _check_block(stage: ir.Stage, block: int, digit: str, report: Report) -> None:
    legal = {each.id: each.block for each in stage.candidates}
    if block not in legal:
        listed = ", ".join(f"{DIGITS[id]} ({name})" for id, name in legal.items())
        report.error("SP0602", f"{stage.name} has no block '{digit}'", help=f"its blocks are {listed}")


def _check_window(stage: ir.Stage, window: int, digit: str, report: Report) -> None:
    count = len(stage.windows)
    if not 0 <= window < count:
        listed = "is 0" if count == 1 else f"are 0 to {DIGITS[count - 1]}"
        report.error("SP0603", f"{stage.name} has no width list '{digit}'", help=f"its width lists {listed}")


def narrow(hyperspace: ir.SearchSpace, genome: Genome, name: str) -> ir.SearchSpace:
    """The space of a genome: one block and one width list for each stage, and its origin.

    Raises: SpacelangError: SP0601-SP0603: if it isn't a genome of the hyperspace.
    """
    require_genome(hyperspace, genome)
    stages = tuple(
        _narrow_stage(stage, stage.candidate(block), stage.windows[window])
        for stage, block, window in zip(hyperspace.stages, *genome, strict=True)
    )
    space = ir.replace(
        hyperspace,
        kind="space",
        name=name,
        origin=ir.Origin(kind=hyperspace.kind, name=hyperspace.name, sha256=hyperspace.sha256, encoding=encode(genome)),
        blocks=blocks_in_use(hyperspace, hyperspace.stem + stages),
        stages=stages,
    )
    return space.signed()


def _narrow_stage(stage: ir.Stage, candidate: ir.Candidate, window: ir.Choices) -> ir.Stage:
    uniform = uniform_fields(stage.uniform, (candidate,))
    return ir.replace(stage, candidates=(candidate,), windows=(window,), uniform=uniform)


def genome_of(space: ir.SearchSpace) -> Genome:
    """The genome of a space in the hyperspace that it came from; a space without an origin has its genome in itself."""
    blocks = tuple(stage.candidates[0].id for stage in space.stages)
    if space.origin and space.origin.encoding:
        windows = space.origin.encoding.replace(OLD_SEPARATOR, SEPARATOR).partition(SEPARATOR)[2]
        return Genome(blocks, tuple(map(DIGITS.find, windows)))
    return Genome(blocks, (0,) * len(blocks))


def count_spaces(space: ir.SearchSpace) -> int:
    """How many spaces a hyperspace holds, exactly."""
    return math.prod(map(count_choices, space.stages))


def count_choices(stage: ir.Stage) -> int:
    """How many pairs of a block and a width list a stage has."""
    return len(stage.candidates) * len(stage.windows)
