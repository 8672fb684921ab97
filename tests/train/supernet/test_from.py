"""Trainings that begin with the weights of another one, what is kept for them, and a collapse that they help after."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from spacelang import ir, nn
from spacelang.networks.architecture import model_of, smallest
from spacelang.networks.sample import sample
from spacelang.report.diagnostics import Diagnostic, SpacelangError
from spacelang.train.supernet import read_run, read_supernet
from spacelang.train.supernet import training as module
from spacelang.train.supernet.sandwich import Losses, backward
from spacelang.train.supernet.start import begin_from, read_start
from tests.cli.conftest import Cli, cli
from tests.train.supernet.small import NORMED, PLAIN, Killed, killer, space, trained

__all__ = ["cli"]
EPOCHS = "epochs 2, quantised_epochs 1"


def settings(epochs: int, quantised: int, more: str = "") -> str:
    return f"epochs {epochs}, quantised_epochs {quantised}{more}"


def refused(made: ir.SearchSpace, folder: Path, **more: object) -> Diagnostic:
    with pytest.raises(SpacelangError) as caught:
        trained(made, folder, **more)
    (found,) = caught.value.diagnostics
    return found


def test_quantisation_again_from_the_fp32_weights(finished: Path, tmp_path: Path) -> None:
    """With the same settings it comes to what the whole training came to, but for the order of images."""
    fp32 = load_file(finished / "supernet-fp32.safetensors")
    assert not any(each.any() for name, each in fp32.items() if name.endswith("scale"))
    made = space(NORMED.replace(EPOCHS, settings(0, 1, ", learning_rate_quantised 1e-30")))
    run = trained(made, tmp_path / "again", start=finished)
    assert [each.precision for each in run.validations] == ["int8"]
    assert run.started_from == str(finished / "supernet-fp32.safetensors")
    _, supernet = read_supernet(tmp_path / "again")
    for name, each in supernet.named_parameters():
        if name.endswith(("scale", "offset")):
            continue
        torch.testing.assert_close(each, fp32[name])
    assert abs(run.validations[0].largest - read_run(finished).validations[1].largest) < 0.05


def test_a_network_by_itself_begins_as_it_is_in_the_supernet(finished: Path) -> None:
    run, supernet = read_supernet(finished)
    for at, architecture in enumerate((smallest(run.space), *sample(run.space, 3, 0))):
        model = nn.build(model_of(run.space, architecture, f"one{at}")).eval()
        begin_from(model, read_start(finished / "supernet.safetensors"))
        own = smallest(model_of(run.space, architecture, "one"))
        x = torch.randn(2, 1, architecture.resolution, architecture.resolution)
        for precision in ("fp32", "int8"):
            nn.set_precision(model, precision)
            nn.set_precision(supernet, precision)
            with torch.no_grad():
                torch.testing.assert_close(model(x, own), supernet(x, architecture))


def test_fine_tuning_goes_on_where_it_was_interrupted(finished: Path, tmp_path: Path) -> None:
    run = read_run(finished)
    model = model_of(run.space, smallest(run.space), "one")
    model = ir.replace(model, train=ir.Train(epochs=1, quantised_epochs=1, batch=512))
    whole = trained(model, tmp_path / "whole", start=finished)
    with pytest.raises(Killed):
        trained(model, tmp_path / "cut", start=finished, update=killer(3))
    found = refused(model, tmp_path / "cut")
    assert (found.code, found.message.split(": ", 1)[1]) == ("SP1503", f"--from {whole.started_from} → nothing")
    assert trained(model, tmp_path / "cut", start=finished) == whole


def test_another_number_of_classes_and_another_resolution(finished: Path) -> None:
    made = space(NORMED.replace("classes    10", "classes    7").replace("resolution {8, 16}", "resolution {8, 24}"))
    torch.manual_seed(0)
    supernet = nn.build(made)
    classifier = supernet.get_parameter("head.linear3.weight").detach().clone()
    begin_from(supernet, read_start(finished))
    assert torch.equal(supernet.get_parameter("head.linear3.weight"), classifier)
    fp32 = load_file(finished / "supernet-fp32.safetensors")
    name = "stages.0.layers.0.conv1.weights.0"
    assert torch.equal(supernet.get_parameter(name), fp32[name])


@pytest.mark.parametrize(
    ("before", "after"), [("width {8, 16}", "width {8, 24}"), ("depth 1..2", "depth 1..3"), ("{3, 5}", "{3, 7}")]
)
def test_what_the_weights_do_not_hold(finished: Path, tmp_path: Path, before: str, after: str) -> None:
    found = refused(space(NORMED.replace(before, after)), tmp_path / "run", start=finished)
    assert found.code == "SP1510"
    assert found.message.startswith(f"the weights in `{finished}/supernet-fp32.safetensors` are not those of a space")


def test_no_weights(tmp_path: Path) -> None:
    assert refused(space(), tmp_path / "run", start=tmp_path / "nowhere").message == (
        f"there are no weights `{tmp_path}/nowhere` to begin with"
    )
    (tmp_path / "broken.safetensors").write_text("no")
    assert refused(space(), tmp_path / "run", start=tmp_path / "broken.safetensors").code == "SP1510"
    assert not (tmp_path / "run").exists()


def test_the_best_and_every_second_epoch_are_kept(cli: Cli, tmp_path: Path) -> None:
    file, run = tmp_path / "plain.space", tmp_path / "run"
    file.write_text(PLAIN)
    assert cli("train", file, "-o", run, "--keep-every", 2, "--accelerator", "cpu").code == 0
    assert {each.name for each in run.glob("*.safetensors")} == {
        "best.safetensors", "epoch-002.safetensors", "supernet-fp32.safetensors", "supernet.safetensors"
    }  # fmt: skip
    assert (run / "epoch-002.safetensors").read_bytes() == (run / "supernet-fp32.safetensors").read_bytes()
    validations = read_run(run).validations
    best = max(range(3), key=lambda at: validations[at].mean)
    if best == 2:
        assert (run / "best.safetensors").read_bytes() == (run / "supernet.safetensors").read_bytes()
    again = cli("train", file, "-o", tmp_path / "more", "--from", run / "best.safetensors", "--accelerator", "cpu")
    assert again.code == 0
    assert read_run(tmp_path / "more").started_from == str(run / "best.safetensors")


def test_a_collapse_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[int] = []

    def collapsing(*given: Any) -> Losses:
        steps.append(1)
        losses = backward(*given)
        return losses._replace(largest=torch.tensor(0.5 if len(steps) < 5 else math.log(10)))

    monkeypatch.setattr(module, "backward", collapsing)
    monkeypatch.setattr(module, "SMOOTHING", 0.2)
    found = refused(space(), tmp_path / "run")
    assert found.code == "SP1511"
    assert found.message == (
        "the training has collapsed: its loss was 0.50 and is 2.23, which guessing among 10 classes gives"
    )
    assert len(steps) == 6
