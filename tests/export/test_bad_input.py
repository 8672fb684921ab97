"""What `export`, `evaluate` and `bench` refuse: one clear error each, and nothing half-written."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from PIL import Image
from safetensors.torch import load, save_file

import spacelang
from spacelang import ir
from spacelang.cli.entry import run as command
from spacelang.export import Source, Wanted, from_run
from spacelang.export import export as exported
from spacelang.export.formats import FormatName
from spacelang.latency.runtimes.onnxruntime.floats import floats
from spacelang.nn.lowering import lower
from spacelang.report.diagnostics import SpacelangError
from spacelang.translate.printer import to_text
from tests.export.conftest import TEXT
from tests.export.test_export import quiet
from tests.train.supernet.small import Killed, killer, trained

Said = Callable[..., str]


@pytest.fixture
def said(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Said:
    """The one error of a command that must fail, in a folder of its own."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def of(*arguments: object, errors: int = 1) -> str:
        code = command([str(each) for each in arguments])
        text = "".join(capsys.readouterr())
        assert code == 1, text
        assert "Traceback" not in text
        assert "a defect in spacelang" not in text
        assert len(re.findall(r"^error", text, re.MULTILINE)) == errors, text
        return text

    return of


@pytest.fixture
def file(tmp_path: Path, model: ir.SearchSpace) -> Path:
    path = tmp_path / "found.space"
    path.write_text(to_text(model))
    return path


