"""Kernels of networks in ONNX files.

`reading` opens a file, `constants` knows its weights, `translate` goes through its nodes and makes steps of them with
the functions of `maps`, `elementwise` and `reshaping`, `patterns` fuses steps, and `matched` puts them together.
"""

from __future__ import annotations

from spacelang.latency.match.matched import Matched, kernels_of_onnx

__all__ = ["Matched", "kernels_of_onnx"]
