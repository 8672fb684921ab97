"""Files that ship: exact, as accurate as the network in torch, and as fast as what is timed.

    python -m benchmarks.export exact [MODELS]          20 random models of vnni, random weights, calibrated
    python -m benchmarks.export digits RUN [MODELS]     20 random models of a trained run, all formats
    python -m benchmarks.export tensorflow RUN [MODELS] 10 random models in TensorFlow, and its converter's files
    python -m benchmarks.export latency [MODELS]        shipped file / timing model, 10 models, both runtimes
    python -m benchmarks.export swish                   hard swish in float and in integers, whole networks

`exact` and `digits` say how often onnxruntime equals the exact witness, and how accurate the files are. `tensorflow`
compares the rebuilt network and the converter's file with our TFLite file. `tensorflow`, `latency` and `swish` need a
quiet machine; what is compared runs in turn, and the fastest of all sweeps counts.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

import spacelang
from spacelang import ir, nn
from spacelang.export import Wanted, export, from_run
from spacelang.export.formats import FormatName
from spacelang.files import write_folder
from spacelang.latency.runtimes.onnxruntime import qoperator as integers
from spacelang.latency.runtimes.onnxruntime.qdq import qdq
from spacelang.latency.runtimes.onnxruntime.qoperator import qoperator
from spacelang.latency.runtimes.onnxruntime.session import Inference
from spacelang.latency.runtimes.protocol import Runnable, RuntimeName
from spacelang.latency.runtimes.runtime import runtime
from spacelang.latency.runtimes.silence import silenced
from spacelang.latency.runtimes.tflite.integers import run_lite
from spacelang.networks.architecture import Architecture, model_of
from spacelang.networks.genome import Genome, narrow
from spacelang.networks.sample import sample
from spacelang.nn.lowering import lower
from spacelang.steps import Steps, network_steps, witness
from spacelang.train.data import IN_ORDER, batches
from spacelang.train.shared.recalibrate import recalibrate
from spacelang.train.supernet.run import read_run

SPECS = Path(__file__).resolve().parents[1] / "specs"
SWEEPS, RUNS, WARM_UP = 30, 4, 3
IMAGES = 4
LEAST, MOST = 0.98, 1.03
"""How close a file that ships is to its timing model."""
FORMATS: dict[FormatName, str] = {"onnx": "onnx", "qdq": "onnx", "tflite": "tflite"}


def random_spaces(name: str, count: int) -> list[tuple[ir.SearchSpace, Architecture]]:
    """A random model of each of `count` random spaces of a hyperspace."""
    hyperspace = spacelang.load(SPECS / f"{name}.space")
    found = []
    for seed in range(count):
        draw = np.random.default_rng(seed)
        ids = tuple(int(draw.choice([each.id for each in stage.candidates])) for stage in hyperspace.stages)
        genome = Genome(ids, tuple(int(draw.integers(len(stage.windows))) for stage in hyperspace.stages))
        space = narrow(hyperspace, genome, f"{name}{seed}")
        found.append((space, sample(space, 1, seed)[0]))
    return found


@torch.no_grad()
def calibrated(space: ir.SearchSpace, architecture: Architecture) -> tuple[Steps, np.ndarray]:
    """A network with random weights as steps, and the images that its quantisers and batch norms fit."""
    torch.manual_seed(0)
    images = torch.randn(IMAGES, space.channels, architecture.resolution, architecture.resolution)
    network = nn.build(space).eval().cut(architecture)
    recalibrate(network, [images])
    nn.set_precision(network, "int8")
    network(images)
    recalibrate(network, [images])
    return lower(network, space.channels, architecture.resolution), images.numpy()


def exact(count: int) -> None:
    for space, architecture in random_spaces("vnni", count):
        steps, images = calibrated(space, architecture)
        expected = witness.logits(steps, images)
        equal = [
            np.array_equal(Inference(write(steps, batch=IMAGES).SerializeToString())(images), expected)
            for write in (qoperator, qdq)
        ]
        least, furthest = operators_in_tflite(steps, images[:1])
        print(
            f"{space.name} at {architecture.resolution}: {len(steps.steps)} operators; bit for bit: QOperator "
            f"{equal[0]}, QDQ {equal[1]}; TFLite by operator: least equal {least:.2%}, at most {furthest} apart",
            flush=True,
        )


def operators_in_tflite(steps: Steps, images: np.ndarray) -> tuple[float, int]:
    made = witness.run(steps, images)
    assert steps.inputs[0].grid is not None
    image = witness.quantise(images, steps.inputs[0].grid)
    least, furthest = 1.0, 0
    for index, step in enumerate(steps.steps):
        inputs = [image if each < 0 else made[each] for each in dict.fromkeys(step.inputs)]
        apart = np.abs(run_lite(steps.alone(index), inputs).astype(int) - made[index])
        read = [image if each < 0 else made[each] for each in step.inputs]
        equal = (apart == 0) | ((apart == 1) & witness.halfway(step, steps.read(step), read))
        least, furthest = min(least, float(equal.mean())), max(furthest, int(apart.max()))
    return least, furthest


def digits(folder: Path, count: int) -> None:
    space = read_run(folder).space
    gaps: dict[FormatName, list[float]] = {each: [] for each in FORMATS}
    agreements: dict[FormatName, list[float]] = {each: [] for each in FORMATS}
    with TemporaryDirectory() as made:
        for at, architecture in enumerate(sample(space, count, seed=7)):
            source = from_run(model_of(space, architecture, f"model{at}"), folder)
            for format, ending in FORMATS.items():
                found = export(source, Wanted(format), Path(made, f"model.{ending}"), lambda *_: None)
                gaps[format].append(found.file.top1 - found.network.top1)
                agreements[format].append(found.agreement)
            print(f"model{at}: {[f'{each[-1]:+.2%}' for each in gaps.values()]}", flush=True)
    for format in FORMATS:
        gap, agreement = np.mean(gaps[format]), np.mean(agreements[format])
        print(
            f"{format}: {count} models, accuracy {gap:+.3%} against torch on average, top-1 agreement {agreement:.2%}"
        )


def in_tensorflow(folder: Path, count: int) -> None:
    """How the rebuilt network, and what TensorFlow's converter makes of it, compare with our TFLite file."""
    from spacelang.export.saved_model import opened, saved_model
    from spacelang.latency.runtimes.tflite.interpreter import LiteInference

    space, runs = read_run(folder).space, runtime("tflite")
    for at, architecture in enumerate(sample(space, count, seed=7)):
        source = from_run(model_of(space, architecture, f"model{at}"), folder)
        steps = lower(source.network("int8"), space.channels, source.resolution)
        read = batches(source.data.validation, source.resolution, 128, IN_ORDER)
        images = np.concatenate([each.numpy() for each, _ in read])
        files = saved_model(steps)
        ours, theirs = runs.model(steps), converted(files)
        expected = LiteInference(ours)(images)
        assert steps.output.grid is not None
        said = []
        for name, found in (("rebuilt", opened(files)(images)), ("converted", LiteInference(theirs)(images))):
            agree = (found.argmax(1) == expected.argmax(1)).mean()
            apart = np.abs(found - expected) / steps.output.grid.scale
            said.append(f"{name}: top-1 {agree:.2%}, equal {(apart < 0.5).mean():.2%}, ±1 {(apart < 1.5).mean():.2%}")
        slow, fast = fastest([runs.load(theirs), runs.load(ours)])
        print(f"model{at}: {'; '.join(said)}, latency ratio {slow / fast:.3f}", flush=True)


