"""How accurate the networks of a trained supernet are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from spacelang import ir
from spacelang.networks.architecture import Architecture, largest, smallest
from spacelang.networks.cost import cost, total
from spacelang.networks.sample import sample
from spacelang.report.diagnostics import refuse
from spacelang.train.data import Data, open_data, require_classes
from spacelang.train.shared.runtime import accelerator as accelerator_named
from spacelang.train.supernet.evaluation import Evaluator
from spacelang.train.supernet.processes import Processes
from spacelang.train.supernet.run import Run, read_supernet


@dataclass(frozen=True)
class Evaluated:
    """One network. Accuracies are shares of the validation images, both with the weights after the last epoch."""

    name: str
    resolution: int
    mflops: float
    fp32: float
    int8: float


def evaluate(
    folder: Path,
    models: int,
    seed: int,
    where: str | None,
    *,
    accelerator: str,
    workers: int,
    update: Callable[[int, int, str], None],
) -> list[Evaluated]:
    """The largest and the smallest network of a finished run, and this many sampled ones; for a model, just itself.

    Args:
        where: other images than it was trained on, as `open_data` takes them. Batch norms are calibrated on those too.
        update: called with how many networks are done, how many there are, and the next one's name.

    Raises:
        SpacelangError: SP1502, SP1504 if there is no finished run; SP1507 if the images it was trained on have changed;
            SP12xx for the data, SP1301 for the accelerator.
    """
    run, supernet = read_supernet(folder)
    data = open_data(where or run.data, run.space)
    require_classes(data, run.space)
    if where is None:
        require_unchanged(run, data, folder)
    device = accelerator_named(accelerator)
    device.place(supernet)
    evaluator = Evaluator(data, device, Processes(), workers)
    results: list[Evaluated] = []
    chosen = architectures(run.space, models, seed)
    for name, architecture in chosen.items():
        update(len(results), len(chosen), name)
        fp32, int8 = evaluator.accuracies(supernet, architecture, ["fp32", "int8"])
        mflops = total(each.cost for each in cost(run.space, architecture)).mflops
        results.append(Evaluated(name, architecture.resolution, mflops, fp32, int8))
    return results


def architectures(space: ir.SearchSpace, models: int, seed: int) -> dict[str, Architecture]:
    """Those to evaluate, by name; samples are named as `spacelang sample` names them."""
    if space.kind == "model":
        return {space.name: largest(space)}
    drawn = {f"{space.name}_s{seed}_{at}": each for at, each in enumerate(sample(space, models, seed))}
    return {"largest": largest(space), "smallest": smallest(space), **drawn}


def require_unchanged(run: Run, data: Data, folder: Path) -> None:
    """Raises: SpacelangError: SP1507 if these images aren't those that a run was trained on."""
    if data.fingerprint != run.data_fingerprint:
        message = f"the images in {run.data} are not those that `{folder}` was trained on"
        refuse("SP1507", message, f"to evaluate on them all the same: --data {run.data}")
