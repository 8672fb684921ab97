"""Scores and proofs as `score`, `evolve` and `solve` print them: for people, and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spacelang.cli.console import print_parts
from spacelang.cli.show import simple_table

if TYPE_CHECKING:
    from spacelang.evolve.quality.quality import Score
    from spacelang.evolve.solve import Reason, Solution

WHY: dict[Reason, str] = {
    "seconds": "out of time",
    "nodes": "out of nodes",
    "gap": "within the gap that was asked for",
    "memory": "out of memory for open prefixes",
    "interrupted": "interrupted",
}


def distance(optimum: Solution, gap: float) -> str:
    if not optimum.proved:
        return f"at most {gap:.3%} below the best space there is, whose score could not be proved"
    if gap <= 0:
        return "this is the proved optimum"
    return f"{gap:.3%} below the proved optimum, {optimum.score.encoding} with {optimum.score.total:.6f}"


def state(best: float, bound: float) -> str:
    return f"best {best:.6f}, none above {bound:.6f}, gap {max(0.0, 1 - best / bound):.3%}"


def proof(solution: Solution) -> str:
    if solution.stopped is None:
        return "proved: no space scores higher"
    if solution.certain:
        return f"{WHY[solution.stopped]}: the first {solution.certain} proved, of those listed"
    return f"not proved, {WHY[solution.stopped]}: at most {solution.gap:.3%} below the best space there is"


def print_others(solution: Solution) -> None:
    if len(solution.scores) == 1:
        return
    table = simple_table("", ("rank", "space", "score", "below the best"), ("rank", "score", "below the best"))
    for rank, each in enumerate(solution.scores, 1):
        below = 1 - each.total / solution.score.total
        table.add_row(str(rank), each.encoding, f"{each.total:.6f}", f"{below:.3%}")
    print_parts(table)


def print_score(score: Score) -> None:
    columns = ("target ms", "score", "mean loss", "best loss", "its latency ms", "its resolution")
    table = simple_table("", columns, columns)
    for each in score.targets:
        best = each.best[0] if each.best else None
        found = (f"{best.loss:.6f}", f"{best.latency_ms:.4f}", str(best.resolution)) if best else ("none fits", "", "")
        mean = "" if each.mean_loss is None else f"{each.mean_loss:.6f}"
        table.add_row(f"{each.target_ms:g}", f"{each.value:.6f}", mean, *found)
    print_parts(f"{score.encoding}  score {score.total:.6f}", table)


def score_json(score: Score) -> dict[str, Any]:
    return {
        "encoding": score.encoding,
        "score": score.total,
        "targets": [
            {
                "target_ms": each.target_ms,
                "score": each.value,
                "mean_loss": each.mean_loss,
                "share": each.share,
                "best": [
                    {
                        "resolution": net.resolution,
                        "latency_ms": net.latency_ms,
                        "loss": net.loss,
                        "rows": list(net.rows),
                    }
                    for net in each.best
                ],
            }
            for each in score.targets
        ],
    }


def solution_json(solution: Solution) -> dict[str, Any]:
    return {
        **score_json(solution.score),
        "proved": solution.proved,
        "stopped": solution.stopped,
        "gap": solution.gap,
        "bound": solution.bound,
        "nodes": solution.nodes,
        "runner_up_bound": solution.runner_up_bound,
        "spaces": [
            {"encoding": each.encoding, "score": each.total, "proved": at < solution.certain}
            for at, each in enumerate(solution.scores)
        ],
    }
