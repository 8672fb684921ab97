"""Batches: the same for any number of workers, processes and restarts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from spacelang import SpacelangError
from spacelang.train.data import ALL, IN_ORDER, Batch, Data, Epoch, Share, batches, count_batches, open_data
from tests.train.images import image_folder, space


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Data:
    return open_data(str(image_folder(tmp_path_factory.mktemp("images"))), space())


def epoch(
    data: Data, number: int = 0, *, seed: int = 0, batch: int = 4, share: Share = ALL, **more: int
) -> list[Batch]:
    return list(batches(data.train, 32, batch, Epoch(seed, number, augment=True), share=share, **more))


def same(ones: Sequence[Batch], others: Sequence[Batch]) -> bool:
    pairs = list(zip(ones, others, strict=True))
    return all(torch.equal(one.images, two.images) and torch.equal(one.labels, two.labels) for one, two in pairs)


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_change_nothing(data: Data, workers: int) -> None:
    assert same(epoch(data), epoch(data, workers=workers))


def test_a_seed_gives_the_same_epoch_again_and_another_another(data: Data) -> None:
    first = epoch(data)
    torch.rand(10)  # the global generator has no say
    assert same(first, epoch(data))
    assert not same(first, epoch(data, 1))
    assert not same(first, epoch(data, seed=1))


def test_the_global_generator_stays_where_it_is(data: Data) -> None:
    before = torch.get_rng_state()
    epoch(data)
    assert torch.equal(torch.get_rng_state(), before)


def test_an_epoch_goes_on_where_it_was_left(data: Data) -> None:
    assert same(epoch(data)[2:], epoch(data, start=2))
    assert epoch(data, start=4) == []


def test_what_is_done_to_an_image_depends_on_the_image_not_on_its_place(data: Data) -> None:
    def by_content(made: Sequence[Batch]) -> set[bytes]:
        return {each.numpy().tobytes() for batch in made for each in batch.images}

    assert by_content(epoch(data, batch=6)) == by_content(epoch(data, batch=3))


def test_processes_share_an_epoch(data: Data) -> None:
    whole = epoch(data, batch=2)
    shares = [epoch(data, batch=2, share=Share(rank, 2)) for rank in (0, 1)]
    assert [len(each) for each in shares] == [4, 4]
    assert same(whole[:8], [each for pair in zip(*shares, strict=True) for each in pair])


def test_validation_is_read_in_order_and_to_the_end() -> None:
    digits = open_data("digits", space(channels=1))
    made = list(batches(digits.validation, 8, 100, IN_ORDER))
    assert [len(each.labels) for each in made] == [100, 100, 100, 55]
    assert torch.equal(torch.cat([each.labels for each in made]), digits.validation.labels)
    shares = [list(batches(digits.validation, 8, 100, IN_ORDER, share=Share(rank, 3))) for rank in range(3)]
    assert [len(each) for each in shares] == [2, 1, 1]
    assert sum(len(each.labels) for share in shares for each in share) == 355


def test_batches_are_counted_as_they_come() -> None:
    digits = open_data("digits", space(channels=1))
    for shuffle in (True, False):
        for world in (1, 2, 3):
            for rank in range(world):
                share = Share(rank, world)
                made = batches(digits.validation, 8, 64, Epoch(shuffle=shuffle), share=share)
                counted = count_batches(digits.validation, 64, shuffle=shuffle, share=share)
                assert len(list(made)) == counted


def test_a_batch_of_more_images_than_there_are_is_an_error(data: Data) -> None:
    with pytest.raises(SpacelangError) as caught:
        epoch(data, batch=32)
    assert str(caught.value) == (
        "error[SP1203]: a batch of 32 is more than the 18 images for training (take a batch of at most 18)"
    )
    with pytest.raises(SpacelangError) as caught:
        epoch(data, batch=10, share=Share(world=2))
    assert str(caught.value) == (
        "error[SP1203]: a batch of 10 in each of 2 processes is more than the 18 images for training "
        "(take a batch of at most 9)"
    )


@pytest.mark.parametrize("workers", [0, 1])
def test_a_broken_image_is_named(tmp_path: Path, workers: int) -> None:
    root = image_folder(tmp_path)
    broken = root / "train" / "b" / "3.png"
    broken.write_bytes(broken.read_bytes()[:100])
    with pytest.raises(SpacelangError) as caught:
        epoch(open_data(str(root), space()), batch=2, workers=workers)
    assert str(caught.value) == (
        f"error[SP1208]: the image {broken} can't be read: image file is truncated "
        f"(mend or remove it; `spacelang data {root} --read` finds all that are broken)"
    )
