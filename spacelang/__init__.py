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
    from spacelang.driver import compile_to, load, loads
    from spacelang.evolve.evolution import Evolved, evolve
    from spacelang.evolve.quality.quality import Score, score
    from spacelang.evolve.solve import Solution, solve
    from spacelang.evolve.table.importer import import_table
    from spacelang.evolve.table.parquet import read_table, write_table
    from spacelang.evolve.table.table import Table
    from spacelang.ir.nodes import SearchSpace
    from spacelang.networks.architecture import Architecture, architecture_of, count_models, largest, model_of, smallest
    from spacelang.networks.cost import Cost, cost
    from spacelang.networks.genome import Genome, count_spaces, decode, encode, narrow
    from spacelang.networks.sample import sample
    from spacelang.report.diagnostics import Diagnostic, SpacelangError
    from spacelang.translate.diff import diff

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
    "networks.architecture": ("Architecture", "architecture_of", "count_models", "largest", "model_of", "smallest"),
    "networks.cost": ("Cost", "cost"),
    "report.diagnostics": ("Diagnostic", "SpacelangError"),
    "translate.diff": ("diff",),
    "driver": ("compile_to", "load", "loads"),
    "evolve.evolution": ("Evolved", "evolve"),
    "evolve.table.importer": ("import_table",),
    "evolve.table.parquet": ("read_table", "write_table"),
    "evolve.quality.quality": ("Score", "score"),
    "evolve.solve": ("Solution", "solve"),
    "evolve.table.table": ("Table",),
    "networks.genome": ("Genome", "count_spaces", "decode", "encode", "narrow"),
    "ir.nodes": ("SearchSpace",),
    "networks.sample": ("sample",),
}
"""The module of each public name."""
_MODULE_OF = {name: f"{__name__}.{module}" for module, names in _HOME.items() for name in names}


class _Package(ModuleType):
    """Looks public names up in their modules.

    `spacelang.check` is the function, and there is a folder of that name too. Importing a folder sets it as an
    attribute of its package, which must not hide the function. (So it is imported as `from spacelang.check import …`.)
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
