"""Random IRs: hyperspaces of any blocks, the spaces in them, their models. All are valid and in normal form."""

from __future__ import annotations

import json
from itertools import accumulate
from typing import Any, get_args

from hypothesis import strategies as st

from spacelang import ir
from spacelang.ir.parameters import parameter_type, uniform_fields
from spacelang.networks.architecture import (
    Architecture,
    LayerChoice,
    StageChoice,
    head_choices,
    model_of,
    only_candidate,
)
from spacelang.networks.genome import Genome, narrow

KERNELS = (1, 3, 5, 7)
RATIOS = (0.25, 0.5, 1, 1.5, 2, 3, 4, 6)
ACTIVATIONS = get_args(ir.ActivationName)
RESOLUTIONS = tuple(range(64, 257, 16))
"""Large enough for any of the kernels after the `HALVINGS`."""
HALVINGS = 3

names = st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True).filter(
    lambda name: name not in ("div", "in", "out", "stride")
)
activations = st.sampled_from(ACTIVATIONS)


def ascending(
    values: tuple[ir.Number, ...], *, least: int = 1, most: int = 4
) -> st.SearchStrategy[tuple[ir.Number, ...]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=most, unique=True).map(sorted).map(tuple)


# --- blocks ---------------------------------------------------------------------------------------------------------


def expressions(names: tuple[str, ...]) -> st.SearchStrategy[ir.Expr]:
    """Any expression over these names; it divides by numbers only, so it has a value."""
    positive = st.sampled_from((1, 2, 4, 0.5, 8)).map(lambda value: ir.Num(value=value))
    leaves = positive | st.sampled_from(names).map(lambda name: ir.Ref(name=name))

    def larger(inner: st.SearchStrategy[ir.Expr]) -> st.SearchStrategy[ir.Expr]:
        def binary(op: str, left: ir.Expr, right: ir.Expr) -> ir.Expr:
            return ir.Binary(op=op, left=left, right=right)  # type: ignore[arg-type]

        return (
            st.builds(binary, st.sampled_from("+-*"), inner, inner)
            | st.builds(binary, st.sampled_from(("/", "div")), inner, positive)
            | st.builds(
                lambda function, arguments: ir.Call(function=function, arguments=tuple(arguments)),
                st.sampled_from(("min", "max")),
                st.lists(inner, min_size=2, max_size=3),
            )
        )

    return st.recursive(leaves, larger, max_leaves=4)


def round8(inner: ir.Expr) -> ir.Expr:
    """At least 8, though what is inside may be negative."""
    positive = ir.Call(function="max", arguments=(inner, ir.Num(value=1)))
    return ir.Call(function="round8", arguments=(positive,))


@st.composite
def blocks(draw: st.DrawFn, name: str) -> ir.Block:
    """A body that fits any layer: some hidden width, one step with the stride, then the output width."""
    parameters = draw(st.lists(names.filter(lambda each: each != "hidden"), min_size=3, max_size=3, unique=True))
    kernel, ratio, act = parameters
    hidden: ir.Expr = ir.Ref(name="hidden")
    one = ir.Num(value=1)
    acts = st.none() | st.just(act) | activations
    kernels = st.just(ir.Ref(name=kernel)) | st.sampled_from(KERNELS).map(lambda each: ir.Num(value=each))
    steps: list[ir.BlockStep] = [ir.Let(name="hidden", value=round8(draw(expressions(("in", "out", "stride", ratio)))))]
    depthwise = draw(st.booleans())
    if depthwise or draw(st.booleans()):
        when = draw(st.sampled_from((None, ir.Compare(op="!=", left=hidden, right=ir.Ref(name="in")))))
        steps.append(ir.Conv(kernel=one, out=hidden, act=draw(acts), bias=draw(st.booleans()), when=when))
    strided: dict[str, Any] = {
        "kernel": draw(kernels),
        "stride": "layer",
        "act": draw(acts),
        "norm": draw(st.booleans()),
    }
    if depthwise:
        steps.append(ir.DepthwiseConv(**strided, repeat=draw(st.none() | st.just(ir.Num(value=2)))))
    else:
        steps.append(ir.Conv(**strided, out=hidden))
    optional = (
        ir.SqueezeExcite(squeeze=round8(ir.Binary(op="div", left=hidden, right=ir.Num(value=4)))),
        ir.Activation(act=draw(activations)),
        ir.Pool(kind=draw(st.sampled_from(("avgpool", "maxpool"))), kernel=ir.Num(value=3)),
        ir.DepthwiseConv(kernel=ir.Num(value=3), residual=True, act=draw(acts)),
    )
    steps += draw(st.lists(st.sampled_from(optional), max_size=2, unique_by=repr))
    steps.append(ir.Conv(kernel=one, out=ir.Ref(name="out"), act=draw(acts)))
    kind = draw(st.sampled_from(("none", "identity", "project", "avgpool_project")))
    shortcut = ir.Shortcut(kind=kind, act=draw(acts) if kind != "none" else None)  # type: ignore[arg-type]
    used = {each for each in parameters if _uses(each, steps, shortcut)}
    return ir.Block(
        name=name,
        parameters=tuple(
            ir.Parameter(name=each, type=parameter_type(each, steps, shortcut)) for each in parameters if each in used
        ),
        steps=tuple(steps),
        shortcut=shortcut,
    )


