"""A latency predictor: what was learned about one device, in one precision."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from spacelang.latency.device import Fingerprint
from spacelang.latency.predict.accuracy import Accuracy
from spacelang.latency.predict.adapted import Adapted
from spacelang.latency.predict.base import base_of, terms
from spacelang.latency.predict.columns import FIELDS, Columns, Floats, Ints, by_kind
from spacelang.latency.predict.features import engineered, raw
from spacelang.latency.predict.fit import RegressorName
from spacelang.latency.predict.trees import Trees
from spacelang.latency.predict.whole import Whole
from spacelang.latency.runtimes.protocol import Precision, RuntimeName
from spacelang.networks.kernels import Kernel
from spacelang.report.diagnostics import Report, refuse
from spacelang.report.suggest import listed, some

SLACK = 1.25
"""Numbers up to this factor beyond what was measured are still trusted: the analytic base carries them."""
SHOWN = 3
"""How many kernels are named; the rest are counted."""


class LatencyEstimator(Protocol):
    """What latencies of networks are computed with: a predictor, or the cost model."""

    @property
    def precision(self) -> Precision: ...

    @property
    def threads(self) -> int:
        """How many threads its networks run on."""
        ...

    @property
    def runtime(self) -> RuntimeName | None:
        """What it was measured in; None if nothing was measured."""
        ...

    @property
    def label(self) -> str:
        """What it is, in words: written wherever its latencies are."""
        ...

    @property
    def reference_ms(self) -> float | None:
        """The canary's time that predictions are scaled to; None if nothing was measured."""
        ...

    def predict_kernels(self, kernels: Sequence[Kernel]) -> Floats:
        """(kernels,) milliseconds of each alone.

        Raises: SpacelangError: SP1603: if nothing was learned about a kind.
        """
        ...

    @property
    def whole(self) -> Whole:
        """From kernels to networks."""
        ...

    def check(self, kernels: Sequence[Kernel], report: Report) -> None:
        """Reports kinds that nothing was learned about (SP1603), and kernels far from all measured ones (SP1604)."""
        ...


class KindModel(NamedTuple):
    """What was learned about the kernels of one kind.

    Attributes:
        rates: of the terms of the base.
        trees: for log(latency / base); for latencies, if the predictor's `regressor` is a forest.
        samples: how many kernels were learned from.
        low, high: the least and greatest of each of `FIELDS` among them.
        accuracy: on the fixed hold-out; None if that has no kernels of this kind.
        adapted: to another device than the one that rates and trees were learned on; None for that device.
    """

    rates: Floats
    trees: Trees
    samples: int
    low: tuple[int, ...]
    high: tuple[int, ...]
    accuracy: Accuracy | None
    adapted: Adapted | None = None


@dataclass(frozen=True, eq=False)
class Predictor:
    """Made by `train`, read by `read_predictor` or `find_predictor`.

    Attributes:
        fingerprint: the device that was measured.
        reference_ms: the canary's time that its latencies are scaled to, from its log; None if the log has none.
        versions: of the libraries that it was made with, by name.
        whole: from kernels to networks.
        fitted: hashes of the networks that it was fitted to.
        accuracy: on whole networks that it wasn't fitted to; None if there were none.
        name: that of a shipped one, or of its file.
    """

    fingerprint: Fingerprint
    precision: Precision
    regressor: RegressorName
    reference_ms: float | None
    versions: Mapping[str, str]
    kinds: Mapping[str, KindModel]
    whole: Whole
    fitted: frozenset[str]
    accuracy: Accuracy | None
    name: str = field(default="", compare=False)

    @cached_property
    def sha256(self) -> str:
        """A hash of everything that its figures come from. It is the same in every process."""
        about = (self.fingerprint.model_dump_json(), self.precision, self.regressor, *map(float, self.whole))
        digest = hashlib.sha256(repr(about).encode())
        for kind, model in sorted(self.kinds.items()):
            digest.update(f"{kind} {model.trees.start!r}".encode())
            for array in (model.rates, model.trees.roots, model.trees.feature, model.trees.right, model.trees.number):
                digest.update(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes())
            if model.adapted is not None:
                digest.update(model.adapted.digest())
        return digest.hexdigest()

    @property
    def threads(self) -> int:
        return self.fingerprint.threads

    @property
    def runtime(self) -> RuntimeName:
        return self.fingerprint.runtime

    @property
    def label(self) -> str:
        return f"{self.name}@{self.sha256[:8]}: {self.fingerprint.describe()}, {self.precision}"

    def predict_kernels(self, kernels: Sequence[Kernel]) -> Floats:
        """(kernels,) milliseconds. Raises: SpacelangError: SP1603: if nothing was learned about a kind."""
        made = np.empty(len(kernels))
        for kind, index, of in by_kind(kernels):
            if kind not in self.kinds:
                refuse(*self._unknown(kind, len(index)))
            made[index] = predict_kind(self.kinds[kind], self.regressor, kind, of)
        return made

    def check(self, kernels: Sequence[Kernel], report: Report) -> None:
        far: list[str] = []
        for kind, index, of in by_kind(kernels):
            if kind not in self.kinds:
                code, message, help = self._unknown(kind, len(index))
                report.error(code, message, help=help)
            else:
                far += (f"{_in_words(kernels[int(index[at])])} ({why})" for at, why in _outside(self.kinds[kind], of))
        if far:
            report.warning(
                "SP1604",
                f"{self.name} didn't learn from any kernels like {some(far, SHOWN, joint='; ')}",
                help="there it relies on its analytic base; measure kernels of this space: `spacelang latency collect`",
            )

    def _unknown(self, kind: str, count: int) -> tuple[str, str, str]:
        return (
            "SP1603",
            f"{self.name} has learned nothing about `{kind}` kernels ({count} of them here)",
            f"it knows {listed(sorted(self.kinds), 'and')}; measure this kind: `spacelang latency collect`",
        )


def predict_kind(model: KindModel, regressor: RegressorName, kind: str, of: Columns) -> Floats:
    """(kernels,) milliseconds of kernels of one kind."""
    if regressor == "forest":
        return model.trees.predict(raw(kind, of))
    base = base_of(terms(kind, of), model.rates)
    made: Floats = np.exp(model.trees.predict(engineered(kind, of, base))) * base
    return model.adapted.apply(kind, of, made) if model.adapted else made


def _outside(model: KindModel, of: Columns) -> Iterator[tuple[int, str]]:
    """The kernels far from all that were learned from, with the first reason."""
    reasons: dict[int, str] = {}
    for at, name in enumerate(FIELDS):
        values: Ints = of[at]
        low, high = model.low[at], model.high[at]
        # A smaller map is less work, which the base knows; fewer channels make it another kernel.
        less = (values * SLACK < low) & (name != "size")
        for row in np.flatnonzero(less | (values > high * SLACK)).tolist():
            reasons.setdefault(row, f"{name.replace('_', ' ')} {values[row]}, measured {low} to {high}")
    yield from sorted(reasons.items())


def _in_words(kernel: Kernel) -> str:
    act = f" {kernel.act}" if kernel.act else ""
    stride = f" stride {kernel.stride}" if kernel.stride > 1 else ""
    window = f" {kernel.kernel}×{kernel.kernel}" if kernel.kernel > 1 else ""
    return f"{kernel.kind}{window}{stride}{act} {kernel.channels_in} -> {kernel.channels_out} at {kernel.size} pixels"


def named(path: str | Path) -> str:
    """What a predictor in this file is called."""
    return Path(path).name.removesuffix(".predictor")
