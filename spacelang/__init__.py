"""A language for families of neural networks, its compiler, and the search for the best of them.

    import spacelang

    space = spacelang.load("specs/vnni.space")
    spacelang.count_spaces(space)  # 240945152

Names are loaded when they are first used: importing the package is cheap and doesn't import a framework.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from spacelang.api import Prediction, attach, check, distill, dumps, format, import_table, locate, predict, train
    from spacelang.driver import compile_to, load, loads
    from spacelang.evolve.evolution import Evolved, evolve
    from spacelang.evolve.quality.quality import Score, SubNetwork, TargetScore, score
    from spacelang.evolve.solve import Solution, solve
    from spacelang.evolve.table.doubts import doubts
    from spacelang.evolve.table.parquet import read_table, write_table
    from spacelang.evolve.table.table import Latencies, Rows, Table
    from spacelang.ir.nodes import SearchSpace
    from spacelang.ir.operators import Op
    from spacelang.language.settings import Device, Distill, Evolution, Limits, Penalty, Quality, Targets, Train
    from spacelang.networks.architecture import (
        Architecture,
        LayerChoice,
        StageChoice,
        architecture_of,
        count_models,
        largest,
        model_of,
        smallest,
    )
    from spacelang.networks.cost import Cost, LayerCost, cost
    from spacelang.networks.costs import Costs, costs
    from spacelang.networks.genome import Genome, count_spaces, decode, encode, narrow
    from spacelang.networks.named import named
    from spacelang.networks.network import Layer
    from spacelang.networks.sample import sample
    from spacelang.report.diagnostics import Diagnostic, SpacelangError
    from spacelang.review import Consequence, Review, Unfit, review
    from spacelang.search.run import FoundModels, search_models
    from spacelang.translate.diff import Change, diff

__all__ = [
    "Architecture",
    "Change",
    "Consequence",
    "Cost",
    "Costs",
    "Device",
    "Diagnostic",
    "Distill",
    "Evolution",
    "Evolved",
    "FoundModels",
    "Genome",
    "Latencies",
    "Layer",
    "LayerChoice",
    "LayerCost",
    "Limits",
    "Op",
    "Penalty",
    "Prediction",
    "Quality",
    "Review",
    "Rows",
    "Score",
    "SearchSpace",
    "Solution",
    "SpacelangError",
    "StageChoice",
    "SubNetwork",
    "Table",
    "TargetScore",
    "Targets",
    "Train",
    "Unfit",
    "architecture_of",
    "attach",
    "check",
    "compile_to",
    "cost",
    "costs",
    "count_models",
    "count_spaces",
    "decode",
    "diff",
    "distill",
    "doubts",
    "dumps",
    "encode",
    "evolve",
    "format",
    "import_table",
    "largest",
    "load",
    "loads",
    "locate",
    "model_of",
    "named",
    "narrow",
    "predict",
    "read_table",
    "review",
    "sample",
    "score",
    "search_models",
    "smallest",
    "solve",
    "train",
    "write_table",
]

_HOME = {
    "api": (
        "Prediction",
        "attach",
        "check",
        "distill",
        "dumps",
        "format",
        "import_table",
        "locate",
        "predict",
        "train",
    ),
    "driver": (
        "compile_to",
        "load",
        "loads",
    ),
    "evolve.evolution": (
        "Evolved",
        "evolve",
    ),
    "evolve.quality.quality": (
        "Score",
        "SubNetwork",
        "TargetScore",
        "score",
    ),
    "evolve.solve": (
        "Solution",
        "solve",
    ),
    "evolve.table.doubts": ("doubts",),
    "evolve.table.parquet": (
        "read_table",
        "write_table",
    ),
    "evolve.table.table": (
        "Latencies",
        "Rows",
        "Table",
    ),
    "ir.nodes": ("SearchSpace",),
    "language.settings": (
        "Device",
        "Distill",
        "Evolution",
        "Limits",
        "Penalty",
        "Quality",
        "Targets",
        "Train",
    ),
    "networks.architecture": (
        "Architecture",
        "LayerChoice",
        "StageChoice",
        "architecture_of",
        "count_models",
        "largest",
        "model_of",
        "smallest",
    ),
    "networks.cost": (
        "Cost",
        "LayerCost",
        "cost",
    ),
    "networks.costs": (
        "Costs",
        "costs",
    ),
    "networks.named": ("named",),
    "networks.genome": (
        "Genome",
        "count_spaces",
        "decode",
        "encode",
        "narrow",
    ),
    "ir.operators": ("Op",),
    "networks.network": ("Layer",),
    "networks.sample": ("sample",),
    "report.diagnostics": (
        "Diagnostic",
        "SpacelangError",
    ),
    "review": (
        "Consequence",
        "Review",
        "Unfit",
        "review",
    ),
    "translate.diff": (
        "Change",
        "diff",
    ),
    "search.run": ("FoundModels", "search_models"),
}
"""The module of each public name."""
_MODULE_OF = {name: f"{__name__}.{module}" for module, names in _HOME.items() for name in names}


class _Package(ModuleType):
    """Looks public names up in their modules; functions refuse arguments of the wrong kind.

    `spacelang.check` is the function, and there is a folder of that name too. Importing a folder sets it as an
    attribute of its package, which must not hide the function. (So import from it as `from spacelang.check import …`.)
    """

    def __getattr__(self, name: str) -> Any:
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(_MODULE_OF[name]), name)
        if isinstance(value, FunctionType):
            from spacelang.report.arguments import checked

            value = checked(value)
        self.__dict__[name] = value
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _MODULE_OF and isinstance(value, ModuleType)):
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*self.__dict__, *__all__})


sys.modules[__name__].__class__ = _Package
