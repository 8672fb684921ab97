"""`score`, `evolve` and `solve`: how good a space is, and which is the best."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spacelang.cli.console import print_parts, say, write, write_json
from spacelang.cli.exits import STOPPED
from spacelang.cli.inputs import load_space
from spacelang.cli.interrupt import Interrupt, interruptible
from spacelang.cli.progress import progress
from spacelang.cli.show import File, Json, simple_table

if TYPE_CHECKING:
    from spacelang import ir
    from spacelang.evolve.quality.quality import Score
    from spacelang.evolve.solve import Reason, Solution
    from spacelang.ir.nodes import Kind
    from spacelang.networks.genome import Genome

TableFile = Annotated[
    Path, typer.Option("--table", metavar="FILE", help="Made by `spacelang table build` or `import`.")
]
Found = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the best space there.")]


class EstimatorName(StrEnum):
    EXACT = "exact"
    SAMPLED = "sampled"


class ChainName(StrEnum):
    INDEPENDENT = "independent"
    STRICT = "strict"


Targets = Annotated[
    str | None, typer.Option(metavar="MS,…", help="Latency targets in place of the file's, such as 8,10,15.")
]
Top = Annotated[int | None, typer.Option(min=1, help="How many of the best sub-networks are averaged.")]
EstimatorOption = Annotated[EstimatorName | None, typer.Option("--estimator", help="In place of the file's.")]
Samples = Annotated[int | None, typer.Option(min=1, help="Of the sampled estimator.")]
ChainOption = Annotated[ChainName | None, typer.Option("--chain", help="In place of the file's.")]
LimitsOption = Annotated[
    str | None,
    typer.Option(
        "--limits", metavar="NAME=N,…", help="Of every network: mflops, parameters_mib, memory_mib, as in mflops=300."
    ),
]
Seconds = Annotated[float | None, typer.Option(help="Stop after this time with the best space so far.")]

UNSEARCHED: dict[Kind, str] = {"space": "a space has nothing left to search; `spacelang score` judges it"}
"""What to do with what can't be searched."""
WHY: dict[Reason, str] = {
    "seconds": "out of time",
    "nodes": "out of nodes",
    "gap": "within the gap that was asked for",
    "memory": "out of memory for open prefixes",
    "interrupted": "interrupted",
}


def score(
    file: File,
    table: TableFile,
    encoding: Annotated[
        str | None, typer.Argument(metavar="[ENCODING]", help="Of the space to score, where FILE is a hyperspace.")
    ] = None,
    targets: Targets = None,
    top: Top = None,
    estimator: EstimatorOption = None,
    samples: Samples = None,
    chain: ChainOption = None,
    limits: LimitsOption = None,
    json: Json = False,
) -> None:
    """Score a space: for each latency target, how good its best sub-networks are."""
    from spacelang.evolve.quality.quality import score as scored
    from spacelang.evolve.table.parquet import read_table
    from spacelang.evolve.table.part import table_for
    from spacelang.networks.genome import decode, narrow

    if encoding is None:
        space = load_space(file, ("space",), mends={"hyperspace": "after a hyperspace, give an ENCODING"})
    else:
        space = load_space(file, ("hyperspace",), mends={"space": "a space needs no ENCODING"})
    space = _with(space, targets, top, estimator, samples, chain, limits)
    measured = read_table(table)
    if encoding is None:
        found = scored(space, measured)
        if narrow(measured.space, found.genome, space.name).sha256 != space.sha256:
            say(
                f"{space.name} is scored as {found.encoding} of {measured.space.name}, where it comes from; "
                "the table measured other choices of it"
            )
    else:
        genome, measured = decode(space, encoding), table_for(space, measured)
        found = scored(genome, measured, *_settings(space), limits=space.limits)
    if json:
        write_json({**_score_json(found), "settings": _settings_json(space)})
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
    different: Annotated[
        int | None, typer.Option(min=1, help="End once this many different spaces are scored.")
    ] = None,
    gap: Annotated[
        float | None, typer.Option(metavar="SHARE", help="End this near to the best there is; 0: at the optimum.")
    ] = None,
    seconds: Seconds = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that score; the result is the same.")] = 1,
    targets: Targets = None,
    top: Top = None,
    estimator: EstimatorOption = None,
    samples: Samples = None,
    chain: ChainOption = None,
    limits: LimitsOption = None,
    json: Json = False,
) -> None:
    """Search a hyperspace by aging evolution, and say how far from the proved optimum the result is."""
    from spacelang import ir
    from spacelang.evolve.evolution import evolve as evolved
    from spacelang.evolve.table.parquet import read_table

    if resume and history is None:
        raise typer.BadParameter("--resume needs --history, the file to go on with")
    space = load_space(file, ("hyperspace",), mends=UNSEARCHED)
    space = _with(space, targets, top, estimator, samples, chain, limits)
    if space.evolution and seed is not None:
        space = ir.replace(space, evolution=ir.replace(space.evolution, seed=seed))
    measured = read_table(table)
    keep = _Keeper(space, f"{space.name}_best", "evolve", measured.origin, output)
    with interruptible() as interrupt, progress("evolving") as update:
        found = evolved(
            space,
            measured,
            history=history,
            resume=resume,
            algorithm=algorithm.value,
            different=different,
            gap=gap,
            seconds=seconds,
            workers=workers,
            stop=interrupt.asked,
            progress=lambda done, total, best, encoding: update(done, total, f"best {best:.6f} {encoding}"),
            improved=lambda genome, value, bound: keep.better(genome, value, None),
        )
    optimum = found.optimum
    gap_said = (
        _distance(optimum, found.gap) if optimum and found.gap is not None else "how far from the best isn't known"
    )
    keep.last(found.score.genome, found.score.total, gap_said)
    if found.stopped == "interrupted" and history:
        say(f"{history} holds what was scored; the same command with --resume goes on from there")
    if json:
        extra: dict[str, Any] = {"explored": found.explored, "different": found.different, "gap": found.gap}
        extra |= {"optimum": _solution_json(optimum) if optimum else None, "stopped": found.stopped}
        write_json({**_score_json(found.score), **extra, "settings": _settings_json(space)})
    else:
        _print_score(found.score)
        write(f"{found.explored} spaces explored, {found.different} of them different\n")
        if optimum:
            write(f"{gap_said}\n")
    _leave(interrupt, found.stopped == "seconds")


