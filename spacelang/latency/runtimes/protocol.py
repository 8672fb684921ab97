"""What a runtime is: the thing that runs models on a device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from spacelang import ir
from spacelang.networks.architecture import Architecture
from spacelang.networks.kernels import Kernel
from spacelang.steps import Steps, kernel_steps, network_steps
from spacelang.steps.network import PRECISIONS, Precision

__all__ = ["PRECISIONS", "Border", "Pixels", "Precision", "Runnable", "Runtime", "RuntimeName"]

RuntimeName = Literal["onnxruntime", "tflite"]
Border = Literal["images", "maps"]
"""What a model reads and writes: float32 images and logits, or maps as they are between two operators."""


@dataclass(frozen=True)
class Pixels:
    """How bytes become what a network was trained on: (byte / 255 - mean) / std, channel by channel."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    @property
    def factors(self) -> NDArray[np.float32]:
        return np.asarray([1 / (255 * each) for each in self.std], np.float32)

    @property
    def offsets(self) -> NDArray[np.float32]:
        return np.asarray([-mean / std for mean, std in zip(self.mean, self.std, strict=True)], np.float32)


class Runnable(Protocol):
    """A loaded model; its input stays the same."""

    def run(self) -> object:
        """Compute the model once."""
        ...


class Runtime(Protocol):
    """Makes models in its own format, and runs them. Runtimes inherit from this class.

    Attributes:
        threads: how many threads run a model.
        name: as a `device` declares it.
        suffix: of its files, such as `.onnx`.
    """

    threads: int = 1

    def __init__(self, threads: int = 1) -> None:
        self.threads = threads

    @property
    def name(self) -> RuntimeName: ...

    @property
    def suffix(self) -> str: ...

    def version(self) -> str: ...

    def model(self, steps: Steps, border: Border = "images") -> bytes:
        """A file that computes these steps, for one image."""
        ...

    def load(self, model: bytes) -> Runnable:
        """A model, ready to run."""
        ...

    def said(self, model: bytes) -> dict[str, str]:
        """A file's metadata, by name; empty if its format has no place for it."""
        return {}

    def kernel_model(self, kernel: Kernel, precision: Precision) -> bytes:
        """A kernel alone, as it runs inside a network: integers or floats in and out, in the runtime's layout."""
        return self.model(kernel_steps(kernel, precision), "maps")

    def network_model(self, space: ir.SearchSpace, architecture: Architecture, precision: Precision) -> bytes:
        """A whole network with made-up numbers; its input and output are float32.

        Raises: ShapeError: as `spacelang.networks.network.layers`.
        """
        return self.model(network_steps(space, architecture, precision))

    def kernel(self, kernel: Kernel, precision: Precision) -> Runnable:
        """A kernel as it runs here inside a network, which may be faster than its portable model."""
        return self.load(self.kernel_model(kernel, precision))

    def network(self, space: ir.SearchSpace, architecture: Architecture, precision: Precision) -> Runnable:
        """Raises: ShapeError: as `network_model`."""
        return self.load(self.network_model(space, architecture, precision))
