"""What is learned of a device whose law is known."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spacelang.latency.collect.holdout import is_held_out
from spacelang.latency.collect.log import Log, Measured
from spacelang.latency.predict.predictor import Predictor
from spacelang.latency.predict.roofline import Roofline
from spacelang.latency.predict.stored import to_bytes
from spacelang.latency.predict.train import evaluate, train
from spacelang.latency.predict.whole import Whole, Work, fit_whole
from spacelang.networks.kernels import Kernel
from spacelang.report.diagnostics import Report, SpacelangError
from tests.latency.predict.madeup import CANARY_MS, DEVICE, FACTOR, kernels, law, log

ROOT = Path(__file__).parents[3]


def test_unseen_kernels_are_within_a_tenth(predictor: Predictor) -> None:
    unseen = [each for each in kernels(400, seed=1) if not is_held_out(each)]
    measured = np.array([law(each) for each in unseen])
    assert np.mean(np.abs(predictor.predict_kernels(unseen) / measured - 1) <= 0.1) > 0.95


def test_accuracy_is_that_of_the_hold_out(predictor: Predictor, measured: Log) -> None:
    held_out = [each for each in measured.kernels("int8") if each.kernel.kind == "conv" and is_held_out(each.kernel)]
    found = predictor.kinds["conv"].accuracy
    assert found is not None
    assert found.count == len(held_out)
    error = predictor.predict_kernels([each.kernel for each in held_out]) - [each.ms for each in held_out]
    assert found.rmse_ms == pytest.approx(float(np.sqrt(np.mean(error**2))))
    convolutions = sum(each.kernel.kind == "conv" for each in measured.kernels("int8"))
    assert predictor.kinds["conv"].samples == convolutions - len(held_out)


def test_held_out_kernels_are_not_learned_from() -> None:
    measured, without = log(150, networks=0, kinds=("conv",)), Log(DEVICE)
    without.append(*(each for each in measured.kernels("int8") if not is_held_out(each.kernel)))
    assert 0 < len(without) < len(measured)
    known = kernels(50, kinds=("conv",))
    with_them, without_them = (train(each, "int8").predict_kernels(known).tolist() for each in (measured, without))
    assert with_them == without_them


@pytest.mark.parametrize(("ours", "theirs", "factor"), [(None, 0.125, 1.0), (0.25, None, 1.0), (0.25, 0.125, 0.5)])
def test_a_log_is_judged_at_the_speed_of_the_core_that_the_predictor_has(
    predictor: Predictor, measured: Log, ours: float | None, theirs: float | None, factor: float
) -> None:
    """Where both are known: a canary twice as slow tells all latencies twice as long."""
    told = Log(DEVICE, theirs)
    told.append(*(each._replace(ms=each.ms * factor) for each in measured.kernels("int8")))
    told.append(*(each._replace(ms=each.ms * factor) for each in measured.networks("int8")))
    assert evaluate(replace(predictor, reference_ms=ours), told) == evaluate(predictor, measured)


def test_the_factor_is_found_and_networks_are_right(predictor: Predictor, measured: Log) -> None:
    assert predictor.whole.factor == pytest.approx(FACTOR, abs=0.02)
    networks = evaluate(predictor, measured).networks
    assert networks is not None
    assert networks.count == len(measured.networks("int8")) - len(predictor.fitted) > 2
    assert networks.within_5 == 1
    assert predictor.accuracy == networks


def test_a_disturbed_network_does_not_move_the_factor() -> None:
    calm, disturbed = log(150, kinds=("conv",)), Log(DEVICE)
    disturbed.append(*calm.kernels("int8"))
    for at, each in enumerate(calm.networks("int8")):
        disturbed.append(each._replace(ms=each.ms * (3 if at % 10 == 0 else 1)))
    assert train(disturbed, "int8").whole.factor == pytest.approx(FACTOR, abs=0.02)


def test_weights_beyond_the_cache_and_activations_take_time() -> None:
    rng = np.random.default_rng(0)
    ends = ((1, 20), (1e6, 2e7), (0, 1e7), (1e6, 5e7), (0, 1e6))
    work = Work(*(rng.uniform(low, high, 60) for low, high in ends))
    values = rng.choice([160, 192, 224], 60) ** 2 * 3.0
    truth = Whole(1.02, 4e-8, 1e-8, 2e-8, 0.05, 3e-7, 5e-6, 4e6)
    measured = truth.kernels_ms(work) + truth.fetching_ms(work.weights) + truth.border_ms(values)
    found = fit_whole(work, values, measured)
    assert found.kept == truth.kept
    assert found[:7] == pytest.approx(truth[:7], rel=1e-4)


def test_few_networks_give_the_factor_only() -> None:
    work = Work(np.array([1.0, 2, 3]), np.array([1e6, 1e6, 5e6]), np.zeros(3), np.array([1e6, 9e6, 1e6]), np.zeros(3))
    assert fit_whole(work, np.array([100.0, 200, 300]), 1.1 * work.ms) == pytest.approx(Whole(1.1))


def test_a_log_without_networks_gives_the_sum() -> None:
    made = train(log(60, networks=0, kinds=("add",)), "int8")
    assert made.whole == Whole()
    assert made.accuracy is None


def test_forests_are_the_baseline(predictor: Predictor, measured: Log) -> None:
    forest = train(measured, "int8", "forest")
    for kind, ours in predictor.kinds.items():
        theirs = forest.kinds[kind].accuracy
        assert ours.accuracy is not None
        assert theirs is not None
        assert ours.accuracy.within_5 > theirs.within_5


def test_the_same_log_gives_the_same_bytes_in_another_process(predictor: Predictor) -> None:
    code = (
        "import hashlib; from tests.latency.predict.madeup import log;"
        "from spacelang.latency.predict.train import train; from spacelang.latency.predict.stored import to_bytes;"
        "print(hashlib.sha256(to_bytes(train(log(), 'int8', name='madeup'))).hexdigest())"
    )
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)
    assert run.stdout.strip() == hashlib.sha256(to_bytes(predictor)).hexdigest()
    assert len(to_bytes(predictor)) < 1_000_000


def test_a_kind_that_nobody_measured_is_an_error(predictor: Predictor) -> None:
    with pytest.raises(SpacelangError) as caught:
        predictor.predict_kernels([Kernel("linear", 64, 10, 1), Kernel("linear", 64, 20, 1)])
    assert str(caught.value) == (
        "error[SP1603]: madeup has learned nothing about `linear` kernels (2 of them here) "
        "(it knows add, conv, dwconv, hswish and se; measure this kind: `spacelang latency collect`)"
    )


def test_kernels_unlike_those_measured_are_named(predictor: Predictor) -> None:
    near, report = Kernel("conv", 64, 64, 14, 3, 1, "relu"), Report()
    far = [Kernel("conv", 64, 2000 + at, 14, 3, 2, "relu") for at in range(4)]
    predictor.check([near], report)
    assert not report.diagnostics
    predictor.check([near, *far, Kernel("add", 64, 64, 500)], report)
    assert [str(SpacelangError([each])) for each in report.diagnostics] == [
        "warning[SP1604]: madeup didn't learn from any kernels like add 64 -> 64 at 500 pixels (size 500, measured 5 "
        "to 56); "
        "conv 3×3 stride 2 relu 64 -> 2000 at 14 pixels (channels out 2000, measured 16 to 472); "
        "conv 3×3 stride 2 relu 64 -> 2001 at 14 pixels (channels out 2001, measured 16 to 472) and 2 more "
        "(there it relies on its analytic base; measure kernels of this space: `spacelang latency collect`)"
    ]


def test_far_from_all_measurements_latency_still_grows_with_the_work(predictor: Predictor) -> None:
    sizes = [Kernel("conv", 64, 64, size, 3, 1, "relu") for size in (112, 224, 448)]
    made = predictor.predict_kernels(sizes)
    assert (made[1:] / made[:-1] > 3).all()


def test_too_few_measurements() -> None:
    few = Log(DEVICE)
    few.append(*(Measured(each, "int8", law(each), CANARY_MS) for each in kernels(6)))
    learned = sum(not is_held_out(each) for each in kernels(6))
    with pytest.raises(SpacelangError) as caught:
        train(few, "int8")
    assert str(caught.value) == (
        f"error[SP1605]: the log holds {learned} kernels in int8 to learn from, and fewer than 5 of each kind "
        "(measure more: `spacelang latency collect`; there are 6 measurements in all)"
    )


def test_a_log_of_another_device_is_judged_after_the_best_factor(predictor: Predictor, measured: Log) -> None:
    other, report = Log(DEVICE.model_copy(update={"version": "2.0"})), Report()
    other.append(*(each._replace(ms=each.ms * 3) for each in measured.kernels("int8")))
    found = evaluate(predictor, other, report)
    assert found.factor == pytest.approx(3, rel=0.05)
    assert found.kernels["conv"].within_10 > 0.8
    (warning,) = report.diagnostics
    assert (warning.code, warning.message) == (
        "SP1606",
        "madeup predicts cpu family 99 model 1 (avx2, avx512_vnni), up to 3000 MHz, onnxruntime 1.0, 1 thread, and the "
        "log is from cpu family 99 model 1 (avx2, avx512_vnni), up to 3000 MHz, onnxruntime 2.0, 1 thread; it is "
        f"judged after scaling by the best single factor, {found.factor:.3f}",
    )


def test_the_cost_model_knows_every_kernel_and_says_what_it_is() -> None:
    model, report = Roofline("int8"), Report()
    strange = [Kernel("swish", 8, 8, 7), Kernel("maxpool", 8, 8, 7, 3, 2), Kernel("linear", 8, 10, 1)]
    model.check(strange, report)
    assert not report.diagnostics
    assert (model.predict_kernels(strange) > 0).all()
    assert model.label == "cost model (int8: greater of MACs and bytes, plus a start): not measured"
