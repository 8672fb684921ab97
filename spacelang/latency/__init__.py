"""Latency of kernels and whole networks, measured on this device. Needs onnx and onnxruntime."""

from __future__ import annotations

from importlib.util import find_spec

from spacelang.report.diagnostics import refuse

NEEDED = ("onnx", "onnxruntime")

if missing := [name for name in NEEDED if find_spec(name) is None]:
    refuse("SP1103", f"measuring needs {' and '.join(missing)}", help="in spacelang's checkout: pip install '.[onnx]'")
