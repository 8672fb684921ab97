"""`python -m spacelang.cli`."""

from __future__ import annotations

from spacelang.cli import main

main()