def _uses(name: str, steps: list[ir.BlockStep], shortcut: ir.Shortcut) -> bool:
    if parameter_type(name, steps, shortcut) == "activation":
        return True
    return any(f'"name": "{name}"' in json.dumps(ir.to_data(each)) for each in steps)


# --- stages ---------------------------------------------------------------------------------------------------------


@st.composite
def candidates(draw: st.DrawFn, id: int, block: ir.Block) -> ir.Candidate:
    domains = {"kernel": KERNELS, "number": RATIOS}
    return ir.Candidate(
        id=id,
        block=block.name,
        numbers={
            each.name: ir.Choices(values=draw(ascending(domains[each.type])))
            for each in block.parameters
            if each.type != "activation"
        },
        acts={each.name: draw(activations) for each in block.parameters if each.type == "activation"},
    )


@st.composite
def windows(draw: st.DrawFn, multiple: int, most: int) -> tuple[ir.Choices, ...]:
    values = draw(ascending(tuple(range(multiple, 12 * multiple + 1, multiple)), most=7))
    length = draw(st.integers(max(1, len(values) - most + 1), len(values)))
    return tuple(ir.Choices(values=values[at : at + length]) for at in range(len(values) - length + 1))


@st.composite
def stages(
    draw: st.DrawFn, name: str, own: tuple[ir.Candidate, ...], stride: int, multiple: int, most: int
) -> ir.Stage:
    low = draw(st.integers(1, 2))
    shared = draw(st.sets(st.sampled_from(["width", *(each for one in own for each in one.numbers)])))
    return ir.Stage(
        name=name,
        stride=stride,
        depth=draw(st.just(tuple(range(low, low + draw(st.integers(1, 3))))) | st.just((1, 4))),
        windows=draw(windows(multiple, most)),
        candidates=own,
        uniform=uniform_fields(shared, own),
    )


# --- spaces ---------------------------------------------------------------------------------------------------------

heads = st.builds(
    lambda middle, dropout: (*middle, *dropout, ir.HeadLinear(out=ir.Ref(name="classes"))),
    st.builds(
        lambda before, after: (*before, ir.HeadPool(), *after),
        *[
            st.lists(
                st.builds(
                    ir.HeadConv,
                    kernel=st.just(1),
                    out=st.sampled_from(
                        (
                            ir.Num(value=64),
                            ir.Choices(values=(32, 48)),
                            ir.Binary(op="*", left=ir.Ref(name="in"), right=ir.Num(value=2)),
                        )
                    ),
                    act=st.none() | activations,
                    norm=st.booleans(),
                    bias=st.booleans(),
                ),
                max_size=1,
            )
        ]
        * 2,
    ),
    st.sampled_from(((), (ir.HeadDropout(rate=0.2),), (ir.HeadActivation(act="hswish"),))),
)

qualities = st.builds(ir.Quality, estimator=st.just("exact"), top=st.integers(1, 50)) | st.builds(
    ir.Quality,
    estimator=st.just("sampled"),
    top=st.integers(1, 50),
    chain=st.sampled_from(("independent", "strict")),
    samples=st.integers(50, 10_000),
    penalty=st.none() | st.builds(ir.Penalty, threshold=st.sampled_from((0.08, 0.5)), exponent=st.just(0.01)),
)
evolutions = st.builds(
    lambda sample, more, spaces, seed: ir.Evolution(
        population=sample + more, sample=sample, spaces=sample + more + spaces, seed=seed
    ),
    *(st.integers(1, 500) for _ in range(3)),
    st.integers(0, 2**32 - 1),
)
distills = st.builds(
    ir.Distill, epochs=st.integers(1, 9), learning_rate=st.floats(1e-5, 1).map(lambda each: round(each, 7))
)
trains = st.builds(ir.Train, batch=st.integers(1, 2048), weight_decay=st.sampled_from((0.0, 1e-5, 3e-5)))


