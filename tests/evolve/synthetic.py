"""Small hyperspaces with random tables, and the definition of the score written out plainly, to compare with."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from random import Random

import numpy as np

from spacelang import ir
from spacelang.driver import compile_source
from spacelang.evolve.table.rules import channels_into
from spacelang.evolve.table.table import Cell, Latencies, Rows, Table, all_cells
from spacelang.ir.operators import Op
from spacelang.language.shapes import size_after, sizes
from spacelang.networks.architecture import smallest
from spacelang.networks.cost import CostModel, op_cost
from spacelang.networks.cost import total as total_cost
from spacelang.networks.genome import Genome, narrow
from spacelang.networks.memory import peak_activations
from spacelang.networks.network import layer_ops, layers
from spacelang.networks.walk import LayerShape, MapShape
from spacelang.report.source import Source

TEXT = """language 1

import "std/blocks.space"

device cpu {
  runtime    onnxruntime
  precision  int8
  threads    1
  widths     multiple of 16
}

hyperspace tiny on cpu {
  input      3 channels
  resolution {32, 64}
  classes    10

  blocks {
    1 = mbv1  { kernel {3, 5}, act relu }
    4 = mbv2  { kernel {3, 5}, expand {4, 6}, act relu6 }
  }

  stem  conv  { depth 1, stride 2, width 16..32, kernel 3, act relu }

  stage stage1  { depth 1..2, stride 2, width 2 of 32..64 }
  stage stage2  { depth 1..2, stride 1, width 2 of 32..64 }
  stage stage3  { depth 1..2, stride 2, width 2 of 48..80 }

  head {
    pool
    linear -> classes
  }

  targets latency {4, 6} ms
  quality   { estimator exact, top 3 }
  evolution { population 10, sample 4, spaces 60, seed 0 }
}
"""
(TINY,) = compile_source(Source("tiny.space", TEXT))
"""2 blocks and 2 width lists at each of 3 stages: 64 spaces."""
FIXED = {32: 0.5, 64: 1.25}
CELLS = tuple(all_cells(TINY))


def genomes(space: ir.SearchSpace) -> Iterator[Genome]:
    """Every space of a hyperspace, in the order of stages, blocks and windows."""
    choices = [
        sorted(set(itertools.product([c.id for c in s.candidates], range(len(s.windows))))) for s in space.stages
    ]
    for chosen in itertools.product(*choices):
        yield Genome(tuple(block for block, _ in chosen), tuple(window for _, window in chosen))


def random_table(seed: int, rows: int = 4, decimals: int = 4, space: ir.SearchSpace = TINY) -> Table:
    """Few decimals make many ties."""
    random = Random(seed)
    layers = [(cell, *_architecture(space, cell, random)) for cell in all_cells(space) for _ in range(rows)]
    flat = [layer for _, _, _, chosen in layers for layer in chosen]
    stage, block, window = (np.array(each, np.int64) for each in zip(*(cell for cell, *_ in layers), strict=True))
    table = Rows(
        stage=stage,
        block=block,
        window=window,
        resolution=np.array([resolution for _, resolution, *_ in layers]),
        channels_in=np.array([channels for _, _, channels, _ in layers]),
        loss=np.array([round(random.uniform(0.2, 1), decimals) for _ in layers]),
        depth=np.array([len(chosen) for *_, chosen in layers]),
        width=np.array([width for width, *_ in flat]),
        numbers=np.array([numbers for _, *numbers in flat], np.float64),
    )
    latency = np.array([max(round(random.uniform(0.1, 3), decimals), 0.1) for _ in layers])
    return Table.of(space, table, Latencies("cpu", FIXED, latency), "made for a test")


def _architecture(space: ir.SearchSpace, cell: Cell, random: Random) -> tuple[int, int, list[tuple[float, ...]]]:
    stage = space.stages[cell.stage]
    numbers = stage.candidate(cell.block).numbers
    widths = stage.windows[cell.window].values
    layers = [
        (random.choice(widths), *(random.choice(numbers[each].values) if each in numbers else np.nan for each in NAMES))
        for _ in range(random.choice(stage.depth))
    ]
    return random.choice(space.resolutions), random.choice(channels_into(space, cell.stage)), layers


NAMES = ("kernel", "expand")


def sub_networks(table: Table, genome: Genome, strict: bool) -> Iterator[tuple[int, int, tuple[int, ...]]]:
    """Latency in nanoseconds, loss in billionths, and rows of every sub-network, from the definition."""
    assert table.latencies is not None
    rows, fixed = table.rows, table.latencies.fixed_ms
    parts = [table.cells.get(Cell(stage, *gene)) for stage, gene in enumerate(zip(*genome, strict=True))]
    members = [range(part.start, part.stop) if part else range(0) for part in parts]
    for chosen in itertools.product(*members):
        resolution = {int(rows.resolution[each]) for each in chosen}
        fits = all(rows.last_width[a] == rows.channels_in[b] for a, b in itertools.pairwise(chosen))
        if len(resolution) == 1 and (fits or not strict):
            latency = round(fixed[resolution.pop()] * 1e6) + sum(
                round(float(table.latencies.rows_ms[each]) * 1e6) for each in chosen
            )
            yield latency, sum(round(float(rows.loss[each]) * 1e9) for each in chosen), chosen


def plain_values(
    table: Table,
    genome: Genome,
    targets_ms: tuple[float, ...],
    top: int,
    strict: bool,
    limits: ir.Limits | None = None,
) -> tuple[float, ...]:
    """Q(A, T) of each target, from the definition."""
    networks = list(sub_networks(table, genome, strict))
    if limits is not None:
        networks = [each for each in networks if within(table, each[2], limits)]
    values = []
    for target in targets_ms:
        best = sorted(loss for latency, loss, _ in networks if latency <= round(target * 1e6))[:top]
        values.append(len(best) * 1e9 / sum(best) if best else 0.0)
    return tuple(values)


def within(table: Table, chosen: tuple[int, ...], limits: ir.Limits) -> bool:
    """Whether a sub-network is within limits, its costs counted operator by operator."""
    space, rows = table.space, table.rows
    strides = [stage.stride for stage in space.stem + space.stages]
    resolution = int(rows.resolution[chosen[0]])
    made = fixed_layers(resolution)
    for at, row in enumerate(chosen):
        stage = space.stages[at]
        candidate = stage.candidate(int(rows.block[row]))
        size = sizes(resolution, strides)[len(space.stem) + at]
        channels, stride = int(rows.channels_in[row]), stage.stride
        for width, numbers in rows.layers(row):
            block = space.blocks_by_name[candidate.block]
            made.append(layer_ops(block, numbers, candidate.acts, LayerShape(channels, width, stride, size)))
            channels, size, stride = width, size_after(size, stride), 1
    cost = total_cost(op_cost(op) for ops in made for op in ops)
    peak = max(peak_activations(ops, ops[0].channels_in, ops[0].size_in) for ops in made)
    mib = 1 << 20
    pairs = ((limits.mflops, cost.mflops), (limits.parameters_mib, cost.params / mib), (limits.memory_mib, peak / mib))
    return all(limit is None or value <= limit for limit, value in pairs)


def fixed_layers(resolution: int) -> list[tuple[Op, ...]]:
    """The operators of stem and head in their smallest setting."""
    space = narrow(TINY, Genome((1, 1, 1), (0, 0, 0)), "least")
    every = layers(space, smallest(space)._replace(resolution=resolution))
    return [every[0].ops, every[-1].ops]


def csv_files(table: Table) -> dict[str, str]:
    """The table as the files of a published one."""
    assert table.latencies is not None
    model, space, rows = CostModel(table.space), table.space, table.rows
    strides = [stage.stride for stage in space.stem + space.stages]
    files = {}
    for cell, part in table.cells.items():
        stage = space.stages[cell.stage]
        lines = []
        for row in range(part.start, part.stop):
            layers = rows.layers(row)
            size = sizes(int(rows.resolution[row]), strides)[len(space.stem) + cell.stage]
            channels = int(rows.channels_in[row])
            cost = model.stage(stage, stage.candidate(cell.block), layers, MapShape(channels, size))
            text = "_".join(
                f"{numbers[0]}#{width}#{numbers[1] if len(numbers) > 1 else None}" for width, numbers in layers
            )
            lines.append(
                f"{text},1x{channels}x{size}x{size},{rows.loss[row]:.4f},{cost.mflops:.4f},"
                f"{cost.mparams_quantised:.4f},{table.latencies.rows_ms[row]:.4f}\n"
            )
        files[f"stage{cell.stage + 1}_{cell.block}_{cell.window}.csv"] = "".join(lines)
    return files
