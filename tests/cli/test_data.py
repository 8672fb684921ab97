"""`spacelang data`."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Cli
from tests.train.images import image_folder


def test_digits_are_counted(cli: Cli) -> None:
    result = cli("data", "digits")
    assert result.code == 0
    assert result.out.startswith("digits: 10 classes; fingerprint ")
    rows = [line.split() for line in result.out.splitlines()]
    assert [each for each in rows if each and each[0] in ("train", "validation")] == [
        ["train", "1442", "140", "to", "147"],
        ["validation", "355", "34", "to", "36"],
    ]


def test_a_folder_for_another_program(cli: Cli, tmp_path: Path) -> None:
    root = image_folder(tmp_path)
    result = cli("data", str(root), "--read", "--json")
    assert result.code == 0
    found = json.loads(result.out)
    assert found.pop("fingerprint")
    assert found == {
        "format_version": 1,
        "data": str(root),
        "classes": 3,
        "train": {"images": 18, "fewest_of_a_class": 6, "most_of_a_class": 6},
        "validation": {"images": 6, "fewest_of_a_class": 2, "most_of_a_class": 2},
    }


def test_all_broken_images_are_found(cli: Cli, tmp_path: Path) -> None:
    root = image_folder(tmp_path)
    for each in ("train/a/1.png", "val/c/0.png"):
        (root / each).write_bytes(b"broken")
    assert cli("data", str(root)).code == 0
    for workers in ("0", "1"):
        result = cli("data", str(root), "--read", "--workers", workers)
        assert result.code == 1
        assert result.out == ""
        assert result.err.count("SP1208") == 2
        assert f"the image {root}/train/a/1.png can't be read: cannot identify image file" in result.err
        assert f"the image {root}/val/c/0.png can't be read" in result.err
