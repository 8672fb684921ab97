"""The command line: a thin layer over the Python API. typer and rich are imported here and nowhere else."""

from __future__ import annotations

import os
import signal
import sys

from spacelang.cli.entry import run


def main() -> None:
    """The console script `spacelang`."""
    if hasattr(signal, "SIGPIPE"):  # end silently when the reader of the output goes away, as other programs do
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    _open_streams()
    sys.exit(run(sys.argv[1:]))


def _open_streams() -> None:
    """Results are UTF-8 whatever the locale says, as `.space` files are; a closed stream is an empty one."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  it lives as long as the process
        elif mode == "w":
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")
