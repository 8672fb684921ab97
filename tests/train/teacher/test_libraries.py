"""Teachers of transformers and timm, on tiny networks with random weights; timm itself is stood in for."""

from __future__ import annotations

import math
import sys
import types
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import spacelang
from spacelang import SpacelangError, ir
from spacelang.train.data import open_data
from spacelang.train.teacher import Teacher, describe_cut, open_teacher
from tests.train.images import space
from tests.train.teacher import networks

FOUR = space((2, 2, 1), resolutions="32, 44")
"""Maps of 1/2, 1/4, 1/8, 1/8; at 44 some are odd."""
LATE = ir.replace(space((1, 2, 2, 2), resolutions="64"), stem=tuple(ir.replace(each, stride=4) for each in FOUR.stem))
"""Maps of 1/4, 1/4, 1/8, 1/16, 1/32."""


def opened(name: str, fitting: spacelang.SearchSpace, folder: Path) -> Teacher:
    return open_teacher(name, fitting, open_data("digits", fitting), folder)


def refusal(name: str, fitting: spacelang.SearchSpace, folder: Path) -> str:
    with pytest.raises(SpacelangError) as caught:
        opened(name, fitting, folder)
    return str(caught.value).replace(str(folder), "FOLDER")


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub is out of reach, without the half minute that it takes to notice."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


def test_efficientnet_is_cut_at_its_stages(tmp_path: Path) -> None:
    teacher = opened(f"efficientnet-b5:{networks.efficientnet(tmp_path)}", FOUR, tmp_path)
    assert [tuple(each) for each in teacher.points] == [
        ("stage1", 8, 2), ("stage2", 8, 4), ("stage3", 16, 8), ("stage4", 24, 8)
    ]  # fmt: skip


def test_efficientnet_gives_what_transformers_gives(tmp_path: Path) -> None:
    from transformers import EfficientNetModel

    teacher = opened(f"efficientnet-b5:{networks.efficientnet(tmp_path)}", FOUR, tmp_path)
    # At this size no stride meets an odd map, where its paddings are made for one size of images only.
    images = torch.rand(2, 3, 32, 32)
    model = EfficientNetModel.from_pretrained(tmp_path)
    model.train(False)
    with torch.no_grad():
        states = model(images * teacher.scale + teacher.shift, output_hidden_states=True).hidden_states
    for found, wanted in zip(teacher(images), (states[1], states[3], states[4], states[6]), strict=True):
        assert torch.equal(found, wanted)


@pytest.mark.parametrize(
    ("network", "fitting", "names"),
    [
        (networks.efficientnet, FOUR, ("stage1", "stage2", "stage3", "stage4")),
        (networks.resnet, LATE, ("stem", "stage1", "stage2", "stage3", "stage4")),
        (networks.convnext, LATE, ("stem", "stage1", "stage2", "stage3", "stage4")),
        (networks.mobilenet, LATE, ("layer.0", "layer.1", "layer.4", "layer.11", "layer.15")),
    ],
)
def test_networks_of_transformers(
    network: Callable[[Path], Path], fitting: spacelang.SearchSpace, names: tuple[str, ...], tmp_path: Path
) -> None:
    teacher = opened(f"transformers:{network(tmp_path)}", fitting, tmp_path)
    assert tuple(each.name for each in teacher.points) == names
    assert [each.exit.name for each in describe_cut(teacher, fitting)] == list(names[1:])
    images = torch.rand(2, 3, max(fitting.resolutions), max(fitting.resolutions))
    maps = teacher(images)
    for point, each in zip(teacher.points, maps, strict=True):
        size = math.ceil(images.shape[-1] / point.reduction)
        assert each.shape[1:] == (point.channels, size, size)
    for stage in range(len(maps) - 1):
        before, after = teacher.between(images, stage, stage + 1)
        assert torch.equal(before, maps[stage])
        assert torch.equal(after, maps[stage + 1])


@pytest.mark.parametrize("network", [networks.efficientnet, networks.resnet])
def test_only_what_is_needed_is_run(network: Callable[[Path], Path], tmp_path: Path) -> None:
    fitting = FOUR if network is networks.efficientnet else LATE
    teacher = opened(f"transformers:{network(tmp_path)}", fitting, tmp_path)
    ran: list[str] = []
    convolutions = [(name, each) for name, each in teacher.named_modules() if isinstance(each, nn.Conv2d)]
    for name, each in convolutions:
        each.register_forward_hook(lambda *_, name=name: ran.append(name))
    images = torch.rand(1, 3, 64, 64)
    teacher(images)
    whole = len(ran)
    ran.clear()
    teacher.between(images, 0, 1)
    assert 0 < len(ran) < whole * 0.7


