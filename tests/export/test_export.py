"""Models of a run as files: they compute what the exact witness computes, and are refused when they don't."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from safetensors.torch import save_file

from spacelang import ir
from spacelang.cli.entry import run as command
from spacelang.export import Source, Wanted, evaluate_file, export, from_run, from_weights
from spacelang.export.formats import FormatName
from spacelang.latency.runtimes.onnxruntime.session import Inference
from spacelang.nn.lowering import lower
from spacelang.report.diagnostics import SpacelangError
from spacelang.steps import Steps, witness
from spacelang.steps.witness import logits
from spacelang.translate.printer import to_text

ENDINGS: dict[FormatName, str] = {"onnx": "onnx", "qdq": "onnx", "tflite": "tflite", "torch": "safetensors"}


def quiet(done: int, total: int | None, note: str = "") -> None: ...


@pytest.fixture(scope="module")
def source(run: Path, model: ir.SearchSpace) -> Source:
    return from_run(model, run)


@pytest.mark.parametrize("format", ENDINGS)
def test_a_file_says_what_the_exact_witness_says(source: Source, format: FormatName, tmp_path: Path) -> None:
    path = tmp_path / f"model.{ENDINGS[format]}"
    made = export(source, Wanted(format), path, quiet)
    assert made.operators is not None
    assert made.operators.equal >= 0.995
    assert made.agreement > 0.95
    again = evaluate_file(path, None, None, quiet)
    assert (again.accuracy.top1, again.accuracy.images) == (made.file.top1, 355)
    assert again.precision == "int8"
    assert not list(tmp_path.glob(".*"))


def test_onnxruntime_is_exact_end_to_end(source: Source, tmp_path: Path) -> None:
    steps = lower(source.network("int8"), 1, source.resolution)
    images = source.calibration()[0][:16].numpy()
    formats: tuple[FormatName, ...] = ("onnx", "qdq")
    for format in formats:
        export(source, Wanted(format), tmp_path / "model.onnx", quiet)
        inference = Inference((tmp_path / "model.onnx").read_bytes())
        found = np.concatenate([inference(each[None]) for each in images])
        np.testing.assert_array_equal(found, logits(steps, images))


def test_the_bytes_are_the_same_each_time(source: Source, tmp_path: Path) -> None:
    for name in ("first.onnx", "second.onnx"):
        export(source, Wanted(), tmp_path / name, quiet)
    assert (tmp_path / "first.onnx").read_bytes() == (tmp_path / "second.onnx").read_bytes()


def test_where_a_file_is_from(source: Source, model: ir.SearchSpace, tmp_path: Path) -> None:
    made = export(source, Wanted(), tmp_path / "model.onnx", quiet)
    said = {each.key: each.value for each in onnx.load(tmp_path / "model.onnx").metadata_props}
    assert said == made.metadata
    assert said["spacelang.model"] == to_text(model)
    assert said["spacelang.model_sha256"] == model.sha256
    assert float(said["spacelang.top1"]) == pytest.approx(made.file.top1, abs=1e-6)


@pytest.mark.parametrize("format", ["onnx", "tflite"])
def test_the_float_twin(source: Source, format: FormatName, tmp_path: Path) -> None:
    path = tmp_path / f"model.{ENDINGS[format]}"
    made = export(source, Wanted(format, precision="fp32"), path, quiet)
    assert made.operators is None
    assert made.agreement > 0.995
    assert evaluate_file(path, "digits", 100, quiet).accuracy.images == 100


@pytest.mark.parametrize("format", ["onnx", "qdq", "tflite"])
def test_a_file_that_reads_pixels(source: Source, format: FormatName, tmp_path: Path) -> None:
    path = tmp_path / f"model.{ENDINGS[format]}"
    made = export(source, Wanted(format, pixels=True), path, quiet)
    assert abs(evaluate_file(path, None, None, quiet).accuracy.top1 - made.file.top1) < 0.1
    if format == "onnx":
        (given,) = onnx.load(path).graph.input
        assert given.type.tensor_type.elem_type == onnx.TensorProto.UINT8


def test_weights_of_7_bits(source: Source, tmp_path: Path) -> None:
    plain = export(source, Wanted(), tmp_path / "plain.onnx", quiet)
    made = export(source, Wanted(reduce_range=True), tmp_path / "model.onnx", quiet)
    assert plain.saturation is not None
    assert made.saturation is not None
    assert made.saturation.sums > 10_000
    assert made.saturation.cut_off == 0
    dense = [node for node in onnx.load(tmp_path / "model.onnx").graph.node if node.op_type == "QGemm"]
    weights = {
        each.name: onnx.numpy_helper.to_array(each) for each in onnx.load(tmp_path / "model.onnx").graph.initializer
    }
    assert np.abs(weights[dense[0].input[3]].astype(int)).max() <= 64


def test_weights_from_a_file(source: Source, model: ir.SearchSpace, tmp_path: Path) -> None:
    """What `search` stores: the same file comes of it."""
    path = tmp_path / "found.safetensors"
    save_file(source.network("int8").state_dict(), path)
    found = from_weights(model, path, "digits")
    export(source, Wanted(), tmp_path / "first.onnx", quiet)
    export(found, Wanted(), tmp_path / "second.onnx", quiet)
    first, second = (onnx.load(tmp_path / f"{name}.onnx").graph for name in ("first", "second"))
    assert first == second


def refused(source: Source, path: Path, wanted: Wanted = Wanted()) -> tuple[str, str]:
    with pytest.raises(SpacelangError) as caught:
        export(source, wanted, path, quiet)
    (diagnostic,) = caught.value.diagnostics
    assert list(path.parent.iterdir()) == []
    return diagnostic.code, diagnostic.message


def test_an_operator_that_differs(source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def other(steps: Steps, images: Any) -> list[Any]:
        made = run_exactly(steps, images)
        made[3] = made[3] ^ np.uint8(2)
        return made

    run_exactly = witness.run
    monkeypatch.setattr("spacelang.export.check.run", other)
    code, message = refused(source, tmp_path / "model.onnx")
    assert code == "SP1905"
    assert "`stages.0.layers.0." in message
    assert "up to 2 apart" in message


def test_a_file_that_is_less_accurate(source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here the network in torch is judged on the labels of other images."""
    module = import_module("spacelang.export.export")
    judge = module._judge_torch

    def better(*arguments: Any) -> Any:
        judged = judge(*arguments)
        return replace(judged, accuracy=replace(judged.accuracy, top1=judged.accuracy.top1 + 0.1))

    monkeypatch.setattr(module, "_judge_torch", better)
    code, message = refused(source, tmp_path / "model.onnx")
    assert code == "SP1906"
    assert "of 355 images right" in message


