"""Losses of stage architectures: by the definition, and whatever is measured beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import spacelang
from spacelang import nn
from spacelang.evolve.table.table import Cell
from spacelang.train.data import IN_ORDER, Data, Epoch, batches, open_data, resized
from spacelang.train.losses import maps as maps_module
from spacelang.train.losses import measure as measure_module
from spacelang.train.losses.draw import draw
from spacelang.train.losses.maps import Images, Maps
from spacelang.train.losses.measure import measure, measure_in
from spacelang.train.shared.recalibrate import recalibrate
from spacelang.train.shared.runtime import accelerator
from spacelang.train.shared.student import Student
from spacelang.train.teacher import Teacher
from spacelang.train.teacher.small import SmallNet

SPACE = spacelang.load("specs/digits.space")
CELL = Cell(1, 2, 0)
DEVICE = accelerator("cpu")
DRAWN = draw(SPACE, CELL, 6, seed=0)


@pytest.fixture(scope="module")
def data() -> Data:
    return open_data("digits", SPACE)


@pytest.fixture(scope="module")
def teacher() -> Teacher:
    torch.manual_seed(0)
    network = SmallNet(SPACE, 10)
    made = Teacher("small", network, network.points, range(len(network.points)))
    DEVICE.place(made)
    return made


@pytest.fixture(scope="module")
def student(teacher: Teacher) -> Student:
    """Its quantisers have seen a batch, as after distillation."""
    plan = nn.generated_module(SPACE).STUDENTS["stage2", CELL.block]
    torch.manual_seed(0)
    made = Student(plan, teacher.points[1].channels, teacher.points[2].channels)
    DEVICE.place(made)
    nn.set_precision(made, "int8")
    largest = draw(SPACE, CELL, 10**6, seed=0)
    for each in largest[:8]:
        made(torch.randn(4, teacher.points[1].channels, 8, 8), each.channels_in, each.choice)
    nn.set_precision(made, "fp32")
    return made


def maps(teacher: Teacher, data: Data, calibration_batches: int = 2) -> Maps:
    return Maps(teacher, Images(data, 32, 100, calibration_batches, seed=0), 1, DEVICE)


def before_and_after(teacher: Teacher, images: Tensor, resolution: int) -> tuple[Tensor, Tensor]:
    _, before, after, _ = teacher(resized(DEVICE.place(images), resolution))
    return before, after


def test_a_loss_is_that_of_the_definition(teacher: Teacher, student: Student, data: Data) -> None:
    losses = measure(student, DRAWN, maps(teacher, data), DEVICE)
    drawn = next(each for each in DRAWN if each.resolution == 24)
    training = list(batches(data.train, 32, 100, Epoch()))[:2]
    everything = batches(data.validation, 32, 100, IN_ORDER)
    before, after = zip(*(before_and_after(teacher, images, 24) for images, _ in everything), strict=True)
    for precision, found in zip(("fp32", "int8"), losses[DRAWN.index(drawn)], strict=True):
        network = DEVICE.place(student.cut(drawn.channels_in, drawn.choice))
        nn.set_precision(network, precision)  # type: ignore[arg-type]
        recalibrate(network, [before_and_after(teacher, images, 24)[0] for images, _ in training])
        with torch.no_grad():
            expected = nn.nsr_loss(torch.cat([network.eval()(each) for each in before]), torch.cat(after))
        assert found == pytest.approx(float(expected), rel=1e-5)


def test_no_architecture_influences_another(teacher: Teacher, student: Student, data: Data) -> None:
    together = measure(student, DRAWN, maps(teacher, data), DEVICE)
    shared = maps(teacher, data)
    apart = [loss for each in reversed(DRAWN) for loss in measure(student, [each], shared, DEVICE)]
    assert apart[::-1] == together
    assert all(int8 != fp32 for fp32, int8 in together)


def test_one_precision_alone_gives_the_same(teacher: Teacher, student: Student, data: Data) -> None:
    shared = maps(teacher, data)
    both = measure(student, DRAWN[:2], shared, DEVICE)
    assert measure_in(["int8"], student, DRAWN[:2], shared, DEVICE) == [(each.int8,) for each in both]
    assert measure_in(["fp32"], student, DRAWN[:2], shared, DEVICE) == [(each.fp32,) for each in both]


def test_networks_that_are_too_large_to_hold_give_the_same(
    teacher: Teacher, student: Student, data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = maps(teacher, data)
    expected = measure(student, DRAWN, shared, DEVICE)
    groups: list[int] = []
    inner = measure_module._measure

    def counted(networks: Any, drawn: Any, teacher_maps: Maps) -> list[tuple[float, ...]]:
        groups.append(len(networks))
        return inner(networks, drawn, teacher_maps)

    monkeypatch.setattr(measure_module, "_measure", counted)
    monkeypatch.setattr(measure_module, "HELD_BYTES", 60_000)
    assert measure(student, DRAWN, shared, DEVICE) == expected
    assert sum(groups) == len(DRAWN)
    assert len(groups) > 1


def test_maps_that_are_too_large_to_keep_give_the_same(
    teacher: Teacher, student: Student, data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = measure(student, DRAWN, maps(teacher, data), DEVICE)
    for room in (0, 3 << 20):
        monkeypatch.setattr(maps_module, "KEPT_BYTES", room)
        passing = maps(teacher, data)
        assert [measure(student, DRAWN, passing, DEVICE) for _ in range(2)] == [kept, kept]
        held = [pair for pairs in passing._kept.values() for pair in pairs]
        assert sum(each.before.nbytes + each.after.nbytes for each in held) <= room


def test_kept_maps_cost_the_teacher_one_pass(
    teacher: Teacher, student: Student, data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    between = Teacher.between

    def counted(self: Teacher, images: Tensor, first: int, last: int) -> tuple[Tensor, ...]:
        sizes.append(images.shape[-1])
        return between(self, images, first, last)

    monkeypatch.setattr(Teacher, "between", counted)
    shared = maps(teacher, data, calibration_batches=1)
    measure(student, DRAWN, shared, DEVICE)
    measure(student, DRAWN, shared, DEVICE)
    validation = -(-len(data.validation) // 100)
    assert sorted(sizes) == [24] * (1 + validation) + [32] * (1 + validation)


def test_the_students_weights_stay_as_they_are(teacher: Teacher, student: Student, data: Data, tmp_path: Path) -> None:
    before = {name: each.clone() for name, each in student.state_dict().items()}
    measure(student, DRAWN[:2], maps(teacher, data), DEVICE)
    after = student.state_dict()
    assert all(torch.equal(before[name], each) for name, each in after.items())
