"""Steps as TensorFlow's SavedModel: float operators between fake quantisers, in NHWC, for TensorFlow's own converter.

Fake quantisers hold a map to the 256 numbers of its grid, and weights to those of theirs, so the network computes in
float what the steps compute in integers, and `tf.lite.TFLiteConverter` takes its scales from them. Float steps
have none.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacelang.files import write_folder
from spacelang.latency.runtimes.protocol import Pixels
from spacelang.latency.runtimes.silence import silenced
from spacelang.report.diagnostics import refuse
from spacelang.steps import INPUT, Grid, Map, Step, Steps
from spacelang.steps.network import GATE, HIGHEST, HSIGMOID, SIGMOID
from spacelang.steps.witness import dequantise, held, quantise

SAID = "assets.extra/spacelang.json"
"""What the file says about itself; the folder is the place that TensorFlow leaves to others."""
GRAPH = "saved_model.pb"
LARGEST_WEIGHT = 127
Tensor = Any
Files = Mapping[str, bytes]
"""A folder: paths within it, and contents."""


def tensorflow() -> Any:
    """The package; it is large, and imported only where it is used.

    Raises: SpacelangError: SP1103 if it isn't installed.
    """
    if find_spec("tensorflow") is None:
        mend = "in spacelang's checkout: pip install '.[tensorflow]'"
        refuse("SP1103", "a SavedModel needs tensorflow", mend)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with silenced():  # it says which instructions it uses, at first
        import tensorflow

        tensorflow.constant(0)
    return tensorflow


def saved_model(steps: Steps, pixels: Pixels | None = None, metadata: Mapping[str, str] | None = None) -> Files:
    """A SavedModel. It reads float32, batch × size × size × channels, and writes float32, batch × outputs.

    With `pixels` it reads bytes, and normalises them. metadata: what it says about itself.

    A graph by itself, without functions: those are numbered by what the process did before, and the same network is to
    give the same bytes.
    """
    tf = tensorflow()
    with tf.Graph().as_default() as graph:
        (image,) = steps.inputs
        shape = (None, image.size, image.size, image.channels)
        images = tf.compat.v1.placeholder(tf.uint8 if pixels else tf.float32, shape, "images")
        made = _Rebuilt(tf, steps)([_normalised(tf, images, pixels)])
        logits = tf.squeeze(made, (1, 2), name="logits")
    content = _serialised(graph, images, logits)
    return {GRAPH: content, SAID: json.dumps(dict(metadata or {}), indent=2).encode()}


def _serialised(graph: Any, images: Tensor, logits: Tensor) -> bytes:
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    saved = SavedModel(saved_model_schema_version=1)
    meta = saved.meta_graphs.add()
    meta.meta_info_def.tags.append("serve")
    meta.graph_def.CopyFrom(graph.as_graph_def())
    signature = meta.signature_def["serving_default"]
    signature.method_name = "tensorflow/serving/predict"
    for tensors, name, each in ((signature.inputs, "images", images), (signature.outputs, "logits", logits)):
        tensors[name].name, tensors[name].dtype = each.name, each.dtype.as_datatype_enum
        tensors[name].tensor_shape.CopyFrom(each.shape.as_proto())
    return bytes(saved.SerializeToString(deterministic=True))


def opened(files: Files) -> Callable[[NDArray[Any]], NDArray[np.float32]]:
    """A SavedModel, to call with images: batch × channels × size × size in, batch × outputs out."""
    tf = tensorflow()
    with TemporaryDirectory() as folder:
        write_folder(Path(folder, "model"), files)
        network = tf.saved_model.load(str(Path(folder, "model"))).signatures["serving_default"]

    def predict(images: NDArray[Any]) -> NDArray[np.float32]:
        logits = network(images=tf.constant(images.transpose(0, 2, 3, 1)))["logits"]
        return np.asarray(logits.numpy())

    return predict


def run_rebuilt(steps: Steps, inputs: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """The output of steps on given integers, for comparing operators. All: batch × C × H × W, unsigned."""
    tf = tensorflow()
    numbers = [
        tf.constant(dequantise(each, _grid(given)).transpose(0, 2, 3, 1))
        for each, given in zip(inputs, steps.inputs, strict=True)
    ]
    made = np.asarray(tf.function(_Rebuilt(tf, steps), autograph=False)(numbers).numpy())
    return quantise(made.transpose(0, 3, 1, 2), _grid(steps.output))


class _Rebuilt:
    """The network of steps, to call with its inputs."""

    def __init__(self, tf: Any, steps: Steps) -> None:
        self.tf, self.steps = tf, steps

    def __call__(self, inputs: Sequence[Tensor]) -> Tensor:
        made = {INPUT - at: self.fake(each, self.steps.inputs[at].grid) for at, each in enumerate(inputs)}
        for index, step in enumerate(self.steps.steps):
            value = WRITERS[step.kind](self, step, *(made[each] for each in step.inputs))
            # A max pool keeps the numbers that it reads.
            made[index] = value if step.kind == "maxpool" else self.fake(self.clamped(step.act, value), step.made.grid)
        return made[len(self.steps.steps) - 1]

    def fake(self, x: Tensor, grid: Grid | None) -> Tensor:
        """x, rounded to the numbers of a grid."""
        if grid is None:
            return x
        low, high = (np.float32(grid.scale) * np.float32(each - grid.zero_point) for each in (0, HIGHEST))
        return self.tf.quantization.fake_quant_with_min_max_vars(x, low, high, num_bits=8)

    def clamped(self, act: str, x: Tensor) -> Tensor:
        return {"": self.tf.identity, "relu": self.tf.nn.relu, "relu6": self.tf.nn.relu6}[act](x)

    def conv(self, step: Step, x: Tensor) -> Tensor:
        assert step.window is not None
        padded, padding = self.padded(x, step)
        return self.biased(step, self.tf.nn.conv2d(padded, self.weights(step), step.window.stride, padding))

    def depthwise(self, step: Step, x: Tensor) -> Tensor:
        assert step.window is not None
        padded, padding = self.padded(x, step)
        kernel, stride = step.window.kernel, step.window.stride
        # The channels are the last dimension while they are quantised, and then the one before it.
        weights = self.tf.reshape(self.weights(step), (kernel, kernel, -1, 1))
        return self.biased(step, self.tf.nn.depthwise_conv2d(padded, weights, (1, stride, stride, 1), padding))

    def linear(self, step: Step, x: Tensor) -> Tensor:
        """As a convolution: the converter doesn't take a product of matrices with a scale per channel."""
        return self.biased(step, self.tf.nn.conv2d(x, self.weights(step), 1, "VALID"))

    def weights(self, step: Step) -> Tensor:
        """HWIO, rounded to the numbers of their grids."""
        assert step.weights is not None
        values, scales = step.weights.values, step.weights.scales
        values = values.reshape(*values.shape, *(1,) * (4 - values.ndim)).transpose(2, 3, 1, 0)
        if scales is None:
            return self.tf.constant(values)
        low, high = (self.tf.constant(each * scales) for each in map(np.float32, (-LARGEST_WEIGHT, LARGEST_WEIGHT)))
        return self.tf.quantization.fake_quant_with_min_max_vars_per_channel(
            self.tf.constant(values * scales), low, high, num_bits=8, narrow_range=True
        )

    def biased(self, step: Step, x: Tensor) -> Tensor:
        assert step.weights is not None
        bias, scales = step.weights.bias, step.weights.scales
        if scales is not None:
            (read,) = self.steps.read(step)
            bias = (bias * (np.float64(_grid(read).scale) * scales)).astype(np.float32)
        return self.tf.nn.bias_add(x, bias)

    def padded(self, x: Tensor, step: Step, fill: float = 0) -> tuple[Tensor, str]:
        """The map, padded where TensorFlow's `SAME` would pad otherwise; and the padding that is left to say."""
        assert step.window is not None
        (read,) = self.steps.read(step)
        if step.window.same(read.size, step.made.size):
            return x, "SAME"
        return self.beside(x, step, fill), "VALID"

    def beside(self, x: Tensor, step: Step, fill: float) -> Tensor:
        assert step.window is not None
        sides = (step.window.before, step.window.after)
        return x if sides == (0, 0) else self.tf.pad(x, ((0, 0), sides, sides, (0, 0)), constant_values=fill)

    def average_pool(self, step: Step, x: Tensor) -> Tensor:
        """The mean of the pixels that a window covers; those beside the map don't count."""
        assert step.window is not None
        padded, padding = self.padded(x, step)
        means = self.tf.nn.avg_pool2d(padded, step.window.kernel, step.window.stride, padding)
        if padding == "SAME" or (step.window.before, step.window.after) == (0, 0):
            return means
        (read,) = self.steps.read(step)
        return means * (step.window.kernel**2 / held(step, read.size)).transpose(0, 2, 3, 1)

    def max_pool(self, step: Step, x: Tensor) -> Tensor:
        assert step.window is not None
        (read,) = self.steps.read(step)
        lowest = -np.inf if read.grid is None else -float(np.float32(read.grid.scale)) * read.grid.zero_point
        padded, padding = self.padded(x, step, lowest)
        return self.tf.nn.max_pool2d(padded, step.window.kernel, step.window.stride, padding)

    def swish(self, step: Step, x: Tensor) -> Tensor:
        return x * self.fake(self.tf.sigmoid(x), SIGMOID if self.integer else None)

    def hard_swish(self, step: Step, x: Tensor) -> Tensor:
        return x * self.fake(self.gate(step, x), HSIGMOID if self.integer else None)

    def gate(self, step: Step, x: Tensor) -> Tensor:
        """A hard sigmoid: clamp(x + 3, 0, 6) · 1/6."""
        return self.fake(self.tf.nn.relu6(x + 3.0), GATE if self.integer else None) * np.float32(1 / 6)

    @property
    def integer(self) -> bool:
        return self.steps.precision == "int8"


def _normalised(tf: Any, images: Tensor, pixels: Pixels | None) -> Tensor:
    return images if pixels is None else tf.cast(images, tf.float32) * pixels.factors + pixels.offsets


def _grid(each: Map) -> Grid:
    assert each.grid is not None, "the steps are float"
    return each.grid


WRITERS: dict[str, Callable[..., Tensor]] = {
    "conv": _Rebuilt.conv,
    "dwconv": _Rebuilt.depthwise,
    "linear": _Rebuilt.linear,
    "add": lambda self, step, x, y: x + y,
    "mul": lambda self, step, x, y: x * y,
    "pool": lambda self, step, x: self.tf.reduce_mean(x, (1, 2), keepdims=True),
    "avgpool": _Rebuilt.average_pool,
    "maxpool": _Rebuilt.max_pool,
    "relu": lambda self, step, x: self.tf.nn.relu(x),
    "relu6": lambda self, step, x: self.tf.nn.relu6(x),
    "sigmoid": lambda self, step, x: self.tf.sigmoid(x),
    "swish": _Rebuilt.swish,
    "hsigmoid": _Rebuilt.gate,
    "hswish": _Rebuilt.hard_swish,
}
