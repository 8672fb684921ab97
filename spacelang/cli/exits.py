"""What the exit codes mean; scripts depend on them."""

from __future__ import annotations

FAILED = 1
"""An error: in the input, in the command line, or from the system."""
DIFFERENT = 2
"""`diff` found a difference, `fmt --check` an unformatted file."""
STOPPED = 3
"""A search stopped at a limit of time or nodes: the best space so far is written, and it isn't proved."""
INTERRUPTED = 130
"""By Ctrl-C; 143 by SIGTERM. A search writes the best space so far before."""
