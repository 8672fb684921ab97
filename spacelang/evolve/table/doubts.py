"""What is possible in a table, and still looks like a mistake: latencies in another unit, or two for one architecture.

Milliseconds are compared with what else says how long a network takes: the stem and head, and the targets. The bounds
are far apart. In the tables known, all stages take 2 to 35 times what stem and head take; in seconds or microseconds it
would be a thousandth or a thousand times that.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spacelang.evolve.settings import targets_of
from spacelang.evolve.table.repeats import repeats
from spacelang.evolve.table.rows import FloatArray
from spacelang.evolve.table.table import Table, require_table
from spacelang.report.diagnostics import Diagnostic, Report

LEAST_SHARE, GREATEST_SHARE = 0.05, 500.0
"""What stages of median latency take together, in terms of stem and head."""
LEAST_ROW_MS, GREATEST_ROW_MS = 1e-3, 1e4
"""A stage takes longer than a microsecond, the start of a kernel; and not all of them take longer than ten seconds."""
FAR = 5.0
"""Targets this many times above every network, or below every one, are targets for other latencies."""
SCATTER = 0.1
"""Two measurements of a latency may differ by this share."""
UNITS = "a table's latencies are milliseconds"


def doubts(table: Table, targets_ms: Sequence[float] | None = None) -> tuple[Diagnostic, ...]:
    """A warning, SP0707, if latencies look like seconds or microseconds.

    Args:
        targets_ms: what the networks should reach, where that is known.

    Raises:
        SpacelangError: SP0724, SP0725: if an argument is of another kind.
    """
    report = Report()
    table = require_table(table)
    targets = () if targets_ms is None else targets_of(None, targets_ms)
    if table.latencies is not None and len(table.rows):
        unit = _unit_of_rows(table) or _unit_by_targets(table, targets)
        if unit:
            report.warning("SP0707", unit, help=f"{UNITS}; convert them, or check targets and fixed latencies")
    return report.sorted()


def contradictions(table: Table) -> tuple[Diagnostic, ...]:
    """A warning, SP0708, if rows give one architecture different latencies."""
    report = Report()
    latency = table.require_latencies().rows_ms
    again, first = repeats(table.rows)
    far = np.flatnonzero(abs(latency[again] - latency[first]) > SCATTER * np.minimum(latency[again], latency[first]))
    if len(far):
        a, b = int(first[far[0]]), int(again[far[0]])
        message = (
            f"{len(far)} rows repeat an architecture with another latency; the first are the rows {a} and {b}, with "
            f"{latency[a]:g} and {latency[b]:g} ms"
        )
        report.warning(
            "SP0708", message, help="an architecture takes as long each time; both rows are used as they are"
        )
    return report.sorted()


def _unit_of_rows(table: Table) -> str:
    """Why the rows' latencies can't be milliseconds, by themselves and by stem and head; empty if they can."""
    latencies = table.require_latencies()
    least, greatest = latencies.rows_ms.min(), latencies.rows_ms.max()
    if greatest < LEAST_ROW_MS:
        return f"no row takes more than {greatest:g} ms: the latencies look like seconds"
    if least > GREATEST_ROW_MS:
        return f"no row takes less than {least:g} ms: the latencies look like microseconds"
    median, fixed = _by_stage(table, np.median).sum(axis=1), _fixed(table)
    shares = (median / fixed)[np.isfinite(median)]
    if not len(shares) or LEAST_SHARE <= np.median(shares) <= GREATEST_SHARE:
        return ""
    share = float(np.median(shares))
    unit = "seconds" if share < 1 else "microseconds"
    return f"stages of median latency together take {share:.2g} times what stem and head take: they look like {unit}"


def _unit_by_targets(table: Table, targets_ms: tuple[float, ...]) -> str:
    """Why the table's networks can't be meant for the targets; empty if they can."""
    fixed = _fixed(table)
    fastest, slowest = (fixed + _by_stage(table, each).sum(axis=1) for each in (np.min, np.max))
    known = np.isfinite(fastest)
    if not targets_ms or not known.any():
        return ""
    least, greatest = float(fastest[known].min()), float(slowest[known].max())
    if min(targets_ms) > FAR * greatest:
        return (
            f"the slowest network takes {greatest:g} ms, and the least target is {min(targets_ms):g} ms: "
            "the latencies look like seconds"
        )
    if max(targets_ms) * FAR < least:
        return (
            f"the fastest network takes {least:g} ms, and the greatest target is {max(targets_ms):g} ms: "
            "the latencies look like microseconds"
        )
    return ""


def _by_stage(table: Table, measure: object) -> FloatArray:
    """(resolutions, stages) the measure of the rows' latencies; NaN where there is no row."""
    rows, latency = table.rows, table.require_latencies().rows_ms
    found = np.full((len(table.space.resolutions), len(table.space.stages)), np.nan)
    for at, resolution in enumerate(table.space.resolutions):
        for stage in range(len(table.space.stages)):
            values = latency[(rows.stage == stage) & (rows.resolution == resolution)]
            if len(values):
                found[at, stage] = measure(values)  # type: ignore[operator]
    return found


def _fixed(table: Table) -> FloatArray:
    fixed_ms = table.require_latencies().fixed_ms
    return np.array([fixed_ms.get(each, np.nan) for each in table.space.resolutions])
