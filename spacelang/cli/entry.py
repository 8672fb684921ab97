"""From arguments to an exit code: whatever goes wrong on the way is said in one message, never as a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from spacelang.cli.console import error, show_diagnostics
from spacelang.cli.exits import FAILED, INTERRUPTED
from spacelang.cli.quick import quick
from spacelang.report.diagnostics import SpacelangError

if TYPE_CHECKING:
    import typer

DEBUG = "SPACELANG_DEBUG"
"""Set in the environment, it lets the traceback of a defect through."""


def run(arguments: Sequence[str]) -> int:
    """The exit code of a command line (`exits` lists them)."""
    try:
        code = quick(arguments)
        if code is None:
            code = any_command(arguments)
        sys.stdout.flush()
    except SpacelangError as failure:
        show_diagnostics(failure.diagnostics)
        return FAILED
    except OSError as failure:
        error(_system(failure))
        return FAILED
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Exception as defect:
        if DEBUG in os.environ:
            raise
        error(
            f"a defect in spacelang: {type(defect).__name__}: {defect}",
            f"please report it, with what `{DEBUG}=1 spacelang …` prints",
        )
        return FAILED
    if code == INTERRUPTED:  # typer makes one of Ctrl-C
        error("interrupted")
    return code


def any_command(arguments: Sequence[str]) -> int:
    """The exit code of a command line that typer reads."""
    import typer

    from spacelang.cli.app import app_for

    try:
        code: Any = app_for(arguments)(args=list(arguments), prog_name="spacelang", standalone_mode=False)
    except typer.TyperException as usage:
        return _usage(usage)
    return code if isinstance(code, int) else 0


def _usage(usage: typer.TyperException) -> int:
    if not usage.format_message():  # no command was given, and the help was printed
        return FAILED
    context = getattr(usage, "ctx", None)
    command = context.command_path if context else "spacelang"
    message = usage.format_message().rstrip(".").replace("\n", " ").replace("Value error, ", "")  # pydantic's prefix
    error(message, f"see `{command} --help`")
    return FAILED


def _system(failure: OSError) -> str:
    reason = (failure.strerror or str(failure)).lower()
    return f"{failure.filename}: {reason}" if failure.filename else reason
