"""What is exported: one model of a finished run, or a model with a file of weights, and the images to check it on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, fx

from spacelang import ir
from spacelang.export.belongs import architecture_in
from spacelang.files import read_or_refuse
from spacelang.networks.architecture import Architecture, architecture_of
from spacelang.nn import Precision, Supernet, build, set_precision
from spacelang.report.diagnostics import refuse
from spacelang.train.data import Data, open_data, require_classes
from spacelang.train.shared.recalibrate import recalibrate
from spacelang.train.shared.runtime import accelerator
from spacelang.train.supernet.evaluation import Evaluator
from spacelang.train.supernet.processes import Processes
from spacelang.train.supernet.run import read_supernet


@dataclass(frozen=True)
class Source:
    """A model that can be cut and lowered.

    Attributes:
        architecture: the model within `supernet`.
        calibrates: whether its batch norms are computed for it; else they are those of the file of weights.
        weights_sha256: of the file that the weights are from.
    """

    model: ir.SearchSpace
    architecture: Architecture
    supernet: Supernet
    data: Data
    calibrates: bool
    weights_sha256: str
    weights: dict[str, Tensor] | None = None
    workers: int = 0

    @property
    def resolution(self) -> int:
        return self.architecture.resolution

    def network(self, precision: Precision) -> fx.GraphModule:
        """The static network, with batch norms that fit it, in evaluation mode."""
        network = self.supernet.cut(self.architecture).eval()
        if self.weights is not None:
            network.load_state_dict(self.weights)
        set_precision(network, precision)
        if self.calibrates:
            recalibrate(network, self.calibration())
        return network

    def calibration(self) -> list[Tensor]:
        """Batches of training images."""
        evaluator = Evaluator(self.data, accelerator("cpu"), Processes(), self.workers)
        return list(evaluator.calibration(self.resolution))


def from_run(model: ir.SearchSpace, folder: Path, where: str | None = None, workers: int = 0) -> Source:
    """A model of a finished run. Its batch norms are computed for it on training images.

    Args:
        where: other images than those of the run.

    Raises:
        SpacelangError: SP1502, SP1504 if there is no finished run; SP1903 if the run's space doesn't hold the model;
            SP12xx for the images.
    """
    run, supernet = read_supernet(folder)
    architecture = architecture_in(run.space, model)
    data = _images(where or run.data, model)
    assert run.supernet_sha256 is not None
    return Source(model, architecture, supernet, data, True, run.supernet_sha256, workers=workers)


def from_weights(model: ir.SearchSpace, path: Path, where: str, workers: int = 0) -> Source:
    """A model with the weights of its static network, as `search` stores them: safetensors, batch norms calibrated.

    Raises: SpacelangError: SP1904 if the file can't be read, or holds other weights; SP12xx for the images.
    """
    content = read_or_refuse(path, "SP1904")
    try:
        weights = load(content)
    except SafetensorError:
        refuse("SP1904", f"`{path}` is damaged, or isn't a safetensors file")
    if any(name.endswith("/values") for name in weights):
        mend = "give the file that `spacelang search` stores beside a model"
        refuse("SP1904", f"`{path}` holds integers, as `spacelang export --to torch` writes them", mend)
    supernet = build(model).eval()
    architecture = architecture_of(model)
    _require_fitting(supernet.cut(architecture), weights, path, model)
    data = _images(where, model)
    digest = hashlib.sha256(content).hexdigest()
    return Source(model, architecture, supernet, data, False, digest, weights, workers)


def _images(where: str, model: ir.SearchSpace) -> Data:
    data = open_data(where, model)
    require_classes(data, model)
    return data


def _require_fitting(network: fx.GraphModule, weights: dict[str, Tensor], path: Path, model: ir.SearchSpace) -> None:
    expected = {name: tuple(each.shape) for name, each in network.state_dict().items()}
    found = {name: tuple(each.shape) for name, each in weights.items()}
    wrong = sorted(name for name in expected | found if expected.get(name) != found.get(name))
    if wrong:
        name = wrong[0]
        said = f"`{name}` is {_shape(found.get(name))}, in {model.name} {_shape(expected.get(name))}"
        refuse("SP1904", f"`{path}` holds the weights of another model: {said}")
    for name, each in weights.items():
        if not bool(torch.isfinite(each).all()):
            refuse("SP1902", f"`{name}` in `{path}` isn't finite")


def _shape(shape: tuple[int, ...] | None) -> str:
    return "missing" if shape is None else "×".join(map(str, shape)) or "a number"
