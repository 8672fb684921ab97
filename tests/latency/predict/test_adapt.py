"""A predictor of one made-up device, and another device whose kernels differ by kind, and in what they step at."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from spacelang.cli.entry import run
from spacelang.latency.collect.holdout import is_held_out
from spacelang.latency.collect.log import Log, Measured
from spacelang.latency.predict.adapt import adapt, report_unmeasured
from spacelang.latency.predict.predictor import Predictor
from spacelang.latency.predict.stored import read_predictor, to_bytes, write_predictor
from spacelang.latency.predict.train import evaluate, train
from spacelang.networks.kernels import Kernel
from spacelang.report.diagnostics import Report, SpacelangError
from tests.latency.predict.madeup import DEVICE, kernels, law, network

OTHER = DEVICE.model_copy(update={"cpu": "cpu family 98 model 7"})
TIMES = {"conv": 1.6, "dwconv": 3.0, "se": 2.2, "add": 1.1, "hswish": 0.7}


def other_law(kernel: Kernel) -> float:
    """Off multiples of 16 output channels, depthwise convolutions take half as long again."""
    slow = 1.5 if kernel.kind == "dwconv" and kernel.channels_out % 16 else 1.0
    return law(kernel) * TIMES.get(kernel.kind, 2.0) * slow


def other_log(count: int, networks: int = 0, seed: int = 5) -> Log:
    log = Log(OTHER, 0.2)
    known = [each for each in kernels(count * 2, seed=seed) if not is_held_out(each)][:count]
    log.append(*(Measured(each, "int8", other_law(each), 0.2) for each in known))
    rng = np.random.default_rng(seed)
    for at in range(networks):
        parts = [known[int(each)] for each in rng.integers(len(known), size=30)]
        found = network(f"other {at}", parts, 224)
        log.append(found._replace(ms=1.1 * sum(map(other_law, parts)) + 0.1))
    return log


def within(predictor: Predictor, by: float = 0.1) -> float:
    fresh = kernels(300, seed=99)
    predicted = predictor.predict_kernels(fresh)
    return float(np.mean(np.abs(predicted / np.array([*map(other_law, fresh)]) - 1) < by))


def test_a_hundred_kernels_do_what_many_did(predictor: Predictor) -> None:
    """Learning from so few alone does worse."""
    log = other_log(100)
    adapted = adapt(predictor, log)
    assert within(adapted) > 0.9
    assert within(adapted) > within(train(log, "int8"))
    assert (adapted.fingerprint, adapted.reference_ms) == (OTHER, 0.2)
    assert adapted.versions["adapted from"] == f"madeup@{predictor.sha256[:8]}"


def test_what_needs_no_trees_gets_none(predictor: Predictor) -> None:
    adapted = adapt(predictor, other_log(200))
    kinds = {kind: each.adapted for kind, each in adapted.kinds.items()}
    assert kinds["add"] is not None
    assert kinds["add"].trees is None
    assert kinds["dwconv"] is not None
    assert kinds["dwconv"].trees is not None


def test_a_few_kernels_give_factors(predictor: Predictor) -> None:
    adapted = adapt(predictor, other_log(20))
    assert all(each.adapted and each.adapted.trees is None for each in adapted.kinds.values())
    log = Log(OTHER)
    log.append(*(Measured(each, "int8", other_law(each), 0.2) for each in kernels(300, seed=99) if is_held_out(each)))
    kinds, scaled = evaluate(adapted, log).kernels, evaluate(predictor, log).kernels
    assert all(kinds[kind].rmspe < scaled[kind].rmspe for kind in ("add", "dwconv", "hswish"))


def test_a_kind_that_nobody_measured_is_scaled_and_said(predictor: Predictor) -> None:
    log = Log(OTHER, 0.2)
    log.append(*(each for each in other_log(100).kernels("int8") if each.kernel.kind != "se"))
    adapted, report = adapt(predictor, log, "new"), Report()
    assert adapted.kinds["se"].adapted is not None
    assert adapted.kinds["se"].adapted.samples == 0
    report_unmeasured(adapted, report)
    (warning,) = report.diagnostics
    assert warning.code == "SP1614"
    assert warning.message.startswith("no se kernels were measured on this device: new scales those of the other ")


@pytest.mark.parametrize("networks", [6, 40])
def test_an_adapted_predictor_knows_whole_networks(networks: int, predictor: Predictor) -> None:
    adapted = adapt(predictor, other_log(200, networks))
    assert len(adapted.fitted) >= networks / 2
    fresh = other_log(200, networks + 30)
    found = evaluate(adapted, fresh).networks
    assert found is not None
    assert found.within_10 > 0.9


def test_it_is_stored_and_read_again(predictor: Predictor, tmp_path: Path) -> None:
    adapted = adapt(predictor, other_log(100, 6), "new")
    write_predictor(adapted, tmp_path / "new.predictor")
    read = read_predictor(tmp_path / "new.predictor")
    fresh = kernels(100, seed=99)
    assert np.array_equal(read.predict_kernels(fresh), adapted.predict_kernels(fresh))
    assert read.sha256 == adapted.sha256 != predictor.sha256
    assert to_bytes(read) == to_bytes(adapted)


def test_what_was_adapted_is_not_adapted_again(predictor: Predictor) -> None:
    log = other_log(50)
    with pytest.raises(SpacelangError, match=r"SP1615\]: new can't be adapted"):
        adapt(adapt(predictor, log, "new"), log)


def test_on_the_command_line(predictor: Predictor, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base, log, made = (str(tmp_path / name) for name in ("base.predictor", "log.parquet", "new.predictor"))
    write_predictor(predictor, base)
    whole = other_log(100, 10)
    whole.append(*(Measured(each, "int8", other_law(each), 0.2) for each in kernels(200, seed=7)
                   if is_held_out(each)))  # fmt: skip
    whole.write(log)
    assert run(["latency", "eval", base, log, "--json"]) == 0
    out, err = capsys.readouterr()
    assert "warning[SP1606]" in err
    before = json.loads(out)["kernels"]["dwconv"]["within_10"]
    assert run(["latency", "adapt", base, log, "-o", made, "--json"]) == 0
    after = json.loads(capsys.readouterr().out)["kernels"]["dwconv"]["within_10"]
    assert after > before
    assert run(["latency", "eval", made, log]) == 0
    assert "warning" not in capsys.readouterr().err
