"""The layers of generated supernets, their quantisers, and static networks cut out of them. Needs torch.

A supernet holds the weights of its largest choices. It keeps no state of what is chosen: each call is given an
`Architecture`, and every layer takes the part of its weights that the architecture needs.

    supernet = nn.build(space)
    logits = supernet(images, architecture)
    nn.set_precision(supernet, "int8")
    network = supernet.cut(architecture)
"""

try:
    import torch as _torch  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "spacelang.nn needs torch: pip install '.[train]', in its checkout", name=error.name
    ) from error

from torch.nn import ModuleList

from spacelang.language.arithmetic import round8
from spacelang.networks.architecture import Architecture, LayerChoice, StageChoice
from spacelang.nn.activations import Activation, Add, Dropout, InputQuantiser, Multiply
from spacelang.nn.blocks import (
    AvgPoolProjectShortcut,
    DropConnect,
    IdentityShortcut,
    ProjectShortcut,
    SqueezeExcite,
    begin_as_shortcuts,
    set_drop_connect,
)
from spacelang.nn.generated import build, generated_module, read_build
from spacelang.nn.layers import (
    ElasticConv2d,
    ElasticDepthwiseConv2d,
    ElasticLinear,
    QuantisedConv2d,
    QuantisedLinear,
    weights_in_steps,
)
from spacelang.nn.loss import nsr_loss
from spacelang.nn.norm import ElasticBatchNorm2d
from spacelang.nn.pools import AvgPool2d, GlobalPool, MaxPool2d, StridePool2d
from spacelang.nn.quantiser import Precision, Quantiser, set_precision
from spacelang.nn.static import cut
from spacelang.nn.structure import Candidates, ElasticBlock, ElasticHead, ElasticStage, StudentPlan, Supernet

__all__ = [
    "Activation",
    "Add",
    "Architecture",
    "AvgPool2d",
    "AvgPoolProjectShortcut",
    "Candidates",
    "DropConnect",
    "Dropout",
    "ElasticBatchNorm2d",
    "ElasticBlock",
    "ElasticConv2d",
    "ElasticDepthwiseConv2d",
    "ElasticHead",
    "ElasticLinear",
    "ElasticStage",
    "GlobalPool",
    "IdentityShortcut",
    "InputQuantiser",
    "LayerChoice",
    "MaxPool2d",
    "ModuleList",
    "Multiply",
    "Precision",
    "ProjectShortcut",
    "QuantisedConv2d",
    "QuantisedLinear",
    "Quantiser",
    "SqueezeExcite",
    "StageChoice",
    "StridePool2d",
    "StudentPlan",
    "Supernet",
    "begin_as_shortcuts",
    "build",
    "cut",
    "generated_module",
    "nsr_loss",
    "read_build",
    "round8",
    "set_drop_connect",
    "set_precision",
    "weights_in_steps",
]
