"""A teacher of the hub, which is stood in for by a folder: fetched once, then found in the cache."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

from spacelang import SpacelangError, ir
from spacelang.train.data import open_data
from spacelang.train.teacher import Teacher, open_teacher
from tests.train.images import space
from tests.train.teacher import networks

SPACE = ir.replace(
    space((1, 2, 2, 2), resolutions="64"), stem=tuple(ir.replace(each, stride=4) for each in space().stem)
)
DATA = open_data("digits", SPACE)
NAME = "transformers:someone/resnet"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
STATED = '{"image_mean": [0.5, 0.5, 0.5], "image_std": [0.25, 0.25, 0.25]}'


class Hub:
    """One repository; what is asked for lies in the cache from then on, as huggingface_hub keeps it."""

    def __init__(self, repository: Path, cache: Path) -> None:
        self.repository, self.kept = repository, cache / "models--someone--resnet"
        self.reachable = True
        self.asked: list[str] = []

    def download(self, repo_id: str, filename: str, *, local_files_only: bool = False, **_: Any) -> str:
        assert repo_id == "someone/resnet"
        path = self.kept / "snapshots" / COMMIT / filename
        if not path.exists():
            if local_files_only or not self.reachable:
                raise LocalEntryNotFoundError(f"{filename} is not in the cache")
            self.asked.append(filename)
            self._fetch(path)
        return str(path)

    def _fetch(self, path: Path) -> None:
        _write(self.kept / "refs" / "main", COMMIT)
        if not (self.repository / path.name).exists():
            _write(self.kept / ".no_exist" / COMMIT / path.name, "")
            raise EntryNotFoundError(path.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.repository / path.name, path)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    made = Hub(networks.resnet(tmp_path / "repository"), tmp_path / "cache")

    def unresolved(*_: object, **__: object) -> str:
        raise ConnectionError

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("transformers.utils.hub.hf_hub_download", made.download)
    # Where transformers asks which commit is meant; without an answer it goes on with the branch.
    monkeypatch.setattr(HfApi, "resolve_revision", unresolved, raising=False)
    return made


def opened(folder: Path) -> Teacher:
    return open_teacher(NAME, SPACE, DATA, folder)


def scale_for(std: float) -> Any:
    return pytest.approx(DATA.std[0] / std)


def test_the_first_download_brings_the_mean_and_deviation(hub: Hub, tmp_path: Path) -> None:
    (hub.repository / "preprocessor_config.json").write_text(STATED)
    first = opened(tmp_path)
    assert first.scale.flatten().tolist() == [scale_for(0.25)] * 3
    assert {"config.json", "model.safetensors", "preprocessor_config.json"} <= set(hub.asked)
    hub.reachable = False
    assert opened(tmp_path).fingerprint == first.fingerprint


def test_a_repository_without_them_has_those_of_imagenet(hub: Hub, tmp_path: Path) -> None:
    first = opened(tmp_path)
    assert first.scale.flatten().tolist() == [scale_for(each) for each in (0.229, 0.224, 0.225)]
    hub.reachable = False
    assert opened(tmp_path).fingerprint == first.fingerprint


def test_without_a_network_nobody_knows_whether_it_has_them(hub: Hub, tmp_path: Path) -> None:
    (hub.repository / "preprocessor_config.json").write_text(STATED)
    opened(tmp_path)
    (hub.kept / "snapshots" / COMMIT / "preprocessor_config.json").unlink()
    hub.reachable = False
    with pytest.raises(SpacelangError) as caught:
        opened(tmp_path)
    assert str(caught.value) == (
        f"error[SP1221]: the teacher `{NAME}` can't be had: its preprocessor_config.json, which says how images are "
        "normalised, can't be read (with a network: `hf download someone/resnet --local-dir FOLDER`; then "
        "`--teacher transformers:FOLDER`)"
    )


def test_a_damaged_file_in_a_folder(tmp_path: Path) -> None:
    folder = networks.resnet(tmp_path / "network")
    (folder / "preprocessor_config.json").write_text("{")
    with pytest.raises(SpacelangError) as caught:
        open_teacher(f"transformers:{folder}", SPACE, DATA, tmp_path)
    assert str(caught.value) == (
        f"error[SP1221]: the teacher `transformers:{folder}` can't be had: its preprocessor_config.json, which says "
        "how images are normalised, can't be read (it needs config.json and model.safetensors, as `hf download` "
        "fetches them; other formats aren't read)"
    )
