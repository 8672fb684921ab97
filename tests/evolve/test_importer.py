"""Published tables are read strictly: each thing that is wrong is named with its file and line."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import tarfile
import zipfile
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest

import spacelang
from spacelang import ir
from spacelang.driver import compile_source
from spacelang.evolve.evolution import evolve
from spacelang.evolve.quality.quality import score
from spacelang.evolve.solve import solve
from spacelang.evolve.table import archive
from spacelang.evolve.table.importer import import_table
from spacelang.evolve.table.parquet import fingerprint, read_table, write_table
from spacelang.evolve.table.repeats import repeats
from spacelang.evolve.table.table import Cell, Latencies, Table, all_cells
from spacelang.ir.operators import Op
from spacelang.language.shapes import size_after, sizes
from spacelang.networks.cost import CostModel, op_cost
from spacelang.networks.genome import Genome, decode
from spacelang.networks.network import layer_ops
from spacelang.networks.walk import LayerShape, MapShape
from spacelang.report.diagnostics import SpacelangError
from spacelang.report.source import Source
from spacelang.train.losses.draw import Drawn, draw
from tests.evolve.synthetic import FIXED, TEXT, TINY, csv_files, random_table

PACKERS: dict[str, Callable[[bytes], bytes]] = {".xz": lzma.compress, ".gz": gzip.compress, ".bz2": bz2.compress}
TABLE = random_table(1, rows=6)
FILES = csv_files(TABLE)


def folder(path: Path, files: dict[str, str]) -> Path:
    path.mkdir()
    for name, text in files.items():
        (path / name).write_text(text)
    return path


def tarred(path: Path, files: dict[str, str]) -> Path:
    pack = PACKERS.get(path.suffix, bytes)
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for name, text in reversed(files.items()):
            info = tarfile.TarInfo(f"some/folder/{name}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    path.write_bytes(pack(plain.getvalue()))
    return path


def zipped(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(f"x/{name}", text)
    return path


def messages(path: Path, **more: bool) -> list[str]:
    with pytest.raises(SpacelangError) as caught:
        import_table(path, TINY, FIXED, **more)  # type: ignore[arg-type]
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("t", folder),
        ("t.zip", zipped),
        ("t.tar", tarred),
        ("t.xz", tarred),
        ("t.gz", tarred),
        ("t.bz2", tarred),
    ],
)
def test_every_kind_of_archive_gives_the_same_table(
    tmp_path: Path, name: str, write: Callable[[Path, dict[str, str]], Path]
) -> None:
    path = write(tmp_path / name, {**FILES, "README.md": "# not a table"})
    table = import_table(path, TINY, FIXED, verify=True)
    assert table.origin == f"imported from {name}"
    assert fingerprint(table) == fingerprint(TABLE)
    assert sorted(each.name for each in tmp_path.iterdir()) == [name]


def test_an_imported_table_scores_spaces(tmp_path: Path) -> None:
    table = import_table(folder(tmp_path / "t", FILES), TINY, FIXED)
    genome = decode(TINY, "141-101")
    assert score(genome, table, (4, 6), TINY.quality) == score(genome, TABLE, (4, 6), TINY.quality)


def test_cells_may_be_missing(tmp_path: Path) -> None:
    files = {name: text for name, text in FILES.items() if name != "stage2_4_1.csv"}
    table = import_table(folder(tmp_path / "t", files), TINY, FIXED)
    assert [tuple(each) for each in table.missing] == [(1, 4, 1)]


GOOD = "3#32#None_5#48#None,1x16x16x16,0.5000,0.3000,0.0100,1.0000"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("", "a row is layers,1xCHANNELS"),
        (GOOD + ",1", "a row is layers"),
        (GOOD.replace("0.5000", "nan"), "a row is layers"),
        (GOOD.replace("0.5000", "-0.5"), "a row is layers"),
        (GOOD.replace("1.0000", "1e3"), "a row is layers"),
        (GOOD.replace("1x16x", "2x16x"), "a row is layers"),
        (GOOD.replace("3#32", "٣#32"), "a row is layers|not ASCII"),
        (GOOD.replace("3#32#None", "3#32"), "a layer is kernel#width#expand"),
        (GOOD.replace("3#32#None", ""), "a layer is kernel#width#expand"),
        (GOOD.replace("3#32", "x#32"), "a layer is kernel#width#expand"),
        (GOOD.replace("0.5000", "0.0"), "the loss 0 is not above 0"),
        (GOOD.replace("0.5000", "20000"), "the loss 20000 is not above 0 and at most 10000"),
        (GOOD.replace("3#32", "7#32"), r"the kernel 7 of layer 1 is not in block 1 \(mbv1\) \{3, 5\}"),
        (GOOD.replace("5#48", "5#64"), r"the width 64 of layer 2 is not in width list 0 \{32, 48\}"),
        (GOOD.replace("3#32#None", "3#32#4"), r"block 1 \(mbv1\) has no such parameter"),
        (GOOD.replace("3#32", "3#32#None_3#32"), "the depth 3 is not possible in stage1; legal are 1 and 2"),
        (
            GOOD.replace("1x16x", "1x48x"),
            "the number of input channels 48 is not possible in stage1; legal are 16 and 32",
        ),
        (GOOD.replace("x16x16,", "x16x32,"), "the input is 16×32, and images are square"),
        (
            GOOD.replace("x16x16,", "x17x17,"),
            r"no resolution gives.*17×17; sizes \(resolutions\) are 16 \(32\) and 32 \(64\)",
        ),
    ],
)
def test_a_row_that_the_space_cannot_contain_is_named(tmp_path: Path, row: str, reason: str) -> None:
    text = FILES["stage1_1_0.csv"]
    path = folder(tmp_path / "t", {**FILES, "stage1_1_0.csv": text + row + "\n" + text})
    (message,) = messages(path)
    assert re.search(rf"^(stage1_1_0\.csv:7:1: error\[SP0712\]|error\[SP0712\]: stage1_1_0\.csv).*({reason})", message)


def test_a_latency_of_nothing_is_named(tmp_path: Path) -> None:
    files = {"stage1_1_0.csv": GOOD.replace("1.0000", "0.0000") + "\n"}
    (message,) = messages(folder(tmp_path / "t", files))
    assert "SP0703" in message
    assert "1 of 1 latencies are not usable; the first is 0 ms" in message


def test_all_that_is_wrong_is_said_at_once_up_to_a_limit(tmp_path: Path) -> None:
    files = {**FILES, "stage1_1_0.csv": "bad\n", "stage2_1_0.csv": GOOD + "\n" + "worse\n"}
    found = messages(folder(tmp_path / "t", files))
    assert [line.partition(":1: ")[0] for line in found] == ["stage1_1_0.csv:1", "stage2_1_0.csv:1", "stage2_1_0.csv:2"]
    many = messages(folder(tmp_path / "many", {"stage1_1_0.csv": "bad\n" * 1000}))
    assert len(many) == 21
    assert "980 more findings are not shown" in many[-1]


def test_costs_that_differ_are_reported_row_by_row(tmp_path: Path) -> None:
    lines = FILES["stage2_4_0.csv"].splitlines(keepends=True)
    for line, field in ((1, 6), (4, 7)):
        cells = lines[line].split(",")
        cells[field - 3] = f"{float(cells[field - 3]) + 0.0002:.4f}"
        lines[line] = ",".join(cells)
    path = folder(tmp_path / "t", {**FILES, "stage2_4_0.csv": "".join(lines)})
    import_table(path, TINY, FIXED)
    found = messages(path, verify=True)
    assert len(found) == 2
    assert re.match(
        r"stage2_4_0\.csv:2:1: error\[SP0713\]: \d+\.\d{4} MFLOPs are written, \d+\.\d{4} are right", found[0]
    )
    assert re.match(r"stage2_4_0\.csv:5:1: error\[SP0713\]: 0\.\d{4} million parameters are written", found[1])


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("table.csv", "a file of a table is named like `stage1_0_0.csv`"),
        ("stage0_1_0.csv", "is named like"),
        ("stage4_1_0.csv", "tiny has no such stage, block and width list"),
        ("stage1_2_0.csv", "has no such stage, block and width list"),
        ("stage1_1_2.csv", "has no such stage, block and width list"),
    ],
)
def test_a_file_that_is_no_cell_is_named(tmp_path: Path, name: str, reason: str) -> None:
    (message,) = messages(folder(tmp_path / "t", {**FILES, name: GOOD + "\n"}))
    assert re.search(rf"SP0711\]: {name}: .*{reason}", message)


def test_two_files_of_one_cell_are_refused(tmp_path: Path) -> None:
    path = folder(tmp_path / "t", FILES)
    folder(path / "copy", {"stage1_1_0.csv": FILES["stage1_1_0.csv"]})
    (message,) = messages(path)
    assert re.search(r"SP0711\]: stage1_1_0.csv and copy/stage1_1_0.csv both hold the same cell", message)


def test_sizes_that_two_resolutions_share_are_refused(tmp_path: Path) -> None:
    """Behind strides 2 and 2, 62 and 64 both give 16: such a row can't tell which it was."""
    (space,) = compile_source(Source("odd.space", TEXT.replace("{32, 64}", "{62, 64}")))
    row = GOOD.replace("1x16x16x16", "1x32x16x16") + "\n"
    with pytest.raises(SpacelangError, match="16×16 could come from any of the resolutions 62 and 64"):
        import_table(folder(tmp_path / "t", {"stage2_1_0.csv": row}), space, {62: 1.0, 64: 1.0})


