"""The published table, where it lies next to the repository; every test on it has a twin on a small made table."""

from __future__ import annotations

from pathlib import Path

import pytest

from spacelang import ir
from spacelang.driver import compile_source
from spacelang.evolve.table.importer import import_table
from spacelang.evolve.table.table import Table
from spacelang.report.source import Source

ROOT = Path(__file__).parents[2]
ARCHIVE = ROOT.parent / "shared" / "data" / "vnni_block_table.tar.xz"
FIXED = {160: 1.751, 192: 2.277, 224: 2.801}


@pytest.fixture(scope="session")
def vnni_released() -> ir.SearchSpace:
    path = ROOT / "specs" / "vnni_released.space"
    (space,) = compile_source(Source(str(path), path.read_text()), path)
    return space


@pytest.fixture(scope="session")
def published_archive() -> Path:
    if not ARCHIVE.exists():
        pytest.skip("the published table is not at ../shared/data")
    return ARCHIVE


@pytest.fixture(scope="session")
def published(published_archive: Path, vnni_released: ir.SearchSpace) -> Table:
    return import_table(published_archive, vnni_released, FIXED)
