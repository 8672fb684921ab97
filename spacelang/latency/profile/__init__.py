"""The profile of a device: what INT8 gains on it, by operator, kernel size, width and block (paper, section 2 and B).

plan, compared  what is measured
measure         into a log, which an interrupted profile continues from
rule            the width rule, from how latency grows with channels
results         the tables and figures, read from the log
findings        what they mean, in sentences
plots, page     an HTML page with its figures; the proposed device
"""

from __future__ import annotations

from importlib.util import find_spec

from spacelang.report.diagnostics import refuse

if find_spec("matplotlib") is None:
    refuse("SP1103", "the figures of a profile need matplotlib", help="in spacelang's checkout: pip install '.[onnx]'")
