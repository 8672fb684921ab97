"""From the syntax tree to typed declarations.

Every error is reported at its place, and reading goes on: the result holds everything that could be read. Names are
resolved later, and numbers whose domain depends on others (on a device's width rule, say) are checked later.
"""

from __future__ import annotations

from spacelang.ast.read.module import read

__all__ = ["read"]
