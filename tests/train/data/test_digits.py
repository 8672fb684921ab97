"""scikit-learn's digits as data."""

from __future__ import annotations

import re

import pytest
import torch

from spacelang import SpacelangError, ir
from spacelang.train.data import Epoch, batches, open_data, require_classes, resized
from tests.train.images import space

SPACE = space(channels=1)
DIGITS = open_data("digits", SPACE)


def test_they_are_split_the_same_way_each_time_and_by_class() -> None:
    train, validation = DIGITS.train.labels, DIGITS.validation.labels
    assert (len(train), len(validation)) == (1442, 355)
    assert torch.equal(open_data("digits", SPACE).train.labels, train)
    assert all(3.9 < count / other < 4.3 for count, other in zip(train.bincount(), validation.bincount(), strict=True))


def test_no_image_is_in_both_splits() -> None:
    train, validation = (
        {each.numpy().tobytes() for each in split.images(range(len(split)), 8, None)}
        for split in (DIGITS.train, DIGITS.validation)
    )
    assert len(train) == 1442
    assert not train & validation


def test_they_are_normalised_and_drawn_at_any_size() -> None:
    for size in (8, 24, 160):
        images = DIGITS.train.images(range(100), size, None)
        assert images.shape == (100, 1, size, size)
        assert images.dtype == torch.float32
    small = DIGITS.train.images(range(len(DIGITS.train)), 8, None)
    assert abs(float(small.mean())) < 1e-3
    assert float(small.std()) == pytest.approx(1, abs=1e-3)


def test_the_stated_normalisation_gives_back_the_pixels() -> None:
    from sklearn.datasets import load_digits

    first = DIGITS.train.images([0], 8, None)[0, 0] * DIGITS.std[0] + DIGITS.mean[0]
    assert torch.allclose(first * 16, torch.from_numpy(load_digits().images[0]).float(), atol=1e-5)


def test_a_space_of_three_channels_sees_the_same_in_each() -> None:
    images = open_data("digits", space(channels=3)).train.images([5], 24, None)
    assert images.shape == (1, 3, 24, 24)
    assert torch.equal(images[:, 0], DIGITS.train.images([5], 24, None)[:, 0])
    assert torch.equal(images[:, 0], images[:, 2])


def test_augmentation_moves_a_digit_a_little_and_never_mirrors_it() -> None:
    plain = DIGITS.train.images(range(300), 24, None)
    moved = DIGITS.train.images(range(300), 24, [torch.Generator().manual_seed(each) for each in range(300)])
    likeness = torch.cosine_similarity(plain.flatten(1), moved.flatten(1))
    mirrored = torch.cosine_similarity(plain.flip(-1).flatten(1), moved.flatten(1))
    assert 0.5 < float(likeness.mean()) < 0.98
    assert float((likeness > mirrored).float().mean()) > 0.85


def test_the_classes_of_the_space_must_be_those_of_the_images_for_training_only() -> None:
    with pytest.raises(SpacelangError) as caught:
        require_classes(DIGITS, SPACE)
    assert str(caught.value) == (
        "error[SP1202]: digits has 10 classes, tiny has 3 (write `classes 10` in tiny, or take other data)"
    )
    require_classes(DIGITS, ir.replace(SPACE, classes=10))


def test_batches_are_resized_without_aliasing() -> None:
    stripes = torch.tensor([1.0, -1.0]).repeat(16).expand(1, 1, 32, 32)
    assert resized(stripes, 32) is stripes
    assert resized(stripes, 8).shape == (1, 1, 8, 8)
    assert float(resized(stripes, 8)[..., 1:-1].abs().max()) < 0.1


def test_unknown_images_are_an_error_that_says_what_there_is() -> None:
    with pytest.raises(
        SpacelangError,
        match=r"^"
        + re.escape(
            "error[SP1201]: there are no images `digit`: it isn't a folder "
            "(take `digits`, or a folder that holds train/CLASS/*.jpg and val/CLASS/*.jpg)"
        )
        + "$",
    ):
        open_data("digit", SPACE)


def test_every_class_is_in_every_epoch() -> None:
    seen = torch.cat([each.labels for each in batches(DIGITS.train, 8, 64, Epoch())])
    assert len(seen) == 22 * 64
    assert seen.bincount().min() > 120
