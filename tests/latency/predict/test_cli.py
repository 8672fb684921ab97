"""Predictors on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import spacelang
from spacelang.cli.entry import run
from spacelang.cli.predictor import _three_digits
from spacelang.evolve.table.parquet import read_table, write_table
from spacelang.latency.collect.holdout import is_held_out
from spacelang.latency.collect.log import Log, Measured
from spacelang.latency.predict.predictor import Predictor
from spacelang.latency.predict.stored import read_predictor, write_predictor
from spacelang.latency.runtimes.runtime import OnnxRuntime
from spacelang.networks.architecture import architecture_of
from spacelang.networks.kernels import Kernel
from tests.evolve.synthetic import TEXT, random_table
from tests.latency.match.graphs import Graph
from tests.latency.match.test_errors import convolutions
from tests.latency.predict.madeup import CANARY_MS, kernels, law, network
from tests.latency.predict.madeup import log as madeup_log

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
    assert lines[1] == "madeup: no reference kernel was measured beside it"
    assert "".join(lines[3].split()) == "kernelsheldoutwithin5%within10%RMSPERMSEms"
    assert lines[5].split()[0] == "add"
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


def lacking(networks: int) -> Log:
    """A log with few kernels of one kind and none of another, both of which the last ten of its networks have."""
    made = madeup_log(120, networks, kinds=("conv",))
    few = [each for each in kernels(40, kinds=("hswish",)) if not is_held_out(each)][:3]
    made.append(*(Measured(each, "int8", law(each), CANARY_MS) for each in few))
    conv, pool = Kernel("conv", 64, 64, 14, 3), Kernel("pool", 64, 64, 7)
    made.append(*(network(f"with hswish {at}", [conv] * at + [*few, pool], 160) for at in range(10)))
    return made


def test_kinds_that_nothing_is_learned_of_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, log = str(tmp_path / "madeup.predictor"), str(tmp_path / "log.parquet")
    lacking(networks=20).write(log)
    warning = (
        "warning[SP1612]: madeup has learned nothing about `hswish` kernels (3 to learn from) and `pool` kernels "
        "(0 to learn from), so 10 of the log's 30 networks are left out\n"
        " = help: it takes 5 of a kind to learn from, besides those held out: `spacelang latency collect`\n"
    )
    assert run(["latency", "train", log, "-o", path]) == 0
    assert capsys.readouterr().err == f"training\n{warning}\n1 warning\n"
    assert run(["latency", "eval", path, log]) == 0
    assert capsys.readouterr().err == f"{warning}\n1 warning\n"


def test_a_log_whose_networks_are_all_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, log = str(tmp_path / "madeup.predictor"), str(tmp_path / "log.parquet")
    remark = "so their latency is taken to be the sum of their kernels'\n"
    lacking(networks=0).write(log)
    assert run(["latency", "train", log, "-o", path]) == 0
    assert capsys.readouterr().err.endswith(f"\nthe log holds no whole networks that can be learned from, {remark}")
    madeup_log(120, networks=0, kinds=("conv",)).write(log)
    assert run(["latency", "train", log, "-o", path]) == 0
    assert capsys.readouterr().err == f"training\nthe log holds no whole networks, {remark}"


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
    assert lines[1].endswith(": no reference kernel was measured beside it")
    assert lines[3].split() == ["model", "resolution", "ms", *kinds, "border"]
    assert lines[5].split()[:3] == ["seqnet_vnni_a0", "160", f"{rows[0]['ms']:.2f}"]


def test_small_latencies_keep_their_digits() -> None:
    known = (0.0, 0.0000123, 0.04567, 0.9996, 4.5, 12.34, 1234.5)
    assert [_three_digits(each) for each in known] == ["0", "0.0000123", "0.0457", "1.000", "4.50", "12.3", "1234"]


def test_a_device_that_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["predict", A0, "--device", "cost_model"]) == 1
    assert capsys.readouterr().err.startswith(
        "error[SP1607]: there is no predictor `cost_model`, and no file of this name\n"
        " = help: did you mean `cost-model`?; for another device: `spacelang latency train LOG -o FILE`\n"
    )


INT8 = "zen5-onnxruntime-int8"


def test_a_predictor_of_another_precision_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = TEXT.replace("precision  int8", "precision  fp32")
    hyperspace, model = spacelang.loads(text), spacelang.load(A0)
    space, table, network = (str(tmp_path / name) for name in ("fp32.space", "table.parquet", "fp32.onnx"))
    genome = spacelang.decode(hyperspace, "111-000")
    Path(space).write_text(spacelang.dumps(spacelang.narrow(hyperspace, genome, "small")))
    write_table(random_table(0, space=hyperspace), table)
    Path(network).write_bytes(OnnxRuntime().network_model(model, architecture_of(model), "fp32"))
    mend = "give a predictor in fp32, or `cost-model`\n"
    assert run(["predict", space, "--device", INT8]) == 1
    assert capsys.readouterr().err.startswith(
        f"error[SP1609]: small computes in fp32, and {INT8} predicts int8\n = help: {mend}"
    )
    assert run(["table", "attach", table, "--device", INT8, "-o", str(tmp_path / "made.parquet")]) == 1
    assert not (tmp_path / "made.parquet").exists()
    assert capsys.readouterr().err.startswith(
        f"error[SP1609]: the space of {table} computes in fp32, and {INT8} predicts int8\n = help: {mend}"
    )
    assert run(["predict", network, "--device", INT8]) == 1
    assert capsys.readouterr().err.startswith(
        f"error[SP1609]: {network} computes in fp32, and {INT8} predicts int8\n"
        " = help: quantise the network (docs/onnx.md), or give `--device` a predictor in fp32 or `cost-model`\n"
    )


def test_a_predictor_of_another_number_of_threads_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    four = tmp_path / "four.space"
    four.write_text(spacelang.dumps(spacelang.load(A0)).replace("threads 1", "threads 4"))
    assert run(["predict", str(four), "--device", INT8]) == 1
    assert capsys.readouterr().err == (
        f"error[SP1609]: seqnet_vnni_a0 runs on 4 threads, and {INT8} predicts networks on 1 thread\n"
        " = help: measure with `spacelang latency collect --threads 4`, and train a predictor from that log\n"
        "\n1 error\n"
    )
    assert run(["predict", str(four), "--device", "cost-model"]) == 1
    assert "SP1609" in capsys.readouterr().err
    assert run(["predict", str(four)]) == 1
    assert capsys.readouterr().err.startswith(
        "error[SP1608]: no predictor for onnxruntime in int8 on 4 threads comes with spacelang\n"
    )
    with pytest.raises(spacelang.SpacelangError, match="SP1609"):
        spacelang.predict(spacelang.load(four), device=INT8)


def test_a_predictor_of_another_runtime_is_warned_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    phone = tmp_path / "phone.space"
    phone.write_text(spacelang.dumps(spacelang.load(A0)).replace("onnxruntime", "tflite"))
    assert run(["predict", str(phone), "--device", INT8]) == 0
    assert "warning[SP1616]: `vnni` runs networks in tflite" in capsys.readouterr().err
    assert [each.code for each in spacelang.predict(spacelang.load(phone), device=INT8).warnings] == ["SP1616"]


def test_attach_labels_the_table_with_what_predicted(
    predictor: Predictor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, made = tmp_path / "table.parquet", tmp_path / "made.parquet"
    write_table(random_table(0), table)
    assert run(["table", "attach", str(table), "--device", "cost-model", "-o", str(made)]) == 0
    label = "cost model (int8: greater of MACs and bytes, plus a start): not measured"
    assert read_table(made).require_latencies().device == label
    assert capsys.readouterr().err == f"{len(random_table(0).rows)} rows with latencies of {label}: {made}\n"
    assert run(["table", "attach", str(table), "--device", "cost-model", "-o", str(made), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "format_version": 1,
        "table": str(made),
        "rows": len(random_table(0).rows),
        "cells": 12,
        "origin": "made for a test",
        "device": label,
    }
    write_predictor(predictor, tmp_path / "madeup.predictor")
    before = made.read_bytes()
    assert run(["table", "attach", str(table), "--device", str(tmp_path / "madeup.predictor"), "-o", str(made)]) == 1
    assert capsys.readouterr().err.startswith("error[SP1603]: madeup has learned nothing about `linear` kernels")
    assert made.read_bytes() == before


def test_devices_lists_the_cost_model_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["latency", "devices"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2].split()[0] == "cost-model"
    assert lines[1].endswith("held-out networks within 10 %")


def test_a_file_is_listed_alone(predictor: Predictor, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_predictor(predictor, tmp_path / "madeup.predictor")
    assert run(["latency", "devices", str(tmp_path / "madeup.predictor")]) == 0
    (row,) = capsys.readouterr().out.splitlines()[3:-1]
    assert predictor.accuracy is not None
    assert row.split()[0] == "madeup"
    assert row.endswith(f" 100.0% of {predictor.accuracy.count}")


def test_the_cost_model_has_no_card_and_cannot_be_judged(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["devices", "cost-model"], ["devices", "cost-model", "--json"], ["eval", "cost-model", log]):
        assert run(["latency", *arguments]) == 1
        assert capsys.readouterr().err.startswith(
            "error[SP1613]: `cost-model` is an analytic model, not a measured device: it has no card, and "
            "can't be judged\n = help: `spacelang latency devices` lists the predictors that come with spacelang\n"
        )


def test_every_bad_file_is_named_and_the_good_ones_get_their_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = spacelang.load(A0)
    written = OnnxRuntime().network_model(model, architecture_of(model), "int8")
    good, unnamed, damaged = tmp_path / "good.onnx", tmp_path / "model", tmp_path / "damaged.onnx"
    good.write_bytes(written)
    unnamed.write_bytes(written)
    damaged.write_bytes(b"\0" * 100)
    missing = tmp_path / "missing.onnx"
    files = [str(each) for each in (damaged, good, missing, unnamed)]
    assert run(["predict", *files, "--device", "cost-model", "--json"]) == 1
    out, err = capsys.readouterr()
    assert [each["name"] for each in json.loads(out)["models"]] == ["good.onnx", "model"]
    assert f"{damaged} " in err
    assert f"{missing} " in err
    assert err.count("error[") == 2


def test_floats_in_a_quantised_network_need_a_second_predictor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    graph = Graph((1, 64, 56, 56))
    path = str(graph.save(tmp_path / "network.onnx", convolutions(graph, 0.0003)))
    assert run(["predict", path, "--device", "zen5-tflite-int8"]) == 1
    assert "error[SP1707]" in capsys.readouterr().err
    assert run(["predict", path, "--device", "cost-model", "--json"]) == 0
    out, err = capsys.readouterr()
    (row,) = json.loads(out)["models"]
    assert row["ms"] == pytest.approx(sum(row["by_kind"].values()) + row["border_ms"])
    assert row["by_kind"]["float conv"] > row["by_kind"]["requantise"] > 0
    assert "warning[SP1711]" in err