def _distance(optimum: Solution, gap: float) -> str:
    if not optimum.proved:
        return f"at most {gap:.3%} below the best space there is, whose score could not be proved"
    if gap <= 0:
        return "this is the proved optimum"
    return f"{gap:.3%} below the proved optimum, {optimum.score.encoding} with {optimum.score.total:.6f}"


def solve(
    file: File,
    table: TableFile,
    output: Found = None,
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="How many of the best spaces to prove.")] = 1,
    seconds: Seconds = None,
    nodes: Annotated[int | None, typer.Option(min=1, help="Stop after this many nodes.")] = None,
    gap: Annotated[float, typer.Option(metavar="SHARE", help="Stop this near to the best there is: 0.01 is 1 %.")] = 0,
    targets: Targets = None,
    top: Top = None,
    estimator: EstimatorOption = None,
    samples: Samples = None,
    chain: ChainOption = None,
    limits: LimitsOption = None,
    json: Json = False,
) -> None:
    """Find the best spaces of a hyperspace, with a proof."""
    from spacelang.evolve.solve import solve as solved
    from spacelang.evolve.table.parquet import read_table

    space = load_space(file, ("hyperspace",), mends=UNSEARCHED)
    space = _with(space, targets, top, estimator, samples, chain, limits)
    measured = read_table(table)
    keep = _Keeper(space, f"{space.name}_optimum", "solve", measured.origin, output)
    with interruptible() as interrupt, progress("solving") as update:
        solution = solved(
            space,
            measured,
            count=count,
            seconds=seconds,
            nodes=nodes,
            gap=gap,
            stop=interrupt.asked,
            progress=lambda nodes, best, bound: update(nodes, None, f"nodes, {_state(best, bound)}"),
            improved=keep.better,
        )
    keep.last(solution.score.genome, solution.score.total, _proof(solution))
    if json:
        write_json({**_solution_json(solution), "settings": _settings_json(space)})
    else:
        _print_score(solution.score)
        _print_others(solution)
        write(f"{_proof(solution)}; no other space above {solution.runner_up_bound:.6f}; {solution.nodes} nodes\n")
    _leave(interrupt, solution.stopped not in (None, "gap"))


def _leave(interrupt: Interrupt, stopped: bool) -> None:
    code = interrupt.code or (STOPPED if stopped else 0)
    if code:
        raise typer.Exit(code)