def test_blocks_that_such_files_cannot_tell_are_refused(tmp_path: Path) -> None:
    text = TEXT.replace("device cpu", "block other(size) {\n  conv size -> out, stride\n}\n\ndevice cpu").replace(
        "1 = mbv1  { kernel {3, 5}, act relu }", "1 = other { size {3, 5} }"
    )
    (space,) = compile_source(Source("other.space", text))
    with pytest.raises(SpacelangError, match="SP0711.*can't hold the parameter size of the block other"):
        import_table(folder(tmp_path / "t", FILES), space, FIXED)


def test_a_missing_archive_is_said(tmp_path: Path) -> None:
    with pytest.raises(SpacelangError, match=r"SP0710.*nowhere: No such file"):
        import_table(tmp_path / "nowhere", TINY, {32: 1.0})


def test_only_resolutions_with_rows_need_a_fixed_latency(tmp_path: Path) -> None:
    table = random_table(0, rows=12)
    with pytest.raises(SpacelangError, match=r"SP0714.*resolution 64 is missing.*--fixed"):
        Table.of(TINY, table.rows, Latencies("cpu", {32: 1.0}, np.ones(len(table.rows))), "")
    small = Table.of(TINY, table.rows.take(np.flatnonzero(table.rows.resolution == 32)), None, "")
    small = small.attach("cpu", np.ones(len(small.rows)), {32: 0.5})
    write_table(small, tmp_path / "small.parquet")
    quality = ir.Quality(estimator="exact", top=3)
    found = solve(TINY, read_table(tmp_path / "small.parquet"), (4, 6), quality)
    assert {each.resolution for target in found.score.targets for each in target.best} == {32}


