"""The search on the published table, side by side with another checkout: CPU seconds, nodes, optima.

    python benchmarks/search_against.py ARCHIVE --against ../before

ARCHIVE is the published VNNI table. Both checkouts run in turn in processes of their own, and the least of each counts.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SPACE = "specs/vnni_released.space"
FIXED = "160=1.751,192=2.277,224=2.801"
MEASURE = """
import json, sys, time
import spacelang
from spacelang import ir
space = spacelang.load("specs/vnni_released.space")
found = {}
def timed(name, work):
    begun = time.process_time()
    result = work()
    found[name] = [time.process_time() - begun, result]
    return result
spacelang.read_table(sys.argv[1])  # imports
timed("read_table", lambda: len(spacelang.read_table(sys.argv[1]).rows))
table = spacelang.read_table(sys.argv[1])
for top in (1, 20):
    for chain in ("independent", "strict"):
        quality = ir.Quality(estimator="exact", top=top, chain=chain)
        def work():
            solution = spacelang.solve(space, table, quality=quality)
            return f"{solution.score.encoding} {solution.score.total:.6f}, {solution.nodes} nodes"
        timed(f"solve, top {top}, {chain}", work)
def evolved():
    result = spacelang.evolve(space, table)
    return f"{result.score.encoding} {result.score.total:.6f}"
timed("evolve, 5 000 spaces", evolved)
print(json.dumps(found))
"""


def run(tree: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    return subprocess.run(
        [sys.executable, *arguments], cwd=tree, env=environment, check=True, text=True, stdout=subprocess.PIPE
    ).stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path)
    parser.add_argument("--against", type=Path, required=True, help="another checkout")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    trees = [ROOT, options.against.resolve()]
    archive = str(options.archive.resolve())
    with tempfile.TemporaryDirectory() as folder:
        tables = [f"{folder}/{at}.parquet" for at in range(len(trees))]
        for tree, table in zip(trees, tables, strict=True):
            what = ["table", "import", archive, "--space", SPACE, "-o", table, "--fixed-latency", FIXED]
            run(tree, "-m", "spacelang.cli", *what)
        turns: list[list[dict[str, Any]]] = [
            [json.loads(run(tree, "-c", MEASURE, table)) for tree, table in zip(trees, tables, strict=True)]
            for _ in range(options.runs)
        ]
    for name in turns[0][0]:
        here, there = (min(turn[at][name][0] for turn in turns) for at in range(len(trees)))
        print(f"{name:28} {here:6.3f} s CPU, there {there:6.3f}: {here / there:5.2f} of it  {turns[0][0][name][1]}")
        if turns[0][0][name][1] != turns[0][1][name][1]:
            print(f"{'':28} there {turns[0][1][name][1]}")


if __name__ == "__main__":
    main()
