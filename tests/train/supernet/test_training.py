"""A training on the digits: it learns, goes on where it was interrupted, and refuses what isn't its own."""

from __future__ import annotations

import json
import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import spacelang
from spacelang import ir
from spacelang.networks.architecture import largest, model_of
from spacelang.networks.genome import decode, narrow
from spacelang.report.diagnostics import SpacelangError
from spacelang.train.data import open_data
from spacelang.train.shared import locks
from spacelang.train.supernet import evaluate, read_run
from spacelang.train.supernet import training as module
from spacelang.train.supernet.sandwich import Losses, backward
from tests.train.images import image_folder
from tests.train.images import space as image_space
from tests.train.supernet.small import NORMED, PLAIN, Killed, killer, quiet, space, trained

BRIEF = space(PLAIN.replace("epochs 2, quantised_epochs 1", "epochs 1, quantised_epochs 0"))


def curves_of(folder: Path) -> EventAccumulator:
    return EventAccumulator(str(folder / "tensorboard")).Reload()


def test_a_finished_run_is_complete(finished: Path) -> None:
    names = {each.name for each in finished.iterdir()}
    weights = {f"{each}.safetensors" for each in ("supernet", "supernet-fp32", "best")}
    assert names == {"run.json", "run.lock", "space.space", "tensorboard"} | weights
    assert spacelang.load(finished / "space.space") == space()
    run = read_run(finished)
    assert [(each.precision, each.epoch) for each in run.validations] == [("fp32", 1), ("fp32", 2), ("int8", 1)]


def test_tensorboard_has_the_curves(finished: Path) -> None:
    curves = curves_of(finished)
    assert set(curves.Tags()["scalars"]) == {
        "loss/largest",
        "loss/others",
        "learning rate",
        "accuracy/largest",
        "accuracy/smallest",
    }
    assert [each.step for each in curves.Scalars("loss/largest")] == list(range(15))
    rates = [each.value for each in curves.Scalars("learning rate")]
    assert rates[:10] == pytest.approx([0.15 * (1 + math.cos(math.pi * at / 10)) for at in range(10)])
    assert rates[10:] == pytest.approx([0.005 * (1 + math.cos(math.pi * at / 5)) for at in range(5)])
    accuracies = [each.value for each in curves.Scalars("accuracy/largest")]
    assert accuracies == pytest.approx([each.largest for each in read_run(finished).validations])


@pytest.mark.parametrize(
    ("step", "seconds"), [(3, 0.0), (8, 600.0), (10, 600.0), (13, 0.0)], ids=["mid-epoch", "lost", "between", "int8"]
)
def test_interrupted_it_ends_with_the_same_bytes(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int, seconds: float
) -> None:
    monkeypatch.setattr(module, "CHECKPOINT_SECONDS", seconds)
    with pytest.raises(Killed):
        trained(space(), tmp_path / "run", update=killer(step))
    assert not (tmp_path / "run" / "supernet.safetensors").exists()
    torch.manual_seed(99)
    time.sleep(1 - time.time() % 1)  # TensorBoard tells by the second which of two files of a process is the later one
    run = trained(space(), tmp_path / "run", workers=2 if step == 13 else 0)
    assert run == read_run(finished)
    for name in ("run.json", "space.space", "supernet.safetensors"):
        assert (tmp_path / "run" / name).read_bytes() == (finished / name).read_bytes()
    assert [each.step for each in curves_of(tmp_path / "run").Scalars("loss/largest")] == list(range(15))


def test_training_leaves_the_random_state_alone(tmp_path: Path) -> None:
    before = torch.get_rng_state()
    trained(space(NORMED.replace("epochs 2, quantised_epochs 1", "epochs 1, quantised_epochs 0")), tmp_path / "run")
    assert torch.equal(torch.get_rng_state(), before)


def test_a_finished_run_is_not_trained_again(finished: Path) -> None:
    steps: list[int] = []
    assert trained(space(), finished, update=lambda done, total, note: steps.append(done)) == read_run(finished)
    assert steps == []


def test_a_model_is_trained_as_one_network(tmp_path: Path) -> None:
    made = space()
    model = model_of(made, largest(made), "one")
    run = trained(model, tmp_path / "run")
    assert all(each.largest == each.smallest for each in run.validations)
    results = evaluate(tmp_path / "run", 3, 0, None, accelerator="cpu", workers=0, update=quiet)
    assert [each.name for each in results] == ["one"]


def test_a_folder_of_images(tmp_path: Path) -> None:
    """Augmented, in a step that three classes are told apart in; read by this process or by others."""
    where = str(image_folder(tmp_path / "images"))
    made = of_images(ir.Train(epochs=1, quantised_epochs=1, batch=8))
    run = trained(made, tmp_path / "one", where=where)
    assert trained(made, tmp_path / "two", where=where, workers=2) == run


def of_images(settings: ir.Train | None = None) -> ir.SearchSpace:
    hyperspace = image_space()
    return ir.replace(narrow(hyperspace, decode(hyperspace, "00-01"), "found"), train=settings)


def test_images_are_found_from_another_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image_folder(tmp_path / "images")
    monkeypatch.chdir(tmp_path)
    run = trained(of_images(ir.Train(epochs=1, quantised_epochs=1, batch=18)), Path("run"), where="images")
    assert run.data == str(tmp_path / "images")
    monkeypatch.chdir(tmp_path / "run")
    largest, _ = evaluate(Path(), 0, 0, None, accelerator="cpu", workers=0, update=quiet)
    assert largest.int8 == run.validations[-1].largest


