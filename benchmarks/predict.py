"""Latency predictors: how fast they are, and how good beside nn-Meter's.

    python benchmarks/predict.py speed [PREDICTOR]
    python benchmarks/predict.py kernels LOG
    python benchmarks/predict.py blocks LATENCIES [UNSEEN]

`speed`: 10 000 models predicted together and one by one, with a predictor or the cost model. `kernels`: boosting and
forest on the fixed hold-out of a log, from 1 000 and 4 000 of its samples. `blocks`: the published block latencies of
the paper's device (vnni_block_latency.json.xz), a random fifth held out, or another such file.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from spacelang import ir
from spacelang.driver import compile_source
from spacelang.latency.collect.holdout import is_held_out
from spacelang.latency.collect.log import Log, read_log
from spacelang.latency.predict.blocks import learn_blocks
from spacelang.latency.predict.fit import RegressorName
from spacelang.latency.predict.networks import predict
from spacelang.latency.predict.published import MeasuredLayer, read_block_latencies
from spacelang.latency.predict.shipped import COST_MODEL, find_estimator
from spacelang.latency.predict.train import train
from spacelang.networks.sample import sample
from spacelang.report.source import Source

SPECS = Path(__file__).resolve().parents[1] / "specs"
MODELS, ALONE = 10_000, 200
SAMPLES = (1000, 4000)
REGRESSORS: tuple[RegressorName, ...] = ("boosting", "forest")
SEEDS = 3


def load(name: str) -> ir.SearchSpace:
    path = SPECS / f"{name}.space"
    (space,) = compile_source(Source(str(path), path.read_text()), path)
    return space


def speed(name: str) -> None:
    print(f"{'space':16}{'models':>8}{'together':>11}{'one by one':>13}{'ratio':>8}")
    for spec in ("spaceevo_vnni", "vnni"):
        space, estimator = load(spec), find_estimator(name, "int8")
        chosen = sample(space, MODELS, 0)
        begun = time.process_time()
        together = predict(space, chosen, estimator)
        batched = time.process_time() - begun
        begun = time.process_time()
        alone = [predict(space, [each], estimator)[0] for each in chosen[:ALONE]]
        single = (time.process_time() - begun) * MODELS / ALONE
        assert np.allclose(together[:ALONE], alone)
        print(f"{spec:16}{MODELS:>8}{batched:>9.2f} s{single:>11.1f} s{single / batched:>7.0f}×")


def kernels(path: str) -> None:
    log = read_log(path)
    seen = [each for each in log.kernels("int8") if not is_held_out(each.kernel)]
    print(log.fingerprint.describe())
    for samples in SAMPLES:
        part, chosen = Log(log.fingerprint), np.random.default_rng(0).permutation(len(seen))[:samples]
        part.append(*(seen[at] for at in chosen), *(each for each in log.kernels("int8") if is_held_out(each.kernel)))
        made = {name: train(part, "int8", name) for name in REGRESSORS}
        print(f"\n{min(samples, len(seen))} samples, within 10 % (5 %) of the hold-out")
        print(f"{'kernels':12}{'samples':>9}{'held out':>10}" + "".join(f"{name:>18}" for name in REGRESSORS))
        for kind, first in made["boosting"].kinds.items():
            if first.accuracy is None:
                continue
            found = [made[name].kinds[kind].accuracy for name in REGRESSORS]
            shares = "".join(f"{each.within_10:>10.1%} ({each.within_5:.0%})" for each in found if each is not None)
            print(f"{kind:12}{first.samples:>9}{first.accuracy.count:>10}{shares}")


def blocks(path: str, unseen: str | None) -> None:
    known = read_block_latencies(path)
    if unseen is not None:
        show_blocks(known, read_block_latencies(unseen), "another file")
        return
    for seed in range(SEEDS):
        order = np.random.default_rng(seed).permutation(len(known))
        fifth = len(known) // 5
        show_blocks([known[at] for at in order[fifth:]], [known[at] for at in order[:fifth]], f"seed {seed}")


def show_blocks(seen: list[MeasuredLayer], judged: list[MeasuredLayer], what: str) -> None:
    made = learn_blocks(load("vnni").blocks, [each.layer for each in seen], np.array([each.ms for each in seen]))
    measured = np.array([each.ms for each in judged])
    right = np.abs(made.predict([each.layer for each in judged]) / measured - 1) <= 0.1
    print(
        f"\n{what}: {len(seen)} block latencies learned from, {len(judged)} predicted: {right.mean():.1%} within 10 %"
    )
    for block in sorted({each.layer.block for each in judged}):
        mine = np.array([each.layer.block == block for each in judged])
        print(f"{block:24}{mine.sum():>7}{right[mine].mean():>8.1%}")


if __name__ == "__main__":
    command, *given = sys.argv[1:]
    if command == "speed":
        speed(given[0] if given else COST_MODEL)
    elif command == "kernels":
        kernels(given[0])
    else:
        blocks(given[0], given[1] if len(given) > 1 else None)
