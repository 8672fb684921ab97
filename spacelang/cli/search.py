"""`score`, `evolve` and `solve`: how good a space is, and which is the best."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spacelang.cli.console import print_parts, say, write, write_json
from spacelang.cli.inputs import load_space
from spacelang.cli.progress import progress
from spacelang.cli.show import File, Json, simple_table

if TYPE_CHECKING:
    from spacelang import ir
    from spacelang.evolve.quality.quality import Score
    from spacelang.evolve.solve import Solution
    from spacelang.ir.nodes import Kind
    from spacelang.networks.genome import Genome

TableFile = Annotated[
    Path, typer.Option("--table", metavar="FILE", help="Made by `spacelang table build` or `import`.")
]
Found = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the best space there.")]

UNSEARCHED: dict[Kind, str] = {"space": "a space has nothing left to search; `spacelang score` judges it"}
"""What to do with what can't be searched."""


def score(
    file: File,
    table: TableFile,
    encoding: Annotated[
        str | None, typer.Argument(metavar="[ENCODING]", help="Of the space to score, where FILE is a hyperspace.")
    ] = None,
    json: Json = False,
) -> None:
    """Score a space: for each latency target, how good its best sub-networks are."""
    from spacelang.evolve.quality.quality import score as scored
    from spacelang.evolve.settings import quality_of, targets_of
    from spacelang.evolve.table.parquet import read_table
    from spacelang.evolve.table.part import table_for
    from spacelang.networks.genome import decode

    if encoding is None:
        space = load_space(file, ("space",), mends={"hyperspace": "behind a hyperspace, give an ENCODING"})
    else:
        space = load_space(file, ("hyperspace",), mends={"space": "a space needs no ENCODING"})
    measured = read_table(table)
    if encoding is None:
        found = scored(space, measured)
    else:
        settings = (targets_of(space, None), quality_of(space, None))
        found = scored(decode(space, encoding), table_for(space, measured), *settings)
    if json:
        write_json(_score_json(found))
    else:
        _print_score(found)


class AlgorithmName(StrEnum):
    EVOLUTION = "evolution"
    RANDOM = "random"


def evolve(
    file: File,
    table: TableFile,
    output: Found = None,
    history: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write every scored space there, as JSON lines.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the history, to the result that it would have had.")
    ] = False,
    algorithm: Annotated[
        AlgorithmName, typer.Option(help="`random` is what evolution is compared with.")
    ] = AlgorithmName.EVOLUTION,
    seed: Annotated[int | None, typer.Option(min=0, help="In place of the hyperspace's.")] = None,
    json: Json = False,
) -> None:
    """Search a hyperspace by aging evolution, and say how far from the proved optimum the result is."""
    from spacelang import ir
    from spacelang.evolve.evolution import evolve as evolved
    from spacelang.evolve.table.parquet import read_table

    if resume and history is None:
        raise typer.BadParameter("--resume needs --history, the file to go on with")
    space = load_space(file, ("hyperspace",), mends=UNSEARCHED)
    settings = ir.replace(space.evolution, seed=seed) if space.evolution and seed is not None else None
    measured = read_table(table)
    try:
        with progress("evolving") as update:
            found = evolved(
                space,
                measured,
                history,
                resume=resume,
                algorithm=algorithm.value,
                evolution=settings,
                progress=lambda done, total, best, encoding: update(done, total, f"best {best:.6f} {encoding}"),
            )
    except KeyboardInterrupt:
        if history and history.exists():
            say(f"{history} holds what was scored; the same command with --resume goes on from there")
        raise
    _deliver(space, found.score.genome, f"{space.name}_best", output)
    if json:
        optimum = _solution_json(found.optimum) if found.optimum else None
        extra = {"explored": found.explored, "different": found.different, "gap": found.gap, "optimum": optimum}
        write_json({**_score_json(found.score), **extra})
        return
    _print_score(found.score)
    write(f"{found.explored} spaces explored, {found.different} of them different\n")
    if found.optimum and found.gap is not None:
        write(f"{_distance(found.optimum, found.gap)}\n")


def _distance(optimum: Solution, gap: float) -> str:
    if not optimum.proved:
        return f"at most {gap:.3%} below the best space there is, whose score could not be proved"
    if gap <= 0:
        return "this is the proved optimum"
    return f"{gap:.3%} below the proved optimum, {optimum.score.encoding} with {optimum.score.total:.6f}"


def solve(file: File, table: TableFile, output: Found = None, json: Json = False) -> None:
    """Find the best space of a hyperspace, with a proof."""
    from spacelang.evolve.solve import solve as solved
    from spacelang.evolve.table.parquet import read_table

    space = load_space(file, ("hyperspace",), mends=UNSEARCHED)
    measured = read_table(table)
    with progress("solving") as update:
        solution = solved(
            space,
            measured,
            progress=lambda nodes, best, bound: update(nodes, None, f"nodes, best {best:.6f}, none above {bound:.6f}"),
        )
    _deliver(space, solution.score.genome, f"{space.name}_optimum", output)
    if json:
        write_json(_solution_json(solution))
        return
    _print_score(solution.score)
    proof = "proved: no space scores higher" if solution.proved else "not proved: the search stopped at its limit"
    write(f"{proof}; no other space above {solution.runner_up_bound:.6f}; {solution.nodes} nodes\n")


def _deliver(space: ir.SearchSpace, genome: Genome, name: str, output: Path | None) -> None:
    from spacelang.files import write_atomic
    from spacelang.networks.genome import narrow
    from spacelang.translate.printer import to_text

    if output:
        write_atomic(output, to_text(narrow(space, genome, name)))
        say(f"wrote {output}")


def _print_score(score: Score) -> None:
    columns = ("target ms", "score", "mean loss", "best loss", "its latency ms", "its resolution")
    table = simple_table("", columns, columns)
    for each in score.targets:
        best = each.best[0] if each.best else None
        found = (f"{best.loss:.6f}", f"{best.latency_ms:.4f}", str(best.resolution)) if best else ("none fits", "", "")
        mean = "" if each.mean_loss is None else f"{each.mean_loss:.6f}"
        table.add_row(f"{each.target_ms:g}", f"{each.value:.6f}", mean, *found)
    print_parts(f"{score.encoding}  score {score.total:.6f}", table)


def _score_json(score: Score) -> dict[str, Any]:
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


def _solution_json(solution: Solution) -> dict[str, Any]:
    return {
        **_score_json(solution.score),
        "proved": solution.proved,
        "nodes": solution.nodes,
        "runner_up_bound": solution.runner_up_bound,
    }
