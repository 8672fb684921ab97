"""Files of JSON that spacelang writes and reads again: frozen models that reject unknown fields."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from spacelang.files import read_or_refuse
from spacelang.report.diagnostics import refuse


class Record(BaseModel):
    """The base class of everything that is stored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


R = TypeVar("R", bound=BaseModel)


def first_error(error: ValidationError) -> tuple[str, str]:
    """Where the first wrong value is, such as `jobs.0.batch` (empty for the whole file), and what is wrong with it."""
    first = error.errors(include_url=False)[0]
    return ".".join(map(str, first["loc"])), first["msg"]


def parse_record(kind: type[R], data: bytes, path: Path, code: str, help: str = "") -> R:
    """The record in a file's content. Raises: SpacelangError: `code`, if it isn't one."""
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        where, what = first_error(error)
        if where == "format_version":
            refuse(
                code,
                f"`{path}` was written by another version of spacelang: its format {what.removeprefix('Input ')}",
                help,
            )
        refuse(code, f"`{path}` is damaged: {where or 'the file'}: {what}", help)


def read_record(kind: type[R], path: Path, code: str, *, missing: str = "", help: str = "") -> R:
    """The record in a file; the arguments are as of `read_or_refuse`.

    Raises: SpacelangError: `code`, if it can't be read, or is damaged.
    """
    return parse_record(kind, read_or_refuse(path, code, missing=missing, help=help), path, code, help)
