"""The log of measurements: a Parquet file of kernels and whole networks, all of one device.

Every measurement is made once and kept. Each new version replaces the whole file, so a killed collection leaves the
last version and can continue from it. The metadata holds the format's version, the device's fingerprint and the canary
time that all latencies are scaled to: the fast mode of the machine, once there are enough readings to find it.
"""

from __future__ import annotations

import io
import json
import math
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from spacelang.files import write_atomic
from spacelang.latency.clock import CanaryTime, canary_time, fast_mode
from spacelang.latency.device import Fingerprint
from spacelang.latency.runtimes.protocol import Precision
from spacelang.networks.kernels import Kernel
from spacelang.records import Record, first_error
from spacelang.report.diagnostics import Report, refuse

FORMAT_VERSION = 2
METADATA_KEY = b"spacelang"
SETTLED = 20
"""From this many measurements on, the machine's fast mode is found from their canary times."""
MAX_BYTES = 1 << 30
"""A file that unpacks to more isn't read: a small file can claim any size."""
SCHEMA = pa.schema(
    [
        pa.field("network", pa.string(), nullable=False),
        pa.field("sha256", pa.string(), nullable=False),
        pa.field("channels", pa.int32(), nullable=False),
        pa.field("resolution", pa.int32(), nullable=False),
        pa.field("kernels", pa.string(), nullable=False),
        pa.field("precision", pa.string(), nullable=False),
        pa.field("ms", pa.float64(), nullable=False),
        pa.field("canary_ms", pa.float64(), nullable=False),
        pa.field("sweeps", pa.int32(), nullable=False),
    ]
)
"""The row of a single kernel has an empty name and hash, 0 for channels, resolution and sweeps, and one kernel."""

NETWORK_NUMBERS = ("channels", "resolution", "sweeps")


class Measured(NamedTuple):
    """A measured kernel. `ms` is scaled to the log's reference; `canary_ms` is the canary's time then."""

    kernel: Kernel
    precision: Precision
    ms: float
    canary_ms: float


class Network(NamedTuple):
    """A whole network: all that its latency is predicted from.

    Attributes:
        name: for people.
        sha256: of its text in the language; networks with the same hash are the same.
        channels, resolution: of its input image.
        kernels: all of them, in the order in which they run.
    """

    name: str
    sha256: str
    channels: int
    resolution: int
    kernels: tuple[Kernel, ...]


class MeasuredNetwork(NamedTuple):
    """A measured network; `ms` is the fastest of `sweeps` measurements, one in each sweep over all networks."""

    network: Network
    precision: Precision
    ms: float
    canary_ms: float
    sweeps: int = 1


class _Header(Record):
    format_version: int
    fingerprint: Fingerprint
    reference_ms: float | None


