"""Networks of a finished run, evaluated one by one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from spacelang import ir
from spacelang.networks.architecture import largest, smallest
from spacelang.networks.cost import cost, total
from spacelang.networks.sample import sample
from spacelang.report.diagnostics import SpacelangError
from spacelang.train.data import IN_ORDER, Epoch, Split, batches, open_data
from spacelang.train.shared.recalibrate import recalibrate
from spacelang.train.shared.runtime import accelerator
from spacelang.train.supernet import Evaluated, evaluate, read_run, read_supernet
from spacelang.train.supernet.evaluation import Evaluator
from spacelang.train.supernet.processes import Processes
from tests.train.supernet.small import NORMED, quiet, space


def evaluated(folder: Path, models: int = 2, seed: int = 5, where: str | None = None) -> list[Evaluated]:
    return evaluate(folder, models, seed, where, accelerator="cpu", workers=0, update=quiet)


def test_which_networks(finished: Path) -> None:
    results, made = evaluated(finished), space()
    assert [each.name for each in results] == ["largest", "smallest", "normed_s5_0", "normed_s5_1"]
    chosen = [largest(made), smallest(made), *sample(made, 2, 5)]
    assert [each.resolution for each in results] == [each.resolution for each in chosen]
    assert [each.mflops for each in results] == [
        total(layer.cost for layer in cost(made, each)).mflops for each in chosen
    ]


@torch.no_grad()
def test_accuracy_by_hand(finished: Path) -> None:
    """Of the largest, with the steps written out."""
    made = space()
    _, supernet = read_supernet(finished)
    data = open_data("digits", made)
    calibration = batches(data.train, 16, 128, Epoch())
    network = supernet.cut(largest(made)).eval()
    recalibrate(network, [each.images for each, _ in zip(calibration, range(8), strict=False)])
    everything = next(batches(data.validation, 16, 1000, IN_ORDER))
    right = (network(everything.images).argmax(1) == everything.labels).float().mean()
    assert evaluated(finished, 0)[0].fp32 == pytest.approx(right.item())


def test_the_last_validation_is_what_evaluate_gives(finished: Path) -> None:
    first, second = evaluated(finished, 0)
    last = read_run(finished).validations[-1]
    assert (first.int8, second.int8) == (last.largest, last.smallest)


class Counted:
    """A split; how many batches were read of it."""

    def __init__(self, split: Split) -> None:
        self.name, self.labels, self.reads, self._split = split.name, split.labels, 0, split

    def __len__(self) -> int:
        return len(self.labels)

    def images(self, indices: Sequence[int], size: int, randoms: Sequence[torch.Generator] | None) -> torch.Tensor:
        self.reads += 1
        return self._split.images(indices, size, randoms)


def test_batches_for_calibration_are_read_when_asked_for() -> None:
    data = open_data("digits", space())
    counted = Counted(data.train)
    evaluator = Evaluator(replace(data, train=counted), accelerator("cpu"), Processes(), workers=0)
    made = evaluator.calibration(16)
    assert next(made).shape == (128, 1, 16, 16)
    assert counted.reads == 1
    assert len(list(made)) == 7


def refusal(folder: Path, where: str | None = None) -> list[str]:
    with pytest.raises(SpacelangError) as caught:
        evaluated(folder, where=where)
    (found,) = caught.value.diagnostics
    return [found.code, found.message, found.help]


def copied(finished: Path, folder: Path, **changes: object) -> Path:
    """The run with another run.json."""
    text = json.loads((finished / "run.json").read_text())
    folder.mkdir()
    (folder / "run.json").write_text(json.dumps({**text, **changes}))
    (folder / "supernet.safetensors").write_bytes((finished / "supernet.safetensors").read_bytes())
    return folder


def test_not_finished(finished: Path, tmp_path: Path) -> None:
    folder = copied(finished, tmp_path / "run", supernet_sha256=None)
    assert refusal(folder) == [
        "SP1504",
        f"the training in `{folder}` is not finished",
        f"go on with it: spacelang train {folder}/space.space -o {folder} --data digits",
    ]


def test_changed_weights(finished: Path, tmp_path: Path) -> None:
    folder = copied(finished, tmp_path / "run")
    (folder / "supernet.safetensors").write_bytes(b"something else")
    assert refusal(folder)[:2] == ["SP1502", f"`{folder}/supernet.safetensors` is not the file that the training wrote"]


def test_weights_of_another_space(finished: Path, tmp_path: Path) -> None:
    other = ir.to_data(space(NORMED.replace("width {8, 16}", "width {8, 24}")))
    folder = copied(finished, tmp_path / "run", space=other)
    assert refusal(folder)[1] == f"`{folder}/supernet.safetensors` doesn't hold the weights of normed"


def test_changed_images(finished: Path, tmp_path: Path) -> None:
    folder = copied(finished, tmp_path / "run", data_fingerprint="another")
    assert refusal(folder) == [
        "SP1507",
        f"the images in digits are not those that `{folder}` was trained on",
        "to evaluate on them all the same: --data digits",
    ]
    assert evaluated(folder, where="digits") == evaluated(finished)


def test_no_run(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none") == [
        "SP1502",
        f"there is no file `{tmp_path}/none/run.json`",
        f"spacelang train SPACE.space -o {tmp_path}/none",
    ]