def refused(made: ir.SearchSpace, folder: Path, **more: object) -> list[str]:
    with pytest.raises(SpacelangError) as caught:
        trained(made, folder, **more)
    (found,) = caught.value.diagnostics
    return [found.code, found.message, found.help]


def test_a_hyperspace_is_refused(tmp_path: Path) -> None:
    hyperspace = spacelang.load(Path(__file__).parents[3] / "specs" / "digits.space")
    assert refused(hyperspace, tmp_path / "run") == [
        "SP1501",
        "digits is a hyperspace; what is trained is a space, in which every stage has one block and one width list",
        "find one with `spacelang evolve`, or write one out with `spacelang decode`",
    ]
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("before", "after", "differs"),
    [
        ("kernel {3, 5}", "kernel {3, 7}", "first.plain.kernel 5 → nothing; first.plain.kernel nothing → 7"),
        ("epochs 2, q", "epochs 3, q", "train.epochs 2 → 3"),
        ("batch 256, learning_rate 0.3", "batch 128", "train.batch 256 → 128; train.learning_rate 0.3 → 0.1"),
    ],
    ids=["space", "epochs", "settings"],
)
def test_another_space_is_refused_by_name_of_what_differs(
    finished: Path, before: str, after: str, differs: str
) -> None:
    assert refused(space(NORMED.replace(before, after)), finished) == [
        "SP1503",
        f"the training in `{finished}` was begun with something else: {differs}",
        "go on with what it was begun with, or train in a new folder",
    ]


def test_other_images_are_refused(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open_data("digits", space())
    monkeypatch.setattr(module, "open_data", lambda where, made: replace(opened, fingerprint="another"))
    assert refused(space(), finished)[1] == (
        f"the training in `{finished}` was begun with something else: the images in digits"
    )


def test_another_name_goes_on(finished: Path) -> None:
    assert trained(space(NORMED.replace("space normed", "space renamed")), finished) == read_run(finished)


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    assert refused(space(), tmp_path) == [
        "SP1502",
        f"`{tmp_path}` exists already and doesn't hold a training",
        "write to a new folder",
    ]
    assert [each.name for each in tmp_path.iterdir()] == ["notes.txt"]


def test_too_few_images_for_a_batch_leave_no_run_behind(tmp_path: Path) -> None:
    where = str(image_folder(tmp_path / "images"))
    assert refused(of_images(), tmp_path / "run", where=where) == [
        "SP1203",
        "a batch of 1024 is more than the 18 images for training",
        "take a batch of at most 18",
    ]
    assert not (tmp_path / "run").exists()


def test_a_kill_before_the_first_file_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left is a file by the name that only a rename would have changed."""
    left: dict[Path, bytes] = {}

    def killed(source: Path, target: Path) -> None:
        left[source] = source.read_bytes()
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("os.replace", killed)
        with pytest.raises(Killed):
            trained(BRIEF, tmp_path / "run")
    for path, content in left.items():
        path.write_bytes(content)
    assert len(left) == 1
    assert not (tmp_path / "run" / "run.json").exists()
    assert trained(BRIEF, tmp_path / "run") == read_run(tmp_path / "run")


def test_two_trainings_in_one_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "SECONDS", 0.1)
    folder = tmp_path / "run"
    refusals: list[list[str]] = []

    def second(done: int, total: int, note: str) -> None:
        if done == 2 and not refusals:
            with ThreadPoolExecutor() as pool:
                refusals.append(pool.submit(refused, BRIEF, folder).result())

    trained(BRIEF, folder, update=second)
    assert refusals == [
        [
            "SP1508",
            f"another process is training in `{folder}`",
            "wait for it, or end it and go on with the same command; or train in a new folder",
        ]
    ]
    assert trained(BRIEF, folder) == read_run(folder)


def test_a_batch_that_processes_cannot_share(tmp_path: Path) -> None:
    with pytest.raises(SpacelangError, match="^error\\[SP1505\\]: a batch of 256 images") as caught:
        module._require_shareable(ir.Train(batch=256), 3)
    assert caught.value.diagnostics[0].help == "write `batch 255` in the space's `train` section"
    with pytest.raises(SpacelangError, match="by 3 processes in 2 parts each") as caught:
        module._require_shareable(ir.Train(batch=255, accumulation=2), 3)
    assert caught.value.diagnostics[0].help == "write `batch 252` in the space's `train` section"
    module._require_shareable(ir.Train(batch=252, accumulation=2), 3)


def test_a_training_that_diverges_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = backward

    def diverged(*given: Any) -> Losses:
        """What losses are once weights have overflowed."""
        return Losses(*(each * math.inf for each in real(*given)))

    monkeypatch.setattr(module, "backward", diverged)
    code, message, help = refused(space(PLAIN), tmp_path / "run")
    assert code == "SP1506"
    assert message.startswith("the loss is no longer finite at step ")
    assert message.endswith(" of epoch 1 in fp32: the training has diverged")
    assert help == "write a smaller `learning_rate` in the space's `train` section; train in a new folder"


def test_a_damaged_run(finished: Path, tmp_path: Path) -> None:
    text = json.loads((finished / "run.json").read_text())
    (tmp_path / "run.json").write_text(json.dumps({**text, "epochs": 2}))
    assert refused(space(), tmp_path)[:2] == [
        "SP1502",
        f"`{tmp_path}/run.json` is damaged: epochs: Extra inputs are not permitted",
    ]
    (tmp_path / "run.json").write_text(json.dumps({**text, "format_version": 1}))
    assert refused(space(), tmp_path)[:2] == [
        "SP1502",
        f"`{tmp_path}/run.json` was written by another version of spacelang: its format should be 3",
    ]
