"""What a wheel holds, and what it asks for."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from setuptools import find_packages

from spacelang.evolve.table.parquet import write_table
from tests.evolve.synthetic import TEXT, random_table

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SETUPTOOLS = PYPROJECT["tool"]["setuptools"]
PACKAGES = find_packages(str(ROOT), include=SETUPTOOLS["packages"]["find"]["include"])
FOLDERS = {"spacelang.backends": "backends", "spacelang.grammar": "grammar"}


def packages_of(folder: Path, name: str) -> set[str]:
    """Every folder with Python files or package data, by dotted name; links are followed by their own rule."""
    found = {name}
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink() and (path / "__init__.py").exists():
            found |= packages_of(path, f"{name}.{path.name}")
    return found


def test_every_folder_of_the_tree_is_a_package() -> None:
    tree = packages_of(ROOT / "spacelang", "spacelang")
    for name, folder in FOLDERS.items():
        tree |= packages_of(ROOT / folder, name)
    assert set(PACKAGES) == tree


def test_every_data_file_is_packaged() -> None:
    """Templates, grammars and the block library: whatever a package holds that isn't Python."""
    folders = {name: (ROOT / name.replace(".", "/")).resolve() for name in PACKAGES}
    packaged = {
        path
        for name, patterns in SETUPTOOLS["package-data"].items()
        for each in patterns
        for path in folders[name].glob(each)
    }
    tracked = subprocess.run(
        ["git", "ls-files", "spacelang", "backends", "grammar"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    data = {ROOT / line for line in tracked.stdout.splitlines() if not line.endswith(".py")}
    assert {path for path in data if not path.is_symlink()} <= packaged


@pytest.mark.parametrize("name", ["backends", "grammar"])
def test_the_links_lead_to_the_folders(name: str) -> None:
    link = ROOT / "spacelang" / name
    assert link.is_symlink()
    assert link.readlink() == Path("..", name)


def test_importing_spacelang_is_light() -> None:
    heavy = ("torch", "numpy", "onnx", "tensorflow", "pyarrow", "lark", "pydantic", "rich", "typer")
    code = f"import sys, spacelang; print([m for m in {heavy} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


EXTRAS = (
    "ConfigSpace", "PIL", "ai_edge_litert", "altair", "filelock", "kornia", "matplotlib", "onnx", "onnxruntime",
    "optuna", "psutil", "pygls", "pyglove", "ray", "safetensors", "scipy", "sklearn", "tensorboard", "tensorflow",
    "tflite", "torch", "transformers", "vl_convert",
)  # fmt: skip
WITHOUT_EXTRAS = f"""
import sys
from importlib.abc import MetaPathFinder

class Missing(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in {EXTRAS}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
from spacelang.cli.app import COMMANDS
from spacelang.cli.entry import run
for words in (["--help"], ["--version"], *(name.split() + ["--help"] for name in COMMANDS)):
    assert run(words) == 0, words
"""


def test_every_command_has_its_help_without_any_extra() -> None:
    run = subprocess.run([sys.executable, "-c", WITHOUT_EXTRAS], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as an installer would, from a copy, so that the tree stays clean."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    archive = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, archive.stdout.split("\0")):
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_symlink():
            target.symlink_to((ROOT / name).readlink())
        else:
            target.write_bytes((ROOT / name).read_bytes())
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(out), str(source)], capture_output=True, check=True
    )
    (built,) = out.glob("*.whl")
    return built


@pytest.mark.slow
def test_the_wheel_puts_one_name_into_site_packages(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name.split("/")[0]} == {"spacelang"}
    for wanted in ("py.typed", "std/blocks.space", "grammar/space.lark", "backends/supernet/__init__.py"):
        assert f"spacelang/{wanted}" in names
    assert any(name.endswith(".jinja") for name in names)


@pytest.mark.slow
def test_the_wheel_asks_for_no_framework(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        headers = Parser().parsestr(archive.read(metadata).decode())
    core = [line for line in headers.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert core
    assert not [line for line in core if line.startswith(("torch", "onnx", "tensorflow", "ai-edge", "ray"))]


@pytest.mark.slow
def test_the_wheel_works_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    bin = tmp_path / "venv" / "bin"
    constraints = ["-c", str(ROOT / "constraints.txt")]
    subprocess.run([bin / "pip", "install", "--quiet", *constraints, str(wheel)], check=True, capture_output=True)

    def spacelang(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(bin / "spacelang"), *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    specs = ROOT / "specs"
    write_table(random_table(seed=1, rows=8), tmp_path / "table.parquet")
    (tmp_path / "tiny.space").write_text(TEXT)
    for command in (
        ("check", str(specs / "vnni_released.space")),
        ("fmt", "--check", str(specs / "vnni_released.space")),
        ("diff", str(specs / "vnni.space"), str(specs / "vnni.space")),
        ("compile", str(specs / "vnni_released.space"), "-o", "build"),
        ("evolve", "tiny.space", "--table", "table.parquet", "-o", "best.space"),
    ):
        run = spacelang(*command)
        assert run.returncode == 0, (command, run.stderr)
    assert (tmp_path / "build" / "supernet.py").exists()
    assert (tmp_path / "best.space").exists()
