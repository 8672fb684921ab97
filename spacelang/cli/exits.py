"""What the exit codes mean; scripts depend on them."""

from __future__ import annotations

FAILED = 1
"""An error: in the input, in the command line, or from the system."""
DIFFERENT = 2
"""`diff` found a difference, `fmt --check` an unformatted file."""
INTERRUPTED = 130