@pytest.fixture(scope="module")
def onnx_file(run: Path, model: ir.SearchSpace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("exported") / "found.onnx"
    exported(from_run(model, run), Wanted(), path, quiet)
    return path


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of two classes."""
    folder = tmp_path_factory.mktemp("pictures")
    draw = np.random.default_rng(0)
    for part in ("train", "val"):
        for name in ("cat", "dog"):
            (folder / part / name).mkdir(parents=True)
            Image.fromarray(draw.integers(0, 255, (20, 20, 3), np.uint8)).save(folder / part / name / "1.png")
    return folder


def test_a_run_that_is_not_finished(said: Said, file: Path, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        trained(spacelang.loads(TEXT), tmp_path / "run", update=killer(1))
    assert "error[SP1504]" in said("export", file, "--run", tmp_path / "run", "-o", "a.onnx")
    assert "error[SP1502]" in said("export", file, "--run", tmp_path / "nowhere", "-o", "a.onnx")
    assert not os.listdir()


@pytest.mark.parametrize("ending", ["weight", "running_var", "quantiser.scale"])
def test_a_run_with_weights_that_are_not_finite(said: Said, run: Path, file: Path, tmp_path: Path, ending: str) -> None:
    copy = Path(shutil.copytree(run, tmp_path / "run"))
    weights = load((copy / "supernet.safetensors").read_bytes())
    for name, each in weights.items():
        if name.endswith(ending):
            each.fill_(torch.nan)
    save_file(weights, copy / "supernet.safetensors")
    note = json.loads((copy / "run.json").read_text())
    note["supernet_sha256"] = hashlib.sha256((copy / "supernet.safetensors").read_bytes()).hexdigest()
    (copy / "run.json").write_text(json.dumps(note))
    if ending == "running_var":  # these are computed anew for each model
        assert command(["export", str(file), "--run", str(copy), "-o", "a.onnx"]) == 0
        return
    assert "error[SP1902]" in said("export", file, "--run", copy, "-o", "a.onnx")
    assert "error[SP1902]" in said("evaluate", file, "--run", copy)
    assert not os.listdir()


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("resolution 8", "resolution 24", "the resolution is 24, not one of 8, 16"),
        ("stride 2, width 16, kernel 3, expand 2, act hswish", "stride 2, width 64, kernel 3, expand 2, act hswish",
         "the width of two.0 is 64, not one of 16, 24"),
        ("width 16, kernel 3, expand 2, act relu6", "width 16, kernel 7, expand 2, act relu6", "kernel of one.0 is 7"),
        ("kernel 3, expand 1", "kernel 3, expand 4", "expand of three.0 is 4, not one of 1, 2"),
        ("depth 1, stride 1, width 16", "depth 2, stride 1, width 16", "three has 2 layers, not one of 1"),
        ("conv 1 -> 32", "conv 1 -> 40", "its blocks, its head or its classes differ"),
        ("stage one ", "stage once", "they don't have the same stages"),
    ],
)  # fmt: skip
def test_a_model_outside_the_space(
    said: Said, run: Path, model: ir.SearchSpace, tmp_path: Path, before: str, after: str, expected: str
) -> None:
    text = re.sub(r"  from space .*\n", "", to_text(model))
    assert text.count(before) == 1
    (tmp_path / "other.space").write_text(text.replace(before, after))
    found = said("export", tmp_path / "other.space", "--run", run, "-o", "a.onnx")
    assert f"error[SP1903]: found isn't a model of shapes: {expected}" in found
    assert not os.listdir()


def test_other_images(said: Said, run: Path, file: Path, onnx_file: Path, pictures: Path, tmp_path: Path) -> None:
    classes = "has 2 classes, found has 10"
    assert classes in said("export", file, "--run", run, "--data", pictures, "-o", "a.onnx")
    assert classes in said("evaluate", file, "--run", run, "--data", pictures)
    assert "has 10 classes, " in said("evaluate", onnx_file, "--data", pictures)
    assert "error[SP1201]" in said("evaluate", onnx_file, "--data", tmp_path / "nowhere")
    assert "here holds no folder train/" in said("evaluate", onnx_file, "--data", tmp_path / "here", errors=2)
    assert not os.listdir()


def test_where_nothing_can_be_written(said: Said, run: Path, file: Path, tmp_path: Path) -> None:
    """It is said before the work is done: these runs are not read."""
    assert "is a directory" in said("export", file, "--run", run, "-o", tmp_path / "here")
    assert "not a directory" in said("export", file, "--run", run, "-o", file / "a.onnx")
    assert not os.listdir()


def test_a_full_disk(said: Said, run: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("spacelang.files.os.fsync", full)
    Path("a.onnx").write_bytes(b"as it was")
    assert "a.onnx: no space left on device" in said("export", file, "--run", run, "-o", "a.onnx")
    assert os.listdir() == ["a.onnx"]
    assert Path("a.onnx").read_bytes() == b"as it was"


@pytest.mark.parametrize(
    ("missing", "extra", "arguments"),
    [
        ("onnxruntime", "onnx", ("export", "found.space", "--run", "RUN", "-o", "a.onnx")),
        ("tflite", "tflite", ("export", "found.space", "--run", "RUN", "--to", "tflite", "-o", "a.tflite")),
        ("ai_edge_litert", "tflite", ("evaluate", "a.tflite", "--data", "digits")),
        ("onnxruntime", "onnx", ("bench", "a.onnx")),
        ("ai_edge_litert", "tflite", ("bench", "a.tflite", "--runtime", "tflite")),
        ("torch", "train", ("export", "found.space", "--run", "RUN", "-o", "a.onnx")),
    ],
)
def test_a_package_that_is_missing(
    run: Path, file: Path, tmp_path: Path, missing: str, extra: str, arguments: Sequence[str]
) -> None:
    (tmp_path / "a.tflite").write_bytes(b"")
    (tmp_path / "a.onnx").write_bytes(b"")
    before = sorted(tmp_path.iterdir())
    code = f"""
import importlib.machinery, sys
class Without:
    @staticmethod
    def find_spec(name, path=None, target=None):
        return None if name == {missing!r} else importlib.machinery.PathFinder.find_spec(name, path, target)
sys.meta_path[:] = [Without if each is importlib.machinery.PathFinder else each for each in sys.meta_path]
from spacelang.cli.entry import run
sys.exit(run(sys.argv[1:]))
"""
    given = [str(run) if each == "RUN" else each for each in arguments]
    done = subprocess.run([sys.executable, "-c", code, *given], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr
    assert missing.replace("_", "-") in done.stderr
    assert f"pip install '.[{extra}" in done.stderr
    assert sorted(tmp_path.iterdir()) == before


@pytest.fixture(scope="module")
def source(run: Path, model: ir.SearchSpace) -> Source:
    return from_run(model, run)


def test_an_operator_that_a_runtime_computes_in_float(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here onnxruntime is said to make the float twin of the file."""
    network = lower(source.network("fp32"), 1, source.resolution, "fp32")
    monkeypatch.setattr("spacelang.latency.runtimes.onnxruntime.session.optimised", lambda content: floats(network))
    with pytest.raises(SpacelangError, match="SP1907.*operators in float, first `stem") as caught:
        exported(source, Wanted(), tmp_path / "a.onnx", quiet)
    assert len(caught.value.diagnostics) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted("tflite", opset=17), "tflite has no use for an opset"),
        (Wanted("tflite", reduce_range=True), "tflite has no use for weights of 7 bits"),
        (Wanted("onnx", "fp32", reduce_range=True), "an FP32 network has no weights of 7 bits"),
        (Wanted("torch", "fp32"), "the torch format holds integers"),
        (Wanted("qdq", opset=24), "the opset is 24"),
    ],
)
def test_options_that_a_format_does_not_have(source: Source, tmp_path: Path, wanted: Wanted, expected: str) -> None:
    with pytest.raises(SpacelangError, match=f"SP1908.*{expected}"):
        exported(source, wanted, tmp_path / "a", quiet)
    assert not list(tmp_path.iterdir())