@pytest.mark.parametrize("loss", [np.nan, np.inf, -1.0, 0.0])
def test_a_loss_that_can_not_be_is_refused_everywhere(tmp_path: Path, loss: float) -> None:
    table = random_table(0)
    spoilt = replace(table.rows, loss=np.where(np.arange(len(table.rows)) == 3, loss, table.rows.loss))
    bad = replace(table, rows=spoilt)
    quality = ir.Quality(estimator="exact", top=3)
    for call in (
        lambda: Table.of(TINY, spoilt, None, ""),
        lambda: write_table(bad, tmp_path / "bad.parquet"),
        lambda: solve(TINY, bad, (4, 6), quality),
        lambda: score(Genome((1, 1, 1), (0, 0, 0)), bad, (4, 6), quality),
        lambda: evolve(TINY, bad),
    ):
        with pytest.raises(SpacelangError, match=r"SP0703.*losses aren't usable; the first is .*in row 3"):
            call()
    assert not list(tmp_path.iterdir())


def test_archives_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    whole = tarred(tmp_path / "t.xz", FILES).read_bytes()
    packed = zipped(tmp_path / "t.zip", FILES).read_bytes()
    for name, content in (
        ("text", b"hello"),
        ("empty", b""),
        ("half.xz", whole[: len(whole) // 2]),
        ("half.zip", packed[: len(packed) // 2]),
        ("junk.xz", whole[:40] + b"\0" * 40 + whole[80:]),
        ("junk.gz", b"\x1f\x8b" + b"x" * 50),
    ):
        (tmp_path / name).write_bytes(content)
        (message,) = messages(tmp_path / name)
        assert re.search(rf"SP0710\]: .*{name}: ", message), message
    (message,) = messages(tmp_path / "missing")
    assert "No such file" in message
    (message,) = messages(folder(tmp_path / "none", {"README.md": ""}))
    assert "there is no file like `stage1_0_0.csv` in it" in message


def test_names_in_an_archive_lead_nowhere(tmp_path: Path) -> None:
    """Nothing is unpacked, so a name that climbs out of the archive is just a name; a link is not followed."""
    path = tmp_path / "t.tar"
    text = FILES["stage1_1_0.csv"]
    with tarfile.open(path, "w") as file:
        info = tarfile.TarInfo("../../stage1_1_0.csv")
        info.size = len(text)
        file.addfile(info, io.BytesIO(text.encode()))
    assert len(import_table(path, TINY, FIXED).rows) == 6
    with tarfile.open(path, "a") as file:
        link = tarfile.TarInfo("stage1_1_1.csv")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        file.addfile(link)
    (message,) = messages(path)
    assert "SP0710" in message
    assert "'stage1_1_1.csv' is a link or a device" in message


@pytest.mark.parametrize("write", [folder, zipped, tarred])
def test_what_is_larger_than_a_table_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path, dict[str, str]], Path]
) -> None:
    path = write(tmp_path / ("t.tar" if write is tarred else "t"), FILES)
    for limit, value in (("MAX_FILES", 3), ("MAX_FILE_BYTES", 100), ("MAX_TOTAL_BYTES", 1000)):
        with monkeypatch.context() as patch:
            patch.setattr(archive, limit, value)
            (message,) = messages(path)
            assert re.search(r"SP0710\]: .*(more than|at most)", message)


def test_the_importer_keeps_fractions_of_expand_ratios(tmp_path: Path) -> None:
    text = TEXT.replace("expand {4, 6}", "expand {0.5, 1.5}")
    (space,) = compile_source(Source("fraction.space", text))
    table = random_table(3, rows=6, space=space)
    read = import_table(folder(tmp_path / "t", csv_files(table)), space, FIXED, verify=True)
    np.testing.assert_array_equal(read.rows.numbers, table.rows.numbers)


def test_lines_that_copy_others_are_left_out_and_said(tmp_path: Path) -> None:
    twice = {name: text * 2 for name, text in FILES.items()}
    remarks: list[str] = []
    table = import_table(folder(tmp_path / "twice", twice), TINY, FIXED, remark=remarks.append)
    assert fingerprint(table) == fingerprint(import_table(folder(tmp_path / "once", FILES), TINY, FIXED))
    assert remarks[0] == f"{len(TABLE.rows)} rows only copy others and are left out"


def test_repeated_measurements_are_kept_and_said(tmp_path: Path) -> None:
    name = "stage1_1_0.csv"
    again = FILES[name].splitlines()[0].split(",")
    again[2] = "0.4321"
    files = {**FILES, name: FILES[name] + ",".join(again) + "\n"}
    remarks: list[str] = []
    table = import_table(folder(tmp_path / "t", files), TINY, FIXED, remark=remarks.append)
    assert len(table.rows) == len(TABLE.rows) + 1
    repeated = len(repeats(table.rows)[0])
    assert remarks == [f"{repeated} rows repeat an architecture; each counts, as a measurement of its own"]


def test_an_archive_as_the_published_pixel4_one(tmp_path: Path) -> None:
    """Three of the five resolutions have rows, and costs are sums in single precision."""
    space = spacelang.load(Path(__file__).parents[2] / "specs" / "pixel4_released.space")
    rows = pixel4_rows(space)
    archive = tarred(tmp_path / "pixel4.tar.xz", pixel4_files(space, rows))
    fixed = {160: 1.2, 192: 1.6, 224: 2.1}
    table = import_table(archive, space, fixed, verify=True)
    assert len(table.rows) == len(rows)
    assert table.missing == ()
    quality = ir.Quality(estimator="exact", top=20)
    found = solve(space, table, quality=quality)
    assert {each.resolution for target in found.score.targets for each in target.best} <= set(fixed)
    assert spacelang.doubts(table, space.targets.latency_ms) == ()  # type: ignore[union-attr]
    off = pixel4_files(space, rows, factor=1 + 3e-6)
    with pytest.raises(SpacelangError, match=r"SP0713.*MFLOPs are written"):
        import_table(tarred(tmp_path / "off.tar.xz", off), space, fixed, verify=True)


def pixel4_rows(space: ir.SearchSpace) -> list[tuple[Cell, Drawn]]:
    rows = []
    for cell in all_cells(space):
        drawn = [each for each in draw(space, cell, 40, seed=3) if each.resolution in (160, 192, 224)]
        rows += [(cell, each) for each in drawn[:8]]
    return rows


def pixel4_files(space: ir.SearchSpace, rows: list[tuple[Cell, Drawn]], factor: float = 1.0) -> dict[str, str]:
    random, files = Random(0), defaultdict[str, list[str]](list)
    strides = [stage.stride for stage in space.stem + space.stages]
    for cell, drawn in rows:
        size = sizes(drawn.resolution, strides)[len(space.stem) + cell.stage]
        ops = stage_ops(space, cell, drawn, size)
        macs = np.float32(0)
        for op in ops:
            macs += np.float32(op_cost(op).macs / 1e6)
        mparams = (
            CostModel(space)
            .stage(
                space.stages[cell.stage],
                space.stages[cell.stage].candidate(cell.block),
                drawn.choice.layers,
                MapShape(drawn.channels_in, size),
            )
            .mparams_quantised
        )
        names = space.blocks_by_name[space.stages[cell.stage].candidate(cell.block).block].numeric
        layers = "_".join(
            f"{dict(zip(names, each.numbers, strict=True))['kernel']}#{each.width}"
            f"#{dict(zip(names, each.numbers, strict=True)).get('expand')}"
            for each in drawn.choice.layers
        )
        latency = 0.05 + float(macs) / 40
        loss = 0.9 / (1 + latency) ** 0.2 * random.uniform(0.9, 1.1)
        files[f"stage{cell.stage + 1}_{cell.block}_{cell.window}.csv"].append(
            f"{layers},1x{drawn.channels_in}x{size}x{size},{loss:.4f},{float(macs) * factor:.4f},{mparams:.4f},"
            f"{latency:.4f}\n"
        )
    return {name: "".join(lines) for name, lines in files.items()}


def stage_ops(space: ir.SearchSpace, cell: Cell, drawn: Drawn, size: int) -> list[Op]:
    """The operators of a stage, one after the other."""
    stage = space.stages[cell.stage]
    candidate = stage.candidate(cell.block)
    channels, stride = drawn.channels_in, stage.stride
    ops: list[Op] = []
    for each in drawn.choice.layers:
        block = space.blocks_by_name[candidate.block]
        ops += layer_ops(block, each.numbers, candidate.acts, LayerShape(channels, each.width, stride, size))
        channels, size, stride = each.width, size_after(size, stride), 1
    return ops
