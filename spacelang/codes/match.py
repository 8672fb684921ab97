"""Codes of networks read from ONNX and TFLite files."""

from __future__ import annotations

from spacelang.codes.entry import Code

CODES: tuple[Code, ...] = ()