def converted(files: Mapping[str, bytes]) -> bytes:
    """A SavedModel as TensorFlow's own converter writes it."""
    from spacelang.export.saved_model import tensorflow

    tf = tensorflow()
    with TemporaryDirectory() as folder, silenced():
        write_folder(Path(folder, "model"), files)
        converter = tf.lite.TFLiteConverter.from_saved_model(str(Path(folder, "model")))
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        return bytes(converter.convert())


def fastest(models: Sequence[Runnable]) -> list[float]:
    """Milliseconds of each, in turn with all others: of this thread alone, in which both runtimes compute."""
    best = [float("inf")] * len(models)
    rng = np.random.default_rng(0)
    for _ in range(SWEEPS):
        for at in rng.permutation(len(models)):
            for _ in range(WARM_UP):
                models[at].run()
            for _ in range(RUNS):
                begun = time.thread_time()
                models[at].run()
                best[at] = min(best[at], time.thread_time() - begun)
    return [each * 1000 for each in best]


def latency(count: int) -> None:
    names: tuple[RuntimeName, ...] = ("onnxruntime", "tflite")
    ratios: dict[RuntimeName, list[float]] = {each: [] for each in names}
    for space, architecture in random_spaces("vnni", count):
        steps, _ = calibrated(space, architecture)
        timed = network_steps(space, architecture, "int8")
        for name in names:
            runs = runtime(name)
            shipped, made_up = fastest([runs.load(runs.model(each)) for each in (steps, timed)])
            ratios[name].append(shipped / made_up)
            said = f"shipped {shipped:.3f} ms, timed {made_up:.3f} ms, ratio {shipped / made_up:.3f}"
            print(f"{space.name} {name}: {said}", flush=True)
    for name, each in ratios.items():
        within = sum(LEAST <= ratio <= MOST for ratio in each)
        print(f"{name}: {min(each):.3f} to {max(each):.3f}; {within} of {len(each)} within {LEAST} to {MOST}")


