"""From a log of measurements to a predictor, and how good one is on a log."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import NamedTuple

import numpy as np

from spacelang import __version__
from spacelang.latency.collect.holdout import is_held_out
from spacelang.latency.collect.log import Log, Measured, MeasuredNetwork
from spacelang.latency.predict.accuracy import Accuracy, accuracy
from spacelang.latency.predict.base import base_of, fit_rates, terms
from spacelang.latency.predict.columns import FIELDS, Columns, Floats, by_kind
from spacelang.latency.predict.features import engineered, raw
from spacelang.latency.predict.fit import RegressorName, fit_boosting, fit_forest
from spacelang.latency.predict.networks import latencies_of_kernels, shared, work_of
from spacelang.latency.predict.predictor import KindModel, Predictor, predict_kind
from spacelang.latency.predict.trees import Trees
from spacelang.latency.predict.whole import Whole, Work, fit_whole, is_network_held_out
from spacelang.latency.runtimes.protocol import Precision
from spacelang.report.diagnostics import Report, refuse
from spacelang.report.progress import Update
from spacelang.report.suggest import listed

FEWEST = 5
"""The fewest measured kernels of a kind that it is learned from."""


class Evaluation(NamedTuple):
    """How good a predictor is on a log.

    Attributes:
        kernels: by kind, on the fixed hold-out.
        networks: on those that it wasn't fitted to; None if there are none.
        factor: what predictions were multiplied by, for a log of another device.
    """

    kernels: dict[str, Accuracy]
    networks: Accuracy | None
    factor: float = 1.0


def train(
    log: Log,
    precision: Precision,
    regressor: RegressorName = "boosting",
    name: str = "",
    update: Update | None = None,
) -> Predictor:
    """Learn a predictor from all kernels and networks of a log that aren't held out.

    Raises: SpacelangError: SP1605: if the log holds too few measurements in this precision.
    """
    kinds = _learn_kinds(log, precision, regressor, update)
    versions = {"spacelang": __version__, "python": platform.python_version(), "numpy": np.__version__}
    versions["scikit-learn"] = version("scikit-learn")
    made = Predictor(
        log.fingerprint, precision, regressor, log.reference_ms, versions, kinds, Whole(), frozenset(), None, name
    )
    made = fit_networks(made, networks_to_learn_from(log, precision))
    found = evaluate(made, log)
    rated = {kind: each._replace(accuracy=found.kernels.get(kind)) for kind, each in kinds.items()}
    return replace(made, kinds=rated, accuracy=found.networks)


def _learn_kinds(
    log: Log, precision: Precision, regressor: RegressorName, update: Update | None
) -> dict[str, KindModel]:
    measured = _to_learn_from(log, precision)
    groups = list(by_kind([each.kernel for each in measured]))
    ms = np.array([each.ms for each in measured])
    kinds: dict[str, KindModel] = {}
    for done, (kind, index, of) in enumerate(groups):
        if update is not None:
            update(done, len(groups), f"{kind}, {len(index)} kernels")
        if len(index) >= FEWEST:
            rates, trees = _learn(kind, of, ms[index], regressor)
            numbers = of[: len(FIELDS)]
            low, high = (tuple(int(pick(each)) for each in numbers) for pick in (np.min, np.max))
            kinds[kind] = KindModel(rates, trees, len(index), low, high, None)
    if not kinds:
        refuse(
            "SP1605",
            f"the log holds {len(measured)} kernels in {precision} to learn from, and fewer than {FEWEST} of each kind",
            f"measure more: `spacelang latency collect`; there are {len(log)} measurements in all",
        )
    return kinds


def _to_learn_from(log: Log, precision: Precision) -> list[Measured]:
    return [each for each in log.kernels(precision) if not is_held_out(each.kernel)]


def networks_to_learn_from(log: Log, precision: Precision) -> list[MeasuredNetwork]:
    """Those that aren't held out."""
    found = log.networks(precision)
    return [each for each in found if not is_network_held_out(each.network.sha256)]


def _learn(kind: str, of: Columns, ms: Floats, regressor: RegressorName) -> tuple[Floats, Trees]:
    """The rates of the base, and the trees, for kernels of one kind."""
    of_terms = terms(kind, of)
    rates = fit_rates(of_terms, ms)
    if regressor == "forest":
        return rates, fit_forest(raw(kind, of), ms)
    base = base_of(of_terms, rates)
    return rates, fit_boosting(engineered(kind, of, base), np.log(ms / base))


