"""Predictors as files: exact, and nothing that a file claims is believed."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from spacelang.latency.predict import stored
from spacelang.latency.predict.predictor import Predictor
from spacelang.latency.predict.stored import read_predictor, to_bytes, write_predictor
from spacelang.report.diagnostics import SpacelangError
from tests.latency.predict.madeup import kernels


def test_a_predictor_survives_its_file(predictor: Predictor, tmp_path: Path) -> None:
    path = tmp_path / "server.predictor"
    write_predictor(predictor, path)
    again = read_predictor(path)
    known = kernels(100, seed=3)
    assert again.predict_kernels(known).tolist() == predictor.predict_kernels(known).tolist()
    assert to_bytes(again) == path.read_bytes()
    assert (again.fingerprint, again.whole, again.fitted) == (predictor.fingerprint, predictor.whole, predictor.fitted)
    assert again.accuracy == predictor.accuracy
    assert again.kinds["conv"].accuracy == predictor.kinds["conv"].accuracy
    assert again.name == "server"
    assert set(again.versions) == {"spacelang", "python", "numpy", "scikit-learn"}


def test_a_predictor_is_used_without_the_libraries_that_made_it(predictor: Predictor, tmp_path: Path) -> None:
    import subprocess
    import sys

    write_predictor(predictor, tmp_path / "x.predictor")
    code = (
        "import sys; from spacelang.latency.predict.stored import read_predictor;"
        "from spacelang.networks.kernels import Kernel;"
        f"print(read_predictor({str(tmp_path / 'x.predictor')!r}).predict_kernels([Kernel('conv', 16, 32, 14)])[0]);"
        "print([each for each in ('sklearn', 'scipy', 'onnx', 'onnxruntime', 'torch') if each in sys.modules])"
    )
    root = Path(__file__).parents[3]
    run = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.splitlines()[1] == "[]"


def refused(path: Path) -> str:
    with pytest.raises(SpacelangError) as caught:
        read_predictor(path)
    return str(caught.value).replace(str(path), "FILE")


MADE_BY = "(`spacelang latency train` makes predictors)"
DAMAGED = f"error[SP1601]: FILE: this isn't a predictor, or it is damaged {MADE_BY}"


def test_files_that_are_something_else(tmp_path: Path) -> None:
    path = tmp_path / "x.predictor"
    assert refused(path) == f"error[SP1601]: FILE: No such file or directory {MADE_BY}"
    path.write_bytes(pickle.dumps({"a": 1}))
    assert refused(path) == DAMAGED
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("other.txt", "hello")
    assert refused(path) == f"error[SP1601]: FILE: this isn't a predictor {MADE_BY}"


def test_no_cut_or_changed_byte_gives_a_predictor_with_other_figures(predictor: Predictor, tmp_path: Path) -> None:
    path, whole = tmp_path / "x.predictor", to_bytes(predictor)
    for length in (0, 1, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        assert refused(path) == DAMAGED
    rng = np.random.default_rng(0)
    for at in rng.integers(len(whole), size=60).tolist():
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        # Some bytes mean nothing, such as a member's date.
        with suppress(SpacelangError):
            assert to_bytes(read_predictor(path)) == whole


Change = Callable[[dict[str, bytes]], None]


def header(**changes: object) -> Change:
    def change(members: dict[str, bytes]) -> None:
        members["predictor.json"] = json.dumps(json.loads(members["predictor.json"]) | changes).encode()

    return change


def array(name: str, content: bytes | None) -> Change:
    def change(members: dict[str, bytes]) -> None:
        if content is None:
            del members[name]
        else:
            members[name] = content

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            header(format_version=9),
            "error[SP1602]: FILE: this predictor has format version 9, and this spacelang reads 2 and 3 (train it "
            "again, or use the spacelang that wrote it)",
        ),
        (
            header(features=["channels_in"]),
            "error[SP1602]: FILE: this predictor looks at other features of a kernel than this spacelang computes "
            "(train it again, or use the spacelang that wrote it)",
        ),
        (
            header(precision="int4"),
            f"error[SP1601]: FILE: its header is wrong at precision: Input should be 'int8' or 'fp32' {MADE_BY}",
        ),
        (
            header(more=1),
            f"error[SP1601]: FILE: its header is wrong at more: Extra inputs are not permitted {MADE_BY}",
        ),
        (array("predictor.json", b"[]"), f"error[SP1601]: FILE: its header can't be read {MADE_BY}"),
        (array("predictor.json", b"[" * 100_000), f"error[SP1601]: FILE: its header can't be read {MADE_BY}"),
        (
            array("conv.roots", None),
            f"error[SP1601]: FILE: it doesn't hold the arrays that its header names {MADE_BY}",
        ),
        (
            array("conv.more", b""),
            f"error[SP1601]: FILE: it doesn't hold the arrays that its header names {MADE_BY}",
        ),
        (array("conv.roots", b"abc"), f"error[SP1601]: FILE: the array conv.roots is cut off {MADE_BY}"),
        (
            array("conv.roots", b""),
            f"error[SP1601]: FILE: the trees of conv are invalid: a tree has no root {MADE_BY}",
        ),
    ],
)
def test_headers_and_arrays_that_are_wrong(predictor: Predictor, tmp_path: Path, change: Change, message: str) -> None:
    with zipfile.ZipFile(io.BytesIO(to_bytes(predictor))) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    path = tmp_path / "x.predictor"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    assert refused(path) == message


def test_a_file_that_unpacks_to_too_much(predictor: Predictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.predictor"
    write_predictor(predictor, path)
    monkeypatch.setattr(stored, "MAX_BYTES", 1000)
    assert refused(path) == (
        f"error[SP1601]: FILE: it unpacks to more than the 1000 bytes that a predictor may have {MADE_BY}"
    )
