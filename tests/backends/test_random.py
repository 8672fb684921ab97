"""Any valid IR compiles: generated code runs the right operators and is formatted, the census covers every model."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings

from spacelang import ir
from spacelang.backends.supernet import backend
from spacelang.driver import compile_to
from spacelang.networks.architecture import count_models
from spacelang.networks.census import census
from spacelang.networks.network import layers
from spacelang.networks.sample import sample
from tests import strategies
from tests.backends.linters import complaints
from tests.backends.shape_nn import operators, run_generated
from tests.backends.test_census import brute_force, kernels_in

FEW = 300
quickly = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)


@quickly
@given(strategies.any_space)
def test_supernets_run_the_operators_of_the_ir(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, of: ir.SearchSpace
) -> None:
    supernet = run_generated(backend.emit(of)["supernet.py"], tmp_path, monkeypatch).Supernet()
    for architecture in sample(of, 5, seed=0):
        assert operators(supernet, of.channels, architecture) == [each.ops for each in layers(of, architecture)]


def test_the_code_of_any_space_is_formatted_and_lint_free(tmp_path: Path) -> None:
    @quickly
    @given(strategies.any_space)
    def write(of: ir.SearchSpace) -> None:
        (tmp_path / f"{of.kind}_{of.short_hash}.py").write_text(backend.emit(of)["supernet.py"])

    write()
    assert complaints(tmp_path) == ""


@quickly
@given(strategies.any_space)
def test_the_census_covers_samples(of: ir.SearchSpace) -> None:
    counts = census(of)
    for architecture in sample(of, 5, seed=0):
        for kernel, count in kernels_in(of, architecture).items():
            assert count <= counts[kernel]


@settings(quickly, max_examples=60)
@given(strategies.spaces())
def test_the_census_of_small_spaces_is_exact(of: ir.SearchSpace) -> None:
    assume(count_models(of) <= FEW)
    assert census(of) == brute_force(of)


@settings(quickly, max_examples=15)
@given(strategies.any_space)
def test_every_backend_makes_what_it_says(tmp_path: Path, of: ir.SearchSpace) -> None:
    for path in compile_to(of, tmp_path, force=True):
        if path.suffix == ".json":
            json.loads(path.read_text())
        if path.suffix == ".py":
            compile(path.read_text(), str(path), "exec")
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    kinds = Counter(path.split("/")[0] for path in manifest["files"])
    assert kinds["bkd"] == (0 if of.kind == "model" else 3)
