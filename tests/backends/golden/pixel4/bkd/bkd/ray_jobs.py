"""Block-wise distillation of hyperspace pixel4 on a Ray cluster, one task for each job of jobs.json.

    python bkd/ray_jobs.py [BUILD] [--data DATA] [--teacher NAME]

BUILD is the compiled directory, by default the one that this file stands in; every node must see it, and the data,
under the same path. RAY_ADDRESS names the cluster; without it, one is started on this machine.
"""

import argparse
from pathlib import Path

from spacelang.train.distill import distill, prepare


def main() -> None:
    parser = argparse.ArgumentParser(description="Distil all jobs on a Ray cluster; run again, it goes on.")
    parser.add_argument("build", nargs="?", type=Path, default=Path(__file__).resolve().parents[1])
    parser.add_argument("--data", help="digits, or a folder with train/ and val/")
    parser.add_argument("--teacher", help="as `spacelang distill --help` says")
    given = parser.parse_args()
    plan = prepare(given.build, data=given.data, teacher=given.teacher)
    for each in distill(plan, executor="ray"):
        print(each.job, each.stage, each.block, each.losses.int8)


if __name__ == "__main__":
    main()