class Log:
    """Measurements of one device.

    Attributes:
        fingerprint: the device.
        reference_ms: the canary's time that all latencies are scaled to; None before the first.
    """

    def __init__(self, fingerprint: Fingerprint, reference_ms: float | None = None) -> None:
        self.fingerprint = fingerprint
        self.reference_ms = reference_ms
        self._kernels: dict[tuple[Kernel, Precision], Measured] = {}
        self._networks: dict[tuple[str, Precision], MeasuredNetwork] = {}

    def kernel(self, kernel: Kernel, precision: Precision) -> Measured | None:
        """The measurement of a kernel; None if there isn't one."""
        return self._kernels.get((kernel, precision))

    def network(self, sha256: str, precision: Precision) -> MeasuredNetwork | None:
        """The measurement of a network; None if there isn't one."""
        return self._networks.get((sha256, precision))

    def kernels(self, precision: Precision) -> list[Measured]:
        """All kernels in a precision, in the order in which they were measured."""
        return [each for each in self._kernels.values() if each.precision == precision]

    def networks(self, precision: Precision) -> list[MeasuredNetwork]:
        """All networks in a precision, in the order in which they were measured."""
        return [each for each in self._networks.values() if each.precision == precision]

    def holds(self, measured: Measured | MeasuredNetwork) -> bool:
        """Whether this kernel or network was measured in this precision, whatever the result."""
        if isinstance(measured, Measured):
            return self.kernel(measured.kernel, measured.precision) is not None
        return self.network(measured.network.sha256, measured.precision) is not None

    def __len__(self) -> int:
        return len(self._kernels) + len(self._networks)

    def append(self, *measured: Measured | MeasuredNetwork) -> None:
        """Raises: ValueError: for what was measured before."""
        for each in measured:
            if self.holds(each):
                raise ValueError(f"{each[0]} was measured before")
            if isinstance(each, Measured):
                self._kernels[each.kernel, each.precision] = each
            else:
                self._networks[each.network.sha256, each.precision] = each

    def add_sweep(self, measured: MeasuredNetwork) -> None:
        """Add one more sweep's measurement of a network; the fastest counts."""
        key = measured.network.sha256, measured.precision
        known = self._networks.get(key)
        if known is None:
            self._networks[key] = measured
        else:
            fastest = min(known, measured, key=lambda each: each.ms)
            self._networks[key] = fastest._replace(sweeps=known.sweeps + measured.sweeps)

    @property
    def measurements(self) -> int:
        """How many were made: one for each kernel, and one for each network in each sweep."""
        return len(self._kernels) + sum(each.sweeps for each in self._networks.values())

    def settle(self) -> float:
        """Scale all latencies to the fast mode of the machine, found from the canary times of all measurements.

        Returns: the factor that they were scaled by; 1 while there are too few measurements to tell.
        """
        seen = self._canaries()
        if self.reference_ms is None or len(seen) < SETTLED:
            return 1.0
        scale = fast_mode(seen) / self.reference_ms
        self.reference_ms = fast_mode(seen)
        self._kernels = {key: each._replace(ms=each.ms * scale) for key, each in self._kernels.items()}
        self._networks = {key: each._replace(ms=each.ms * scale) for key, each in self._networks.items()}
        return scale

    def time(self) -> CanaryTime | None:
        """The canary over all measurements; None before the first."""
        seen = self._canaries()
        return canary_time(seen, self.reference_ms) if seen and self.reference_ms else None

    def _canaries(self) -> list[float]:
        of_networks = [each.canary_ms for each in self._networks.values()]
        return [each.canary_ms for each in self._kernels.values()] + of_networks

    def merge(self, other: Log) -> int:
        """Add what another log of the same device holds and this one doesn't, in this log's scale.

        A network that both hold was in the sweeps of both: the fastest counts.

        Returns: the number of measurements added.
        """
        before = self.measurements
        self.reference_ms = self.reference_ms or other.reference_ms
        scale = self.reference_ms / other.reference_ms if self.reference_ms and other.reference_ms else 1.0
        for kernel in other._kernels.values():
            if not self.holds(kernel):
                self.append(kernel._replace(ms=kernel.ms * scale))
        for network in (each._replace(ms=each.ms * scale) for each in other._networks.values()):
            known = self.network(network.network.sha256, network.precision)
            if known is None or not math.isclose(known.ms, network.ms):
                self.add_sweep(network)
        return self.measurements - before

    def write(self, path: str | Path) -> None:
        """Write the log, atomically. Raises: OSError: if the file can't be written."""
        write_atomic(path, _to_bytes(self))


def warn_of_clock(canary: CanaryTime | None, report: Report) -> None:
    """Warns (SP1110) if the machine was seldom in its fast mode, which latencies are scaled to."""
    if canary is not None and canary.off:
        slower = canary.median_ms / canary.reference_ms - 1
        report.warning(
            "SP1110",
            f"half of the time the machine was at least {slower:.0%} slower than in its fast mode, which latencies "
            f"are scaled to (the reference kernel then takes {canary.reference_ms:.3f} ms)",
            help="alongside other work, everything takes that much longer; measure again when the machine is quiet",
        )


def open_log(path: str | Path, fingerprint: Fingerprint) -> Log:
    """The log to append to; an empty one if there is none yet.

    Raises: SpacelangError: SP1104 as `read_log`; SP1105 if the log is from another device.
    """
    if not Path(path).exists():
        return Log(fingerprint)
    log = read_log(path)
    if log.fingerprint != fingerprint:
        other, here = log.fingerprint.model_dump(), fingerprint.model_dump()
        differing = [
            f"its {name} is {_shown(other[name])}, here it is {_shown(here[name])}"
            for name in here
            if here[name] != other[name]
        ]
        refuse(
            "SP1105",
            f"{path}: this log is from another device: {'; '.join(differing)}",
            "start a new log for this device",
        )
    return log


