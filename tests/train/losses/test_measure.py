"""Losses of stage architectures: by the definition, and whatever is measured beside them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor

import spacelang
from spacelang import nn
from spacelang.evolve.table.table import Cell
from spacelang.train.data import IN_ORDER, Data, Epoch, batches, open_data, resized
from spacelang.train.losses import maps as maps_module
from spacelang.train.losses.draw import draw
from spacelang.train.losses.kept import Kept
from spacelang.train.losses.maps import Images, Maps, Taught
from spacelang.train.losses.measure import measure, measure_in
from spacelang.train.shared.recalibrate import recalibrate
from spacelang.train.shared.runtime import accelerator
from spacelang.train.shared.student import Student
from spacelang.train.teacher import Teacher
from spacelang.train.teacher.small import SmallNet
from spacelang.train.teacher.teacher import Point

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
    return Maps(Taught(teacher, images_of(data, calibration_batches), DEVICE), 1, DEVICE)


def images_of(data: Data, calibration_batches: int = 2) -> Images:
    return Images(data, data.validation, 32, 100, calibration_batches, seed=0)


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


def test_kept_maps_give_the_same_up_to_half_precision(
    teacher: Teacher, student: Student, data: Data, tmp_path: Path
) -> None:
    expected = measure(student, DRAWN, maps(teacher, data), DEVICE)
    kept = Kept(tmp_path / "maps", DEVICE)
    kept.fill("key", teacher, images_of(data), (24, 32))
    found = measure(student, DRAWN, Maps(kept, 1, DEVICE), DEVICE)
    for one, other in zip(found, expected, strict=True):
        assert one == pytest.approx(other, rel=1e-3)
    assert found != expected


def test_kept_maps_are_computed_once_for_all_stages(
    teacher: Teacher, data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes: list[int] = []
    forward = Teacher.forward

    def counted(self: Teacher, images: Tensor) -> tuple[Tensor, ...]:
        passes.append(images.shape[-1])
        return forward(self, images)

    monkeypatch.setattr(Teacher, "forward", counted)
    images = images_of(data)
    for key, expected in (("one", 12), ("one", 12), ("another", 24)):
        Kept(tmp_path / "maps", DEVICE).fill(key, teacher, images, (24, 32))
        assert len(passes) == expected  # 2 batches to calibrate and 4 to measure, at two resolutions
    for stage in range(3):
        before, after = next(Kept(tmp_path / "maps", DEVICE).pairs("measuring", 24, stage))
        assert before.shape[1] == teacher.points[stage].channels
        assert after.shape[1] == teacher.points[stage + 1].channels


def test_maps_beyond_half_precision_are_kept(data: Data, tmp_path: Path) -> None:
    class Loud(torch.nn.Module):
        def maps(self, images: Tensor, positions: Sequence[int]) -> list[Tensor]:
            return [images * 1e6 for _ in positions]

    loud = Teacher("loud", Loud(), [Point("", 1, 1)] * 2, range(2))
    images = images_of(data)
    kept = Kept(tmp_path / "maps", DEVICE)
    kept.fill("key", loud, images, (32,))
    (batch, *_) = images.batches("measuring")
    before, _ = next(kept.pairs("measuring", 32, 0))
    assert torch.allclose(before, batch.images * 1e6, rtol=1e-3, atol=1e6 * 1e-4)


def test_weights_that_are_quantised_once(student: Student) -> None:
    each = DRAWN[0]
    network = student.cut(each.channels_in, each.choice).eval()
    nn.set_precision(network, "int8")
    x = torch.randn(2, student.teacher_in, 12, 12)
    with torch.no_grad():
        expected = network(x)
        before = {name: one.clone() for name, one in network.state_dict().items()}
        with nn.weights_in_steps(network):
            assert torch.equal(network(x), expected)
        assert torch.equal(network(x), expected)
    assert all(torch.equal(before[name], one) for name, one in network.state_dict().items())