@st.composite
def hyperspaces(draw: st.DrawFn) -> ir.SearchSpace:
    multiple = draw(st.sampled_from((4, 8, 16)))
    library = [draw(blocks(f"{draw(names)}{at}")) for at in range(draw(st.integers(1, 3)))]
    lists = [draw(_lists(library)) for _ in range(2)]
    stem_count, stage_count = draw(st.integers(1, 2)), draw(st.integers(1, 3))
    strides = draw(st.lists(st.integers(1, 2), min_size=stem_count + stage_count, max_size=stem_count + stage_count))
    halvings = accumulate(each == 2 for each in strides)
    strides = [each if total <= HALVINGS else 1 for each, total in zip(strides, halvings, strict=True)]
    stem = [
        draw(stages(f"stem{at + 1}", (draw(candidates(0, draw(st.sampled_from(library)))),), strides[at], multiple, 1))
        for at in range(stem_count)
    ]
    body = [
        draw(stages(f"s{at}", draw(st.sampled_from(lists)), strides[stem_count + at], multiple, 4))
        for at in range(stage_count)
    ]
    used = {candidate.block for stage in stem + body for candidate in stage.candidates}
    return ir.SearchSpace(
        kind="hyperspace",
        name=draw(names),
        device=ir.Device(
            name=draw(names),
            runtime=draw(st.sampled_from(("onnxruntime", "tflite"))),
            precision=draw(st.sampled_from(("int8", "fp32"))),
            threads=draw(st.integers(1, 8)),
            width_multiple=multiple,
        ),
        channels=draw(st.integers(1, 4)),
        resolutions=draw(ascending(RESOLUTIONS, most=8)),  # type: ignore[arg-type]
        classes=draw(st.integers(2, 1000)),
        blocks=tuple(sorted((each for each in library if each.name in used), key=lambda each: each.name)),
        stem=tuple(stem),
        stages=tuple(body),
        head=draw(heads),
        targets=draw(st.none() | ascending((0.5, 1, 2.25, 8, 10)).map(lambda each: ir.Targets(latency_ms=each))),
        quality=draw(st.none() | qualities),
        evolution=draw(st.none() | evolutions),
        distill=draw(st.none() | distills),
        train=draw(st.none() | trains),
    )


@st.composite
def _lists(draw: st.DrawFn, library: list[ir.Block]) -> tuple[ir.Candidate, ...]:
    chosen = draw(st.lists(st.sampled_from(library), min_size=1, max_size=3, unique_by=lambda each: each.name))
    ids = draw(st.lists(st.integers(0, 35), min_size=len(chosen), max_size=len(chosen), unique=True).map(sorted))
    return tuple(draw(candidates(id, block)) for id, block in zip(ids, chosen, strict=True))


@st.composite
def spaces(draw: st.DrawFn) -> ir.SearchSpace:
    hyperspace = draw(hyperspaces())
    genome = Genome(
        tuple(draw(st.sampled_from(stage.candidates)).id for stage in hyperspace.stages),
        tuple(draw(st.integers(0, len(stage.windows) - 1)) for stage in hyperspace.stages),
    )
    return narrow(hyperspace, genome, draw(names))


@st.composite
def architectures(draw: st.DrawFn, space: ir.SearchSpace) -> Architecture:
    """Any network of a space."""

    def choose(stage: ir.Stage) -> StageChoice:
        candidate = only_candidate(stage)
        choices = {"width": stage.windows[0], **{name: candidate.numbers[name] for name in _numeric(space, candidate)}}
        shared = {name: draw(st.sampled_from(choices[name].values)) for name in stage.uniform}
        layers = []
        for at in range(draw(st.sampled_from(stage.depth))):
            width, *numbers = (shared.get(name) or draw(st.sampled_from(each.at(at))) for name, each in choices.items())
            layers.append(LayerChoice(int(width), tuple(numbers)))
        return StageChoice(candidate.id, tuple(layers))

    return Architecture(
        draw(st.sampled_from(space.resolutions)),
        tuple(map(choose, space.stem)),
        tuple(map(choose, space.stages)),
        tuple(int(draw(st.sampled_from(each.values))) for each in head_choices(space)),
    )


def _numeric(space: ir.SearchSpace, candidate: ir.Candidate) -> tuple[str, ...]:
    return space.blocks_by_name[candidate.block].numeric


@st.composite
def models(draw: st.DrawFn) -> ir.SearchSpace:
    space = draw(spaces())
    return model_of(space, draw(architectures(space)), draw(names))


any_space = hyperspaces() | spaces() | models()
