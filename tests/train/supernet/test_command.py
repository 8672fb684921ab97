"""`spacelang train` and `spacelang evaluate`, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, cli
from tests.train.supernet.small import NORMED

__all__ = ["cli"]

SPECS = Path(__file__).parents[3] / "specs"


def test_train_then_evaluate(cli: Cli, tmp_path: Path) -> None:
    file, run = tmp_path / "normed.space", tmp_path / "run"
    file.write_text(NORMED)
    result = cli("train", file, "-o", run, "--accelerator", "cpu")
    assert result.code == 0
    assert result.err.startswith("training\n")
    lines = result.out.splitlines()
    assert lines[-1] == f"{run} holds the supernet; sampled networks: spacelang evaluate {run} --models 10"
    assert lines[1].split() == ["validation", "accuracy", "after", "the", "last", "epoch", "largest", "smallest"]
    assert [each.split()[:2] for each in lines[3:5]] == [["in", "FP32"], ["in", "INT8"]]

    again = json.loads(cli("train", file, "-o", run, "--json").out)
    assert again["run"] == str(run)
    assert [each["precision"] for each in again["validations"]] == ["fp32", "fp32", "int8"]

    found = json.loads(cli("evaluate", run, "--models", 1, "--accelerator", "cpu", "--json").out)
    assert [each["name"] for each in found["models"]] == ["largest", "smallest", "normed_s0_0"]
    assert found["models"][0]["int8"] == again["validations"][-1]["largest"]

    table = cli("evaluate", run, "--models", 0, "--accelerator", "cpu").out.splitlines()
    assert table[1].split() == ["model", "resolution", "MFLOPs", "FP32", "INT8", "difference"]
    assert [each.split()[:2] for each in table[3:5]] == [["largest", "16"], ["smallest", "8"]]


def test_a_hyperspace(cli: Cli, tmp_path: Path) -> None:
    result = cli("train", SPECS / "digits.space", "-o", tmp_path / "run")
    assert result.code == 1
    assert "error[SP1501]: digits is a hyperspace; what is trained is a space" in result.err
    assert "spacelang decode" in result.err


def test_not_enough_classes(cli: Cli, tmp_path: Path) -> None:
    result = cli("train", SPECS / "seqnet_vnni_a0.space", "-o", tmp_path / "run")
    assert result.code == 1
    assert "digits has 10 classes" in result.err
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_the_digits_are_learned(cli: Cli, tmp_path: Path) -> None:
    """The largest network of a space of the digits hyperspace: above 97 %, in INT8 within a point of that."""
    space, run = tmp_path / "found.space", tmp_path / "run"
    assert cli("decode", SPECS / "digits.space", "212-000", "-o", space).code == 0
    assert cli("train", space, "-o", run).code == 0
    largest, smallest = json.loads(cli("evaluate", run, "--models", 0, "--json").out)["models"]
    assert largest["fp32"] > 0.97
    assert largest["int8"] > largest["fp32"] - 0.01
    assert smallest["int8"] > 0.9
