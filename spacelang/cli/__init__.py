"""The command line: a thin layer over the Python API. typer and rich are imported here and nowhere else."""

from __future__ import annotations

import sys

from spacelang.cli.run import run


def main() -> None:
    """The console script `spacelang`."""
    sys.exit(run(sys.argv[1:]))
