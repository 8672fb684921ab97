"""The parts that a table is measured in. Each is kept in a file when it is done, so a killed run goes on after it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from spacelang.evolve.table.table import Cell
from spacelang.files import write_atomic
from spacelang.records import Record
from spacelang.train.losses.draw import Drawn
from spacelang.train.losses.measure import Losses

FOLDER = "bkd/losses"
FORMAT = 1


class Part(NamedTuple):
    """Stage architectures of one job and cell, measured together.

    Attributes:
        job, name: the job's number and name.
        key: a hash of all that their losses depend on.
    """

    job: int
    name: str
    cell: Cell
    number: int
    drawn: tuple[Drawn, ...]
    key: str

    @property
    def file(self) -> Path:
        """Within the build."""
        return Path(FOLDER, self.name, f"window-{self.cell.window}-part-{self.number:03}.json")


class _Measured(Record):
    key: str
    losses: tuple[Losses, ...]


def key_of(*what: object) -> str:
    """A hash of plain data."""
    return hashlib.sha256(json.dumps([FORMAT, *what]).encode()).hexdigest()


def read_part(folder: Path, part: Part) -> tuple[Losses, ...] | None:
    """What was measured; None if nothing was, if it was something else, or if the file can't be read: it is a cache."""
    try:
        measured = _Measured.model_validate_json((folder / part.file).read_bytes())
    except (OSError, ValidationError):
        return None
    return measured.losses if measured.key == part.key and len(measured.losses) == len(part.drawn) else None


def write_part(folder: Path, part: Part, losses: Sequence[Losses]) -> None:
    """Raises: OSError: if it can't be written."""
    measured = _Measured(key=part.key, losses=tuple(losses))
    write_atomic(folder / part.file, measured.model_dump_json())
