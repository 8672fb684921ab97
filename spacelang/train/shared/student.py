"""What is trained against a part of the teacher: a stage between two convolutions that meet the teacher's channels."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from spacelang.networks.architecture import StageChoice
from spacelang.nn import InputQuantiser, StudentPlan, cut
from spacelang.nn.static import Cut, Elastic


class Student(nn.Module):
    """An elastic stage that turns the teacher's map before it into the teacher's map after it (paper, C.3).

    The stage's input is quantised, as it is inside a network. The two adapters aren't part of a network, so they
    stay in floating point.

    Args:
        teacher_in, teacher_out: channels of the teacher's maps before and after the stage.
    """

    def __init__(self, plan: StudentPlan, teacher_in: int, teacher_out: int) -> None:
        super().__init__()
        self.teacher_in = teacher_in
        self.into = Adapter(teacher_in, plan.channels_in)
        self.quantise = InputQuantiser()
        self.stage = plan.stage()
        self.out = Adapter(plan.width, teacher_out)
        self.teacher_out = teacher_out

    def forward(self, x: Tensor, channels_in: int, choice: StageChoice) -> Tensor:
        """x: batch × teacher_in × height × width. channels_in: of the stage.

        Raises:
            ValueError: if the student isn't made for this choice.
        """
        x = self.quantise(self.into(x, channels_in))
        answer: Tensor = self.out(self.stage(x, choice), self.teacher_out)
        return answer

    def cut(self, channels_in: int, choice: StageChoice) -> fx.GraphModule:
        """The static network of one choice, adapters included, as `spacelang.nn.cut`."""
        return cut(self, self.teacher_in, channels_in, choice)


class Adapter(Elastic):
    """A 1×1 convolution with bias, of the first channels; in floating point at any precision."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        spread = 1 / math.sqrt(channels_in)
        self.weight = nn.Parameter(torch.empty(channels_out, channels_in, 1, 1).uniform_(-spread, spread))
        self.bias = nn.Parameter(torch.zeros(channels_out))

    def forward(self, x: Tensor, channels_out: int) -> Tensor:
        return F.conv2d(x, *self._part(x.shape[1], channels_out))

    def cut(self, channels: int, channels_out: int) -> Cut:
        weight, bias = self._part(channels, channels_out)
        conv = nn.Conv2d(channels, channels_out, 1).to(self.weight)
        conv.load_state_dict({"weight": weight.detach(), "bias": bias.detach()})
        return Cut(conv, channels_out)

    def _part(self, channels_in: int, channels_out: int) -> tuple[Tensor, Tensor]:
        for name, chosen, most in zip(("out", "in"), (channels_out, channels_in), self.weight.shape[:2], strict=True):
            if not 1 <= chosen <= most:
                raise ValueError(f"channels_{name} is {chosen}; this convolution is made for 1 to {most}")
        return self.weight[:channels_out, :channels_in], self.bias[:channels_out]