def test_grey_digits_reach_a_network_as_it_knows_images(tmp_path: Path) -> None:
    fitting = space((2, 2, 1), channels=1, resolutions="32")
    data = open_data("digits", fitting)
    teacher = open_teacher(f"efficientnet-b5:{networks.efficientnet(tmp_path)}", fitting, data, tmp_path)
    images = data.train.images([0, 1], 32, None)
    mean, std = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1), torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    wanted = (images * data.std[0] + data.mean[0] - mean) / std
    (seen,) = teacher.backbone.maps(wanted, teacher.positions[:1])  # type: ignore[operator]
    assert torch.allclose(teacher.between(images, 0, 0)[0], seen, atol=1e-5)


def test_a_network_states_how_its_images_were_normalised(tmp_path: Path) -> None:
    plain = opened(f"transformers:{networks.resnet(tmp_path)}", LATE, tmp_path)
    (tmp_path / "preprocessor_config.json").write_text('{"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}')
    stated = opened(f"transformers:{tmp_path}", LATE, tmp_path)
    assert not torch.equal(plain.scale, stated.scale)
    data = open_data("digits", LATE)
    assert stated.scale.flatten().tolist() == pytest.approx([data.std[0] / 0.5] * 3)
    assert stated.shift.flatten().tolist() == pytest.approx([(data.mean[0] - 0.5) / 0.5] * 3)
    assert plain.fingerprint != stated.fingerprint


def test_no_cut(tmp_path: Path) -> None:
    name = f"transformers:{networks.resnet(tmp_path)}"
    assert refusal(name, FOUR, tmp_path) == (
        "error[SP1223]: the teacher `transformers:FOLDER` can't be cut for tiny, which needs maps of "
        "1/2, 1/4, 1/8, 1/8 of the image (it has stem (1/4), stage1 (1/4), stage2 (1/8), stage3 (1/16), stage4 (1/32); "
        "the teacher `trained` fits every space)"
    )


def test_maps_of_another_size(tmp_path: Path) -> None:
    odd = ir.replace(LATE, resolutions=(64, 72))
    assert refusal(f"transformers:{networks.convnext(tmp_path)}", odd, tmp_path) == (
        "error[SP1224]: at resolution 72 the teacher `transformers:FOLDER` gives 24×4×4 at stage3, tiny needs 24×5×5 "
        "(take another teacher, or resolutions that its strides divide)"
    )


def test_a_network_without_maps(tmp_path: Path) -> None:
    fitting = space((2, 2, 1), resolutions="32")
    assert refusal(f"transformers:{networks.vit(tmp_path)}", fitting, tmp_path) == (
        "error[SP1226]: the teacher `transformers:FOLDER` gives no feature maps (take a convolutional network)"
    )


def test_weights_of_another_network(tmp_path: Path) -> None:
    folder = networks.resnet(tmp_path)
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"basic"', '"bottleneck"'))
    message = refusal(f"transformers:{folder}", LATE, tmp_path)
    assert message.startswith(
        "error[SP1222]: the weights at FOLDER don't fit the teacher `transformers:FOLDER`: they lack "
    )
    assert message.endswith("(take a checkpoint of this very network; what is missing would be random)")


@pytest.mark.usefixtures("offline")
def test_weights_out_of_reach(tmp_path: Path) -> None:
    message = refusal("efficientnet-b5", FOUR, tmp_path)
    assert message.startswith("error[SP1221]: the teacher `efficientnet-b5` can't be had: ")
    assert message.endswith(
        "(with a network: `hf download google/efficientnet-b5 --local-dir FOLDER`; "
        "then `--teacher efficientnet-b5:FOLDER`)"
    )


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert refusal(f"efficientnet-b5:{tmp_path}/b5", FOUR, tmp_path) == (
        "error[SP1221]: the teacher `efficientnet-b5:FOLDER/b5` can't be had: there is no folder FOLDER/b5"
    )


def test_weights_are_read_as_safetensors_only(tmp_path: Path) -> None:
    folder = networks.resnet(tmp_path)
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")
    message = refusal(f"transformers:{folder}", LATE, tmp_path)
    assert message.startswith("error[SP1221]: the teacher `transformers:FOLDER` can't be had: ")
    assert "model.safetensors" in message


def test_damaged_weights(tmp_path: Path) -> None:
    folder = networks.resnet(tmp_path)
    (folder / "model.safetensors").write_bytes(b"damaged")
    assert refusal(f"transformers:{folder}", LATE, tmp_path).startswith("error[SP1221]: ")


