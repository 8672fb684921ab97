"""The search for models on digits: 600 evaluated by the surrogate against 5 000 by evolution, for several seeds.

    python benchmarks/search_models.py --run RUN -o FOLDER [--seeds 3] [--workers 2]

RUN is a finished training of a space (`spacelang decode specs/digits.space 212-000 -o found.space`, then `spacelang
train found.space -o RUN`). Interrupted, it goes on where it was: evaluated models are kept in RUN. Prints each front,
and by how much its cross entropies are above the best that any of the searches found within the target.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from spacelang.report.progress import Update
from spacelang.search.algorithms import Algorithm
from spacelang.search.run import FoundModels, search_models
from spacelang.train.supernet import read_run

SEARCHES: tuple[tuple[Algorithm, int], ...] = (("surrogate", 600), ("evolution", 5000))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--algorithm", choices=[name for name, _ in SEARCHES], action="append")
    options = parser.parse_args()
    space = read_run(options.run).space
    fronts: dict[tuple[str, int], dict[float, float]] = {}
    for algorithm, models in SEARCHES:
        for seed in range(options.seeds) if algorithm in (options.algorithm or [algorithm]) else ():
            begun = time.monotonic()
            found = search_models(
                space, options.run, options.output / f"{algorithm}-{seed}", algorithm=algorithm, models=models,
                seed=seed, workers=options.workers, update=_logger(f"{algorithm}, seed {seed}"),
            )  # fmt: skip
            fronts[algorithm, seed] = _by_target(found)
            rank = "" if found.rank is None else f", rank correlation on models held out {found.rank:.3f}"
            print(
                f"{algorithm}, seed {seed}: {found.evaluated} models in {time.monotonic() - begun:.0f} s{rank}",
                flush=True,
            )
    _print(fronts)


def _by_target(found: FoundModels) -> dict[float, float]:
    return {target: each.cross_entropy or 0.0 for each in found.front for target in each.targets_ms}


def _print(fronts: dict[tuple[str, int], dict[float, float]]) -> None:
    targets = sorted({target for front in fronts.values() for target in front})
    best = {target: min(front[target] for front in fronts.values() if target in front) for target in targets}
    for (algorithm, seed), front in fronts.items():
        cells = (f"{front[target]:.4f} (+{front[target] - best[target]:.4f})" for target in targets if target in front)
        print(f"{algorithm:10} seed {seed}  " + "  ".join(cells))


def _logger(what: str) -> Update:
    last = 0.0

    def update(done: int, total: int | None, note: str = "") -> None:
        nonlocal last
        if time.monotonic() - last > 30:
            last = time.monotonic()
            print(f"{what}: {done} of {total}, {note}", flush=True)

    return update


if __name__ == "__main__":
    main()
