"""A predictor for a new device from a shipped one and a hundred kernels.

A shipped predictor knows which shapes are slow; on another device the rates differ. Each kind of kernel gets the
form that does best on its own measurements, by cross-validation: a factor, rates over the shipped latency and the terms
of the base, or either with trees on top. For `add`, the factor alone is right; for convolutions, trees find what
vectors of another width cost.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import NamedTuple

import numpy as np

from spacelang import __version__
from spacelang.latency.collect.holdout import is_held_out
from spacelang.latency.collect.log import Log, MeasuredNetwork
from spacelang.latency.predict.adapted import Adapted, rated, with_terms
from spacelang.latency.predict.base import HUBER, ROUNDS, robust_rates
from spacelang.latency.predict.columns import Columns, Floats, by_kind
from spacelang.latency.predict.features import engineered
from spacelang.latency.predict.fit import fit_boosting
from spacelang.latency.predict.predictor import KindModel, Predictor
from spacelang.latency.predict.train import (
    evaluate,
    fit_networks,
    networks_to_learn_from,
    predict_measured,
    predictable,
)
from spacelang.latency.predict.whole import Whole
from spacelang.report.diagnostics import Report, refuse
from spacelang.report.suggest import listed

SHRINKING = 2
"""How many kernels the factor over all kinds counts for, in the factor of one kind."""
FEWEST_FOR_RATES, FEWEST_FOR_TREES = 8, 15
SIZES = ((60, 60, 8), (200, 150, 8), (1 << 60, 300, 31))
"""(kernels, trees, leaves): a kind with fewer kernels than this gets this many trees, with this many leaves."""
FOLDS = 5
WORST = 0.3
"""A relative error counts as this at most: one that is far off says little about the rest."""
BETTER = 0.95
"""A richer form has to reduce the error to this share of it, and by `LEAST_GAIN`: it might only fit the noise."""
LEAST_GAIN = 0.002
FEWEST_NETWORKS, FOR_TERMS = 3, 24
"""The fewest networks that one factor is fitted to, and that all terms are fitted to."""


class _Form(NamedTuple):
    rates: bool
    trees: bool


class _Kernels(NamedTuple):
    """Measured kernels of one kind.

    Attributes:
        before: (kernels,) the latencies on the other device.
        ms: (kernels,) those measured here.
    """

    kind: str
    of: Columns
    before: Floats
    ms: Floats

    def some(self, which: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> _Kernels:
        of = Columns(*(each[which] for each in self.of))
        return self._replace(of=of, before=self.before[which], ms=self.ms[which])


FORMS = (_Form(False, False), _Form(True, False), _Form(False, True), _Form(True, True))


def adapt(base: Predictor, log: Log, name: str = "") -> Predictor:
    """A predictor of the log's device, in the base's precision if the log has it, else in the log's own.

    Raises:
        SpacelangError: SP1605: if the log holds no kernels to learn from of a kind that the base knows; SP1615: if the
            base is a forest, or was adapted itself.
    """
    if base.regressor != "boosting" or any(each.adapted for each in base.kinds.values()):
        refuse("SP1615", f"{base.name} can't be adapted", "adapt a shipped predictor: `spacelang latency devices`")
    precision = base.precision if log.kernels(base.precision) else "fp32" if base.precision == "int8" else "int8"
    measured = [each for each in log.kernels(precision) if not is_held_out(each.kernel)]
    measured = [each for each in measured if each.kernel.kind in base.kinds]
    if not measured:
        refuse("SP1605", f"the log holds no kernels to learn from of a kind that {base.name} knows",
               "measure some: `spacelang latency collect --for-adapt`")  # fmt: skip
    kernels, ms = [each.kernel for each in measured], np.array([each.ms for each in measured])
    before = base.predict_kernels(kernels)
    of_all = float(np.median(ms / before))
    kinds = {kind: each._replace(adapted=Adapted(of_all, 0)) for kind, each in base.kinds.items()}
    for kind, index, of in by_kind(kernels):
        adapted = _adapted(_Kernels(kind, of, before[index], ms[index]), of_all)
        kinds[kind] = _widened(kinds[kind], of)._replace(adapted=adapted)
    made = replace(
        base, fingerprint=log.fingerprint, precision=precision, reference_ms=log.reference_ms, kinds=kinds,
        versions=_versions(base), whole=_scaled(base.whole, of_all), fitted=frozenset(), accuracy=None, name=name,
    )  # fmt: skip
    made = _of_networks(made, networks_to_learn_from(log, precision))
    found = evaluate(made, log)
    rated_kinds = {kind: each._replace(accuracy=found.kernels.get(kind)) for kind, each in made.kinds.items()}
    return replace(made, kinds=rated_kinds, accuracy=found.networks)


def report_unmeasured(predictor: Predictor, report: Report) -> None:
    """Warns (SP1614) about kinds that are only scaled."""
    unknown = [kind for kind, each in predictor.kinds.items() if each.adapted and not each.adapted.samples]
    if unknown:
        factor = predictor.kinds[unknown[0]].adapted
        assert factor is not None
        report.warning(
            "SP1614",
            f"no {listed(sorted(unknown), 'or')} kernels were measured on this device: {predictor.name} scales those "
            f"of the other device by {factor.factor:.2f}, the median over all kernels measured here",
            help="measure some: `spacelang latency collect --for-adapt`",
        )


def _versions(base: Predictor) -> dict[str, str]:
    made = {"spacelang": __version__, "python": platform.python_version(), "numpy": np.__version__}
    return {**made, "scikit-learn": version("scikit-learn"), "adapted from": f"{base.name}@{base.sha256[:8]}"}


def _widened(model: KindModel, of: Columns) -> KindModel:
    """The model, with its ranges widened to what was measured here."""
    low = tuple(min(known, int(each.min())) for known, each in zip(model.low, of, strict=False))
    high = tuple(max(known, int(each.max())) for known, each in zip(model.high, of, strict=False))
    return model._replace(low=low, high=high)


def _adapted(kernels: _Kernels, of_all: float) -> Adapted:
    """The form with the least error in cross-validation, fitted to all kernels."""
    forms = [each for each in FORMS if _allowed(each, len(kernels.ms))]
    best, error = forms[0], np.inf
    for form in forms if len(forms) > 1 else ():
        found = _error(form, kernels, of_all)
        if found < error * BETTER and error - found > LEAST_GAIN:
            best, error = form, found
    return _fitted(best, kernels, of_all)


def _allowed(form: _Form, count: int) -> bool:
    return count >= (FEWEST_FOR_TREES if form.trees else FEWEST_FOR_RATES if form.rates else 0)


def _error(form: _Form, kernels: _Kernels, of_all: float) -> float:
    """The mean relative error on parts that were left out."""
    errors = np.empty(len(kernels.ms))
    for left_out in _folds(len(errors)):
        model, judged = _fitted(form, kernels.some(~left_out), of_all), kernels.some(left_out)
        predicted = model.apply(judged.kind, judged.of, judged.before)
        errors[left_out] = np.abs(predicted / judged.ms - 1)
    return float(np.minimum(errors, WORST).mean())


def _folds(count: int) -> Iterator[np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    place = np.arange(count) % FOLDS
    for fold in range(min(FOLDS, count)):
        yield place == fold


def _fitted(form: _Form, kernels: _Kernels, of_all: float) -> Adapted:
    kind, of, before, ms = kernels
    factor = _factor(ms / before, of_all)
    made = Adapted(factor, len(ms))
    if form.rates:
        columns = with_terms(kind, of, before)
        made = made._replace(rates=robust_rates(columns / ms[:, None], HUBER, ROUNDS))
    if form.trees:
        start = before * factor if made.rates is None else rated(kind, of, before, made.rates)
        iterations, leaves = next(each[1:] for each in SIZES if len(ms) < each[0])
        log_ratio = np.log(ms / start)
        made = made._replace(trees=fit_boosting(engineered(kind, of, start), log_ratio, sizes=(iterations, leaves)))
    return made


def _factor(ratios: Floats, of_all: float) -> float:
    """Their median, drawn towards that of all kinds if there are few."""
    count = len(ratios)
    return float(np.exp((count * np.log(np.median(ratios)) + SHRINKING * np.log(of_all)) / (count + SHRINKING)))


def _scaled(whole: Whole, factor: float) -> Whole:
    """The times that networks take besides their kernels, on a device that takes `factor` times as long."""
    times = {field: each * factor for field, each in whole._asdict().items() if field.endswith("_ms")}
    return whole._replace(**times)


def _of_networks(made: Predictor, networks: Sequence[MeasuredNetwork]) -> Predictor:
    """The predictor with all terms fitted to these networks, or one factor if there are few."""
    known = predictable(made, networks)
    if len(known) >= FOR_TERMS:
        return fit_networks(made, known)
    if len(known) < FEWEST_NETWORKS:
        return made
    ratio = float(np.median(np.array([each.ms for each in known]) / predict_measured(made, known)))
    whole = _scaled(made.whole, ratio)._replace(factor=made.whole.factor * ratio)
    return replace(made, whole=whole, fitted=frozenset(each.network.sha256 for each in known))
