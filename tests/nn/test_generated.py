"""From spaces and build folders to supernets."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from spacelang import SpacelangError, compile_to, ir, nn
from spacelang.networks.architecture import largest
from spacelang.networks.sample import sample
from tests.nn.networks import SPECS, images, random_space, spec

NAMES = sorted(path.stem for path in SPECS.glob("*.space") if path.stem != "devices")


@pytest.mark.parametrize("name", NAMES)
def test_every_spec_becomes_a_supernet(name: str) -> None:
    space = spec(name)
    with torch.device("meta"):
        supernet = nn.build(space)
        for architecture in sample(space, 3, seed=0):
            assert supernet(images(space, 64), architecture).shape == (2, space.classes)


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_the_largest_network_trains_every_weight(precision: nn.Precision) -> None:
    """Only projections of shortcuts are idle, where the largest network's shapes agree; and quantisers in FP32."""
    space = random_space(spec("digits"), 0)
    supernet = nn.build(space)
    nn.set_precision(supernet, precision)
    supernet(images(space, 24, 4), largest(space)).square().sum().backward()
    idle = [name for name, each in supernet.named_parameters() if each.grad is None and ".shortcut.conv." not in name]
    quantisers = [name for name, _ in supernet.named_parameters() if name.endswith((".scale", ".offset"))]
    assert idle == ([] if precision == "int8" else [name for name in quantisers if ".shortcut.conv." not in name])


def test_students_take_any_stage_of_their_job() -> None:
    hyperspace = spec("digits")
    students = nn.generated_module(hyperspace).STUDENTS
    for architecture in sample(hyperspace, 5, seed=0):
        for stage, choice in zip(hyperspace.stages, architecture.stages, strict=True):
            plan = students[stage.name, choice.candidate]
            x = torch.randn(2, plan.channels_in, 8, 8)
            assert plan.stage()(x, choice).shape[1] == choice.layers[-1].width <= plan.width


def test_knows_the_space_it_was_made_of() -> None:
    space = spec("digits")
    assert space.sha256 == nn.generated_module(space).SPACE_SHA256


def test_refuses_an_ir_that_is_wrong() -> None:
    space = spec("digits")
    wrong = ir.replace(space, classes=0)
    with pytest.raises(SpacelangError):
        nn.build(wrong)


def test_reads_a_build(tmp_path: Path) -> None:
    compile_to(spec("digits"), tmp_path, ["supernet"])
    assert nn.read_build(tmp_path) == spec("digits")


def test_never_runs_a_supernet_that_was_edited(tmp_path: Path) -> None:
    compile_to(spec("digits"), tmp_path, ["supernet"])
    with (tmp_path / "supernet.py").open("a") as file:
        file.write("raise SystemExit\n")
    with pytest.raises(SpacelangError, match="supernet.py is not what this spacelang makes of"):
        nn.read_build(tmp_path)


def test_names_the_file_that_is_missing_or_unreadable(tmp_path: Path) -> None:
    with pytest.raises(SpacelangError, match="there is no file `.*ir.json`"):
        nn.read_build(tmp_path)
    compile_to(spec("digits"), tmp_path, ["supernet"])
    (tmp_path / "supernet.py").write_bytes(b"\xff")
    with pytest.raises(SpacelangError, match="supernet.py` is not UTF-8"):
        nn.read_build(tmp_path)
    (tmp_path / "supernet.py").unlink()
    (tmp_path / "supernet.py").mkdir()
    with pytest.raises(SpacelangError, match="supernet.py` can't be read: is a directory"):
        nn.read_build(tmp_path)


def test_says_what_to_install_without_torch() -> None:
    code = "import sys; sys.modules['torch'] = None; import spacelang.nn"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "spacelang.nn needs torch: pip install '.[train]', in its checkout" in run.stderr
