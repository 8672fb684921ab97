"""Tables: what is written is what is read, and nothing else is read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacelang.driver import compile_source
from spacelang.evolve.table.inventory import inventory
from spacelang.evolve.table.parquet import METADATA_KEY, _to_bytes, fingerprint, read_table, write_table
from spacelang.evolve.table.table import Cell, Latencies, Table
from spacelang.report.diagnostics import SpacelangError
from spacelang.report.source import Source
from tests.evolve.synthetic import CELLS, FIXED, TEXT, TINY, random_table

TABLE = random_table(1, rows=5)
COLUMNS = ("stage", "block", "window", "resolution", "channels_in", "loss", "depth", "width", "numbers")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_table(TABLE, tmp_path / "table.parquet")
    return tmp_path / "table.parquet"


def rewrite(path: Path, column: str | None = None, values: Any = None, **header: Any) -> None:
    """Change a column, or entries of the header, as somebody with pyarrow could."""
    arrow = pq.read_table(path)
    metadata = json.loads(arrow.schema.metadata[METADATA_KEY])
    metadata.update(header)
    if column is not None:
        arrow = arrow.set_column(arrow.column_names.index(column), column, values)
    pq.write_table(arrow.replace_schema_metadata({METADATA_KEY: json.dumps(metadata)}), path)


def test_a_table_comes_back_as_it_was(path: Path) -> None:
    read = read_table(path)
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(read.rows, name), getattr(TABLE.rows, name))
    assert read.latencies is not None
    assert TABLE.latencies is not None
    np.testing.assert_array_equal(read.latencies.rows_ms, TABLE.latencies.rows_ms)
    assert (read.latencies.device, read.latencies.fixed_ms) == ("cpu", FIXED)
    assert (read.space, read.origin) == (TABLE.space, "made for a test")
    assert fingerprint(read) == fingerprint(TABLE)


def test_the_same_table_gives_the_same_bytes(path: Path, tmp_path: Path) -> None:
    write_table(random_table(1, rows=5), tmp_path / "again.parquet")
    write_table(read_table(path), tmp_path / "copy.parquet")
    assert path.read_bytes() == (tmp_path / "again.parquet").read_bytes() == (tmp_path / "copy.parquet").read_bytes()


def test_rows_are_kept_by_cell_whatever_order_they_came_in() -> None:
    order = np.random.default_rng(0).permutation(len(TABLE.rows))
    assert TABLE.latencies is not None
    latencies = replace(TABLE.latencies, rows_ms=TABLE.latencies.rows_ms[order])
    shuffled = Table.of(TINY, TABLE.rows.take(order), latencies, "")
    assert list(shuffled.cells) == list(TABLE.cells) == list(CELLS)
    for cell, part in shuffled.cells.items():
        ours = {(shuffled.rows.layers(row), float(latencies.rows_ms[0] * 0)) for row in range(part.start, part.stop)}
        theirs = {(TABLE.rows.layers(row), 0.0) for row in range(TABLE.cells[cell].start, TABLE.cells[cell].stop)}
        assert ours == theirs
    assert shuffled.latencies is not None
    pairs, others = (
        sorted(zip(each.rows.loss.tolist(), each.latencies.rows_ms.tolist(), strict=True))
        for each in (shuffled, TABLE)
        if each.latencies is not None
    )
    assert pairs == others


def test_a_table_without_latencies_comes_back_without(tmp_path: Path) -> None:
    bare = Table(TABLE.space, TABLE.rows, None, "")
    write_table(bare, tmp_path / "bare.parquet")
    read = read_table(tmp_path / "bare.parquet")
    assert read.latencies is None
    assert fingerprint(read) == fingerprint(bare) != fingerprint(TABLE)


def with_fp32(factor: float = 0.8) -> Table:
    """`TABLE` with losses in FP32 that are so much of those in INT8."""
    return replace(TABLE, rows=replace(TABLE.rows, loss_fp32=TABLE.rows.loss * factor))


def test_losses_in_fp32_are_kept_and_a_search_does_not_see_them(tmp_path: Path) -> None:
    write_table(with_fp32(), tmp_path / "both.parquet")
    read = read_table(tmp_path / "both.parquet")
    assert read.rows.loss_fp32 is not None
    np.testing.assert_array_equal(read.rows.loss_fp32, TABLE.rows.loss * 0.8)
    assert fingerprint(read) == fingerprint(TABLE)
    attached = read.attach("phone", np.ones(len(read.rows)), FIXED)
    np.testing.assert_array_equal(attached.rows.loss_fp32, read.rows.loss_fp32)
    narrow = read.rows.take(np.array([7, 3]))
    np.testing.assert_array_equal(narrow.loss_fp32, read.rows.loss_fp32[[7, 3]])
    summary = inventory(read)[0]
    assert summary.loss is not None
    assert summary.loss_fp32 == (summary.loss[0] * 0.8, summary.loss[1] * 0.8)
    assert summary.int8_cost == pytest.approx(0.25)
    assert (inventory(TABLE)[0].loss_fp32, inventory(TABLE)[0].int8_cost) == (None, None)


def test_a_table_without_losses_in_fp32_stays_one_of_the_first_version(path: Path, tmp_path: Path) -> None:
    write_table(with_fp32(), tmp_path / "both.parquet")
    versions = [
        json.loads(pq.read_schema(each).metadata[METADATA_KEY])["format_version"]
        for each in (path, tmp_path / "both.parquet")
    ]
    assert versions == [1, 2]
    rewrite(tmp_path / "both.parquet", format_version=1)
    with pytest.raises(SpacelangError, match="SP0703.*there is no column 'loss_fp32' in a table of this format"):
        read_table(tmp_path / "both.parquet")


def test_losses_in_fp32_are_checked(tmp_path: Path) -> None:
    with pytest.raises(SpacelangError, match=r"SP0703.*the table: row 0: the FP32 loss"):
        write_table(with_fp32(-1), tmp_path / "bad.parquet")
    (tmp_path / "bad.parquet").write_bytes(_to_bytes(with_fp32(-1)))
    with pytest.raises(SpacelangError, match=r"SP0703.*row 0: the FP32 loss -0\.\d+ is not above 0 and at most 10000"):
        read_table(tmp_path / "bad.parquet")


def test_settings_may_change_and_the_structure_may_not() -> None:
    (faster,) = compile_source(Source("faster.space", TEXT.replace("{4, 6} ms", "{1, 2} ms").replace("top 3", "top 9")))
    TABLE.require_fit(faster)
    for old, new, message in (
        ("depth 1..2, stride 1", "depth 1..3, stride 1", r"stage2\.depth 3 is in the space only$"),
        ("{32, 64}", "{32, 96}", "resolution 64 is in the table only; resolution 96 is in the space only$"),
        ("2 of 48..80", "2 of 48..64", r"stage3\.width is 2 of 48\.\.80 in the table, \{48, 64\} in the space$"),
        ("{4, 6}, act", "{4, 8}, act", r"mbv2\.expand 6 is in the table only; .*expand 8 is in the space only$"),
        ("4 = mbv2", "5 = mbv2", r"stages\.mbv2\.id is 4 in the table, 5 in the space$"),
        ("stage stage3", "stage last", "the stage stage3 of the table is called last in the space$"),
        ("classes    10", "classes    9", "classes is 10 in the table, 9 in the space$"),
    ):
        assert old in TEXT
        (other,) = compile_source(Source("other.space", TEXT.replace(old, new)))
        with pytest.raises(SpacelangError, match="SP0704") as caught:
            TABLE.require_fit(other)
        assert caught.value.diagnostics[0].message.startswith(f"the table was made for tiny@{TINY.short_hash}")
        with pytest.raises(SpacelangError, match=message.replace("$", r" \(use the space")):
            TABLE.require_fit(other)


def test_the_inventory_tells_what_there_is_and_what_is_missing() -> None:
    rows = TABLE.rows
    keep = np.flatnonzero((rows.stage != 2) | (rows.window != 1) | (rows.block != 4))
    assert TABLE.latencies is not None
    table = Table.of(TINY, rows.take(keep), Latencies("cpu", FIXED, TABLE.latencies.rows_ms[keep]), "")
    assert table.missing == (Cell(2, 4, 1),)
    found = {each.cell: each for each in inventory(table)}
    assert list(found) == list(CELLS)
    gap, other = found[Cell(2, 4, 1)], found[Cell(0, 1, 0)]
    assert (gap.rows, gap.loss, gap.latency_ms) == (0, None, None)
    part = table.cells[Cell(0, 1, 0)]
    assert other.rows == sum(other.resolutions.values()) == 5
    assert other.loss == (rows.loss[part].min(), rows.loss[part].max())


def test_latencies_are_attached_only_if_they_are_complete_and_usable() -> None:
    good = np.full(len(TABLE.rows), 1.5)
    assert TABLE.attach("phone", good, FIXED).require_latencies().device == "phone"
    for latencies, fixed, message in (
        (good[:-1], FIXED, "SP0703.*59 latencies for 60 rows"),
        (np.where(np.arange(60) == 7, -1.0, good), FIXED, "SP0703.*1 of 60.*the first is -1 ms, in row 7"),
        (np.where(np.arange(60) > 57, np.nan, good), FIXED, "SP0703.*2 of 60.*nan ms, in row 58"),
        (good, {32: 0.5}, "SP0714.*at resolution 64 is missing.*each of 32 and 64"),
        (good, {**FIXED, 96: 1.0}, "SP0714.*96 is not a resolution of tiny"),
        (good, {**FIXED, 32: 0.0}, "SP0714.*0 ms at resolution 32 is not usable"),
    ):
        with pytest.raises(SpacelangError, match=message):
            TABLE.attach("phone", latencies, fixed)


@pytest.mark.parametrize(
    ("column", "change", "message"),
    [
        ("block", lambda a: np.where(np.arange(len(a)) == 3, 7, a), r"row 3: stage1 has no block 7; it has 1 and 4"),
        ("window", lambda a: a + 5, r"row 0: stage1 has no width list 5; it has 2, counted from 0.*55 more rows"),
        ("resolution", lambda a: a * 0 + 48, r"the resolution 48 is not possible in tiny; legal are 32 and 64"),
        ("channels_in", lambda a: a * 0 + 24, r"the number of input channels 24 is not possible in stage1"),
        ("loss", lambda a: -a, r"row 0: the loss -0\.\d+ is not above 0"),
        ("loss", lambda a: a * np.nan, r"row 0: the loss nan is not above 0"),
        ("latency_ms", lambda a: a * np.inf, r"60 of 60 latencies are not usable; the first is inf ms"),
    ],
)
def test_every_row_is_checked_when_a_table_is_read(path: Path, column: str, change: Any, message: str) -> None:
    values = pq.read_table(path).column(column)
    rewrite(path, column, pa.array(change(values.to_numpy()), values.type))
    with pytest.raises(SpacelangError, match=r"(?s)SP0703.*" + message):
        read_table(path)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([[24.0, 3.0]], r"row 0: the width 24 of layer 1 is not in width list 0 \{32, 48\}"),
        ([[32.0, 7.0]], r"row 0: the kernel 7 of layer 1 is not in block 1 \(mbv1\) \{3, 5\}"),
        ([[32.0, 3.0], [32.0]], r"row 0: the kernel none of layer 2 is not in block 1"),
        ([[32.0, 3.0, 4.0]], r"row 0: block 1 \(mbv1\) has no such parameter"),
        ([[32.0, 3.0]] * 3, r"row 0: the depth 3 is not possible in stage1; legal are 1 and 2"),
        ([], r"a row has no layers"),
        ([[]], r"a layer has no width"),
        ([[32.5, 3.0]], r"not a whole number"),
        ([[float("nan"), 3.0]], r"a layer has no width"),
        ([[1e300, 3.0]], r"not a whole number"),
    ],
)
def test_layers_are_checked_when_a_table_is_read(path: Path, layers: list[list[float]], message: str) -> None:
    column = pq.read_table(path).column("layers")
    rewrite(path, "layers", pa.array([layers, *column.to_pylist()[1:]], column.type))
    with pytest.raises(SpacelangError, match=r"SP0703.*" + message):
        read_table(path)


def test_layers_that_share_a_choice_must_share_it(tmp_path: Path) -> None:
    text = TEXT.replace("stage stage1  { ", "stage stage1  { uniform {width, kernel}, ")
    (space,) = compile_source(Source("uniform.space", text))
    table = replace(random_table(1, rows=30), space=space)
    (tmp_path / "t.parquet").write_bytes(_to_bytes(table))
    with pytest.raises(SpacelangError, match="SP0703.: the table: row .*the width of layer 2 differs"):
        Table.of(space, table.rows, None, "")
    with pytest.raises(SpacelangError, match="the width of layer 2 differs from layer 1's, and stage1 shares one"):
        read_table(tmp_path / "t.parquet")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"format_version": 3}, "SP0702.*format version 3, and this spacelang reads 1 and 2"),
        ({"format_version": 2}, "SP0703.*the column 'loss_fp32' is missing"),
        ({"sha256": "0" * 64}, "SP0703.*doesn't match the hash"),
        ({"device": 5}, "SP0703.*header is wrong at device"),
        ({"extra": 5}, "SP0703.*header is wrong at extra"),
        ({"hyperspace": {}}, "SP0703.*header is wrong at hyperspace"),
        ({"fixed_ms": {"32": 1.0}}, "SP0714.*resolution 64 is missing"),
        ({"device": None}, "SP0703.*no column 'latency_ms'"),
    ],
)
def test_headers_are_checked(path: Path, header: dict[str, Any], message: str) -> None:
    rewrite(path, **header)
    with pytest.raises(SpacelangError, match=message):
        read_table(path)


def test_columns_are_checked(path: Path) -> None:
    arrow = pq.read_table(path)
    rewrite(path, "loss", pa.array(["bad"] * len(arrow)))
    with pytest.raises(SpacelangError, match="SP0703.*column 'loss' has type string"):
        read_table(path)
    pq.write_table(arrow.drop_columns(["loss"]), path)
    with pytest.raises(SpacelangError, match="SP0703.*column 'loss' is missing"):
        read_table(path)
    pq.write_table(arrow, path)
    rewrite(path, "loss", pa.array([None, *arrow.column("loss").to_pylist()[1:]], pa.float64()))
    with pytest.raises(SpacelangError, match="SP0703.*1 values of the column 'loss' are missing"):
        read_table(path)
    names = pa.array(["nowhere", "stage2", "stage3"])
    column = arrow.column("stage").combine_chunks()
    pq.write_table(arrow, path)
    rewrite(path, "stage", pa.DictionaryArray.from_arrays(column.indices, names))
    with pytest.raises(SpacelangError, match="SP0703.*tiny has no stage 'nowhere'"):
        read_table(path)


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    for name, content in (("text", b"not a table"), ("empty", b""), ("magic", b"PAR1PAR1")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(SpacelangError, match=f"SP0701.*{name}: this isn't a .*Parquet file.*table import"):
            read_table(tmp_path / name)
    with pytest.raises(SpacelangError, match=r"SP0701\]: \S*missing: No such file or directory \("):
        read_table(tmp_path / "missing")
    with pytest.raises(SpacelangError, match="SP0701"):
        read_table(tmp_path)
    pq.write_table(pa.table({"a": [1]}), tmp_path / "other.parquet")
    with pytest.raises(SpacelangError, match="SP0701.*not a table of spacelang's"):
        read_table(tmp_path / "other.parquet")


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_damaged_files_give_a_diagnostic_or_the_same_table(tmp_path_factory: Any, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    write_table(TABLE, folder / "table.parquet")
    content = bytearray((folder / "table.parquet").read_bytes())
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(content) - 1))]
    else:
        for _ in range(data.draw(st.integers(1, 4))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (folder / "table.parquet").write_bytes(content)
    try:
        table = read_table(folder / "table.parquet")
    except SpacelangError as error:
        codes = {each.code for each in error.diagnostics}
    else:
        codes = set()
        assert table.space.sha256 == TINY.sha256
    assert codes <= {"SP0701", "SP0702", "SP0703", "SP0714"}
