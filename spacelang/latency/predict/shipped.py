"""Predictors that come with spacelang, and how any is found."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import NoReturn

from spacelang import ir
from spacelang.latency.predict.predictor import LatencyEstimator, Predictor
from spacelang.latency.predict.roofline import Roofline
from spacelang.latency.predict.stored import read_predictor
from spacelang.latency.runtimes.protocol import PRECISIONS, Precision, RuntimeName
from spacelang.report.diagnostics import Report, refuse
from spacelang.report.suggest import did_you_mean

SUFFIX = ".predictor"
COST_MODEL = "cost-model"


def folder() -> Traversable:
    """Where the shipped predictors and their cards are."""
    return files("spacelang.latency.predict") / "data"


def shipped() -> tuple[str, ...]:
    """The names of the shipped predictors, in alphabetical order."""
    names = (each.name for each in folder().iterdir()) if folder().is_dir() else ()
    return tuple(sorted(each.removesuffix(SUFFIX) for each in names if each.endswith(SUFFIX)))


def card(name: str) -> str:
    """What a shipped predictor was measured on and how good it is, as Markdown."""
    return (folder() / f"{name}.md").read_text(encoding="utf-8")


def find_predictor(name_or_path: str | Path) -> Predictor:
    """A shipped predictor by name, or the one in a file.

    Raises: SpacelangError: SP1601, SP1602 as `read_predictor`; SP1607 if neither exists; SP1613 for the cost model.
    """
    name = str(name_or_path)
    if name == COST_MODEL:
        refuse(
            "SP1613",
            f"`{COST_MODEL}` is an analytic model, not a measured device: it has no card, and can't be judged",
            "`spacelang latency devices` lists the predictors that come with spacelang",
        )
    if name in shipped():
        return replace(read_predictor(Path(str(folder() / f"{name}{SUFFIX}"))), name=name)
    if not os.path.exists(name):
        help = did_you_mean(name, (*shipped(), COST_MODEL))
        refuse(
            "SP1607",
            f"there is no predictor `{name}`, and no file of this name",
            f"{help}; for another device: `spacelang latency train LOG -o FILE`",
        )
    return read_predictor(name)


def find_estimator(name_or_path: str | Path, precision: Precision) -> LatencyEstimator:
    """As `find_predictor`; `cost-model` is the analytic model, in this precision.

    Raises: SpacelangError: as `find_predictor`.
    """
    return Roofline(precision) if str(name_or_path) == COST_MODEL else find_predictor(name_or_path)


def find_estimators(names: Sequence[str | Path], runtime: RuntimeName) -> list[LatencyEstimator]:
    """As `find_estimator`, in both precisions where there are two.

    Args:
        names: if empty, the shipped ones of the runtime. A shipped one brings its sibling: the same device in the
            other precision.

    Raises: SpacelangError: as `find_predictor`.
    """
    ours = [find_predictor(each) for each in shipped()]
    if not names:
        return [each for each in ours if each.fingerprint.runtime == runtime]
    found: list[LatencyEstimator] = []
    for name in names:
        if str(name) == COST_MODEL:
            found += map(Roofline, PRECISIONS)
            continue
        one = find_predictor(name)
        found.append(one)
        found += (each for each in ours if each.fingerprint == one.fingerprint and each.precision != one.precision)
    return found


def estimator_for(
    device: ir.Device, names: Sequence[str | Path], what: str, report: Report | None = None
) -> LatencyEstimator:
    """The estimator for networks on a device: of its precision and its number of threads.

    Args:
        names: as `find_estimator` takes them, the first that fits counts; if empty, the shipped predictor.
        what: runs on the device, as a message calls it.
        report: gets a warning (SP1616) if the estimator is of another runtime.

    Raises: SpacelangError: as `find_estimator`; SP1608 if no shipped one fits; SP1609 if none of the named ones does.
    """
    if not names:
        return _default(device)
    found = [find_estimator(each, device.precision) for each in names]
    fitting = [each for each in found if (each.precision, each.threads) == (device.precision, device.threads)]
    if not fitting:
        _refuse_other(device, found[0], str(names[0]), what)
    if report is not None:
        _warn_of_runtime(device, fitting[0], report)
    return fitting[0]


def _default(device: ir.Device) -> Predictor:
    """The first shipped predictor that fits. Raises: SpacelangError: SP1608: if none does."""
    wanted = (device.runtime, device.precision, device.threads)
    fitting = (each for each in map(find_predictor, shipped()) if _described(each) == wanted)
    found = next(fitting, None)
    if found is None:
        threads = f" on {device.threads} threads" if device.threads > 1 else ""
        rough = "" if threads else f", or `--device {COST_MODEL}` for rough figures"
        refuse(
            "SP1608",
            f"no predictor for {device.runtime} in {device.precision}{threads} comes with spacelang",
            f"name one: `--device FILE`, made by `spacelang latency train`{rough}",
        )
    return found


def _described(of: Predictor) -> tuple[RuntimeName, Precision, int]:
    return of.runtime, of.precision, of.threads


def _refuse_other(device: ir.Device, found: LatencyEstimator, name: str, what: str) -> NoReturn:
    if found.precision != device.precision:
        message = f"{what} computes in {device.precision}, and {name} predicts {found.precision}"
        refuse("SP1609", message, f"give a predictor in {device.precision}, or `{COST_MODEL}`")
    on = f"{found.threads} thread{'s' * (found.threads > 1)}"
    message = (
        f"{what} runs on {device.threads} thread{'s' * (device.threads > 1)}, and {name} predicts networks on {on}"
    )
    mend = f"measure with `spacelang latency collect --threads {device.threads}`, and train a predictor from that log"
    refuse("SP1609", message, mend)


def _warn_of_runtime(device: ir.Device, found: LatencyEstimator, report: Report) -> None:
    runtime = found.runtime
    if runtime not in (None, device.runtime):
        name = found.label.partition("@")[0]
        report.warning(
            "SP1616",
            f"`{device.name}` runs networks in {device.runtime}, and {name} was measured in {runtime}",
            help=f"give a predictor of {device.runtime}, or declare a device with `runtime {runtime}`",
        )