def foreign(path: Path, inputs: Sequence[Any], outputs: Sequence[Any], nodes: Sequence[Any]) -> Path:
    """An ONNX file that isn't ours. Inputs and outputs: name, kind, shape."""
    given, made = ([helper.make_tensor_value_info(*each) for each in ports] for ports in (inputs, outputs))
    graph = helper.make_graph(nodes, "foreign", given, made)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


FLOAT, IMAGE = TensorProto.FLOAT, (1, 1, 16, 16)
FLAT = helper.make_node("Flatten", ["x"], ["z"])


@pytest.mark.parametrize(
    ("inputs", "outputs", "nodes", "expected"),
    [
        (
            [("x", FLOAT, IMAGE), ("y", FLOAT, IMAGE)], [("z", FLOAT, (1, 256))],
            [helper.make_node("Add", ["x", "y"], ["s"]), helper.make_node("Flatten", ["s"], ["z"])],
            "SP1909.* has 2 inputs and 1 outputs",
        ),
        (
            [("x", FLOAT, IMAGE)], [("z", FLOAT, (1, 256)), ("r", FLOAT, IMAGE)],
            [FLAT, helper.make_node("Relu", ["x"], ["r"])], "SP1909.* has 1 inputs and 2 outputs",
        ),
        ([("x", TensorProto.INT64, IMAGE)], [("z", TensorProto.INT64, (1, 256))], [FLAT], "SP1909.*input data type"),
        ([("x", FLOAT, (4, 1, 16, 16))], [("z", FLOAT, (4, 256))], [FLAT], "SP1909.*invalid dimensions"),
        ([("x", FLOAT, (1, 1, 16, 8))], [("z", FLOAT, (1, 128))], [FLAT], "SP1909.* reads 1×16×8, not one square"),
        ([("x", FLOAT, ("n", 1, "h", "w"))], [("z", FLOAT, ("n", "m"))], [FLAT], "SP1909.* reads 1×h×w"),
        ([("x", FLOAT, IMAGE)], [("z", FLOAT, (1, 256))], [FLAT], "SP1910.* has 256 classes, digits has 10"),
        (
            [("x", FLOAT, IMAGE)], [("z", FLOAT, (1, 256))], [helper.make_node("Strange", ["x"], ["z"])],
            "SP1909.*No Op registered for Strange",
        ),
    ],
)  # fmt: skip
def test_onnx_from_elsewhere(
    said: Said, tmp_path: Path, inputs: Sequence[Any], outputs: Sequence[Any], nodes: Sequence[Any], expected: str
) -> None:
    path = foreign(tmp_path / "foreign.onnx", inputs, outputs, nodes)
    assert re.search(expected, said("evaluate", path, "--data", "digits"))
    assert "error[SP1911]" in said("bench", path)


