"""From a file to a directory of files, and what happens to files that are there already."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

import spacelang
from spacelang.driver import compile_to
from spacelang.ir.nodes import to_json
from spacelang.networks.architecture import model_of, smallest
from spacelang.report.diagnostics import SpacelangError
from tests.backends.test_census import TINY

ROOT = Path(__file__).parents[2]
SPACE = TINY["two stages at one size"]
MODEL = model_of(SPACE, smallest(SPACE), "tiny_model")
BOTH = """
language 1
import "std/blocks.space"
device d { runtime onnxruntime, precision int8, threads 1, widths multiple of 8 }
space first on d {
  input 3 channels
  resolution 32
  classes 10
  stem mbv1 { depth 1, stride 2, width 16, kernel 3, act relu }
  stage stage1 mbv1 { depth 1, stride 2, width 16, kernel {3, 5}, act relu }
  head { pool
    linear -> classes }
}
space second on d {
  input 3 channels
  resolution 32
  classes 10
  stem mbv1 { depth 1, stride 2, width 16, kernel 3, act relu }
  stage stage1 mbv1 { depth 1, stride 2, width 24, kernel {3, 5}, act relu }
  head { pool
    linear -> classes }
}
"""


def contents(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def errors(caught: pytest.ExceptionInfo[SpacelangError]) -> list[str]:
    return [f"{each.code}: {each.message}" for each in caught.value.diagnostics]


def test_writes_every_file_and_a_manifest_of_them(tmp_path: Path) -> None:
    written = compile_to(SPACE, tmp_path / "build")
    files = contents(tmp_path / "build")
    assert [each.relative_to(tmp_path / "build").as_posix() for each in written] == sorted(files)
    assert {"ir.json", "supernet.py", "kernels.json", "encoding.json", "bkd/jobs.json"} < files.keys()
    assert files["ir.json"] == to_json(SPACE)
    manifest = json.loads(files.pop("manifest.json"))
    assert manifest["space"] == {"kind": "space", "name": "tiny", "sha256": SPACE.sha256}
    assert manifest["files"] == {path: hashlib.sha256(text.encode()).hexdigest() for path, text in files.items()}


def test_the_same_bytes_in_any_process(tmp_path: Path) -> None:
    script = "import sys, spacelang; spacelang.compile_to(spacelang.load(sys.argv[1]), sys.argv[2])"
    for name, seed in (("a", "1"), ("b", "2")):
        command = [sys.executable, "-c", script, str(ROOT / "specs/digits.space"), str(tmp_path / name)]
        subprocess.run(command, check=True, cwd=ROOT, env={"PYTHONHASHSEED": seed})
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_named_backends_only(tmp_path: Path) -> None:
    compile_to(SPACE, tmp_path, ["encoding"])
    assert contents(tmp_path).keys() == {"ir.json", "manifest.json", "encoding.json"}


def test_compiling_again_touches_nothing_and_removes_what_is_stale(tmp_path: Path) -> None:
    compile_to(SPACE, tmp_path)
    before = (tmp_path / "supernet.py").stat().st_mtime_ns
    compile_to(SPACE, tmp_path, ["supernet"])
    assert (tmp_path / "supernet.py").stat().st_mtime_ns == before
    assert contents(tmp_path).keys() == {"ir.json", "manifest.json", "supernet.py"}
    assert not (tmp_path / "bkd").exists()


def test_another_space_replaces_the_first(tmp_path: Path) -> None:
    compile_to(SPACE, tmp_path)
    compile_to(MODEL, tmp_path)
    assert json.loads((tmp_path / "ir.json").read_text())["kind"] == "model"
    assert not (tmp_path / "bkd/jobs.json").exists()


def test_edited_files_are_not_lost(tmp_path: Path) -> None:
    compile_to(SPACE, tmp_path)
    (tmp_path / "supernet.py").write_text("mine")
    (tmp_path / "kernels.json").write_text("mine too")
    before = contents(tmp_path)
    with pytest.raises(SpacelangError) as caught:
        compile_to(MODEL, tmp_path)
    assert errors(caught) == [
        f"SP0808: {tmp_path}/kernels.json was edited since it was generated",
        f"SP0808: {tmp_path}/supernet.py was edited since it was generated",
    ]
    assert contents(tmp_path) == before
    compile_to(MODEL, tmp_path, force=True)
    assert "class Supernet" in (tmp_path / "supernet.py").read_text()


def test_an_edited_file_that_is_made_no_more_stays(tmp_path: Path) -> None:
    compile_to(SPACE, tmp_path)
    (tmp_path / "bkd/slurm_array.sh").write_text("mine")
    compile_to(MODEL, tmp_path)
    assert (tmp_path / "bkd/slurm_array.sh").read_text() == "mine"
    assert not (tmp_path / "bkd/jobs.json").exists()


def test_files_of_others_are_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "supernet.py").write_text("of somebody else")
    with pytest.raises(SpacelangError) as caught:
        compile_to(SPACE, tmp_path)
    assert errors(caught) == [f"SP0807: {tmp_path}/supernet.py already exists and wasn't made by spacelang"]
    assert contents(tmp_path) == {"supernet.py": "of somebody else"}


def test_a_compilation_that_was_killed_is_completed(tmp_path: Path) -> None:
    compile_to(SPACE, tmp_path)
    (tmp_path / "manifest.json").unlink()
    (tmp_path / "kernels.json").unlink()
    compile_to(SPACE, tmp_path)
    assert {"manifest.json", "kernels.json"} < contents(tmp_path).keys()


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 9}', '{"spacelang": "0", "space": {}, "files": {}}'])
def test_an_unreadable_manifest(text: str, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(SpacelangError) as caught:
        compile_to(SPACE, tmp_path)
    assert errors(caught) == [f"SP0809: {tmp_path}/manifest.json can't be read, so what is in {tmp_path} is unknown"]
    compile_to(SPACE, tmp_path, force=True)


def test_a_manifest_can_not_point_outside(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    compile_to(SPACE, tmp_path / "build")
    manifest = json.loads((tmp_path / "build/manifest.json").read_text())
    manifest["files"]["../victim"] = hashlib.sha256(b"precious").hexdigest()
    (tmp_path / "build/manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(SpacelangError, match="SP0809"):
        compile_to(SPACE, tmp_path / "build")
    assert victim.exists()


def test_a_directory_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "build").write_text("")
    with pytest.raises(SpacelangError) as caught:
        compile_to(SPACE, tmp_path / "build")
    assert str(caught.value) == f"error[SP0812]: {tmp_path}/build is a file (name a folder)"


def test_a_folder_in_the_place_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "supernet.py").mkdir()
    with pytest.raises(SpacelangError) as caught:
        compile_to(SPACE, tmp_path)
    assert errors(caught) == [f"SP0812: {tmp_path}/supernet.py can't be written: Is a directory"]


def test_a_file_of_several_spaces(tmp_path: Path) -> None:
    path = tmp_path / "both.space"
    path.write_text(BOTH)
    assert spacelang.load(f"{path}#second").name == "second"
    with pytest.raises(SpacelangError) as caught:
        spacelang.load(path)
    assert errors(caught) == [f"SP0810: {path} declares 2 spaces"]
    with pytest.raises(SpacelangError) as caught:
        spacelang.load(f"{path}#frist")
    assert errors(caught) == [f"SP0810: {path} declares no space `frist`"]
    assert caught.value.diagnostics[0].help == "did you mean `first`?"
    assert spacelang.loads(BOTH, "first").name == "first"
    (tmp_path / "odd#name.space").write_text(BOTH[: BOTH.index("space second")])
    assert spacelang.load(tmp_path / "odd#name.space").name == "first"


def test_a_file_without_spaces() -> None:
    with pytest.raises(SpacelangError) as caught:
        spacelang.load(ROOT / "specs/devices.space")
    assert errors(caught) == [f"SP0811: {ROOT}/specs/devices.space declares no space"]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SpacelangError, match="there is no file"):
        spacelang.load(tmp_path / "none.space")


def test_all_errors_of_a_text_at_once() -> None:
    broken = BOTH.replace("width 16", "width 17").replace("classes 10", "clases 10")
    with pytest.raises(SpacelangError) as caught:
        spacelang.loads(broken)
    assert len(caught.value.diagnostics) >= 3
