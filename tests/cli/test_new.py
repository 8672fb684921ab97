"""`new` writes hyperspaces that work."""

from __future__ import annotations

from pathlib import Path

import pytest

import spacelang
from spacelang.cli import new
from spacelang.cli.starter import BLOCKS, Size
from spacelang.latency.predict.shipped import shipped
from tests.cli.conftest import Cli


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("size", [each.value for each in Size])
@pytest.mark.parametrize("blocks", [",".join(BLOCKS), "mbv2"])
def test_what_it_writes_is_clean(size: str, blocks: str, cli: Cli) -> None:
    assert cli("new", "my first.space", "--size", size, "--blocks", blocks, "--device", "cost-model").code == 0
    assert cli("check", "--strict", "my first.space") == (0, "1 file checked, no errors\n", "")
    assert cli("fmt", "--check", "my first.space").code == 0
    space = spacelang.load("my first.space")
    assert space.name == "my_first"
    assert [each.block for each in space.stages[0].candidates] == blocks.split(",")


@pytest.mark.parametrize("device", [*shipped(), "cost-model"])
@pytest.mark.parametrize("size", [each.value for each in Size])
def test_every_device_and_size(device: str, size: str, cli: Cli) -> None:
    assert (
        cli("new", "größe 1.space", "--device", device, "--size", size, "--channels", "4", "--classes", "7").code == 0
    )
    assert cli("check", "--strict", "größe 1.space").code == 0
    assert cli("fmt", "--check", "größe 1.space").code == 0
    space = spacelang.load("größe 1.space")
    assert (space.channels, space.classes) == (4, 7)
    assert space.targets
    assert list(space.targets.latency_ms) == sorted(set(space.targets.latency_ms))
    if device != "cost-model":
        assert space.device.runtime in device


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("name", ["1.space", "div.space", "space.space", "ü.space", "a-b.c.space", "_.space"])
def test_every_block_alone_and_odd_names(block: str, name: str, cli: Cli) -> None:
    assert cli("new", name, "--blocks", block, "--device", "cost-model", "--size", "tiny").code == 0
    assert cli("check", "--strict", name).code == 0
    assert cli("fmt", "--check", name).code == 0


def test_it_asks_for_what_is_left_open(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    asking = new._Asking
    answers = "cost-model\ndigits\nhuge\ntiny\nmbv1,mbv2\n"
    with monkeypatch.context() as patch:
        patch.setattr(new, "_Asking", lambda asks: asking(True))
        code, out, err = cli("new", "a.space", stdin=answers)
    assert code == 0, err
    assert "`huge` isn't one of them\n" in err
    assert "--device cost-model" in out  # the next commands are for what was answered
    space = spacelang.load("a.space")
    assert [each.block for each in space.stages[0].candidates] == ["mbv1", "mbv2"]
    assert space.resolutions == spacelang.load(written(cli, "--size", "tiny")).resolutions


def written(cli: Cli, *options: str) -> Path:
    assert cli("new", "other.space", "--yes", "--device", "cost-model", *options).code == 0
    return Path("other.space")


def test_targets_are_within_what_its_networks_take(cli: Cli) -> None:
    assert cli("new", "a.space", "--size", "small", "--device", "cost-model").code == 0
    space = spacelang.load("a.space")
    assert space.targets
    smallest, largest = spacelang.predict(space, device="cost-model").ms
    assert smallest < space.targets.latency_ms[0] < space.targets.latency_ms[-1] < largest


def test_digits_and_every_next_command(cli: Cli) -> None:
    code, out, err = cli("new", "digits.space", "--data", "digits")
    assert (code, err) == (0, "wrote digits.space\n")
    space = spacelang.load("digits.space")
    assert (space.channels, space.classes) == (1, 10)
    commands = [line.split() for line in out.splitlines() if line.startswith("  ")]
    first, rest = commands[:3], [each[1] for each in commands[3:]]
    assert [each[1] for each in first] == ["check", "show", "run"]
    assert rest == ["compile", "distill", "table", "table", "solve", "train", "search"]
    for each in ([*first[0]], [*first[1]], [*first[2], "--dry-run"], commands[3]):
        assert cli(*each[1:]).code == 0


def test_classes_come_from_a_folder(cli: Cli, tmp_path: Path) -> None:
    for name in ("cat", "dog", "emu"):
        (tmp_path / "pets/train" / name).mkdir(parents=True)
    assert cli("new", "pets.space", "--data", "pets", "--device", "cost-model").code == 0
    space = spacelang.load("pets.space")
    assert (space.channels, space.classes) == (3, 3)
    code, _, err = cli("new", "other.space", "--data", "nowhere", "--device", "cost-model")
    assert code == 1
    assert "error[SP1201]: `nowhere` doesn't have a folder train/" in err
    assert not Path("other.space").exists()


def test_mistakes_and_files_that_are_there(cli: Cli) -> None:
    code, _, err = cli("new", "a.space", "--blocks", "mbv1,mbv22", "--device", "cost-model")
    assert code == 1
    assert "error[SP0201]: unknown block `mbv22`\n = help: did you mean `mbv2`?\n" in err
    assert "SP1607" in cli("new", "a.space", "--device", "nobody").err
    Path("a.space").write_text("mine\n")
    assert "error[SP1011]: a.space is there already" in cli("new", "a.space").err
    assert Path("a.space").read_text() == "mine\n"
    assert cli("new", "a.space", "--force", "--device", "cost-model").code == 0
