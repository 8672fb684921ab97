"""Logs: what is appended is read back, and what is no log is refused."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spacelang.latency.collect import log as logs
from spacelang.latency.collect.log import Log, Measured, MeasuredNetwork, Network, open_log, read_log
from spacelang.networks.kernels import Kernel
from spacelang.report.diagnostics import SpacelangError
from tests.latency.collect.devices import DEVICE

CONV = Kernel("conv", 24, 40, 15, kernel=3, stride=2, act="relu")
SE = Kernel("se", 32, 32, 7, squeeze=8)
NETWORK = Network("vnni 3", "ab" * 32, 3, 224, (CONV, SE))
ENTRIES = (
    Measured(CONV, "int8", 0.5, 0.13),
    Measured(CONV, "fp32", 1.5, 0.14),
    Measured(SE, "int8", 0.25, 0.12),
    MeasuredNetwork(NETWORK, "int8", 2.0, 0.15),
)


def written(path: Path) -> Path:
    log = Log(DEVICE, 0.125)
    log.append(*ENTRIES)
    log.write(path)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(SpacelangError) as refused:
        read_log(path)
    (diagnostic,) = refused.value.diagnostics
    assert diagnostic.code == "SP1104"
    return diagnostic.message


def test_what_is_appended_is_read_back(tmp_path: Path) -> None:
    log = read_log(written(tmp_path / "log"))
    assert log.fingerprint == DEVICE
    assert log.reference_ms == 0.125
    assert log.kernels("int8") == [ENTRIES[0], ENTRIES[2]]
    assert log.kernels("fp32") == [ENTRIES[1]]
    assert log.networks("int8") == [ENTRIES[3]]
    assert log.networks("fp32") == []
    assert (log.kernel(CONV, "fp32"), log.kernel(SE, "fp32")) == (ENTRIES[1], None)
    assert (log.network("ab" * 32, "int8"), log.network("ab" * 32, "fp32")) == (ENTRIES[3], None)
    assert len(log) == 4


def test_nothing_is_measured_twice(tmp_path: Path) -> None:
    log = read_log(written(tmp_path / "log"))
    with pytest.raises(ValueError, match="was measured before"):
        log.append(Measured(CONV, "int8", 0.4, 0.13))
    assert log.kernel(CONV, "int8") == ENTRIES[0]


def test_the_fastest_sweep_over_a_network_counts(tmp_path: Path) -> None:
    log = read_log(written(tmp_path / "log"))
    log.add_sweep(MeasuredNetwork(NETWORK, "int8", 1.5, 0.16))
    log.add_sweep(MeasuredNetwork(NETWORK, "int8", 1.75, 0.17))
    log.add_sweep(MeasuredNetwork(NETWORK, "fp32", 4.5, 0.18))
    assert (len(log), log.measurements) == (5, 7)
    log.write(tmp_path / "log")
    again = read_log(tmp_path / "log")
    assert again.networks("int8") == [MeasuredNetwork(NETWORK, "int8", 1.5, 0.16, 3)]
    assert again.networks("fp32") == [MeasuredNetwork(NETWORK, "fp32", 4.5, 0.18, 1)]


def test_a_log_begins_empty(tmp_path: Path) -> None:
    log = open_log(tmp_path / "log", DEVICE)
    assert (len(log), log.reference_ms) == (0, None)
    assert not (tmp_path / "log").exists()
    log.write(tmp_path / "log")
    assert len(open_log(tmp_path / "log", DEVICE)) == 0


def test_a_log_goes_on(tmp_path: Path) -> None:
    path = written(tmp_path / "log")
    log = open_log(path, DEVICE)
    log.append(Measured(SE, "fp32", 3.0, 0.13))
    log.write(path)
    assert len(read_log(path)) == 5


def test_a_log_of_another_device_is_refused_by_what_differs(tmp_path: Path) -> None:
    path = written(tmp_path / "log")
    here = DEVICE.model_copy(update={"flags": ("avx2", "avx512bw"), "version": "2.0"})
    with pytest.raises(SpacelangError) as refused:
        open_log(path, here)
    (diagnostic,) = refused.value.diagnostics
    assert (diagnostic.code, diagnostic.message, diagnostic.help) == (
        "SP1105",
        f"{path}: this log is from another device: its flags is avx2, here it is avx2 avx512bw; "
        "its version is 1.0, here it is 2.0",
        "start a new log for this device",
    )


def test_a_cut_log_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "log")
    path.write_bytes(path.read_bytes()[:-100])
    assert refusal(path) == f"{path}: this Parquet file can't be read"


def test_a_log_with_a_turned_bit_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "log")
    content = bytearray(path.read_bytes())
    content[60] ^= 1
    path.write_bytes(content)
    assert refusal(path) == f"{path}: this isn't a Parquet file"


def test_a_missing_file_and_a_text_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none") == f"{tmp_path / 'none'}: No such file or directory"
    (tmp_path / "text").write_text("kernel,ms\n")
    assert refusal(tmp_path / "text") == f"{tmp_path / 'text'}: this Parquet file can't be read"


def test_another_parquet_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other"
    pq.write_table(pa.table({"ms": [1.0]}), path)
    assert refusal(path) == f"{path}: this Parquet file isn't a log of measurements"


def rewritten(path: Path, change: str, value: object) -> Path:
    """The log with another value in its header, or in a column of its first row."""
    table = pq.read_table(path)
    header = json.loads(table.schema.metadata[logs.METADATA_KEY])
    rows = table.to_pylist()
    (header if change in header else rows[0])[change] = value
    schema = table.schema.with_metadata({logs.METADATA_KEY: json.dumps(header)})
    pq.write_table(pa.Table.from_pylist(rows, schema), path)
    return path


@pytest.mark.parametrize(
    ("change", "value", "message"),
    [
        ("format_version", 1, "this log has format version 1, and this spacelang reads 2"),
        ("fingerprint", 1, "its header is wrong at fingerprint: Input should be a valid dictionary or instance of "
         "Fingerprint"),
        ("kernels", "[[1]]", "row 0: its kernels can't be read"),
        ("kernels", '[["conv", 3, -1, 5]]', "row 0: its kernels can't be read"),
        ("kernels", "[]", "row 0: a measurement is of kernels in int8 or fp32"),
        ("precision", "int4", "row 0: a measurement is of kernels in int8 or fp32"),
        ("ms", math.nan, "row 0: a latency is a positive number of milliseconds"),
        ("ms", 0.0, "row 0: a latency is a positive number of milliseconds"),
        ("sha256", "xyz", "row 0: a network has a hash, channels, a resolution and sweeps"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_log_is_said(tmp_path: Path, change: str, value: object, message: str) -> None:
    path = rewritten(written(tmp_path / "log"), change, value)
    assert refusal(path) == f"{path}: {message}"
