"""Predictors that come with spacelang, and how any is found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from spacelang.latency.predict.predictor import Estimator, Predictor
from spacelang.latency.predict.roofline import CostModel
from spacelang.latency.predict.stored import read_predictor
from spacelang.latency.runtimes.protocol import PRECISIONS, Precision, RuntimeName
from spacelang.report.diagnostics import refuse
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
    if not Path(name).exists():
        help = did_you_mean(name, (*shipped(), COST_MODEL))
        refuse(
            "SP1607",
            f"there is no predictor `{name}`, and no file of this name",
            f"{help}; for another device: `spacelang latency train LOG -o FILE`",
        )
    return read_predictor(name)


def find_estimator(name_or_path: str | Path, precision: Precision) -> Estimator:
    """As `find_predictor`; `cost-model` is the analytic model, in this precision.

    Raises: SpacelangError: as `find_predictor`.
    """
    return CostModel(precision) if str(name_or_path) == COST_MODEL else find_predictor(name_or_path)


def find_estimators(names: Sequence[str | Path], runtime: RuntimeName) -> list[Estimator]:
    """As `find_estimator`, in both precisions where there are two.

    Args:
        names: if empty, the shipped ones of the runtime. A shipped one brings its sibling: the same device in the
            other precision.

    Raises: SpacelangError: as `find_predictor`.
    """
    ours = [find_predictor(each) for each in shipped()]
    if not names:
        return [each for each in ours if each.fingerprint.runtime == runtime]
    found: list[Estimator] = []
    for name in names:
        if str(name) == COST_MODEL:
            found += map(CostModel, PRECISIONS)
            continue
        one = find_predictor(name)
        found.append(one)
        found += (each for each in ours if each.fingerprint == one.fingerprint and each.precision != one.precision)
    return found


def default_predictor(runtime: RuntimeName, precision: Precision) -> Predictor:
    """The first shipped predictor of a runtime and precision.

    Raises: SpacelangError: SP1608: if there isn't one.
    """
    fitting = (
        each
        for each in map(find_predictor, shipped())
        if (each.fingerprint.runtime, each.precision) == (runtime, precision)
    )
    found = next(fitting, None)
    if found is None:
        refuse(
            "SP1608",
            f"no predictor for {runtime} in {precision} comes with spacelang",
            "name one: `--device FILE`, made by `spacelang latency train`, or `--device cost-model` for rough figures",
        )
    return found
