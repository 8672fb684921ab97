"""Help texts for messages: did you mean, or what is legal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from spacelang.report.mend import Mend, write

ELSEWHERE = {
    **dict.fromkeys(("silu",), "swish"),
    **dict.fromkeys(("hard_swish", "hardswish", "h_swish"), "hswish"),
    **dict.fromkeys(("hard_sigmoid", "hardsigmoid", "h_sigmoid"), "hsigmoid"),
    **dict.fromkeys(("float32", "float", "f32"), "fp32"),
    **dict.fromkeys(("qint8", "i8"), "int8"),
    **dict.fromkeys(("ort", "onnx"), "onnxruntime"),
    **dict.fromkeys(("litert", "tensorflow", "tf"), "tflite"),
    **dict.fromkeys(("conv2d", "convolution"), "conv"),
    **dict.fromkeys(("depthwise", "depthwise_conv", "dw_conv", "dw"), "dwconv"),
    **dict.fromkeys(("fc", "dense", "classifier"), "linear"),
    **dict.fromkeys(("squeeze_excite", "squeeze_excitation"), "se"),
    **dict.fromkeys(("avg_pool", "average_pool"), "avgpool"),
    **dict.fromkeys(("max_pool",), "maxpool"),
    **dict.fromkeys(("gelu", "elu", "selu", "celu", "mish", "prelu", "leaky_relu", "tanh", "softmax", "softplus"), ""),
    **dict.fromkeys(("int4", "int16", "uint8", "uint4", "fp16", "bf16", "fp8", "float16", "bfloat16", "mixed"), ""),
    **dict.fromkeys(("concat", "cat", "add", "mul", "sum", "split", "chunk", "upsample", "deconv", "shuffle"), ""),
    **dict.fromkeys(
        ("attention", "mha", "batchnorm", "bn", "batch_norm", "layernorm", "flatten", "reshape", "pad"), ""
    ),
    **dict.fromkeys(("tensorrt", "openvino", "tvm", "coreml", "ncnn", "mnn"), ""),
}
"""Names from other tools, and ours for the same thing; empty if spacelang has nothing like it, so that no name that
only looks similar is suggested."""

SHOWN = 12
"""Longer lists of names are cut to this length: nobody reads more."""

COMPARED = 500
"""With more names than this, the nearest isn't searched for: a text full of errors would take too long."""


def closest(word: str, options: Iterable[str]) -> str | None:
    """The option that `word` was probably meant to be; None if nothing is near, or if there are too many.

    >>> closest("kernle", ["kernel", "expand"])
    'kernel'
    """
    from difflib import get_close_matches  # a text without mistakes needs no suggestions, and starts without this

    names = list(dict.fromkeys(options))
    if len(names) > COMPARED:
        return None
    folded = {name.lower(): name for name in reversed(names)}
    matches = get_close_matches(word.lower(), folded, n=1, cutoff=0.6)
    return folded[matches[0]] if matches else None


def listed(options: Iterable[str], joint: str = "or") -> str:
    """The options in their order, as a sentence would list them.

    >>> listed(["relu", "swish", "hswish"])
    'relu, swish or hswish'
    """
    names = list(dict.fromkeys(options))
    if len(names) > SHOWN:
        return f"{', '.join(names[:SHOWN])}, … ({len(names)} in all)"
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {joint} {names[-1]}"


def some(items: Sequence[str], shown: int = 5, what: str = "", joint: str = ", ") -> str:
    """The first few of many, and how many more there are.

    >>> some(["a", "b", "c", "d"], 2, "files")
    'a, b and 2 more files'
    """
    more = f" and {len(items) - shown} more {what}".rstrip() if len(items) > shown else ""
    return joint.join(items[:shown]) + more


def spelled(value: int | float) -> str:
    """A number as a person would write it: 1000000, not 1e+06."""
    return str(value) if isinstance(value, int) else f"{value:g}"


def legal(options: Iterable[str]) -> Mend:
    """A help text that lists the words that may stand in the place of the wrong one.

    >>> legal(["relu", "swish"])
    'legal here: relu or swish'
    """
    names = list(dict.fromkeys(options))
    return write(f"legal here: {listed(names)}", *names[:SHOWN])


def did_you_mean(word: str, options: Iterable[str]) -> Mend:
    """A help text for an unknown word: the nearest option, otherwise all of them, otherwise nothing.

    >>> did_you_mean("rleu", ["relu", "swish"])
    'did you mean `relu`?'
    >>> did_you_mean("q", ["relu", "swish"])
    'legal here: relu or swish'
    """
    names = list(options)
    if word.lower() in ELSEWHERE:
        ours = ELSEWHERE[word.lower()]
        near = ours if ours in names else None
    else:
        near = closest(word, names)
    if near is not None:
        return write(f"did you mean `{near}`?", near)
    return legal(names) if names else Mend("")
