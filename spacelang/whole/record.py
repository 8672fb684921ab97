"""`run.json`: what each step read, made and took. It is written after every step, and before one begins.

run.json      this record
run.lock      held by the process that runs
logs/         what each step said
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from spacelang import __version__
from spacelang.files import write_atomic
from spacelang.records import Record, read_record

RUN, LOCK, LOGS = "run.json", "run.lock", "logs"
AGAIN = "remove it to begin again, or run into a new folder"


class Made(Record):
    """A file that a step made. Its content is only hashed again when size or time differ."""

    sha256: str
    bytes: int
    mtime_ns: int


class Done(Record):
    """A finished step.

    Attributes:
        commands: as one would type them.
        reads: a hash of each thing that the result depends on, by what it is called in a message.
        makes: by path in the folder.
        peak_mb: the most memory that its processes held together.
        finished: when, in UTC.
    """

    commands: tuple[str, ...]
    reads: dict[str, str]
    makes: dict[str, Made]
    seconds: float
    peak_mb: float
    finished: str


class Choices(Record):
    """What decides the result beside the file.

    Attributes:
        data: `digits`, or a folder of images.
        teacher: as `distill` takes it; None for the default one of the data.
        device: a predictor; None for the shipped one of the file's runtime.
        models: how many models the search evaluates; None for its default.
        formats: of the files that ship.
    """

    data: str = "digits"
    teacher: str | None = None
    device: str | None = None
    models: int | None = None
    formats: tuple[Literal["onnx", "tflite"], ...] = ("onnx", "tflite")


class Images(Record):
    """What a folder of images was found to hold. `stamp`: a hash of paths, sizes and times; `sha256`: of contents."""

    stamp: str
    sha256: str


class Whole(Record):
    """The record of a folder.

    Attributes:
        file: the `.space` file, as it was named last.
        name, kind: of what it declares; a folder belongs to one.
        begun: what the steps read that were begun and aren't done.
        seconds: what each step took last.
    """

    format_version: Literal[1] = 1
    spacelang: str = __version__
    file: str
    name: str
    kind: Literal["hyperspace", "space"]
    choices: Choices
    images: Images | None = None
    done: dict[str, Done] = Field(default_factory=dict)
    begun: dict[str, dict[str, str]] = Field(default_factory=dict)
    seconds: dict[str, float] = Field(default_factory=dict)


def read_whole(folder: Path) -> Whole | None:
    """The record of a folder; None if it has none. Raises: SpacelangError: SP2103 if it is damaged."""
    path = folder / RUN
    return read_record(Whole, path, "SP2103", help=AGAIN) if path.exists() else None


def write_whole(folder: Path, whole: Whole) -> None:
    """Raises: OSError: if it can't be written; the one before then stays whole."""
    write_atomic(folder / RUN, whole.model_dump_json(indent=1) + "\n")
