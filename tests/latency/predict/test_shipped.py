"""The predictors that come with spacelang, their cards, and the page on them."""

from __future__ import annotations

import doctest
import json
from pathlib import Path

import numpy as np
import pytest

from spacelang.cli.entry import run
from spacelang.driver import compile_source
from spacelang.latency.predict.networks import predict
from spacelang.latency.predict.shipped import card, find_predictor, folder, shipped
from spacelang.networks.sample import sample
from spacelang.report.source import Source

ROOT = Path(__file__).parents[3]
A0 = str(ROOT / "specs" / "seqnet_vnni_a0.space")


def test_they_are_small() -> None:
    assert shipped() == ("zen5-onnxruntime-int8", "zen5-tflite-int8")
    files = [Path(str(each)) for each in folder().iterdir()]
    assert {each.suffix for each in files} == {".predictor", ".md"}
    assert sum(each.stat().st_size for each in files) < 2_000_000


@pytest.mark.parametrize("name", shipped())
def test_cards_say_what_the_files_hold(name: str) -> None:
    predictor, text = find_predictor(name), card(name)
    assert predictor.fingerprint.describe() in text
    assert predictor.sha256 in text
    for kind, model in predictor.kinds.items():
        found = model.accuracy
        if found is not None:
            shares = " | ".join(f"{each:.1%}" for each in (found.within_5, found.within_10, found.rmspe))
            assert f"| {kind} | {model.samples} | {found.count} | {shares} |" in text


@pytest.mark.parametrize("name", shipped())
def test_convolutions_of_the_hold_out_are_within_a_tenth(name: str) -> None:
    found = find_predictor(name).kinds["conv"].accuracy
    assert found is not None
    assert found.within_10 > 0.97


def test_a_larger_model_takes_longer() -> None:
    predictor, made = find_predictor("zen5-onnxruntime-int8"), []
    for index in range(5):
        path = ROOT / "specs" / f"seqnet_vnni_a{index}.space"
        (space,) = compile_source(Source(str(path), path.read_text()), path)
        made += predict(space, sample(space, 1, 0), predictor).tolist()
    assert (np.diff(made) > 0).all()


def test_without_a_device_the_runtimes_own_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["predict", A0, "--json"]) == 0
    captured = capsys.readouterr()
    (row,) = json.loads(captured.out)["models"]
    assert row["device"] == find_predictor("zen5-onnxruntime-int8").label
    mend = "to know better, measure the device and give `--device` (docs/predict.md)"
    assert captured.err == f"the shipped predictor for onnxruntime in int8 stands in for `vnni`; {mend}\n"
    phone = str(ROOT / "specs" / "seqnet_pixel4_a0.space")
    assert run(["predict", A0, A0, phone]) == 0
    assert capsys.readouterr().err.endswith(
        f"the shipped predictor for onnxruntime in int8 stands in for `vnni`; {mend}\n"
        f"the shipped predictor for tflite in int8 stands in for `pixel4`; {mend}\n"
    )
    assert run(["predict", A0, "--device", "zen5-onnxruntime-int8"]) == 0
    assert capsys.readouterr().err == ""


def test_devices_lists_them_and_prints_cards(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["latency", "devices", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["devices"]
    assert [each["name"] for each in rows] == list(shipped())
    assert run(["latency", "devices", "zen5-tflite-int8", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["devices"] == [each for each in rows if "tflite" in each["name"]]
    assert run(["latency", "devices", "zen5-tflite-int8"]) == 0
    assert capsys.readouterr().out == card("zen5-tflite-int8")
    assert run(["latency", "devices", "zen5"]) == 1
    assert "error[SP1607]: there is no predictor `zen5`" in capsys.readouterr().err


def test_a_runtime_without_a_predictor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = Path(A0).read_text().replace('import "devices.space"', "")
    device = "device vnni { runtime onnxruntime, precision fp32, threads 1, widths multiple of 16 }"
    path = tmp_path / "fp32.space"
    path.write_text(text.replace('import "std/blocks.space"', f'import "std/blocks.space"\n{device}'))
    assert run(["predict", str(path)]) == 1
    assert capsys.readouterr().err.startswith(
        "error[SP1608]: no predictor for onnxruntime in fp32 comes with spacelang\n"
    )


def test_the_examples_of_the_page_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    failed, attempted = doctest.testfile(str(ROOT / "docs" / "predict.md"), module_relative=False)
    assert attempted > 15
    assert failed == 0