def test_code_that_a_model_brings_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(
        '{"model_type": "own", "auto_map": {"AutoConfig": "own.Config", "AutoModel": "own.Model"}}'
    )
    (tmp_path / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    assert refusal(f"transformers:{tmp_path}", LATE, tmp_path).startswith("error[SP1221]: ")
    assert not (tmp_path / "ran").exists()


def test_a_space_of_four_channels(tmp_path: Path) -> None:
    fitting = space((2, 2, 1), channels=4, resolutions="32")
    assert refusal(f"efficientnet-b5:{networks.efficientnet(tmp_path)}", fitting, tmp_path) == (
        "error[SP1228]: the teacher `efficientnet-b5:FOLDER` takes 3 channels, tiny has 4"
    )


@pytest.mark.slow
def test_the_teacher_of_the_paper(tmp_path: Path) -> None:
    from transformers import EfficientNetConfig, EfficientNetModel

    config = EfficientNetConfig(
        width_coefficient=1.6, depth_coefficient=2.2, image_size=456, hidden_dim=2048, depthwise_padding=[13, 27]
    )
    EfficientNetModel(config).save_pretrained(tmp_path)
    vnni = spacelang.load(Path(__file__).parents[3] / "specs" / "vnni.space")
    teacher = opened(f"efficientnet-b5:{tmp_path}", vnni, tmp_path)
    assert [(row.stage, row.entry.name, row.exit.name) for row in describe_cut(teacher, vnni)] == [
        (f"stage{number}", f"stage{number}", f"stage{number + 1}") for number in range(1, 7)
    ]
    assert [each.channels for each in teacher.points] == [24, 40, 64, 128, 176, 304, 512]
    assert [each.reduction for each in teacher.points] == [2, 4, 8, 16, 16, 32, 32]


class StandInFormat(StrEnum):
    NHWC = "NHWC"


class StandInFeatureInfo:
    """As timm's: of the features that were asked for."""

    def channels(self) -> list[int]:
        return [8, 16, 24]

    def reduction(self) -> list[int]:
        return [2, 4, 8]

    def module_name(self) -> list[str]:
        return ["act1", "layer1", "layer2"]


class StandInNet(nn.Module):
    """As timm's networks of features: a list of maps; transformers among them with channels last."""

    def __init__(self, channels_last: bool) -> None:
        super().__init__()
        self.feature_info = StandInFeatureInfo()
        self.pretrained_cfg = {"mean": (0.5, 0.5, 0.5), "std": (0.25, 0.25, 0.25)}
        self.act1 = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(inplace=True))
        self.layer1 = nn.Conv2d(8, 16, 3, 2, 1)
        self.layer2 = nn.Sequential(nn.ReLU(inplace=True), nn.Conv2d(16, 24, 3, 2, 1))
        if channels_last:
            self.output_fmt = StandInFormat.NHWC

    def forward(self, images: Tensor) -> list[Tensor]:
        one = self.act1(images)
        two = self.layer1(one)
        maps = [one, two, self.layer2(two)]
        return [each.permute(0, 2, 3, 1) for each in maps] if hasattr(self, "output_fmt") else maps


@pytest.fixture
def stand_in_timm(monkeypatch: pytest.MonkeyPatch) -> None:
    """timm needs torchvision, which doesn't go with every torch; so this has the part of it that is used."""
    module = types.ModuleType("timm")

    def create_model(name: str, *, pretrained: bool, features_only: bool) -> nn.Module:
        assert pretrained
        assert features_only
        if name not in ("small", "small_last"):
            raise RuntimeError(f"Unknown model ({name})")
        torch.manual_seed(0)
        return StandInNet(name == "small_last")

    module.create_model = create_model  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "timm", module)


@pytest.mark.usefixtures("stand_in_timm")
@pytest.mark.parametrize("name", ["small", "small_last"])
def test_a_network_of_timm(name: str, tmp_path: Path) -> None:
    fitting = space((2, 2), resolutions="32")
    teacher = opened(f"timm:{name}", fitting, tmp_path)
    assert [tuple(each) for each in teacher.points] == [("act1", 8, 2), ("layer1", 16, 4), ("layer2", 24, 8)]
    data = open_data("digits", fitting)
    assert teacher.scale.flatten().tolist() == pytest.approx([data.std[0] / 0.25] * 3)
    images = torch.rand(2, 3, 32, 32)
    maps = teacher(images)
    wanted = StandInNet(False)
    wanted.load_state_dict({key.removeprefix("backbone.model."): each for key, each in teacher.state_dict().items()})
    with torch.no_grad():
        assert all(
            torch.equal(*pair) for pair in zip(maps, wanted(images * teacher.scale + teacher.shift), strict=True)
        )
    assert all(torch.equal(*pair) for pair in zip(teacher.between(images, 1, 2), maps[1:], strict=True))
    # layer2 begins in place, so a run that ends with layer1 would give another map than one that goes on.
    assert torch.equal(teacher.between(images, 0, 1)[1], maps[1])


@pytest.mark.usefixtures("stand_in_timm")
def test_a_network_that_timm_does_not_know(tmp_path: Path) -> None:
    assert refusal("timm:smal", FOUR, tmp_path) == (
        "error[SP1221]: the teacher `timm:smal` can't be had: Unknown model (smal) "
        "(`timm.list_models(pretrained=True)` lists those with weights, which it fetches over the network)"
    )


def test_timm_that_can_not_be_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    assert refusal("timm:resnet50", FOUR, tmp_path) == (
        "error[SP1227]: the teacher `timm:resnet50` needs timm, which can't be imported: "
        "ModuleNotFoundError: import of timm halted; None in sys.modules "
        "(pip install timm torchvision, in the versions that go with this torch)"
    )