def test_files_that_are_cut_off(said: Said, source: Source, tmp_path: Path) -> None:
    formats: dict[FormatName, str] = {"onnx": "onnx", "tflite": "tflite", "torch": "safetensors"}
    for format, ending in formats.items():
        path = tmp_path / f"whole.{ending}"
        exported(source, Wanted(format), path, quiet)
        for size in (0, 10, 5000):
            cut = tmp_path / f"cut.{ending}"
            cut.write_bytes(path.read_bytes()[:size])
            assert "error[SP1909]" in said("evaluate", cut, "--data", "digits")
            if format != "torch":
                runtime = "tflite" if format == "tflite" else "onnxruntime"
                assert "error[SP1911]" in said("bench", cut, "--runtime", runtime)


def test_weights_that_are_integers(said: Said, source: Source, file: Path, tmp_path: Path) -> None:
    path = tmp_path / "found.safetensors"
    exported(source, Wanted("torch"), path, quiet)
    found = said("export", file, "--weights", path, "-o", "a.onnx")
    assert f"error[SP1904]: `{path}` holds integers, as `spacelang export --to torch` writes them" in found
    assert not os.listdir()


def test_a_file_whose_outputs_are_not_finite(said: Said, tmp_path: Path) -> None:
    """Logarithms of numbers below 0: -exp of the first ten pixels."""
    numbers = (("shape", [1, 256]), ("begin", [0]), ("end", [10]), ("axis", [1]))
    nodes = [helper.make_node("Constant", [], [name], value_ints=value) for name, value in numbers]
    nodes += [
        helper.make_node(kind, given, [made])
        for kind, given, made in (
            ("Reshape", ["x", "shape"], "flat"), ("Slice", ["flat", "begin", "end", "axis"], "ten"),
            ("Exp", ["ten"], "positive"), ("Neg", ["positive"], "negative"), ("Log", ["negative"], "z"),
        )
    ]  # fmt: skip
    path = foreign(tmp_path / "foreign.onnx", [("x", FLOAT, IMAGE)], [("z", FLOAT, (1, 10))], nodes)
    assert "gives outputs that are not finite" in said("evaluate", path, "--data", "digits")


def test_a_runtime_that_reads_other_files(said: Said, onnx_file: Path) -> None:
    found = said("bench", onnx_file, "--runtime", "tflite")
    assert "tflite doesn't read" in found
    assert "give --runtime onnxruntime" in found


def test_arguments_that_name_no_model(said: Said, run: Path, file: Path, onnx_file: Path, tmp_path: Path) -> None:
    text = file.read_text()
    many = tmp_path / "many.space"
    many.write_text(text + text[text.index("model found") :].replace("model found", "model other"))
    for arguments in (
        ("export", many, "--run", run, "-o", "a.onnx"),
        ("evaluate", many, "--run", run),
        ("bench", many),
    ):
        assert "name one of them, as in" in said(*arguments)
    assert "say where they are with --run RUN" in said("evaluate", file)
    assert "evaluate a run by itself" in said("evaluate", run, onnx_file)
    assert "say where the weights are" in said("export", file, "-o", "a.onnx")
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "saved_model.pb").write_bytes(b"")
    assert "is a SavedModel" in said("evaluate", tmp_path / "saved")
    assert not os.listdir()
