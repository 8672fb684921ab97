"""Proofs for large made-up hyperspaces: CPU time, nodes, gap and memory.

    python benchmarks/search_large.py [ten|eight|flat]

`ten`: 10 stages of 6 blocks, 4 width lists and 1 000 rows a cell, 5 targets. `eight`: 8 stages of 10 blocks, 8 width
lists and 2 000 rows a cell, 10 targets. Both average the best 20 networks; their cells differ by up to 10 % in loss.
`flat`: as `ten`, with cells that differ by chance only, ended after 500 nodes.
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np

from spacelang import ir
from spacelang.driver import loads
from spacelang.evolve.solve import solve
from spacelang.evolve.table.rules import channels_into
from spacelang.evolve.table.table import Latencies, Rows, Table, all_cells

FIXED = {160: 1.751, 192: 2.277, 224: 2.801}
BLOCKS = (
    "mbv1 { kernel {3, 5}, act relu }",
    "mbv2 { kernel {3, 5}, expand {4, 6}, act relu6 }",
    "mbv3 { kernel {3, 5}, expand {4, 6}, act hswish }",
    "residual_bottleneck { kernel {3, 5}, expand {0.5, 1}, act relu }",
    "residual_bottleneck_se { kernel {3, 5}, expand {0.5, 1}, act relu }",
    "fused_mb { kernel {3, 5}, expand {1, 2}, act swish }",
    "fused_mb_se { kernel {3, 5}, expand {1, 2}, act swish }",
    "mbv2 { kernel {3, 5}, expand {4, 6}, act relu }",
    "mbv3 { kernel {3, 5}, expand {4, 6}, act relu }",
    "fused_mb { kernel {3, 5}, expand {1, 2}, act relu }",
)
SEED = 0


def main() -> None:
    which = sys.argv[1] if len(sys.argv) > 1 else "ten"
    if which == "eight":
        space, rows, spread = made_space(8, 10, 8, (8, 10, 12, 14, 16, 20, 24, 28, 34, 40)), 2000, 0.1
    else:
        space, rows, spread = made_space(10, 6, 4, (12, 16, 20, 28, 40)), 1000, 0.0 if which == "flat" else 0.1
    table = made_table(space, rows, spread)
    begun = time.process_time()
    found = solve(space, table, nodes=500 if which == "flat" else None)
    spent = time.process_time() - begun
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{which}, seed {SEED}: {len(table.rows)} rows, {len(table.cells)} cells")
    print(f"{found.score.encoding} {found.score.total:.6f}, gap {found.gap:.3%}, {found.nodes} nodes")
    print(f"{'proved' if found.proved else 'not proved'} in {spent:.1f} s CPU, {memory:.0f} MiB at most")


def made_space(stages: int, blocks: int, windows: int, targets: tuple[int, ...]) -> ir.SearchSpace:
    chosen = "\n".join(f"{number} = {text}" for number, text in enumerate(BLOCKS[:blocks]))
    body = "\n".join(
        f"stage stage{number} {{ depth 1..3, stride {2 if number % 3 == 2 and number < 10 else 1}, "
        f"width 2 of 32..{32 + 16 * windows} }}"
        for number in range(1, stages + 1)
    )
    return loads(
        f"""language 1
import "std/blocks.space"
device cpu {{ runtime onnxruntime, precision int8, threads 1, widths multiple of 16 }}
hyperspace made on cpu {{
input 3 channels
resolution {{160, 192, 224}}
classes 1000
blocks {{
{chosen}
}}
stem conv {{ depth 1, stride 2, width 16..32, kernel 3, act relu }}
{body}
head {{
pool
linear -> classes
}}
targets latency {{{", ".join(map(str, targets))}}} ms
quality {{ estimator exact, top 20 }}
}}
"""
    )


def made_table(space: ir.SearchSpace, rows: int, spread: float) -> Table:
    """One layer a row: the slower, the smaller the loss; each cell is better or worse by up to `spread`."""
    random = np.random.default_rng(SEED)
    cells = list(all_cells(space))
    count = len(cells) * rows
    stage, block, window = np.repeat(np.array(cells, np.int64), rows, axis=0).T
    scale = np.repeat(random.uniform(1 - spread, 1 + spread, len(cells)), rows)
    latency = random.lognormal(0.5, 0.8, count)
    loss = scale * (0.3 + 0.1 * random.random(count)) / (1 + latency) ** 0.2
    width, channels, numbers = np.empty(count, np.int64), np.empty(count, np.int64), np.full((count, 2), np.nan)
    for at, cell in enumerate(cells):
        part, own = slice(at * rows, (at + 1) * rows), space.stages[cell.stage]
        candidate = own.candidate(cell.block)
        width[part] = random.choice(own.windows[cell.window].values, rows)
        channels[part] = random.choice(channels_into(space, cell.stage), rows)
        for column, name in enumerate(space.blocks_by_name[candidate.block].numeric):
            numbers[part, column] = random.choice(candidate.numbers[name].values, rows)
    made = Rows(
        stage=stage,
        block=block,
        window=window,
        resolution=random.choice(space.resolutions, count),
        channels_in=channels,
        loss=loss,
        depth=np.ones(count, np.int64),
        width=width,
        numbers=numbers,
    )
    return Table.of(space, made, Latencies("cpu", FIXED, latency), "a made table")


if __name__ == "__main__":
    main()
