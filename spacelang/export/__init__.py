"""From a trained supernet to files that ship.

`source` says what is exported, `formats` how it is written, `check` what must hold before the file is there, `export`
puts them together; `judging` and `files` say how accurate a network or a file is.
"""

from __future__ import annotations

import spacelang.latency  # says which packages are missing
import spacelang.train  # noqa: F401
from spacelang.export.export import Exported, Wanted, export
from spacelang.export.files import EvaluatedFile, evaluate_file, evaluate_model, is_file, refuse_saved_model
from spacelang.export.judging import Accuracy
from spacelang.export.source import Source, from_run, from_weights

__all__ = [
    "Accuracy",
    "EvaluatedFile",
    "Exported",
    "Source",
    "Wanted",
    "evaluate_file",
    "evaluate_model",
    "export",
    "from_run",
    "from_weights",
    "is_file",
    "refuse_saved_model",
]
