"""SavedModels: TensorFlow computes what our files compute, and its converter makes the same file of them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.export import fastest
from spacelang import ir
from spacelang.cli.entry import run as command
from spacelang.export import Exported, Source, Wanted, export, from_run
from spacelang.latency.runtimes.protocol import Precision
from spacelang.latency.runtimes.tflite.interpreter import LiteInference, LiteModel
from spacelang.latency.runtimes.tflite.writer import tflite_model
from spacelang.nn.lowering import lower
from spacelang.report.diagnostics import SpacelangError
from spacelang.steps import Grid, Map, Step, Steps, Window, witness
from spacelang.train.data import IN_ORDER, batches
from spacelang.translate.printer import to_text
from tests.export.test_export import quiet

IMAGES = 355


@pytest.fixture(scope="module")
def tf() -> Any:
    pytest.importorskip("tensorflow")
    from spacelang.export.saved_model import tensorflow

    return tensorflow()


@pytest.fixture(scope="module")
def source(run: Path, model: ir.SearchSpace) -> Source:
    return from_run(model, run)


@pytest.fixture(scope="module")
def images(source: Source) -> NDArray[np.float32]:
    """All validation images."""
    read = batches(source.data.validation, source.resolution, 128, IN_ORDER)
    return np.concatenate([each.numpy() for each, _ in read])


@pytest.fixture(scope="module")
def made(source: Source, tf: Any, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return export(source, Wanted("saved-model"), tmp_path_factory.mktemp("saved") / "model", quiet)


def outputs(tf: Any, folder: str, images: NDArray[Any]) -> NDArray[np.float32]:
    """As a user of TensorFlow takes them."""
    network = tf.saved_model.load(folder).signatures["serving_default"]
    return np.asarray(network(images=tf.constant(images.transpose(0, 2, 3, 1)))["logits"])


def converted(tf: Any, folder: str) -> bytes:
    converter = tf.lite.TFLiteConverter.from_saved_model(folder)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return bytes(converter.convert())


def apart(found: NDArray[np.float32], expected: NDArray[np.float32], grid: Grid | None) -> NDArray[np.int64]:
    """In steps of the grid."""
    assert grid is not None
    return np.asarray((np.abs(found - expected) / grid.scale).round(), np.int64)


@pytest.mark.slow
def test_the_network_in_tensorflow_agrees_with_our_file(
    tf: Any, made: Exported, source: Source, images: NDArray[np.float32]
) -> None:
    assert made.operators is not None
    assert made.operators.equal >= 0.995
    assert made.agreement > 0.97
    steps = lower(source.network("int8"), 1, source.resolution)
    found, ours = outputs(tf, made.path, images), LiteInference(tflite_model(steps))(images)
    assert found.shape == (IMAGES, 10)
    assert (found.argmax(1) == ours.argmax(1)).mean() > 0.98
    assert (apart(found, ours, steps.output.grid) <= 1).mean() > 0.97


@pytest.mark.slow
def test_its_converter_makes_the_file_that_we_write(
    tf: Any, made: Exported, source: Source, images: NDArray[np.float32]
) -> None:
    theirs = converted(tf, made.path)
    steps = lower(source.network("int8"), 1, source.resolution)
    ours = tflite_model(steps)
    assert (apart(LiteInference(theirs)(images), LiteInference(ours)(images), steps.output.grid) <= 1).mean() > 0.99
    floats = [each for each in details(theirs) if each["dtype"] == np.float32]
    assert [tuple(each["shape"]) for each in floats] == [(1, source.resolution, source.resolution, 1), (1, 10)]
    slower, faster = sorted(fastest([LiteModel(theirs), LiteModel(ours)]))
    assert slower / faster < 1.1


def details(content: bytes) -> list[dict[str, Any]]:
    from ai_edge_litert.interpreter import Interpreter

    found: list[dict[str, Any]] = Interpreter(model_content=content, num_threads=1).get_tensor_details()
    return [each for each in found if each["name"]]


@pytest.mark.slow
def test_what_the_folder_says_of_itself(made: Exported) -> None:
    assert json.loads(Path(made.path, "assets.extra", "spacelang.json").read_text()) == made.metadata
    assert made.bytes == sum(each.stat().st_size for each in Path(made.path).rglob("*") if each.is_file())


@pytest.mark.slow
@pytest.mark.parametrize(("precision", "pixels"), [("fp32", False), ("int8", True)])
def test_the_float_twin_and_pixels(
    tf: Any, source: Source, precision: Precision, pixels: bool, images: NDArray[np.float32], tmp_path: Path
) -> None:
    made = export(source, Wanted("saved-model", precision, pixels), tmp_path / "model", quiet)
    given = ((images * source.data.std[0] + source.data.mean[0]) * 255).round().astype(np.uint8) if pixels else images
    found = outputs(tf, made.path, given)
    plain = LiteInference(tflite_model(lower(source.network(precision), 1, source.resolution, precision)))(images)
    assert (found.argmax(1) == plain.argmax(1)).mean() > (0.9 if pixels else 0.999)


@pytest.mark.slow
def test_another_process_writes_the_same_bytes(
    tf: Any, made: Exported, run: Path, model: ir.SearchSpace, tmp_path: Path
) -> None:
    text, output = tmp_path / "found.space", tmp_path / "again"
    text.write_text(to_text(model))
    arguments = ["export", str(text), "--run", str(run), "--to", "saved-model", "-o", str(output)]
    done = subprocess.run([sys.executable, "-m", "spacelang.cli", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "tensorflow" not in done.stderr.lower()
    files = [sorted((each.name, each.read_bytes()) for each in Path(at).rglob("*.*") if each.is_file())
             for at in (made.path, output)]  # fmt: skip
    assert files[0] == files[1]


@pytest.mark.slow
@pytest.mark.parametrize("window", [Window(3, 2, 1, 1), Window(2, 2, 0, 1), Window(3, 2, 1, 0), Window(3, 1, 1, 1)])
@pytest.mark.parametrize("kind", ["avgpool", "maxpool"])
def test_windows_that_tensorflow_places_elsewhere(tf: Any, kind: Any, window: Window) -> None:
    """Partly beside the map, and padded on one side more than `SAME` would."""
    from spacelang.export.saved_model import run_rebuilt

    size = 9 if window.before == 0 or window.after == 1 else 8
    out = (size + window.before + window.after - window.kernel) // window.stride + 1
    grid = Grid(float(np.float32(0.05)), 131)
    made = grid if kind == "maxpool" else Grid(float(np.float32(0.0371)), 120)
    steps = Steps((Map(4, size, grid),), (Step(kind, "pool", (-1,), Map(4, out, made), window=window),))
    given = np.random.default_rng(0).integers(0, 256, (8, 4, size, size), np.uint8)
    (exact,) = witness.run_integers(steps, [given])
    counts = Counter(np.abs(run_rebuilt(steps, [given]).astype(int) - exact).ravel().tolist())
    assert set(counts) <= {0, 1}
    assert counts[0] / counts.total() > 0.99


def test_without_tensorflow(source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spacelang.export.saved_model.find_spec", lambda name: None)
    with pytest.raises(SpacelangError) as caught:
        export(source, Wanted("saved-model"), tmp_path / "model", quiet)
    (found,) = caught.value.diagnostics
    assert (found.code, found.message) == ("SP1103", "a SavedModel needs tensorflow")
    assert found.help == "in spacelang's checkout: pip install '.[tensorflow]'"
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_folder_that_is_there(
    tf: Any, run: Path, model: ir.SearchSpace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "found.space"
    text.write_text(to_text(model))
    for there in (tmp_path, text):
        assert command(["export", str(text), "--run", str(run), "--to", "saved-model", "-o", str(there)]) == 1
        assert f"error[SP1912]: `{there}` exists already" in "".join(capsys.readouterr())
    assert list(tmp_path.iterdir()) == [text]
