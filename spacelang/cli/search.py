"""`score`, `evolve` and `solve`: how good a space is, and which is the best."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spacelang.cli.console import say, show_diagnostics, write, write_json
from spacelang.cli.exits import STOPPED
from spacelang.cli.inputs import load_space
from spacelang.cli.interrupt import Interrupt, interruptible
from spacelang.cli.models import Force
from spacelang.cli.outputs import require_unedited
from spacelang.cli.progress import progress
from spacelang.cli.scores import distance, print_others, print_score, proof, score_json, solution_json, state
from spacelang.cli.settings import (
    ChainOption,
    EstimatorOption,
    LimitsOption,
    Samples,
    Targets,
    Top,
    settings_json,
    settings_of,
    with_settings,
)
from spacelang.cli.show import File, Json

if TYPE_CHECKING:
    from spacelang import ir
    from spacelang.evolve.table.table import Table
    from spacelang.ir.nodes import Kind
    from spacelang.networks.genome import Genome

TableFile = Annotated[
    Path, typer.Option("--table", metavar="FILE", help="Made by `spacelang table build` or `import`.")
]
Found = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the best space there.")]


Seconds = Annotated[float | None, typer.Option(help="Stop after this time with the best space so far.")]

UNSEARCHED: dict[Kind, str] = {"space": "a space has nothing left to search; `spacelang score` judges it"}
"""What to do with what can't be searched."""


def score(
    file: File,
    table: TableFile,
    encoding: Annotated[
        str | None, typer.Argument(metavar="[ENCODING]", help="The space to score, where FILE is a hyperspace.")
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
    from spacelang.evolve.table.part import table_for
    from spacelang.networks.genome import decode, narrow

    if encoding is None:
        space = load_space(file, ("space",), mends={"hyperspace": "after a hyperspace, give an ENCODING"})
    else:
        space = load_space(file, ("hyperspace",), mends={"space": "a space needs no ENCODING"})
    space = with_settings(space, targets, top, estimator, samples, chain, limits)
    measured = _read(table, space)
    if encoding is None:
        found = scored(space, measured)
        if narrow(measured.space, found.genome, space.name).sha256 != space.sha256:
            say(
                f"{space.name} is scored as {found.encoding} of {measured.space.name}, where it comes from; "
                "the table measured other choices of it"
            )
    else:
        genome, measured = decode(space, encoding), table_for(space, measured)
        found = scored(genome, measured, *settings_of(space), limits=space.limits)
    if json:
        write_json({**score_json(found), "settings": settings_json(space)})
    else:
        print_score(found)


class AlgorithmName(StrEnum):
    EVOLUTION = "evolution"
    RANDOM = "random"


def evolve(
    file: File,
    table: TableFile,
    output: Found = None,
    force: Force = False,
    history: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write every scored space there, as JSON lines.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the history, to the result it would have had without a stop.")
    ] = False,
    algorithm: Annotated[
        AlgorithmName, typer.Option(help="`random` is what evolution is compared with.")
    ] = AlgorithmName.EVOLUTION,
    seed: Annotated[int | None, typer.Option(min=0, help="The seed, in place of the hyperspace's.")] = None,
    different: Annotated[
        int | None, typer.Option(min=1, help="End once this many different spaces are scored.")
    ] = None,
    gap: Annotated[
        float | None, typer.Option(metavar="SHARE", help="End this close to the best there is; 0: at the optimum.")
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

    if resume and history is None:
        raise typer.BadParameter("--resume needs --history, the file to go on with")
    space = load_space(file, ("hyperspace",), mends=UNSEARCHED)
    space = with_settings(space, targets, top, estimator, samples, chain, limits)
    if space.evolution and seed is not None:
        space = ir.replace(space, evolution=ir.replace(space.evolution, seed=seed))
    keep = _Keeper(space, f"{space.name}_best", "evolve", output, force=force)
    with interruptible() as interrupt:
        measured = keep.read(table)
        with progress("evolving") as update:
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
        distance(optimum, found.gap) if optimum and found.gap is not None else "how far from the best isn't known"
    )
    keep.last(found.score.genome, found.score.total, gap_said)
    if found.stopped == "interrupted" and history:
        say(f"{history} holds what was scored; the same command with --resume goes on from there")
    if json:
        extra: dict[str, Any] = {"explored": found.explored, "different": found.different, "gap": found.gap}
        extra |= {"optimum": solution_json(optimum) if optimum else None, "stopped": found.stopped}
        write_json({**score_json(found.score), **extra, "settings": settings_json(space)})
    else:
        print_score(found.score)
        write(f"{found.explored} spaces explored, {found.different} of them different\n")
        if optimum:
            write(f"{gap_said}\n")
    _leave(interrupt, found.stopped == "seconds")


def solve(
    file: File,
    table: TableFile,
    output: Found = None,
    force: Force = False,
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="How many of the best spaces to prove.")] = 1,
    seconds: Seconds = None,
    nodes: Annotated[int | None, typer.Option(min=1, help="Stop after this many nodes.")] = None,
    gap: Annotated[float, typer.Option(metavar="SHARE", help="Stop this close to the best there is: 0.01 is 1 %.")] = 0,
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

    space = load_space(file, ("hyperspace",), mends=UNSEARCHED)
    space = with_settings(space, targets, top, estimator, samples, chain, limits)
    keep = _Keeper(space, f"{space.name}_optimum", "solve", output, force=force)
    with interruptible() as interrupt:
        measured = keep.read(table)
        with progress("solving") as update:
            solution = solved(
                space,
                measured,
                count=count,
                seconds=seconds,
                nodes=nodes,
                gap=gap,
                stop=interrupt.asked,
                progress=lambda nodes, best, bound: update(nodes, None, f"nodes, {state(best, bound)}"),
                improved=keep.better,
            )
    keep.last(solution.score.genome, solution.score.total, proof(solution))
    if json:
        write_json({**solution_json(solution), "settings": settings_json(space)})
    else:
        print_score(solution.score)
        print_others(solution)
        write(f"{proof(solution)}; no other space above {solution.runner_up_bound:.6f}; {solution.nodes} nodes\n")
    _leave(interrupt, solution.stopped not in (None, "gap"))


def _read(file: Path, space: ir.SearchSpace) -> Table:
    """The table of a file. What looks wrong in it is said, and changes nothing."""
    from spacelang.evolve.table.doubts import doubts
    from spacelang.evolve.table.parquet import read_table

    table = read_table(file)
    show_diagnostics(doubts(table, space.targets.latency_ms if space.targets else None))
    return table


def _leave(interrupt: Interrupt, stopped: bool) -> None:
    code = interrupt.code or (STOPPED if stopped else 0)
    if code:
        raise typer.Exit(code)


class _Keeper:
    """Writes the best space so far, so that whatever ends a search leaves it."""

    def __init__(self, space: ir.SearchSpace, name: str, command: str, output: Path | None, *, force: bool) -> None:
        """Raises: SpacelangError: SP1011: if a file is there that was edited."""
        if output:
            require_unedited(output, force=force)
        self.space, self.name, self.command, self.output = space, name, command, output
        self.origin = ""

    def read(self, file: Path) -> Table:
        """The table that the search draws on."""
        table = _read(file, self.space)
        self.origin = table.origin
        return table

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