def _state(best: float, bound: float) -> str:
    return f"best {best:.6f}, none above {bound:.6f}, gap {max(0.0, 1 - best / bound):.3%}"


def _proof(solution: Solution) -> str:
    if solution.stopped is None:
        return "proved: no space scores higher"
    if solution.certain:
        return f"{WHY[solution.stopped]}: the first {solution.certain} proved, of those listed"
    return f"not proved, {WHY[solution.stopped]}: at most {solution.gap:.3%} below the best space there is"


def _print_others(solution: Solution) -> None:
    if len(solution.scores) == 1:
        return
    table = simple_table("", ("rank", "space", "score", "below the best"), ("rank", "score", "below the best"))
    for rank, each in enumerate(solution.scores, 1):
        below = 1 - each.total / solution.score.total
        table.add_row(str(rank), each.encoding, f"{each.total:.6f}", f"{below:.3%}")
    print_parts(table)


class _Keeper:
    """Writes the best space so far, so that whatever ends a search leaves it."""

    def __init__(self, space: ir.SearchSpace, name: str, command: str, origin: str, output: Path | None) -> None:
        self.space, self.name, self.command, self.origin, self.output = space, name, command, origin, output

    def better(self, genome: Genome, value: float, bound: float | None) -> None:
        gap = "" if bound is None else f", at most {max(0.0, 1 - value / bound):.3%} below the best there is"
        self._write(genome, value, f"not proved{gap}")

    def last(self, genome: Genome, value: float, proof: str) -> None:
        self._write(genome, value, proof)
        if self.output:
            say(f"wrote {self.output}")

    def _write(self, genome: Genome, value: float, proof: str) -> None:
        from spacelang.files import write_atomic
        from spacelang.networks.genome import narrow
        from spacelang.translate.printer import to_text

        if self.output:
            note = f"# Found by `spacelang {self.command}`: score {value:.6f}; {proof}.\n# Table: {self.origin}\n"
            text = to_text(narrow(self.space, genome, self.name))
            write_atomic(self.output, f"{note}\n{text}")


def _with(
    space: ir.SearchSpace,
    targets: str | None,
    top: int | None,
    estimator: str | None,
    samples: int | None,
    chain: str | None,
    limits: str | None,
) -> ir.SearchSpace:
    """The space with the settings of the command line in place of its own; what a search writes then says them."""
    from spacelang import ir

    if targets is not None:
        space = ir.replace(space, targets=ir.Targets(latency_ms=_milliseconds(targets)))
    if limits is not None:
        space = ir.replace(space, limits=_limits(limits))
    given = {"top": top, "estimator": estimator and str(estimator), "samples": samples, "chain": chain and str(chain)}
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if not changes:
        return space
    old = space.quality
    if changes.get("estimator") == "exact":
        changes |= {"samples": None, "penalty": None}
    if old is None and not {"top", "estimator"} <= changes.keys():
        raise typer.BadParameter(f"{space.name} has no `quality`, so --top and --estimator are needed both")
    return ir.replace(space, quality=ir.replace(old, **changes) if old else ir.Quality(**changes))


def _milliseconds(text: str) -> tuple[float, ...]:
    try:
        return tuple(sorted(float(each.removesuffix("ms")) for each in text.split(",")))
    except ValueError:
        raise typer.BadParameter(f"'{text}' isn't a list of milliseconds, such as 8,10,15") from None


def _limits(text: str) -> ir.Limits:
    from spacelang import ir

    names = ("mflops", "parameters_mib", "memory_mib")
    limits: dict[str, float] = {}
    for part in filter(None, text.split(",")):
        name, _, value = part.partition("=")
        try:
            limits[names[names.index(name.strip())]] = float(value)
        except ValueError:
            raise typer.BadParameter(f"'{part}' isn't NAME=NUMBER; the names are {', '.join(names)}") from None
    return ir.Limits(**limits)


def _settings(space: ir.SearchSpace) -> tuple[tuple[float, ...], ir.Quality]:
    from spacelang.evolve.settings import quality_of, targets_of

    return targets_of(space, None), quality_of(space, None)


def _settings_json(space: ir.SearchSpace) -> dict[str, Any]:
    """What was used: of the file, or of the command line."""
    from spacelang import ir

    return {
        name: None if part is None else ir.to_data(part)
        for name, part in (("targets", space.targets), ("limits", space.limits), ("quality", space.quality))
    }


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
