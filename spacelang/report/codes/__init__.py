"""The table of diagnostic codes: what `spacelang explain` prints and `docs/errors.md` is made from."""

from __future__ import annotations

from importlib import import_module

from spacelang.report.codes.entry import Code

AREAS = (
    "syntax", "structure", "names", "values", "blocks", "shapes", "encoding", "search", "backends", "irverify", "files",
    "latency", "data", "distill", "losses", "supernet", "predictor", "match", "profile", "export", "editor", "models",
    "whole",
)  # fmt: skip

CODES: dict[str, Code] = {
    each.code: each for area in AREAS for each in import_module(f"spacelang.report.codes.{area}").CODES
}
"""Every code of the project, by its name, in the order of the areas."""

__all__ = ["CODES", "Code"]
