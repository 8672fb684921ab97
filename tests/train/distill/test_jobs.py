"""Jobs are read from a build, and only those of its space."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import spacelang
from spacelang.report.diagnostics import Diagnostic, SpacelangError
from spacelang.train.distill import Build, read_jobs
from spacelang.train.shared.schedule import Phase

Compiled = Callable[[str], Build]


def refused(run: Callable[[], object]) -> Diagnostic:
    with pytest.raises(SpacelangError) as raised:
        run()
    (found,) = raised.value.diagnostics
    return found


def test_every_stage_and_block(compiled: Compiled) -> None:
    build = compiled("build")
    assert [(each.job, each.stage, each.block) for each in build.jobs] == [
        (0, "stage1", "mbv2"),
        (1, "stage1", "fused_mb"),
        (2, "stage2", "mbv2"),
        (3, "stage2", "fused_mb"),
    ]
    job = build.jobs[3]
    assert (job.name, job.describe(), build.stage_of(job)) == ("stage2-1", "stage2, block 1 (fused_mb)", 1)
    assert job.training.phases == (Phase("fp32", 2, 0.005), Phase("int8", 1, 0.0025))


def test_chosen_by_number(compiled: Compiled) -> None:
    build = compiled("build")
    assert build.chosen([]) == build.jobs
    assert [each.job for each in build.chosen([3, 1, 3])] == [1, 3]
    found = refused(lambda: build.chosen([1, 4]))
    assert found.code == "SP1304"
    assert found.message == "there is no job 4"
    assert found.help == f"{build.folder / 'bkd/jobs.json'} has the jobs 0 to 3"


def test_a_directory_without_jobs(tmp_path: Path) -> None:
    space = spacelang.load("specs/seqnet_vnni_a0.space")
    spacelang.compile_to(space, tmp_path)
    found = refused(lambda: read_jobs(tmp_path))
    assert found.code == "SP1303"
    assert found.message == f"there is no file `{tmp_path / 'bkd/jobs.json'}`"
    assert found.help == f"spacelang compile SPACE.space -o {tmp_path}"


def test_edited_jobs(compiled: Compiled) -> None:
    build = compiled("build")
    path = build.folder / "bkd" / "jobs.json"
    path.write_text(path.read_text().replace('"batch": 40', '"batch": 20'))
    found = refused(lambda: read_jobs(build.folder))
    assert found.code == "SP1303"
    assert found.message == f"`{path}` is not what this spacelang makes of the space tiny"
    assert found.help == "change the `distill` section of the space instead, and compile it again"
