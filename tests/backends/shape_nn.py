"""`spacelang.nn` without numbers: tensors have only a shape, and every layer notes the operator that it would run.

Generated supernets are run on it, and what they note must be what `spacelang.network` says, operator by operator.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from spacelang.ir.operators import INPUT, Op
from spacelang.language.arithmetic import round8
from spacelang.networks.architecture import Architecture, LayerChoice, StageChoice

NOTES: list[list[Op]] = []
"""The operators of each layer, in the order in which the layers ran."""


@dataclass(frozen=True)
class Tensor:
    channels: int
    size: int
    made_by: int = INPUT

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return (1, self.channels, self.size, self.size)


def note(kind: Any, inputs: tuple[Tensor, ...], channels: int, stride: int = 1, size: int = 0, **more: Any) -> Tensor:
    x = inputs[-1]
    size = size or -(-x.size // stride)
    made_by = tuple(each.made_by for each in inputs)
    NOTES[-1].append(Op(kind, made_by, x.channels, channels, x.size, size, stride=stride, **more))
    return Tensor(channels, size, len(NOTES[-1]) - 1)


class Module:
    """Its call is `forward`; `modules` walks over everything below it."""

    def __call__(self, *arguments: Any, **more: Any) -> Any:
        return self.forward(*arguments, **more)

    def forward(self, *arguments: Any, **more: Any) -> Any:
        raise NotImplementedError

    def modules(self) -> Iterator[Module]:
        yield self
        for value in vars(self).values():
            for each in value if isinstance(value, list | tuple) else [value]:
                if isinstance(each, Module):
                    yield from each.modules()


class Sized(Module):
    """A layer that checks what it is asked for against what it was made for, and remembers it."""

    def __init__(self, **made_for: int) -> None:
        self.made_for = made_for
        self.reached = dict.fromkeys(made_for, 0)

    def reach(self, **asked: int) -> None:
        for name, value in asked.items():
            assert isinstance(value, int), (name, value)
            assert value <= self.made_for[name], (name, value, self.made_for)
            self.reached[name] = max(value, self.reached[name])


def one_of(kernel: int | tuple[int, ...], chosen: int | None) -> int:
    if isinstance(kernel, int):
        assert chosen is None
        return kernel
    assert chosen in kernel
    return chosen


class ElasticConv2d(Sized):
    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        *,
        kernel: int | tuple[int, ...],
        stride: int = 1,
        act: str | None = None,
        norm: bool = True,
        bias: bool = False,
        repeat: int = 1,
    ) -> None:
        super().__init__(channels_in=channels_in, channels_out=channels_out, repeat=repeat)
        self.kernel, self.stride, self.act, self.norm, self.bias = kernel, stride, act, norm, bias

    def forward(self, x: Tensor, channels_out: int, kernel: int | None = None, *, repeat: int | None = None) -> Tensor:
        times = self.made_for["repeat"] if repeat is None else repeat
        self.reach(channels_in=x.channels, channels_out=channels_out, repeat=times)
        return self.run("conv", x, channels_out, one_of(self.kernel, kernel), times)

    def run(self, kind: str, x: Tensor, channels: int, kernel: int, times: int) -> Tensor:
        for index in range(times):
            final = index == times - 1
            x = note(
                kind,
                (x,),
                channels,
                1 if index else self.stride,
                kernel=kernel,
                padding=kernel // 2,
                act=self.act if final else None,
                norm=self.norm and final,
                bias=self.bias and final,
            )
        return x


class ElasticDepthwiseConv2d(ElasticConv2d):
    def __init__(self, channels: int, **more: Any) -> None:
        super().__init__(channels, channels, **more)

    def forward(self, x: Tensor, kernel: int | None = None, *, repeat: int | None = None) -> Tensor:  # type: ignore[override]
        times = self.made_for["repeat"] if repeat is None else repeat
        self.reach(channels_in=x.channels, channels_out=x.channels, repeat=times)
        return self.run("dwconv", x, x.channels, one_of(self.kernel, kernel), times)


class SqueezeExcite(Sized):
    def __init__(self, channels: int, squeeze: int) -> None:
        super().__init__(channels=channels, squeeze=squeeze)

    def forward(self, x: Tensor, squeeze: int) -> Tensor:
        self.reach(channels=x.channels, squeeze=squeeze)
        return note("se", (x,), x.channels, squeeze=squeeze)


class Activation(Module):
    def __init__(self, act: str) -> None:
        self.act = act

    def forward(self, x: Tensor) -> Tensor:
        return note("act", (x,), x.channels, act=self.act)


class MaxPool2d(Module):
    kind = "maxpool"

    def __init__(self, *, kernel: int | tuple[int, ...], stride: int = 1) -> None:
        self.kernel, self.stride = kernel, stride

    def forward(self, x: Tensor, kernel: int | None = None) -> Tensor:
        chosen = one_of(self.kernel, kernel)
        return note(self.kind, (x,), x.channels, self.stride, kernel=chosen, padding=chosen // 2)


class AvgPool2d(MaxPool2d):
    kind = "avgpool"


class Add(Module):
    def __init__(self, act: str | None = None) -> None:
        self.act = act

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        assert (x.channels, x.size) == (y.channels, y.size)
        return note("add", (x, y), y.channels, act=self.act)


class IdentityShortcut(Module):
    def __init__(self, *, stride: int, act: str | None = None) -> None:
        self.stride, self.add = stride, Add(act)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.add(x, y) if self.stride == 1 and x.channels == y.channels else y


class ProjectShortcut(Sized):
    def __init__(self, channels_in: int, channels_out: int, *, stride: int, act: str | None = None) -> None:
        super().__init__(channels_in=channels_in, channels_out=channels_out)
        self.stride, self.add = stride, Add(act)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        if self.stride != 1 or x.channels != y.channels:
            self.reach(channels_in=x.channels, channels_out=y.channels)
            x = self.project(x, y.channels)
        return self.add(x, y)  # type: ignore[no-any-return]

    def project(self, x: Tensor, channels: int) -> Tensor:
        return note("conv", (x,), channels, self.stride, norm=True)


class AvgPoolProjectShortcut(ProjectShortcut):
    def project(self, x: Tensor, channels: int) -> Tensor:
        if self.stride > 1:
            x = note("avgpool", (x,), x.channels, self.stride, kernel=self.stride)
        return note("conv", (x,), channels, norm=True)


class ElasticBlock(Module):
    def __call__(self, x: Tensor, layer: LayerChoice) -> Any:
        NOTES.append([])
        y = self.forward(Tensor(x.channels, x.size), layer)
        return Tensor(y.channels, y.size)


class ElasticHead(Module):
    def __call__(self, x: Tensor, widths: tuple[int, ...]) -> Any:
        NOTES.append([])
        return self.forward(Tensor(x.channels, x.size), widths)


class ElasticStage(Module):
    def __init__(self, *layers: ElasticBlock) -> None:
        self.layers = layers

    def forward(self, x: Tensor, choice: StageChoice) -> Tensor:
        for layer, chosen in zip(self.layers, choice.layers, strict=False):
            x = layer(x, chosen)
        return x


class Candidates(Module):
    def __init__(self, stages: Mapping[int, ElasticStage]) -> None:
        self.ids, self.stages = list(stages), list(stages.values())

    def forward(self, x: Tensor, choice: StageChoice) -> Tensor:
        return self.stages[self.ids.index(choice.candidate)](x, choice)  # type: ignore[no-any-return]


class Supernet(Module):
    pass


class InputQuantiser(Module):
    def forward(self, x: Tensor) -> Tensor:
        return x


class GlobalPool(Module):
    def forward(self, x: Tensor) -> Tensor:
        return note("pool", (x,), x.channels, size=1)


class Dropout(Module):
    def __init__(self, rate: float) -> None:
        assert 0 <= rate < 1

    def forward(self, x: Tensor) -> Tensor:
        return note("dropout", (x,), x.channels)


class ElasticLinear(Sized):
    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__(channels_in=channels_in, channels_out=channels_out)

    def forward(self, x: Tensor) -> Tensor:
        self.reach(channels_in=x.channels, channels_out=self.made_for["channels_out"])
        return note("linear", (x,), self.made_for["channels_out"], bias=True)


@dataclass(frozen=True)
class StudentPlan:
    stage: Callable[[], ElasticStage]
    channels_in: int
    width: int


ModuleList = list


def run_generated(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The generated module, with this one in the place of `spacelang.nn`."""
    import spacelang

    torch = ModuleType("torch")
    torch.Tensor = Tensor  # type: ignore[attr-defined]
    this = sys.modules[__name__]
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "spacelang.nn", this)
    monkeypatch.setattr(spacelang, "nn", this, raising=False)
    (folder / "supernet.py").write_text(text)
    spec = importlib.util.spec_from_file_location("generated_supernet", folder / "supernet.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def operators(supernet: Any, channels: int, architecture: Architecture) -> list[tuple[Op, ...]]:
    """Those of each layer, head last, in the order in which they run."""
    NOTES.clear()
    supernet(Tensor(channels, architecture.resolution), architecture)
    return [tuple(each) for each in NOTES]


__all__ = ["Architecture", "LayerChoice", "StageChoice", "operators", "round8", "run_generated"]