def read_log(path: str | Path) -> Log:
    """Raises: SpacelangError: SP1104: if the file isn't a log, has another version, or is damaged."""
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            header = _read_header(file.schema_arrow.metadata or {})
            if sum(file.metadata.row_group(at).total_byte_size for at in range(file.num_row_groups)) > MAX_BYTES:
                raise _Damaged(f"it unpacks to more than the {MAX_BYTES} bytes that a log may have")
            if not file.schema_arrow.equals(SCHEMA):
                raise _Damaged("its columns are not those of a log")
            rows = file.read().to_pylist()
        log = Log(header.fingerprint, header.reference_ms)
        log.append(*_measurements(rows))
    except OSError as error:
        _unreadable(path, os.strerror(error.errno) if error.errno else "this isn't a Parquet file")
    except _Damaged as error:
        _unreadable(path, str(error))
    except (pa.ArrowException, ValueError, LookupError):  # what pyarrow raises for damaged files varies
        _unreadable(path, "this Parquet file can't be read")
    return log


def _unreadable(path: str | Path, reason: str) -> Any:
    refuse("SP1104", f"{path}: {reason}", "`spacelang latency collect` makes logs; start a new one")


class _Damaged(Exception):
    """Says why a file can't be read."""


def _shown(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _read_header(metadata: dict[bytes, bytes]) -> _Header:
    if METADATA_KEY not in metadata:
        raise _Damaged("this Parquet file isn't a log of measurements")
    try:
        data = json.loads(metadata[METADATA_KEY])
        version = data["format_version"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise _Damaged("this Parquet file isn't a log of measurements") from error
    if version != FORMAT_VERSION:
        raise _Damaged(f"this log has format version {version}, and this spacelang reads {FORMAT_VERSION}")
    try:
        return _Header.model_validate(data)
    except ValidationError as error:
        where, what = first_error(error)
        raise _Damaged(f"its header is wrong at {where}: {what}") from error


def _measurements(rows: Iterable[dict[str, Any]]) -> Iterator[Measured | MeasuredNetwork]:
    for number, row in enumerate(rows):
        try:
            kernels = tuple(_kernel(each) for each in json.loads(row["kernels"]))
        except (ValueError, TypeError, RecursionError) as error:
            raise _Damaged(f"row {number}: its kernels can't be read") from error
        precision, ms, canary_ms = row["precision"], row["ms"], row["canary_ms"]
        if precision not in ("int8", "fp32") or not kernels:
            raise _Damaged(f"row {number}: a measurement is of kernels in int8 or fp32")
        if not (0 < ms < math.inf and 0 < canary_ms < math.inf):
            raise _Damaged(f"row {number}: a latency is a positive number of milliseconds")
        if not row["sha256"]:
            yield Measured(kernels[0], precision, ms, canary_ms)
            continue
        if not re.fullmatch("[0-9a-f]{64}", row["sha256"]) or min(row[each] for each in NETWORK_NUMBERS) < 1:
            raise _Damaged(f"row {number}: a network has a hash, channels, a resolution and sweeps")
        network = Network(row["network"], row["sha256"], row["channels"], row["resolution"], kernels)
        yield MeasuredNetwork(network, precision, ms, canary_ms, row["sweeps"])


def _kernel(values: list[Any]) -> Kernel:
    """Raises: TypeError, ValueError: if these aren't the fields of a kernel."""
    kernel = Kernel(*values)
    numbers = (*kernel[1:6], kernel.squeeze)
    if not isinstance(kernel.kind, str) or not isinstance(kernel.act, str):
        raise ValueError(values)
    if not all(type(each) is int and each >= 0 for each in numbers):
        raise ValueError(values)
    return kernel


def _to_bytes(log: Log) -> bytes:
    rows: list[dict[str, object]] = [
        {
            "network": "", "sha256": "", "channels": 0, "resolution": 0, "kernels": json.dumps([each.kernel]),
            "precision": each.precision, "ms": each.ms, "canary_ms": each.canary_ms, "sweeps": 0,
        }
        for precision in ("int8", "fp32") for each in log.kernels(precision)
    ]  # fmt: skip
    rows += [
        {
            "network": each.network.name, "sha256": each.network.sha256, "channels": each.network.channels,
            "resolution": each.network.resolution, "kernels": json.dumps(each.network.kernels),
            "precision": each.precision, "ms": each.ms, "canary_ms": each.canary_ms, "sweeps": each.sweeps,
        }
        for precision in ("int8", "fp32") for each in log.networks(precision)
    ]  # fmt: skip
    header = _Header(format_version=FORMAT_VERSION, fingerprint=log.fingerprint, reference_ms=log.reference_ms)
    schema = SCHEMA.with_metadata({METADATA_KEY: header.model_dump_json().encode()})
    sink = io.BytesIO()
    arrow = pa.Table.from_pylist(rows, schema)
    pq.write_table(arrow, sink, compression="zstd", version="2.6", write_page_checksum=True)
    return sink.getvalue()
