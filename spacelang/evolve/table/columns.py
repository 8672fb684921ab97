"""Columns as they are given from Python: what isn't a column is refused before anything is computed from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from numbers import Integral, Real
from typing import Any

import numpy as np
import numpy.typing as npt

from spacelang.evolve.settings import shown
from spacelang.evolve.table.rows import PER_ROW, Latencies, Rows
from spacelang.report.diagnostics import refuse

INTEGERS = ("stage", "block", "window", "resolution", "channels_in", "depth", "width")
FLOATS = ("loss", "loss_fp32", "numbers")


def regular(rows: Any, latencies: Any) -> tuple[Rows, Latencies | None]:
    """Rows and latencies as arrays of 64-bit numbers whose lengths fit each other.

    Raises: SpacelangError: SP0703, SP0725: if one isn't such a column.
    """
    if not isinstance(rows, Rows):
        refuse("SP0725", f"`rows` is {shown(rows)}", "give a spacelang.Rows")
    columns = {name: _column(getattr(rows, name), name, "iu", np.int64) for name in INTEGERS}
    floats = {name: _column(getattr(rows, name), name, "fiu", np.float64) for name in ("loss", "numbers")}
    if rows.loss_fp32 is not None:
        floats["loss_fp32"] = _column(rows.loss_fp32, "loss_fp32", "fiu", np.float64)
    changed = {name: column for name, column in (columns | floats).items() if column is not getattr(rows, name)}
    found = replace(rows, **changed) if changed else rows
    _check_lengths(found)
    return found, None if latencies is None else regular_latencies(latencies)


def regular_latencies(latencies: Any) -> Latencies:
    """Raises: SpacelangError: SP0725: if these aren't latencies of a device."""
    if not isinstance(latencies, Latencies):
        refuse("SP0725", f"`latencies` is {shown(latencies)}", "give a spacelang.Latencies, or None")
    if not isinstance(latencies.device, str):
        refuse("SP0725", f"`device` is {shown(latencies.device)}", "give the name of the device")
    rows_ms = _column(latencies.rows_ms, "rows_ms", "fiu", np.float64)
    return replace(latencies, fixed_ms=regular_fixed(latencies.fixed_ms), rows_ms=rows_ms)


def regular_fixed(fixed_ms: Any) -> dict[int, float]:
    """Raises: SpacelangError: SP0725: if these aren't latencies by resolution."""
    if not isinstance(fixed_ms, Mapping):
        refuse("SP0725", f"`fixed_ms` is {shown(fixed_ms)}", "give a dict from resolution to milliseconds")
    for resolution, latency in fixed_ms.items():
        if not (_is(resolution, Integral) and _is(latency, Real)):
            given = f"{shown(resolution)}: {shown(latency)}"
            refuse("SP0725", f"`fixed_ms` holds {given}", "give a dict from resolution to milliseconds")
    return {int(resolution): float(latency) for resolution, latency in fixed_ms.items()}


def _is(value: Any, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def _column(given: Any, name: str, kinds: str, dtype: type) -> npt.NDArray[Any]:
    try:
        column = np.asarray(given)
    except ValueError:  # a list of lists of different lengths
        column = np.asarray(None)
    if column.size == 0 and column.ndim:
        column = column.astype(dtype)
    if column.dtype.kind not in kinds or column.ndim != (2 if name == "numbers" else 1):
        what = "whole numbers" if dtype is np.int64 else "numbers"
        form = f"give an array of {what} with {'a row a layer' if name == 'numbers' else 'one dimension'}"
        refuse("SP0725", f"the column `{name}` is {shown(given)}", form)
    return column.astype(dtype, copy=False)


def _check_lengths(rows: Rows) -> None:
    """Raises: SpacelangError: SP0703: if the columns don't belong together."""
    named = [*PER_ROW, *(["loss_fp32"] if rows.loss_fp32 is not None else [])]
    lengths = {name: len(getattr(rows, name)) for name in named}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
        refuse("SP0703", f"the columns of the rows have different lengths: {listed}")
    if (rows.depth < 1).any():
        first = int(np.flatnonzero(rows.depth < 1)[0])
        refuse("SP0703", f"row {first} has {rows.depth[first]} layers", "a stage has at least one")
    layers = int(rows.depth.sum())
    if not layers == len(rows.width) == len(rows.numbers):
        found = f"`width` has {len(rows.width)} and `numbers` {len(rows.numbers)}"
        refuse("SP0703", f"the rows have {layers} layers by `depth`, {found}", "give one entry for each layer")
