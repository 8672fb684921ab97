"""Predictors on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spacelang.cli.entry import run
from spacelang.evolve.parquet import read_table, write_table
from spacelang.latency.collect.log import Log
from spacelang.latency.predict.predictor import Predictor
from spacelang.latency.predict.stored import read_predictor, write_predictor
from tests.evolve.synthetic import random_table

SPECS = Path(__file__).parents[3] / "specs"
A0, VNNI = str(SPECS / "seqnet_vnni_a0.space"), str(SPECS / "spaceevo_vnni.space")


@pytest.fixture
def log(measured: Log, tmp_path: Path) -> str:
    measured.write(tmp_path / "log.parquet")
    return str(tmp_path / "log.parquet")


def test_train_writes_a_predictor_and_eval_says_the_same_of_it(
    log: str, predictor: Predictor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tmp_path / "madeup.predictor")
    assert run(["latency", "train", log, "-o", path, "--json"]) == 0
    trained = json.loads(capsys.readouterr().out)
    assert read_predictor(path).sha256 == predictor.sha256
    assert trained["predictor"] == predictor.label
    assert run(["latency", "eval", path, log, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == trained
    assert trained["kernels"]["conv"]["count"] > 10
    assert trained["networks"]["within_10"] == 1
    assert run(["latency", "eval", path, log]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == predictor.label
    assert "".join(lines[2].split()) == "kernelsheldoutwithin5%within10%RMSPERMSEms"
    assert lines[4].split()[0] == "add"
    assert lines[-2].split()[:2] == ["whole", "networks"]


def test_a_log_with_nothing_to_judge_by(
    predictor: Predictor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_predictor(predictor, tmp_path / "madeup.predictor")
    Log(predictor.fingerprint).write(tmp_path / "log.parquet")
    assert run(["latency", "eval", str(tmp_path / "madeup.predictor"), str(tmp_path / "log.parquet")]) == 1
    assert capsys.readouterr().err.startswith(
        f"error[SP1611]: {tmp_path / 'log.parquet'} holds nothing in int8 that madeup can be judged by\n"
    )


def test_predict_says_what_each_kind_of_kernel_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["predict", A0, VNNI, "--device", "cost-model", "--samples", "2", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["models"]
    assert [each["name"] for each in rows] == [
        "seqnet_vnni_a0", "spaceevo_vnni smallest", "spaceevo_vnni largest", "spaceevo_vnni sample 0 of seed 0",
        "spaceevo_vnni sample 1 of seed 0",
    ]  # fmt: skip
    for each in rows:
        assert each["ms"] == pytest.approx(sum(each["by_kind"].values()) + each["border_ms"])
        assert each["device"] == "cost model (int8: greater of MACs and bytes, plus a start): not measured"
    assert rows[1]["ms"] < rows[3]["ms"] < rows[2]["ms"]
    assert run(["predict", A0, "--device", "cost-model"]) == 0
    lines = capsys.readouterr().out.splitlines()
    kinds = ["add", "conv", "dwconv", "hswish", "linear", "pool", "se", "swish"]
    assert lines[2].split() == ["model", "resolution", "ms", *kinds, "border"]
    assert lines[4].split()[:3] == ["seqnet_vnni_a0", "160", f"{rows[0]['ms']:.2f}"]


def test_a_device_that_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["predict", A0, "--device", "cost_model"]) == 1
    assert capsys.readouterr().err.startswith(
        "error[SP1607]: there is no predictor `cost_model`, and no file of this name\n"
        " = help: did you mean `cost-model`?; for another device: `spacelang latency train LOG -o FILE`\n"
    )


def test_attach_labels_the_table_with_what_predicted(
    predictor: Predictor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, made = tmp_path / "table.parquet", tmp_path / "made.parquet"
    write_table(random_table(0), table)
    assert run(["table", "attach", str(table), "--device", "cost-model", "-o", str(made)]) == 0
    label = "cost model (int8: greater of MACs and bytes, plus a start): not measured"
    assert read_table(made).require_latencies().device == label
    assert capsys.readouterr().err == f"{len(random_table(0).rows)} rows with latencies of {label}: {made}\n"
    write_predictor(predictor, tmp_path / "madeup.predictor")
    before = made.read_bytes()
    assert run(["table", "attach", str(table), "--device", str(tmp_path / "madeup.predictor"), "-o", str(made)]) == 1
    assert capsys.readouterr().err.startswith("error[SP1603]: madeup has learned nothing of `linear` kernels")
    assert made.read_bytes() == before


def test_devices_lists_the_cost_model_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["latency", "devices"]) == 0
    assert capsys.readouterr().out.splitlines()[-2].split()[0] == "cost-model"