def evaluate(predictor: Predictor, log: Log, report: Report | None = None) -> Evaluation:
    """Compare predictions with a log's held-out kernels, and with networks that the predictor wasn't fitted to.

    For a log of another device, predictions are multiplied by the best single factor first.

    Args:
        report: gets a warning (SP1606) if the log is of another device.
    """
    # Latencies are scaled to their log's reference; those of two logs of one device may differ a little.
    ours, theirs = predictor.reference_ms, log.reference_ms
    scale = ours / theirs if ours is not None and theirs is not None else 1.0
    held_out = [each for each in log.kernels(predictor.precision) if is_held_out(each.kernel)]
    found = {}
    for kind, index, of in by_kind([each.kernel for each in held_out]):
        if kind in predictor.kinds:
            predicted = predict_kind(predictor.kinds[kind], predictor.regressor, kind, of)
            found[kind] = predicted, np.array([held_out[at].ms for at in index.tolist()]) * scale
    networks = [
        each for each in predictable(predictor, log.networks(predictor.precision))
        if each.network.sha256 not in predictor.fitted
    ]  # fmt: skip
    whole = (predict_measured(predictor, networks), _ms(networks) * scale) if networks else None
    factor = 1.0
    if log.fingerprint != predictor.fingerprint:
        factor = _best_factor([*found.values(), *([whole] if whole else [])])
        _warn_of_device(predictor, log, factor, report)
    kernels = {kind: accuracy(predicted * factor, ms) for kind, (predicted, ms) in found.items()}
    return Evaluation(kernels, accuracy(whole[0] * factor, whole[1]) if whole else None, factor)


def _best_factor(found: Sequence[tuple[Floats, Floats]]) -> float:
    return float(np.median(np.concatenate([ms / predicted for predicted, ms in found]))) if found else 1.0


def _warn_of_device(predictor: Predictor, log: Log, factor: float, report: Report | None) -> None:
    if report is not None:
        report.warning(
            "SP1606",
            f"{predictor.name} predicts {predictor.fingerprint.describe()}, and the log is from "
            f"{log.fingerprint.describe()}; it is judged after scaling by the best single factor, {factor:.3f}",
            help="adapt the predictor to this device: `spacelang latency adapt`",
        )


def report_left_out(predictor: Predictor, log: Log, report: Report) -> None:
    """Warns (SP1612) about kinds of kernel in a log that a predictor doesn't know, and networks with such kernels."""
    precision = predictor.precision
    networks, counts = log.networks(precision), Counter(each.kernel.kind for each in _to_learn_from(log, precision))
    found = {each.kernel.kind for each in log.kernels(precision)}
    found |= {kernel.kind for each in networks for kernel in each.network.kernels}
    unknown = sorted(found - predictor.kinds.keys())
    if not unknown:
        return
    kinds = listed((f"`{kind}` kernels ({counts[kind]} to learn from)" for kind in unknown), "and")
    lost = len(networks) - len(predictable(predictor, networks))
    cost = f", so {lost} of the log's {len(networks)} networks are left out" if lost else ""
    report.warning(
        "SP1612",
        f"{predictor.name} has learned nothing about {kinds}{cost}",
        help=f"it takes {FEWEST} of a kind to learn from, besides those held out: `spacelang latency collect`",
    )


def predict_measured(predictor: Predictor, networks: Sequence[MeasuredNetwork]) -> Floats:
    """(networks,) milliseconds."""
    return latencies_of_kernels([each.network.kernels for each in networks], _values(networks), predictor).ms


def fit_networks(predictor: Predictor, networks: Sequence[MeasuredNetwork]) -> Predictor:
    """The predictor, with the terms of whole networks fitted to these."""
    known = predictable(predictor, networks)
    if not known:
        return predictor
    kernels, total = shared([each.network.kernels for each in known])
    work = Work(*(total(each) for each in work_of(kernels, predictor)))
    whole = fit_whole(work, _values(known), _ms(known))
    fitted = frozenset(each.network.sha256 for each in known)
    return replace(predictor, whole=whole, fitted=fitted)


def predictable(predictor: Predictor, networks: Sequence[MeasuredNetwork]) -> list[MeasuredNetwork]:
    """The networks whose kernels are all of kinds that the predictor knows."""
    return [each for each in networks if all(kernel.kind in predictor.kinds for kernel in each.network.kernels)]


def _values(networks: Sequence[MeasuredNetwork]) -> Floats:
    return np.array([each.network.channels * each.network.resolution**2 for each in networks], float)


def _ms(networks: Sequence[MeasuredNetwork]) -> Floats:
    return np.array([each.ms for each in networks])
