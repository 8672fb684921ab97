"""From the syntax tree to typed declarations.

Whatever is wrong is reported where it stands, and reading goes on: the result holds all that could be read. Names are
resolved later, and numbers whose domain depends on others (on a device's width rule, say) are checked later.
"""

from __future__ import annotations

from spacelang.ast.read.module import read

__all__ = ["read"]
