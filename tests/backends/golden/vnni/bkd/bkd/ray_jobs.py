"""Block-wise distillation of hyperspace vnni on a Ray cluster, one task for each job of jobs.json.

    python bkd/ray_jobs.py [BUILD]

BUILD is the compiled directory, by default the one that this file stands in. Every node must see it under the same
path.
"""

import sys
from pathlib import Path

import ray
from spacelang.train.distill import run_job

JOBS = 42


@ray.remote(max_retries=3)
def distill(build: Path, job: int) -> None:
    run_job(build, job)


def main() -> None:
    build = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[1]).resolve()
    ray.init()
    gpus = min(1, ray.cluster_resources().get("GPU", 0))
    ray.get([distill.options(num_gpus=gpus).remote(build, job) for job in range(JOBS)])


if __name__ == "__main__":
    main()
