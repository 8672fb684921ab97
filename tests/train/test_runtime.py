"""Where training runs: what is there, what is not, and how it is said."""

from __future__ import annotations

import platform
import resource

import pytest
import torch
from torch import nn

from spacelang.report.diagnostics import SpacelangError
from spacelang.train.shared.runtime import accelerator


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


def refused(name: str) -> tuple[str, str, str]:
    with pytest.raises(SpacelangError) as raised:
        accelerator(name)
    (found,) = raised.value.diagnostics
    return found.code, found.message, found.help


@pytest.mark.usefixtures("no_gpu")
def test_without_a_gpu_auto_is_the_processor() -> None:
    assert accelerator("auto") == accelerator("cpu")
    assert accelerator("cpu").device == torch.device("cpu")


@pytest.mark.usefixtures("no_gpu")
def test_a_gpu_that_is_not_there() -> None:
    assert refused("cuda") == (
        "SP1301", "torch finds no GPU", "install a CUDA build of torch, or say `--accelerator cpu`",
    )  # fmt: skip


def test_another_name() -> None:
    assert refused("tpu") == ("SP1301", "there is no accelerator `tpu`", "legal are auto, cpu, cuda")


def test_each_process_of_a_group_takes_the_gpu_of_its_rank(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert accelerator("auto").device == torch.device("cuda", 3)


def test_a_processor_computes_in_one_thread() -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        accelerator("cpu")
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library gives memory back as it likes")
def test_a_processor_keeps_its_memory() -> None:
    """The pages of a block that comes again were there before; only so many blocks are split on the way."""
    accelerator("cpu")
    megabytes, split = 40, 20

    def pages() -> int:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        torch.ones(megabytes << 18)
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

    found = [pages() for _ in range(2 * split)]
    assert sum(found[split:]) * resource.getpagesize() < megabytes << 20


def test_maps_and_weights_are_channels_last_and_the_rest_stays() -> None:
    cpu = accelerator("cpu")
    assert cpu.place(torch.rand(2, 3, 4, 4)).is_contiguous(memory_format=torch.channels_last)
    conv = nn.Conv2d(3, 8, 3)
    cpu.place(conv)
    assert conv.weight.is_contiguous(memory_format=torch.channels_last)
    assert cpu.place(torch.arange(6).view(2, 3)).tolist() == [[0, 1, 2], [3, 4, 5]]


def test_a_processor_computes_in_single_precision() -> None:
    with accelerator("cpu").autocast():
        assert nn.Conv2d(3, 8, 3)(torch.rand(1, 3, 4, 4)).dtype == torch.float32
