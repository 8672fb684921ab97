"""Generated supernets: well-formed Python, and the very operators that the IR means."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import spacelang
from spacelang import ir
from spacelang.backends.supernet import backend
from spacelang.networks.network import layers
from spacelang.networks.sample import sample
from tests.backends.linters import complaints
from tests.backends.shape_nn import Sized, operators, run_generated
from tests.backends.spaces import candidate, space, stage
from tests.backends.test_census import TINY, every_model

SPECS = Path(__file__).parents[2] / "specs"
NAMES = sorted(path.stem for path in SPECS.glob("*.space") if path.stem != "devices")


def generated(of: ir.SearchSpace, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    return run_generated(backend.emit(of)["supernet.py"], folder, monkeypatch)


@pytest.mark.parametrize("name", NAMES)
def test_runs_the_operators_of_sampled_models(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of = spacelang.load(SPECS / f"{name}.space")
    supernet = generated(of, tmp_path, monkeypatch).Supernet()
    for architecture in sample(of, 30, seed=0):
        assert operators(supernet, of.channels, architecture) == [each.ops for each in layers(of, architecture)]


@pytest.mark.parametrize("name", TINY)
def test_every_model_fits_and_nothing_is_larger_than_needed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = TINY[name]
    supernet = generated(of, tmp_path, monkeypatch).Supernet()
    for architecture in every_model(of):
        assert operators(supernet, of.channels, architecture) == [each.ops for each in layers(of, architecture)]
    for each in supernet.modules():
        if isinstance(each, Sized):
            assert each.reached == each.made_for


def test_a_student_for_each_stage_and_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of = TINY["blocks and windows"]
    plans = generated(of, tmp_path, monkeypatch).STUDENTS
    assert list(plans) == [("stage1", 1), ("stage1", 5), ("stage2", 2)]
    assert (plans["stage2", 2].channels_in, plans["stage2", 2].width) == (32, 24)
    assert len(plans["stage1", 5].stage().layers) == 2


def test_a_model_has_no_students() -> None:
    assert "STUDENTS" not in backend.emit(TINY["a model"])["supernet.py"]


def test_a_block_twice_in_a_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    twice = [candidate(at, "mbv2", kernel=(kernel,), expand=(2,)) for at, kernel in enumerate((3, 5))]
    of = space(stage("stage1", 1, (1,), [(16,)], *twice), kind="hyperspace")
    supernet = generated(of, tmp_path, monkeypatch).Supernet()
    for architecture in every_model(of):
        assert operators(supernet, of.channels, architecture) == [each.ops for each in layers(of, architecture)]


AWKWARD = """
language 1
device d { runtime onnxruntime, precision int8, threads 1, widths multiple of 8 }
block true(kernel, act) {
  dwconv kernel, act, stride
  conv 1 -> out
}
block conv1(x, lambda, act1) {
  self = round8(in * lambda)
  half = 0 * (in * out * stride * x + in * out * stride * x + in * out * stride * x)
  conv1_out = in * lambda + half * (in + out + stride + x) - half * (in + out + stride + x)
  y = max(self, round8(conv1_out), min(in, out, stride))
  conv 1 -> y, act act1, when y > 12
  dwconv x + 2, stride, norm none, bias, when stride == 2
  conv x -> 2 * conv1_out, when lambda == 1.5
  se (self + 8) div 2, when out <= 24
  avgpool x
  conv 1 -> out, act act1
  act swish
}
hyperspace awkward on d {
  input 3 channels
  resolution {31, 32}
  classes 10
  stem conv1 { depth 1, stride 2, width {16, 24}, x {3, 5}, lambda {1.5, 2}, act1 relu }
  stage a_conv1 { depth 1..2, stride 2, width 1 of {16, 24}, blocks {
    0 = conv1 { x {3, 5}, lambda {1, 1.5}, act1 hsigmoid }
    3 = conv1 { x 3, lambda 1, act1 relu }
    4 = true { kernel 3, act relu }
  } }
  stage stage2 { depth 1, stride 1, width 24, blocks { 0 = conv1 { x 3, lambda {1, 1.5}, act1 relu } } }
  head { conv 1 -> max(in * 2, classes), act swish
    act relu
    pool
    conv 1 -> {16, 32}
    linear -> classes }
}
"""


def test_names_that_python_or_the_code_itself_uses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of = spacelang.loads(AWKWARD)
    supernet = generated(of, tmp_path, monkeypatch).Supernet()
    for architecture in every_model(of):
        assert operators(supernet, of.channels, architecture) == [each.ops for each in layers(of, architecture)]


def test_is_formatted_and_lint_free(tmp_path: Path) -> None:
    spaces = {name: spacelang.load(SPECS / f"{name}.space") for name in NAMES}
    spaces |= {"awkward": spacelang.loads(AWKWARD), **{name.replace(" ", "_"): each for name, each in TINY.items()}}
    for name, each in spaces.items():
        text = backend.emit(each)["supernet.py"]
        compile(text, name, "exec")
        (tmp_path / f"{name}.py").write_text(text)
    assert complaints(tmp_path) == ""