def swish() -> None:
    """What the detour through float costs."""
    for name in ("mobilenetv3", "attentivenas", "seqnet_vnni_a1"):
        space = spacelang.load(SPECS / f"{name}.space")
        (architecture,) = sample(space, 1, seed=0)
        steps, runs = network_steps(space, architecture, "int8"), runtime("onnxruntime")
        now = runs.load(runs.model(steps))
        with_floats = runs.load(in_float(lambda steps=steps, runs=runs: runs.model(steps)))  # type: ignore[misc]
        before, after = fastest([with_floats, now])
        print(f"{name}: float detour {before:.3f} ms, integers {after:.3f} ms, ratio {after / before:.3f}", flush=True)


def in_float(write: Callable[[], bytes]) -> bytes:
    """A model whose swishes and hard sigmoids are dequantised, computed in float and quantised again."""
    kept = dict(integers.WRITERS)

    def detour(kind: str) -> Callable[..., str]:
        def through(writer: integers._Writer, step: object, x: tuple[str, str, str]) -> str:
            graph, name = writer.graph, step.name  # type: ignore[attr-defined]
            value = graph.node("DequantizeLinear", name, *x)
            if kind == "swish":
                value = graph.node("Mul", name, value, graph.node("Sigmoid", name, value))
            elif kind == "hswish":
                value = graph.node("HardSwish", name, value)
            else:
                value = graph.node("HardSigmoid", name, value, alpha=1 / 6)
            return graph.node("QuantizeLinear", name, value, *graph.grid(step.made.grid))  # type: ignore[attr-defined]

        return through

    integers.WRITERS.update({kind: detour(kind) for kind in ("hswish", "hsigmoid", "swish")})
    try:
        return write()
    finally:
        integers.WRITERS.update(kept)


def main(arguments: Sequence[str]) -> None:
    what, *rest = arguments
    torch.set_num_threads(1)
    if what == "exact":
        exact(int(rest[0]) if rest else 20)
    elif what == "digits":
        digits(Path(rest[0]), int(rest[1]) if len(rest) > 1 else 20)
    elif what == "tensorflow":
        in_tensorflow(Path(rest[0]), int(rest[1]) if len(rest) > 1 else 10)
    elif what == "latency":
        latency(int(rest[0]) if rest else 10)
    else:
        swish()


if __name__ == "__main__":
    main(sys.argv[1:])
