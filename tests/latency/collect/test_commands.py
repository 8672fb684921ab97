"""`latency collect`, `export-bench` and `import` as their user sees them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spacelang.cli.entry import run
from spacelang.latency.collect.log import Log, read_log
from spacelang.latency.device import this_device
from spacelang.latency.meter import Measurement, Meter
from tests.latency.collect.devices import SPECS
from tests.latency.conftest import Terminal

DIGITS = ["--space", str(SPECS / "digits.space"), "--runtime", "onnxruntime"]
SIZES = ["--samples", "120", "--hold-out", "20", "--networks", "2"]


@pytest.fixture
def instant(monkeypatch: pytest.MonkeyPatch) -> None:
    """A meter that runs each model once and says one figure."""

    def measure(self: Meter, run: object, what: str, runs: int) -> Measurement:
        assert callable(run)
        run()
        return Measurement(0.5 if what == "calling the runtime" else 2.0, 1, 0.5)

    monkeypatch.setattr(Meter, "measure", measure)


@pytest.mark.usefixtures("instant")
def test_collect_fills_a_log_that_a_predictor_learns_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "log.parquet"
    command = ["latency", "collect", *DIGITS, *SIZES, "-o", str(path)]
    assert run(command) == 0
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"178 measurements added; {path} holds 170 kernels and 2 networks in int8"
    )
    log = read_log(path)
    assert log.fingerprint == this_device()
    kernels, networks = ({each.ms for each in found} for found in (log.kernels("int8"), log.networks("int8")))
    assert (len(kernels), len(networks)) == (1, 1)
    assert log.reference_ms == 0.5
    assert kernels.pop() / networks.pop() == pytest.approx(1.5 / 2)
    before = path.read_bytes()
    assert run([*command, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["added"] == 0
    assert found["holds"] == {"int8": {"kernels": 170, "networks": 2}}
    assert path.read_bytes() == before


@pytest.mark.usefixtures("instant")
def test_a_log_is_of_one_number_of_threads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "log.parquet"
    command = ["latency", "collect", *DIGITS, "--samples", "20", "--hold-out", "0", "--networks", "0", "-o", str(path)]
    assert run([*command, "--threads", "2"]) == 0
    assert read_log(path).fingerprint == this_device(threads=2)
    assert read_log(path).fingerprint.describe().endswith("2 threads")
    capsys.readouterr()
    assert run(command) == 1
    assert "error[SP1105]" in capsys.readouterr().err


def test_more_threads_than_cores_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["collect", *DIGITS, "-o", str(tmp_path / "log.parquet")], ["bench", "specs/seqnet_vnni_a0.space"]):
        words = command if command[0] == "bench" else ["latency", *command]
        assert run([*words, "--threads", "1000"]) == 1
        assert "error[SP1111]: 1000 threads can't be measured on" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("instant")
def test_sweeps_that_were_missing_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "log.parquet"
    command = ["latency", "collect", *DIGITS, *SIZES, "-o", str(path)]
    assert run(command) == 0
    whole = read_log(path)
    ended = Log(whole.fingerprint, whole.reference_ms)
    ended.append(*whole.kernels("int8"), *(each._replace(sweeps=1) for each in whole.networks("int8")))
    ended.write(path)
    capsys.readouterr()
    assert run(command) == 0
    assert capsys.readouterr().err.splitlines()[-1].startswith("6 measurements added; ")


@pytest.mark.usefixtures("instant")
def test_where_nothing_can_be_learned_yet_a_collection_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "log.parquet"
    few = ["--samples", "20", "--hold-out", "0", "--networks", "0"]
    assert run(["latency", "collect", *DIGITS, *few, "-o", str(path)]) == 0
    assert (
        capsys.readouterr().err.splitlines()[-1]
        == f"25 measurements added; {path} holds 25 kernels and 0 networks in int8"
    )


def test_what_shows_the_progress_is_not_pinned(tmp_path: Path, terminal: Terminal) -> None:
    few = ["--samples", "20", "--hold-out", "0", "--networks", "0"]
    assert run(["latency", "collect", *DIGITS, *few, "-o", str(tmp_path / "log.parquet")]) == 0
    terminal.check()


@pytest.mark.usefixtures("instant")
def test_a_log_of_another_device_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "log.parquet"
    Log(this_device().model_copy(update={"version": "0.1"})).write(path)
    before = path.read_bytes()
    assert run(["latency", "collect", *DIGITS, *SIZES, "-o", str(path)]) == 1
    assert capsys.readouterr().err.startswith(
        f"error[SP1105]: {path}: this log is from another device: its version is 0"
    )
    assert path.read_bytes() == before


def test_what_is_exported_and_never_measured_is_not_imported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, log = tmp_path / "bench", tmp_path / "log.parquet"
    small = ["--samples", "20", "--hold-out", "2", "--networks", "1"]
    assert run(["latency", "export-bench", *DIGITS, *small, "-o", str(folder)]) == 0
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"24 models in {folder}; copy the folder to the device and run `python measure.py` in it"
    )
    assert run(["latency", "import", str(folder), "-o", str(log)]) == 1
    assert capsys.readouterr().err.startswith(f"error[SP1109]: there is no file `{folder}/results.json`")
    assert not log.exists()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["latency", "import", str(tmp_path / "nosuch"), "-o", str(tmp_path / "log.parquet")]) == 1
    assert capsys.readouterr().err == (
        f"error[SP1109]: there is no file `{tmp_path}/nosuch`\n"
        " = help: `spacelang latency export-bench` makes such folders\n\n1 error\n"
    )
