"""A finished training to search."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.train.supernet.small import space, trained


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("searched") / "run"
    trained(space(), folder)
    return folder
