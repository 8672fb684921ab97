"""The teacher that is trained on the data at hand."""

from __future__ import annotations

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

import spacelang
from spacelang import SpacelangError
from spacelang.train.data import Data, open_data
from spacelang.train.teacher import Teacher, default_teacher, open_teacher, trained
from tests.train.images import image_folder, space

SPACE = space((1, 2), channels=1, resolutions="8, 12")
DIGITS = open_data("digits", SPACE)
SPECS = Path(__file__).parents[3] / "specs"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few steps: what is tested here isn't how good the teacher gets."""
    monkeypatch.setattr(trained, "EPOCHS", 2)
    monkeypatch.setattr(trained, "BATCH", 480)


def opened(folder: Path, data: Data = DIGITS, space: spacelang.SearchSpace = SPACE) -> Teacher:
    return open_teacher("trained", space, data, folder)


def refusal(folder: Path, data: Data = DIGITS, space: spacelang.SearchSpace = SPACE) -> str:
    with pytest.raises(SpacelangError) as caught:
        opened(folder, data, space)
    return str(caught.value).replace(str(folder), "FOLDER")


@pytest.mark.slow
def test_it_learns_the_digits_within_half_a_minute_of_one_core(tmp_path: Path) -> None:
    digits = spacelang.load(SPECS / "digits.space")
    begun = time.process_time()
    open_teacher("trained", digits, open_data("digits", digits), tmp_path)
    assert time.process_time() - begun < 30
    accuracy = json.loads((tmp_path / "teacher.json").read_text())["state"]["accuracy"]
    assert set(accuracy) == {"24", "32"}
    assert min(accuracy.values()) > 0.98


@pytest.mark.usefixtures("quick")
def test_it_is_kept_and_used_again(tmp_path: Path) -> None:
    told: list[tuple[int, int | None, str]] = []
    first = open_teacher(
        "trained", SPACE, DIGITS, tmp_path, lambda done, total, note="": told.append((done, total, note))
    )
    assert [each[:2] for each in told] == [(each, 6) for each in range(1, 7)]
    assert re.fullmatch(r"loss \d\.\d{3}", told[0][2])
    again = open_teacher("trained", SPACE, DIGITS, tmp_path, lambda *_: pytest.fail("it is trained already"))
    assert again.fingerprint == first.fingerprint
    images = DIGITS.train.images([0, 1], 12, None)
    assert all(torch.equal(*pair) for pair in zip(first(images), again(images), strict=True))
    kept = [each.name for each in tmp_path.iterdir() if not each.name.startswith(".")]
    assert sorted(each.partition(".")[2] for each in kept) == ["json", "safetensors"]


@pytest.mark.usefixtures("quick")
def test_its_parts_follow_the_stages(tmp_path: Path) -> None:
    teacher = opened(tmp_path)
    assert [(each.name, each.reduction) for each in teacher.points] == [("stem", 2), ("s1", 2), ("s2", 4)]
    maps = teacher(torch.rand(3, 1, 12, 12))
    assert [tuple(each.shape) for each in maps] == [(3, 32, 6, 6), (3, 32, 6, 6), (3, 64, 3, 3)]
    assert all(float(each.var((0, 2, 3)).min()) > 0 for each in maps)


@pytest.mark.usefixtures("quick")
def test_only_what_is_needed_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    teacher = opened(tmp_path)
    images = torch.rand(2, 1, 12, 12)
    maps = teacher(images)
    last = teacher.get_submodule("backbone.parts.2")
    monkeypatch.setattr(last, "forward", lambda _: pytest.fail("the last part isn't needed"))
    before, after = teacher.between(images, 0, 1)
    assert torch.equal(before, maps[0])
    assert torch.equal(after, maps[1])


@pytest.mark.usefixtures("quick")
def test_a_training_that_was_killed_ends_with_the_same_teacher(tmp_path: Path) -> None:
    whole = opened(tmp_path / "whole")

    class Killed(Exception):
        pass

    def kill(done: int, total: int | None, note: str = "") -> None:
        if done == 5:
            raise Killed

    with pytest.raises(Killed):
        open_teacher("trained", SPACE, DIGITS, tmp_path / "killed", kill)
    steps: list[int] = []
    resumed = open_teacher("trained", SPACE, DIGITS, tmp_path / "killed", lambda done, *_: steps.append(done))
    assert steps == [4, 5, 6]
    assert resumed.fingerprint == whole.fingerprint
    whole_file, resumed_file = (next((tmp_path / each).glob("*.safetensors")) for each in ("whole", "killed"))
    assert whole_file.read_bytes() == resumed_file.read_bytes()


@pytest.mark.usefixtures("quick")
def test_of_two_that_want_it_at_once_one_trains(tmp_path: Path) -> None:
    steps: list[int] = []

    def open_it(_: int) -> str:
        return open_teacher("trained", SPACE, DIGITS, tmp_path, lambda done, *_: steps.append(done)).fingerprint

    with ThreadPoolExecutor(2) as pool:
        fingerprints = list(pool.map(open_it, range(2)))
    assert steps == [1, 2, 3, 4, 5, 6]
    assert fingerprints[0] == fingerprints[1]


@pytest.mark.usefixtures("quick")
def test_one_of_other_images_is_refused(tmp_path: Path) -> None:
    opened(tmp_path / "kept")
    photographs = open_data(str(image_folder(tmp_path / "photographs")), SPACE)
    assert refusal(tmp_path / "kept", photographs) == (
        f"error[SP1230]: the teacher in FOLDER was trained on digits, not on {photographs.name} "
        "(remove FOLDER/teacher.json to train a new one)"
    )


@pytest.mark.usefixtures("quick")
def test_one_of_images_that_changed_is_refused(tmp_path: Path) -> None:
    root = image_folder(tmp_path / "photographs")
    opened(tmp_path / "kept", open_data(str(root), SPACE))
    (root / "train/a/5.png").unlink()
    assert refusal(tmp_path / "kept", open_data(str(root), SPACE)) == (
        f"error[SP1230]: the teacher in FOLDER was trained on other images than {root} holds "
        "(remove FOLDER/teacher.json to train a new one)"
    )


@pytest.mark.usefixtures("quick")
def test_one_for_another_space_is_refused(tmp_path: Path) -> None:
    opened(tmp_path)
    other = space((2, 2), channels=1, resolutions="8, 12")
    assert refusal(tmp_path, space=other) == (
        "error[SP1231]: the teacher in FOLDER was trained for a space with other stages than tiny "
        "(remove FOLDER/teacher.json to train a new one)"
    )


def test_it_is_the_default_for_digits_only(tmp_path: Path) -> None:
    assert default_teacher(DIGITS) == "trained"
    assert default_teacher(open_data(str(image_folder(tmp_path)), SPACE)) == "efficientnet-b5"


def test_there_is_no_such_teacher(tmp_path: Path) -> None:
    with pytest.raises(SpacelangError) as caught:
        open_teacher("resnet50", SPACE, DIGITS, tmp_path)
    assert str(caught.value) == (
        "error[SP1220]: there is no teacher `resnet50` (legal here: trained, efficientnet-b5, efficientnet-b5:FOLDER, "
        "transformers:HUB_ID_OR_FOLDER or timm:MODEL)"
    )
    with pytest.raises(SpacelangError, match="there is no teacher `trainde` .did you mean `trained`."):
        open_teacher("trainde", SPACE, DIGITS, tmp_path)
