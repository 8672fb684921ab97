"""Random blocks over many widths, and whether `check` and the networks agree on them."""

from __future__ import annotations

import random

from spacelang import ir
from spacelang.ast.loader import load_program
from spacelang.check import check
from spacelang.networks.architecture import model_of
from spacelang.networks.cost import cost
from spacelang.networks.network import ShapeError, layer_ops
from spacelang.networks.sample import sample
from spacelang.networks.walk import LayerShape
from spacelang.report.diagnostics import Report, Severity
from spacelang.report.source import Source
from spacelang.translate.lower import lower
from spacelang.translate.printer import to_text
from spacelang.verify import verify

SHAPES = {"SP0415", "SP0416", "SP0417", "SP0418", "SP0419", "SP0501", "SP0503"}
FRAME = """language 1
device d {{ runtime onnxruntime, precision int8, threads 1, widths multiple of {multiple}, hidden any }}
{block}space s on d {{
  input 3 channels, resolution {{64, 96}}, classes 10
  stem b0 {{ depth 1, stride 2, width {multiple} }}
  stage one b {{ depth 1..2, stride {stride}, width {{{widths}}}, p {{{p}}}, q {{{q}}}{uniform} }}
  head {{
    pool
    linear -> classes
  }}
}}
block b0() {{
  conv 3 -> out, stride
}}
"""
NUMBERS = (0, 1, 2, 3, 4, 6, 0.5, 0.25, 1.5, 1.0625, 0.1, 1.1, 0.75)
FORMS = ("({} * {})", "({} + {})", "({} - {})", "({} / {})", "({} div {})", "max({}, {})", "min({}, {})")


def expression(chance: random.Random, depth: int = 2) -> str:
    if depth == 0 or chance.random() < 0.3:
        return chance.choice(("in", "out", "p", "q", "out", "in", str(chance.choice((1, 2, 3, 4, 8, 0.5)))))
    left, right = expression(chance, depth - 1), expression(chance, depth - 1)
    text = chance.choice(FORMS).format(left, right)
    return f"round8({text})" if chance.random() < 0.35 else text


def program(chance: random.Random) -> str:
    multiple = chance.choice((1, 2, 4, 8, 16))
    count = chance.choice((1, 2, 5, 16, 17, 40, 120))
    widths = sorted({multiple * chance.randint(1, 400) for _ in range(count)})
    steps = []
    for _ in range(chance.randint(1, 3)):
        sign = chance.choice(("!=", ">", "=="))
        condition = f", when {expression(chance, 1)} {sign} {expression(chance, 1)}"
        extra = chance.choice(("", "", "", condition))
        steps.append(chance.choice((
            f"conv 1 -> {expression(chance)}{extra}",
            f"se {expression(chance)}{extra}",
            f"dwconv 3, repeat {chance.choice(('2', 'p', 'max(p, 1)'))}{extra}",
            f"conv 1 -> {chance.choice(('in', 'out', 'p * 8'))}, residual{extra}",
        )))  # fmt: skip
    stride = chance.choice((1, 2))
    steps.insert(chance.randint(0, len(steps)), f"dwconv 3, stride{chance.choice(('', '', ', when stride != 1'))}")
    if chance.random() < 0.9:
        steps.append(f"conv 1 -> out{chance.choice(('', '', ', when in != out'))}")
    body = "".join(f"  {each}\n" for each in ["x = p + q", *steps, "se max(1, round8(max(1, x)))"])
    values = [sorted(chance.sample(NUMBERS, chance.randint(1, 6))) for _ in range(2)]
    p, q = (", ".join(map(str, each)) for each in values)
    return FRAME.format(
        multiple=multiple, block=f"block b(p, q) {{\n{body}}}\n", stride=stride, p=p, q=q,
        widths=", ".join(map(str, widths)), uniform=chance.choice(("", "", ", uniform width")),
    )  # fmt: skip


def fails(space: ir.SearchSpace) -> bool:
    """Whether some layer of the stage gives no network; every choice is tried until one fails."""
    stage, block = space.stages[0], space.blocks_by_name["b"]
    widths = [int(each) for each in stage.windows[0].values]
    numbers = [(p, q) for p in stage.candidates[0].numbers["p"].values for q in stage.candidates[0].numbers["q"].values]
    entries = [int(each) for each in space.stem[0].windows[0].values]
    edges = [(enter, leave, stage.stride) for enter in entries for leave in widths]
    inner = [(each, each) for each in widths] if stage.uniform else [(a, b) for a in widths for b in widths]
    edges += [(enter, leave, 1) for enter, leave in inner]
    for values in numbers:
        for enter, leave, stride in edges:
            try:
                layer_ops(block, values, {}, LayerShape(enter, leave, stride, 32))
            except ShapeError:
                return True
    return False


def disagreement(seed: int) -> str | None:
    """What `check` says wrongly of the block of this seed, with its text; None if it is right.

    A block that passes must have 100 sampled networks that cost, compile and verify, one of them written and checked as
    a model; one that doesn't pass must have a network that fails. What SP0505 calls undecided may fail.
    """
    text = program(random.Random(seed))
    report = Report()
    loaded = load_program(Source("random.space", text), None, report)
    check(loaded, report)
    said = {each.code for each in report.diagnostics if each.severity is Severity.ERROR}
    undecided = any(each.code == "SP0505" for each in report.diagnostics)
    if said - SHAPES or _wrong_as_written(text):
        return None  # e.g. two equal widths, or a divisor that is 0 as written: not what is asked here
    (space,) = lower(loaded)
    if said:
        return None if fails(space) else f"seed {seed}, a false alarm of {sorted(said)}:\n{text}"
    wrong = _first_failure(space, seed)
    return None if wrong is None or undecided else f"seed {seed}, {wrong}:\n{text}"


def _wrong_as_written(text: str) -> bool:
    """Whether the block is wrong by itself, whatever a space makes of it."""
    report = Report()
    block = f"language 1\n{text[text.index('block b(') : text.index('space s on')]}"
    check(load_program(Source("block.space", block), None, report), report)
    return report.failed


def disagreements(first: int, count: int) -> list[str]:
    """`disagreement` of `count` seeds from `first` on."""
    return [found for seed in range(first, first + count) if (found := disagreement(seed)) is not None]


def _first_failure(space: ir.SearchSpace, seed: int) -> str | None:
    drawn = sample(space, 100, seed)
    try:
        for each in drawn:
            cost(space, each)
    except ShapeError as error:
        return f"a network that doesn't exist passes ({error})"
    model = model_of(space, drawn[0], "m")
    report = Report()
    check(load_program(Source("m.space", to_text(model)), None, report), report)
    refused = report.failed or verify(model) or verify(ir.replace(space, name="t"))
    return "a sampled model is refused" if refused else None
