"""The command line: a thin layer over the Python API. typer and rich are imported here and nowhere else."""

from __future__ import annotations

import signal
import sys

from spacelang.cli.entry import run


def main() -> None:
    """The console script `spacelang`."""
    if hasattr(signal, "SIGPIPE"):  # end silently when the reader of the output goes away, as other programs do
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(run(sys.argv[1:]))