def test_an_opset_that_is_too_old(source: Source, tmp_path: Path) -> None:
    assert refused(source, tmp_path / "model.onnx", Wanted(opset=9)) == ("SP1908", "the opset is 9")


def main(arguments: Sequence[object], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = command([str(each) for each in arguments])
    return code, "".join(capsys.readouterr())


def test_a_model_of_another_space(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = main(["export", "specs/seqnet_vnni_a0.space", "--run", run, "-o", tmp_path / "a.onnx"], capsys)
    assert code == 1
    assert "error[SP1903]: seqnet_vnni_a0 isn't a model of shapes: the resolution is 160, not one of 8, 16" in said


def test_weights_of_another_model(model: ir.SearchSpace, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = tmp_path / "found.space"
    text.write_text(to_text(model))
    output = tmp_path / "model.onnx"
    for content, expected in ((b"nonsense", "isn't a safetensors file"), (None, "holds the weights of another model")):
        weights = tmp_path / "weights.safetensors"
        if content is None:
            save_file({"x": torch.zeros(3)}, weights)
        else:
            weights.write_bytes(content)
        code, said = main(["export", text, "--weights", weights, "-o", output], capsys)
        assert code == 1
        assert "error[SP1904]" in said
        assert expected in said
    assert not output.exists()


def test_weights_that_are_not_finite(source: Source, model: ir.SearchSpace, tmp_path: Path) -> None:
    state = source.network("int8").state_dict()
    name = next(iter(state))
    state[name] = torch.full_like(state[name], torch.nan)
    save_file(state, tmp_path / "weights.safetensors")
    with pytest.raises(SpacelangError, match=f"SP1902.*`{name}`"):
        from_weights(model, tmp_path / "weights.safetensors", "digits")


def test_the_commands(run: Path, model: ir.SearchSpace, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, output = tmp_path / "found.space", tmp_path / "found.onnx"
    text.write_text(to_text(model))
    code, said = main(["export", f"{text}#found", "--run", run, "-o", output], capsys)
    assert code == 0, said
    assert "operators: " in said
    code, said = main(["-q", "evaluate", output, text, "--run", run, "--images", 50, "--json"], capsys)
    assert code == 0, said
    first, second = json.loads(said)["files"]
    assert first["accuracy"]["top1"] == second["accuracy"]["top1"]
    assert first["accuracy"]["images"] == 50


def test_a_file_that_is_no_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for ending in ("onnx", "tflite", "safetensors"):
        path = tmp_path / f"model.{ending}"
        path.write_bytes(b"x" * 99)
        code, said = main(["evaluate", path, "--data", "digits"], capsys)
        assert (code, said.count("error[SP1909]")) == (1, 1), said


def test_a_folder_that_cannot_be_written(
    run: Path, model: ir.SearchSpace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "found.space"
    text.write_text(to_text(model))
    (tmp_path / "file").write_text("")
    code, said = main(["export", text, "--run", run, "-o", tmp_path / "file" / "model.onnx"], capsys)
    assert code == 1
    assert "model.onnx" in said
    assert "Traceback" not in said
