"""Tables as Parquet files.

Columns: stage (name), block, window, resolution, channels_in, layers (a list of [width, numbers…]), loss, loss_fp32 (in
version 2), latency_ms (where attached). The metadata holds the format's version, the hyperspace's IR and hash, the
device, the fixed latencies and where the rows came from. The same table gives the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from spacelang import ir
from spacelang.evolve.settings import path_of
from spacelang.evolve.table.rows import FloatArray, Latencies, Rows
from spacelang.evolve.table.rules import check_latencies, check_rows
from spacelang.evolve.table.table import Table, assembled, require_table
from spacelang.files import write_atomic
from spacelang.records import Record, first_error
from spacelang.report.diagnostics import Report
from spacelang.report.suggest import listed
from spacelang.verify.space import verify

WITHOUT_FP32, WITH_FP32 = FORMAT_VERSIONS = (1, 2)
"""A table has the least version that can hold it, so that older readers still read what they can."""
METADATA_KEY = b"spacelang"
MAX_ROWS = 20_000_000
MAX_BYTES = 4 << 30
"""A file that unpacks to more is not read: a small one can claim anything."""
LAYERS = pa.list_(pa.field("layer", pa.list_(pa.field("number", pa.float64(), nullable=False)), nullable=False))
SCHEMA = {
    "stage": pa.dictionary(pa.int32(), pa.string()),
    "block": pa.int32(),
    "window": pa.int32(),
    "resolution": pa.int32(),
    "channels_in": pa.int32(),
    "layers": LAYERS,
    "loss": pa.float64(),
}
LOSS_FP32, LATENCY = "loss_fp32", "latency_ms"
INTEGERS = ("block", "window", "resolution", "channels_in")


class _Header(Record):
    format_version: int
    sha256: str
    hyperspace: ir.SearchSpace
    device: str | None
    fixed_ms: dict[int, float]
    origin: str


class _Unreadable(Exception):
    """What is wrong with a file, with the code to say it under."""

    def __init__(self, code: str, message: str, help: str = "") -> None:
        self.code, self.message, self.help = code, message, help


def write_table(table: Table, path: str | Path) -> None:
    """Write a table, atomically, once every row of it is checked, as `read_table` does.

    Raises:
        OSError: if the file can't be written.
        SpacelangError: SP0703, SP0714, SP0725: if it holds what no table can hold.
    """
    table, path, report = require_table(table), path_of(path, "path"), Report()
    check_rows(table.space, table.rows, "the table", report)
    report.raise_if_failed()
    write_atomic(path, _to_bytes(table))


def read_table(path: str | Path) -> Table:
    """Read a table and check every row of it against its own hyperspace.

    Raises: SpacelangError: SP0701-SP0703: if it isn't a table, has another version, or is damaged.
    """
    report = Report()
    try:
        header, rows, latencies = _read(path_of(path, "path"))
    except _Unreadable as error:
        report.error(error.code, f"{path}: {error.message}", help=error.help)
        report.raise_if_failed()
        raise AssertionError("unreachable") from error
    space = header.hyperspace
    for each in verify(space):
        report.error("SP0703", f"{path}: the hyperspace in the header is not sound: {each.message}")
    report.raise_if_failed()
    check_rows(space, rows, str(path), report)
    if latencies is not None:
        check_latencies(space, rows, latencies, report)
    report.raise_if_failed()
    return assembled(space, rows, latencies, header.origin).without_copies()


def fingerprint(table: Table) -> str:
    """A hash of what a search sees of a table: its hyperspace, rows, latencies. Equal in any process and version.

    A search doesn't see the losses in FP32.
    """
    digest = hashlib.sha256(table.space.sha256.encode())
    rows = table.rows
    columns = [rows.stage, rows.block, rows.window, rows.resolution, rows.channels_in, rows.loss, rows.depth]
    columns += [rows.width, rows.numbers]
    if table.latencies is not None:
        columns.append(table.latencies.rows_ms)
        digest.update(json.dumps([table.latencies.device, sorted(table.latencies.fixed_ms.items())]).encode())
    for column in columns:
        digest.update(np.ascontiguousarray(column, column.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()


def _to_bytes(table: Table) -> bytes:
    rows, latencies = table.rows, table.latencies
    names = pa.array([each.name for each in table.space.stages], pa.string())
    columns: dict[str, Any] = {
        "stage": pa.DictionaryArray.from_arrays(pa.array(rows.stage, pa.int32()), names),
        **{name: pa.array(getattr(rows, name), pa.int32()) for name in INTEGERS},
        "layers": _layers_column(rows),
        "loss": pa.array(rows.loss),
    }
    if rows.loss_fp32 is not None:
        columns[LOSS_FP32] = pa.array(rows.loss_fp32)
    if latencies is not None:
        columns[LATENCY] = pa.array(latencies.rows_ms)
    header = _Header(
        format_version=WITHOUT_FP32 if rows.loss_fp32 is None else WITH_FP32,
        sha256=table.space.sha256,
        hyperspace=table.space,
        device=latencies.device if latencies else None,
        fixed_ms=dict(latencies.fixed_ms) if latencies else {},
        origin=table.origin,
    )
    text = json.dumps(header.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    arrow = pa.table(columns).replace_schema_metadata({METADATA_KEY: text.encode()})
    sink = io.BytesIO()
    pq.write_table(arrow, sink, compression="zstd", version="2.6", write_page_checksum=True)
    return sink.getvalue()


def _layers_column(rows: Rows) -> Any:
    values = np.column_stack((rows.width, rows.numbers))
    used = ~np.isnan(values)
    inner = np.concatenate(([0], np.cumsum(used.sum(axis=1))))
    layers = pa.ListArray.from_arrays(pa.array(inner, pa.int32()), pa.array(values[used]), type=LAYERS.value_type)
    return pa.ListArray.from_arrays(pa.array(rows.starts, pa.int32()), layers, type=LAYERS)


def _read(path: Path) -> tuple[_Header, Rows, Latencies | None]:
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            header = _read_header(file)
            if file.metadata.num_rows > MAX_ROWS:
                raise _Unreadable("SP0701", f"{file.metadata.num_rows} rows are more than a table may have")
            if _unpacked_bytes(file.metadata) > MAX_BYTES:
                raise _Unreadable("SP0701", f"it unpacks to more than the {MAX_BYTES} bytes that a table may have")
            return header, *_from_arrow(file.read(), header)
    except OSError as error:
        raise _Unreadable(
            "SP0701", os.strerror(error.errno) if error.errno else "this isn't a Parquet file", _MAKE_ONE
        ) from error
    except (pa.ArrowException, ValueError, LookupError) as error:  # what pyarrow raises for damaged files varies
        raise _Unreadable("SP0701", "this isn't a readable Parquet file", _MAKE_ONE) from error


def _unpacked_bytes(metadata: Any) -> int:
    return sum(metadata.row_group(at).total_byte_size for at in range(metadata.num_row_groups))


_MAKE_ONE = "`spacelang table build` and `spacelang table import` make tables"


def _read_header(file: Any) -> _Header:
    text = (file.schema_arrow.metadata or {}).get(METADATA_KEY)
    if text is None:
        raise _Unreadable("SP0701", "this Parquet file is not a table of spacelang's", _MAKE_ONE)
    try:
        data = json.loads(text)
        version = data["format_version"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _Unreadable("SP0703", "the table's header can't be read") from error
    if version not in FORMAT_VERSIONS:
        raise _Unreadable(
            "SP0702",
            f"this table has format version {version}, and this spacelang reads "
            f"{listed(map(str, FORMAT_VERSIONS), 'and')}",
            "make it again, or use the spacelang that wrote it",
        )
    try:
        header = _Header.model_validate(data)
    except ValidationError as error:
        where, what = first_error(error)
        raise _Unreadable("SP0703", f"the table's header is wrong at {where}: {what}") from error
    if header.sha256 != header.hyperspace.sha256:
        raise _Unreadable(
            "SP0703", "the hyperspace in the table's header doesn't match the hash that is stored with it"
        )
    return header


def _from_arrow(arrow: Any, header: _Header) -> tuple[Rows, Latencies | None]:
    optional = {LOSS_FP32: header.format_version == WITH_FP32, LATENCY: header.device is not None}
    expected = SCHEMA | {name: pa.float64() for name, there in optional.items() if there}
    for name, kind in expected.items():
        if name not in arrow.column_names:
            raise _Unreadable("SP0703", f"the column '{name}' is missing")
        column = arrow.column(name)
        if column.type != kind:
            raise _Unreadable("SP0703", f"the column '{name}' has type {column.type} instead of {kind}")
        if column.null_count:
            raise _Unreadable("SP0703", f"{column.null_count} values of the column '{name}' are missing")
    extra = [name for name in arrow.column_names if name not in expected]
    if extra:
        raise _Unreadable("SP0703", f"there is no column '{extra[0]}' in a table of this format")
    depth, width, numbers = _read_layers(arrow.column("layers").combine_chunks())
    rows = Rows(
        stage=_read_stage(arrow.column("stage").combine_chunks(), header.hyperspace),
        **{name: arrow.column(name).to_numpy().astype(np.int64) for name in INTEGERS},
        loss=arrow.column("loss").to_numpy(),
        depth=depth,
        width=width,
        numbers=numbers,
        loss_fp32=arrow.column(LOSS_FP32).to_numpy() if optional[LOSS_FP32] else None,
    )
    latencies = None
    if header.device is not None:
        latencies = Latencies(header.device, header.fixed_ms, arrow.column(LATENCY).to_numpy())
    return rows, latencies


def _read_stage(column: Any, space: ir.SearchSpace) -> Any:
    """The index of each row's stage."""
    if len(column) == 0:
        return np.zeros(0, np.int64)
    index = {stage.name: at for at, stage in enumerate(space.stages)}
    names = column.dictionary.to_pylist()
    used = np.unique(column.indices.to_numpy())
    unknown = [names[each] for each in used if names[each] not in index]
    if unknown:
        raise _Unreadable("SP0703", f"{space.name} has no stage '{unknown[0]}'")
    return np.array([index.get(name, -1) for name in names])[column.indices.to_numpy()]


def _read_layers(column: Any) -> tuple[Any, Any, FloatArray]:
    """Depth of each row, width of each layer, and the numbers of each layer, padded with NaN."""
    layers = column.flatten()
    depth = column.value_lengths().to_numpy().astype(np.int64)
    lengths = layers.value_lengths().to_numpy().astype(np.int64)
    values = layers.flatten().to_numpy()
    if not (depth > 0).all() or not (lengths > 0).all() or not np.isfinite(values).all():
        raise _Unreadable("SP0703", "a row has no layers, or a layer has no width")
    padded = np.full((len(lengths), int(lengths.max(initial=1))), np.nan)
    padded[np.arange(padded.shape[1]) < lengths[:, None]] = values
    width = padded[:, 0]
    if not (width == np.floor(width)).all() or not (abs(width) < 2**31).all():
        raise _Unreadable("SP0703", "the width of a layer is not a whole number")
    return depth, width.astype(np.int64), padded[:, 1:]
