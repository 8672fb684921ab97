"""Image folders: what is read, and what is said when something is wrong."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from spacelang import SpacelangError
from spacelang.train.data import open_data
from spacelang.train.data.images import crop
from tests.train.images import image_folder, picture, space

SPACE = space()
MEAN, STD = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])


def message(root: Path, channels: int = 3) -> str:
    with pytest.raises(SpacelangError) as caught:
        open_data(str(root), space(channels=channels))
    return str(caught.value).replace(str(root), "ROOT")


def first(root: Path, image: Image.Image, ending: str = "png", channels: int = 3) -> torch.Tensor:
    """What validation makes of an image of 32 pixels, cropped to 28 and drawn at 28."""
    for split in ("train", "val"):
        folder = root / split / "a"
        folder.mkdir(parents=True)
        image.save(folder / f"0.{ending}")
    return open_data(str(root), space(channels=channels)).validation.images([0], 28, None)[0]


def test_classes_are_folders_in_alphabetical_order(tmp_path: Path) -> None:
    data = open_data(str(image_folder(tmp_path, ("dog", "cat"), 3, 1)), SPACE)
    assert data.classes == 2
    assert data.train.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert data.validation.labels.tolist() == [0, 1]


def test_validation_may_be_written_out_and_images_lie_deeper(tmp_path: Path) -> None:
    root = image_folder(tmp_path)
    (root / "val").rename(root / "validation")
    (root / "train/a/more").mkdir()
    shutil.move(root / "train/a/5.png", root / "train/a/more/5.PNG")
    (root / "train/a/.DS_Store").write_text("hidden")
    data = open_data(str(root), SPACE)
    assert (len(data.train), len(data.validation)) == (18, 6)


def test_pixels_are_normalised_with_the_statistics_of_imagenet(tmp_path: Path) -> None:
    colours = np.array([200, 100, 50], np.uint8)
    found = first(tmp_path, Image.fromarray(np.full((32, 32, 3), colours)))
    wanted = (torch.from_numpy(colours) / 255 - MEAN) / STD
    assert torch.allclose(found, wanted.view(3, 1, 1).expand(3, 28, 28), atol=1e-6)


def test_validation_looks_at_the_centre(tmp_path: Path) -> None:
    pixels = np.zeros((32, 64, 3), np.uint8)
    pixels[2:30, 18:46] = 255
    found = first(tmp_path, Image.fromarray(pixels)) * STD.view(3, 1, 1) + MEAN.view(3, 1, 1)
    assert torch.allclose(found, torch.ones(3, 28, 28), atol=1e-5)


@pytest.mark.parametrize(
    "change",
    [
        lambda grey: grey,
        lambda grey: grey.convert("RGBA"),
        lambda grey: grey.convert("P"),
        lambda grey: grey.convert("LA"),
        lambda grey: Image.fromarray(np.asarray(grey).astype(np.uint16) * 257),
    ],
    ids=["grey", "transparent", "palette", "grey and transparent", "16 bits"],
)
def test_other_kinds_of_pixels_become_rgb(tmp_path: Path, change: Callable[[Image.Image], Image.Image]) -> None:
    grey = picture(1, 32, 32).convert("L")
    assert torch.equal(first(tmp_path / "kind", change(grey)), first(tmp_path / "rgb", grey.convert("RGB")))


def test_a_space_of_one_channel_sees_brightness(tmp_path: Path) -> None:
    found = first(tmp_path, Image.fromarray(np.full((32, 32, 3), [255, 0, 0], np.uint8)), channels=1)
    data = open_data(str(tmp_path), space(channels=1))
    assert found.shape == (1, 28, 28)
    assert torch.allclose(found * data.std[0] + data.mean[0], torch.full((1, 28, 28), 0.299), atol=1e-6)


def test_training_crops_stay_inside_and_cover_what_they_should() -> None:
    random = torch.Generator().manual_seed(0)
    for width, height in ((40, 30), (300, 20), (1, 1), (7, 500)):
        boxes = [crop(width, height, random) for _ in range(300)]
        assert all(0 <= left < right <= width and 0 <= top < low <= height for left, top, right, low in boxes)
    areas = torch.tensor(
        [
            (right - left) * (low - top) / 120_000
            for left, top, right, low in (crop(400, 300, random) for _ in range(2000))
        ]
    )
    assert areas.min() > 0.078
    assert areas.max() <= 1
    assert 0.4 < float(areas.mean()) < 0.56


def test_training_images_vary_and_are_mirrored_half_the_time(tmp_path: Path) -> None:
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[:, :, 0] = np.linspace(0, 255, 64).astype(np.uint8)
    for split in ("train", "val"):
        (tmp_path / split / "a").mkdir(parents=True)
        Image.fromarray(pixels).save(tmp_path / split / "a/0.png")
    data = open_data(str(tmp_path), SPACE)
    made = data.train.images([0] * 200, 32, [torch.Generator().manual_seed(each) for each in range(200)])
    assert len({each.numpy().tobytes() for each in made}) > 120
    brighter = made[:, 0, :, 24:].mean((1, 2)) - made[:, 0, :, :8].mean((1, 2))
    assert 60 < int((brighter < -0.05).sum()) < 140


def test_the_fingerprint_is_of_paths_and_sizes(tmp_path: Path) -> None:
    one = image_folder(tmp_path / "one")
    shutil.copytree(one, tmp_path / "two")
    two = tmp_path / "two"
    before = open_data(str(one), SPACE).fingerprint
    assert open_data(str(two), SPACE).fingerprint == before
    with open(two / "val/c/1.png", "ab") as file:
        file.write(b"x")
    assert open_data(str(two), SPACE).fingerprint != before
    shutil.copy(one / "val/c/1.png", two / "val/c/1.png")
    assert open_data(str(two), SPACE).fingerprint == before
    (two / "val/c/1.png").rename(two / "val/c/2.png")
    assert open_data(str(two), SPACE).fingerprint != before


def test_a_folder_without_splits(tmp_path: Path) -> None:
    assert message(tmp_path) == (
        "error[SP1201]: ROOT holds no folder train/ (one folder for each class belongs in there)\n"
        "error[SP1201]: ROOT holds no folder val/ (or validation/) (one folder for each class belongs in there)"
    )


def test_a_file_instead_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "images.tar").write_text("")
    assert message(tmp_path / "images.tar") == (
        "error[SP1201]: there are no images `ROOT`: it is a file "
        "(take `digits`, or a folder that holds train/CLASS/*.jpg and val/CLASS/*.jpg)"
    )


def test_all_that_is_wrong_with_a_layout_is_told_at_once(tmp_path: Path) -> None:
    root = image_folder(tmp_path)
    for each in "de":
        (root / "train" / each).mkdir()
    (root / "train/a/0.heic").write_bytes(b"x")
    (root / "train/b/notes").write_text("x")
    shutil.move(root / "val/a/0.png", root / "val/0.png")
    assert message(root) == (
        "error[SP1204]: ROOT/val holds 1 image in no class (put the images of each class into a folder of its own)\n"
        "error[SP1205]: in ROOT/train 2 classes have no images: d, e (add some, or remove the folder; "
        "read are .bmp, .jpeg, .jpg, .pgm, .png, .ppm, .tif, .tiff and .webp)\n"
        "error[SP1206]: among the images in ROOT/train are 2 files of other kinds (1 × .heic, 1 × no ending): "
        "a/0.heic, b/notes (convert or move them; "
        "read are .bmp, .jpeg, .jpg, .pgm, .png, .ppm, .tif, .tiff and .webp)"
    )


def test_a_class_of_files_that_are_not_read(tmp_path: Path) -> None:
    root = image_folder(tmp_path)
    for each in (root / "val/c").iterdir():
        each.rename(each.with_suffix(".gif"))
    assert message(root).splitlines()[0] == (
        "error[SP1205]: in ROOT/val 1 class has no images: c (add some, or remove the folder; "
        "read are .bmp, .jpeg, .jpg, .pgm, .png, .ppm, .tif, .tiff and .webp)"
    )


def test_images_in_no_class_at_all(tmp_path: Path) -> None:
    root = image_folder(tmp_path)
    shutil.rmtree(root / "val")
    (root / "val").mkdir()
    assert message(root) == (
        "error[SP1204]: ROOT/val holds no classes (put the images of each class into a folder of its own)"
    )


def test_other_classes_for_validation(tmp_path: Path) -> None:
    root = image_folder(tmp_path, "abcdefgh")
    for each in "abcdefg":
        (root / "val" / each).rename(root / "val" / f"{each}{each}")
    assert message(root) == (
        "error[SP1209]: ROOT/train lacks 7 classes of ROOT/val: aa, bb, cc, dd, ee and 2 more "
        "(both need the same classes, in folders of the same names)\n"
        "error[SP1209]: ROOT/val lacks 7 classes of ROOT/train: a, b, c, d, e and 2 more "
        "(both need the same classes, in folders of the same names)"
    )


def test_a_space_of_other_channels(tmp_path: Path) -> None:
    assert message(image_folder(tmp_path), channels=4) == (
        "error[SP1207]: photographs of 4 channels are asked for (a folder has them in 1 or 3)"
    )


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_a_file_that_is_no_image(tmp_path: Path, content: bytes) -> None:
    root = image_folder(tmp_path, "a", 1, 1)
    (root / "val/a/0.png").write_bytes(content)
    data = open_data(str(root), SPACE)
    with pytest.raises(SpacelangError) as caught:
        data.validation.images([0], 32, None)
    assert str(caught.value) == (
        f"error[SP1208]: the image {root}/val/a/0.png can't be read: cannot identify image file "
        f"(mend or remove it; `spacelang data {root} --read` finds all that are broken)"
    )


def test_an_image_that_is_gone_since(tmp_path: Path) -> None:
    root = image_folder(tmp_path, "a", 1, 1)
    data = open_data(str(root), SPACE)
    (root / "val/a/0.png").unlink()
    with pytest.raises(SpacelangError, match="0.png can't be read: No such file or directory"):
        data.validation.images([0], 32, None)
