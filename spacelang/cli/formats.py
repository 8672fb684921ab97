"""`--json` and `--format json` are the same, whichever of them a command declares."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Annotated, Any, get_type_hints

import typer


class TextOrJson(StrEnum):
    """The formats of a command that declares `--json` only."""

    TEXT = "text"
    JSON = "json"


JSON = inspect.Parameter(
    "json",
    inspect.Parameter.KEYWORD_ONLY,
    default=False,
    annotation=Annotated[bool, typer.Option("--json", help="The same as --format json.")],
)
FORMAT = inspect.Parameter(
    "format",
    inspect.Parameter.KEYWORD_ONLY,
    default=TextOrJson.TEXT,
    annotation=Annotated[TextOrJson, typer.Option("--format", help="`json` is the same as --json.")],
)


def with_json(command: Callable[..., None]) -> Callable[..., None]:
    """The command with both options, where it has one of them, and its format knows `json`."""
    hints = get_type_hints(command, include_extras=True)
    signature = inspect.signature(command)
    own = [each.replace(annotation=hints[name]) for name, each in signature.parameters.items()]
    if "json" in hints and "format" not in hints:
        return _declared(command, [*own, FORMAT], _json_of_format)
    formats = signature.parameters["format"].default if "format" in hints else None
    if isinstance(formats, StrEnum) and "json" in list(type(formats)) and "json" not in hints:
        return _declared(command, [*own, JSON], _format_of_json)
    return command


def _json_of_format(options: dict[str, Any]) -> None:
    options["json"] |= options.pop("format") == "json"


def _format_of_json(options: dict[str, Any]) -> None:
    if options.pop("json"):
        options["format"] = type(options["format"])("json")


def _declared(
    command: Callable[..., None], parameters: list[inspect.Parameter], translate: Callable[[dict[str, Any]], None]
) -> Callable[..., None]:
    @wraps(command)
    def run(**options: Any) -> None:
        translate(options)
        command(**options)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run
