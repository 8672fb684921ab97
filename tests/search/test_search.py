"""`spacelang search` in a supernet that was trained on the digits."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image
from safetensors.torch import load, load_file, save_file

import spacelang
from spacelang import SpacelangError, ir, nn
from spacelang.networks.architecture import architecture_of
from spacelang.search.run import search_models
from spacelang.train.data import IN_ORDER, batches, open_data
from tests.cli.conftest import Cli, cli
from tests.train.supernet.small import PLAIN, space, trained

__all__ = ["cli"]

TARGETS = ("--target", "0.012", "--target", "0.02", "--target", "0.5")
MODELS = 30


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """A copy of the run: searches keep what they evaluated in it."""
    return Path(shutil.copytree(finished, tmp_path / "run"))


def arguments(run: Path, output: Path, *more: str) -> list[str]:
    return ["search", str(run / "space.space"), "--run", str(run), "-o", str(output), "--models", str(MODELS),
            "--device", "cost-model", *TARGETS, *more]  # fmt: skip


def results(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir() if each.suffix != ".lock"}


def test_the_front_is_written_as_models_with_their_weights(cli: Cli, run: Path, tmp_path: Path) -> None:
    output = tmp_path / "found"
    said = cli(*arguments(run, output))
    assert said.code == 0, said.err
    assert "rank correlation of the surrogate" in said.out
    front = json.loads((output / "front.json").read_text())
    assert front["evaluated"] == MODELS
    assert front["images"] == 355
    assert front["runtime"] is None  # the cost model is of none
    latencies = [each["latency_ms"] for each in front["front"]]
    losses = [each["cross_entropy"] for each in front["front"]]
    assert latencies == sorted(latencies)
    assert losses == sorted(losses, reverse=True)
    data = open_data("digits", space())
    for each in front["front"]:
        assert all(each["latency_ms"] <= target for target in each["targets_ms"])
        file = output / f"{each['name']}.space"
        assert cli("check", file).code == 0
        assert cli("fmt", "--check", file).code == 0
        assert f"{each['top1']:.2%} on 355 validation images of digits" in file.read_text()
        model = spacelang.load(file)
        assert (model.kind, model.sha256) == ("model", each["sha256"])
        network = nn.build(model).eval().cut(architecture_of(model))
        network.load_state_dict(load_file(file.with_suffix(".safetensors")))
        nn.set_precision(network, "int8")
        right = sum(
            int((network(images).argmax(1) == labels).sum())
            for images, labels in batches(data.validation, model.resolutions[0], 128, IN_ORDER)
        )
        assert right / 355 == pytest.approx(each["top1"], abs=0.012)
    table = pq.read_table(output / "models.parquet")
    assert table.num_rows == MODELS
    assert sorted(name for name in table["model"].to_pylist() if name) == [each["name"] for each in front["front"]]
    assert (output / "models.csv").read_text().count("\n") == MODELS + 1


def test_json_and_targets_that_no_model_meets(cli: Cli, run: Path, tmp_path: Path) -> None:
    said = cli(*arguments(run, tmp_path / "found", "--target", "0.0001", "--json"))
    assert json.loads(said.out)["unmet_ms"] == [0.0001]
    plain = cli(*arguments(run, tmp_path / "again", "--target", "0.0001"))
    assert "no model was found within 0.0001 ms" in plain.out


def test_again_and_with_workers_the_bytes_are_the_same(cli: Cli, run: Path, tmp_path: Path) -> None:
    first, again, workers = tmp_path / "first", tmp_path / "again", tmp_path / "workers"
    assert cli(*arguments(run, first)).code == 0
    expected = results(first)
    assert cli(*arguments(run, first)).code == 0
    assert results(first) == expected
    (run / "evaluations.sqlite").unlink()
    assert cli(*arguments(run, workers, "--workers", "2")).code == 0
    assert results(workers) == expected
    assert cli(*arguments(run, again, "--algorithm", "evolution")).code == 0
    assert results(again) != expected


def test_what_was_evaluated_is_not_evaluated_again(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options: dict[str, Any] = {"device": "cost-model", "targets_ms": [0.5], "models": 6}
    found = search_models(space(), run, tmp_path / "one", **options)
    monkeypatch.setattr("spacelang.search.evaluator.SupernetEvaluator.evaluate_one", None)
    assert search_models(space(), run, tmp_path / "two", **options) == found


@pytest.mark.slow
def test_on_ray_the_bytes_are_the_same(cli: Cli, run: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    assert cli(*arguments(run, tmp_path / "here")).code == 0
    (run / "evaluations.sqlite").unlink()
    assert cli(*arguments(run, tmp_path / "ray", "--executor", "ray")).code == 0
    assert results(tmp_path / "ray") == results(tmp_path / "here")


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_killed_at_five_moments_it_goes_on_to_the_same_bytes(cli: Cli, run: Path, tmp_path: Path, workers: str) -> None:
    assert cli(*arguments(run, tmp_path / "undisturbed")).code == 0
    (run / "evaluations.sqlite").unlink()
    moments = random.Random(int(workers))
    command = [sys.executable, "-m", "spacelang.cli", *arguments(run, tmp_path / "killed", "--workers", workers)]
    for _ in range(5):
        kill(command, run / "evaluations.sqlite", moments.randint(0, 2), moments.uniform(0, 0.2))
    assert cli(*arguments(run, tmp_path / "killed", "--workers", workers)).code == 0
    assert results(tmp_path / "killed") == results(tmp_path / "undisturbed")


def kill(command: list[str], cache: Path, more: int, delay: float) -> None:
    """Start a search; kill it and its workers once that many more models are evaluated, and then seconds later."""
    wanted = evaluated(cache) + more
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not (cache.exists() and evaluated(cache) >= wanted) and process.poll() is None:
            time.sleep(0.01)
        time.sleep(delay)
        assert process.poll() is None, "it ended before it was killed"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def evaluated(cache: Path) -> int:
    if not cache.exists():
        return 0
    with closing(sqlite3.connect(cache)) as connection, suppress(sqlite3.OperationalError):
        return int(connection.execute("SELECT count(*) FROM evaluations").fetchone()[0])
    return 0


def refused(run: Path, output: Path, of: ir.SearchSpace | None = None, **options: Any) -> str:
    all_options: dict[str, Any] = {"device": "cost-model", "targets_ms": [0.5], "models": 4, **options}
    with pytest.raises(SpacelangError) as caught:
        search_models(of or space(), run, output, **all_options)
    (found,) = caught.value.diagnostics
    return f"{found.code}: {found.message}"


def test_what_is_refused(run: Path, tmp_path: Path) -> None:
    output = tmp_path / "found"
    assert refused(run, output, of=space(PLAIN)).startswith(f"SP2001: `{run}` is a run of another space than plain: ")
    assert refused(run, output, targets_ms=[0.0001]).startswith(
        "SP2004: no model of normed is within 0.0001 ms: the fastest takes 0.008087 ms on cost model"
    )
    assert refused(run, output, targets_ms=None).startswith("SP0720: normed says nothing about targets")
    assert refused(run, output, device="nothing").startswith("SP1607: there is no predictor `nothing`")
    assert refused(tmp_path / "nowhere", output).startswith("SP1502: there is no file")
    assert refused(run, tmp_path) == f"SP2002: `{tmp_path}` exists already and doesn't hold a search"
    assert refused(run, output, data=str(tmp_path / "nowhere")).startswith("SP1201: there are no images")
    assert not output.exists()


def test_another_search_in_the_folder_is_refused_by_name_of_what_differs(run: Path, tmp_path: Path) -> None:
    output = tmp_path / "found"
    search_models(space(), run, output, device="cost-model", targets_ms=[0.5], models=4)
    assert refused(run, output, seed=1) == (
        f"SP2002: the search in `{output}` was begun with something else: seed 0, now 1"
    )


def test_an_unfinished_run(tmp_path: Path) -> None:
    from tests.train.supernet.small import Killed, killer

    with pytest.raises(Killed):
        trained(space(), tmp_path / "run", update=killer(1))
    assert refused(tmp_path / "run", tmp_path / "found").startswith(
        f"SP1504: the training in `{tmp_path / 'run'}` is not finished"
    )


def test_weights_that_are_not_finite(run: Path, tmp_path: Path) -> None:
    import hashlib

    path = run / "supernet.safetensors"
    weights = load(path.read_bytes())
    name = next(each for each in weights if weights[each].dim() == 4)
    weights[name][0] = torch.nan
    save_file(weights, path)
    note = json.loads((run / "run.json").read_text())
    note["supernet_sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (run / "run.json").write_text(json.dumps(note))
    assert refused(run, tmp_path / "found") == f"SP2003: weights in `{run}` are not finite: {name}"


def test_a_damaged_cache(run: Path, tmp_path: Path) -> None:
    (run / "evaluations.sqlite").write_bytes(b"no database" * 1000)
    assert refused(run, tmp_path / "found") == (
        f"SP2005: `{run / 'evaluations.sqlite'}` can't be used: file is not a database"
    )


def test_the_command_needs_a_run_or_a_table(cli: Cli, run: Path, tmp_path: Path) -> None:
    said = cli("search", run / "space.space", "-o", tmp_path / "found")
    assert said.code == 1
    assert "give --run, a trained supernet, or --table, a table of losses" in said.err
    for options, expected in (
        (("--executor", "ray", "--workers", "2"), "--workers is for this machine"),
        (("--table", "x.parquet", "--algorithm", "evolution"), "--algorithm is for a search of --run alone"),
    ):
        said = cli("search", run / "space.space", "--run", run, "-o", tmp_path / "found", *options)
        assert said.code == 1
        assert expected in said.err


def test_interrupted_it_goes_on_with_the_same_settings_only(run: Path, tmp_path: Path) -> None:
    from tests.train.supernet.small import Killed, killer

    output, options = tmp_path / "found", {"device": "cost-model", "targets_ms": [0.5], "models": 6}
    with pytest.raises(Killed):
        search_models(space(), run, output, **options, update=killer(3))  # type: ignore[arg-type]
    assert not (output / "front.json").exists()
    assert refused(run, output, models=7).endswith("was begun with something else: models 6, now 7")
    assert search_models(space(), run, output, **options).evaluated == 6  # type: ignore[arg-type]


def test_a_full_disk(cli: Cli, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    output = tmp_path / "found"
    with monkeypatch.context() as patched:
        patched.setattr("spacelang.files.os.fsync", full)
        said = cli(*arguments(run, output))
    assert said.code == 1
    assert "no space left on device" in said.err
    assert "Traceback" not in said.err
    assert not [each for each in output.rglob("*") if each.suffix != ".lock"]
    assert cli(*arguments(run, output)).code == 0


def test_where_nothing_can_be_written(cli: Cli, run: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for output, expected in ((tmp_path / "file", "SP2002"), (tmp_path / "file" / "found", "not a directory")):
        said = cli(*arguments(run, output))
        assert said.code == 1
        assert expected in said.err
    assert (tmp_path / "file").read_text() == ""


def test_images_of_other_classes(run: Path, tmp_path: Path) -> None:
    for part in ("train", "val"):
        for name in ("cat", "dog"):
            (tmp_path / "images" / part / name).mkdir(parents=True)
            Image.new("L", (16, 16)).save(tmp_path / "images" / part / name / "1.png")
    found = refused(run, tmp_path / "found", data=str(tmp_path / "images"))
    assert found == f"SP1202: {tmp_path / 'images'} has 2 classes, normed has 10"
    assert not (tmp_path / "found").exists()
