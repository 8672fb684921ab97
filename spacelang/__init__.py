"""A language for families of neural networks, its compiler, and the search for the best of them.

    import spacelang

    space = spacelang.load("specs/vnni.space")
    spacelang.count_spaces(space)  # 240945152

Names are loaded when they are first used: importing the package costs nothing and imports no framework.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from spacelang.api import check, dumps, format
    from spacelang.architecture import Architecture, architecture_of, count_models, largest, model_of, smallest
    from spacelang.cost import Cost, cost
    from spacelang.diagnostics import Diagnostic, SpacelangError
    from spacelang.diff import diff
    from spacelang.driver import compile_to, load, loads
    from spacelang.evolve.evolution import Evolved, evolve
    from spacelang.evolve.importer import import_table
    from spacelang.evolve.parquet import read_table, write_table
    from spacelang.evolve.quality import Score, score
    from spacelang.evolve.solve import Solution, solve
    from spacelang.evolve.table import Table
    from spacelang.genome import Genome, count_spaces, decode, encode, narrow
    from spacelang.ir import SearchSpace
    from spacelang.sample import sample

__all__ = [
    "Architecture",
    "Cost",
    "Diagnostic",
    "Evolved",
    "Genome",
    "Score",
    "SearchSpace",
    "Solution",
    "SpacelangError",
    "Table",
    "architecture_of",
    "check",
    "compile_to",
    "cost",
    "count_models",
    "count_spaces",
    "decode",
    "diff",
    "dumps",
    "encode",
    "evolve",
    "format",
    "import_table",
    "largest",
    "load",
    "loads",
    "model_of",
    "narrow",
    "read_table",
    "sample",
    "score",
    "smallest",
    "solve",
    "write_table",
]

_HOME = {
    "api": ("check", "dumps", "format"),
    "architecture": ("Architecture", "architecture_of", "count_models", "largest", "model_of", "smallest"),
    "cost": ("Cost", "cost"),
    "diagnostics": ("Diagnostic", "SpacelangError"),
    "diff": ("diff",),
    "driver": ("compile_to", "load", "loads"),
    "evolve.evolution": ("Evolved", "evolve"),
    "evolve.importer": ("import_table",),
    "evolve.parquet": ("read_table", "write_table"),
    "evolve.quality": ("Score", "score"),
    "evolve.solve": ("Solution", "solve"),
    "evolve.table": ("Table",),
    "genome": ("Genome", "count_spaces", "decode", "encode", "narrow"),
    "ir": ("SearchSpace",),
    "sample": ("sample",),
}
"""The module of each public name."""
_MODULE_OF = {name: f"{__name__}.{module}" for module, names in _HOME.items() for name in names}


class _Package(ModuleType):
    """Looks public names up in their modules.

    `spacelang.diff` is the function, and there is a module of that name too. Importing a module sets it as an attribute
    of its package, which must not hide the function. (So modules are imported as `from spacelang.diff import …`.)
    """

    def __getattr__(self, name: str) -> Any:
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(_MODULE_OF[name]), name)
        self.__dict__[name] = value
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _MODULE_OF and isinstance(value, ModuleType)):
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*self.__dict__, *__all__})


sys.modules[__name__].__class__ = _Package
