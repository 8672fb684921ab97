"""The table of diagnostic codes: what `spacelang explain` says and `docs/errors.md` is made of."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from spacelang.codes.entry import Code

AREAS = (
    "syntax", "structure", "names", "values", "blocks", "shapes", "encoding", "search", "backends", "irverify", "files",
    "latency", "data", "distill", "losses", "supernet", "predictor", "match", "profile",
)  # fmt: skip

CODES: dict[str, Code] = {
    each.code: each
    for area in AREAS
    if find_spec(f"spacelang.codes.{area}")
    for each in import_module(f"spacelang.codes.{area}").CODES
}
"""Every code of the project, by its name, in the order of the areas."""

__all__ = ["CODES", "Code"]
