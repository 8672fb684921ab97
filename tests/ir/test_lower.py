"""Text → IR: what was meant, in normal form."""

from __future__ import annotations

import pytest

import spacelang
from spacelang import ir

DEVICE = "device d { runtime onnxruntime, precision int8, threads 1, widths multiple of 16 }\n"
BLOCKS = """
block conv(kernel, act) { conv kernel -> out, stride, act }
block mb(kernel, expand, act) {
  hidden = round8(in * expand)
  conv 1 -> hidden, act, when hidden != in
  dwconv kernel, stride, act
  conv 1 -> out
  shortcut project
}
"""


def body(stages: str, *, kind: str = "hyperspace", blocks: str = "", origin: str = "", head: str = "") -> str:
    lists = f"blocks {{\n{blocks}\n}}\n" if blocks else ""
    return (
        f"language 1\n{DEVICE}{BLOCKS}{kind} h on d {{\n{origin}\ninput 3 channels\nresolution 64\nclasses 10\n{lists}"
        f"stem conv {{ depth 1, stride 2, width 16, kernel 3, act relu }}\n{stages}\n"
        f"head {{\n{head or 'pool'}\nlinear -> classes\n}}\n}}\n"
    )


MB = "kernel {3, 5}, expand {0.5, 1.0, 4}, act relu"


def only_stage(text: str) -> ir.Stage:
    return spacelang.loads(text).stages[0]


def test_a_value_has_one_spelling() -> None:
    stage = only_stage(body(f"stage s mb {{ depth {{2, 3}}, stride 2, width {{32, 48}}, {MB} }}"))
    assert stage.depth == (2, 3)
    assert stage.windows == (ir.Choices(values=(32, 48)),)
    assert stage.candidates[0].numbers["kernel"].values == (3, 5)
    assert repr(stage.candidates[0].numbers["expand"].values) == "(0.5, 1, 4)"


@pytest.mark.parametrize(
    ("width", "windows"),
    [
        ("32", [(32,)]),
        ("32..64", [(32, 48, 64)]),
        ("2 of 32..64", [(32, 48), (48, 64)]),
        ("2 of 32..96 step 32", [(32, 64), (64, 96)]),
        ("2 of {16, 48, 112}", [(16, 48), (48, 112)]),
        ("3 of {16, 48, 112}", [(16, 48, 112)]),
    ],
)
def test_windows_are_written_out(width: str, windows: list[tuple[int, ...]]) -> None:
    stage = only_stage(body(f"stage s mb {{ depth 1, stride 2, width {width}, {MB} }}"))
    assert [each.values for each in stage.windows] == windows


def test_candidates_stand_in_the_order_of_their_ids_and_blocks_in_that_of_their_names() -> None:
    text = body(
        "stage s { depth 1, stride 2, width 32 }",
        blocks=f"2 = mb {{ {MB} }}\n0 = conv {{ kernel 3, act relu }}",
    )
    space = spacelang.loads(text)
    assert [(each.id, each.block) for each in space.stages[0].candidates] == [(0, "conv"), (2, "mb")]
    assert [each.name for each in space.blocks] == ["conv", "mb"]


def test_a_block_named_in_a_stage_has_the_id_of_the_list() -> None:
    stages = f"stage s {{ depth 1, stride 2, width 32 }}\nstage t mb {{ depth 1, stride 1, width 32, {MB} }}"
    space = spacelang.loads(body(stages, blocks=f"7 = mb {{ {MB} }}"))
    assert [stage.candidates[0].id for stage in space.stages] == [7, 7]


@pytest.mark.parametrize(
    ("origin", "id"), [("", 0), ("from hyperspace x", 0), ('from hyperspace x, encoding "5-0"', 5)]
)
def test_a_block_of_a_space_has_the_id_that_its_encoding_says(origin: str, id: int) -> None:
    text = body(f"stage s mb {{ depth 1, stride 2, width 32, {MB} }}", kind="space", origin=origin)
    assert only_stage(text).candidates[0].id == id


def test_a_single_value_of_a_model_holds_for_all_layers() -> None:
    text = body(
        "stage s mb { depth 3, stride 2, width [32, 48, 32], kernel 3, expand [4, 4, 1.0], act relu }", kind="model"
    )
    stage = only_stage(text)
    assert stage.windows == (ir.Choices(values=(32, 48, 32), per_layer=True),)
    assert stage.candidates[0].numbers["kernel"] == ir.Choices(values=(3, 3, 3), per_layer=True)
    assert stage.candidates[0].numbers["expand"] == ir.Choices(values=(4, 4, 1), per_layer=True)


def test_parameters_have_the_types_of_their_use() -> None:
    block = spacelang.loads(body(f"stage s mb {{ depth 1, stride 2, width 32, {MB} }}")).blocks_by_name["mb"]
    assert [(each.name, each.type) for each in block.parameters] == [
        ("kernel", "kernel"),
        ("expand", "number"),
        ("act", "activation"),
    ]


def test_shared_choices_stand_in_the_order_of_the_parameters() -> None:
    text = body(f"stage s mb {{ depth 1, stride 2, width 32, {MB}, uniform {{expand, width, kernel}} }}")
    assert only_stage(text).uniform == ("width", "kernel", "expand")


def test_a_head_keeps_choices_and_expressions_apart() -> None:
    head = "conv 1 -> in * 6, act swish\npool\nconv 1 -> {128, 192}, norm none, bias\nconv 1 -> {64}\ndropout 0.2"
    space = spacelang.loads(body(f"stage s mb {{ depth 1, stride 2, width 32, {MB} }}", head=head))
    expand, pool, choice, single, dropout, linear = space.head
    assert expand == ir.HeadConv(
        kernel=1, out=ir.Binary(op="*", left=ir.Ref(name="in"), right=ir.Num(value=6)), act="swish"
    )
    assert pool == ir.HeadPool()
    assert choice == ir.HeadConv(kernel=1, out=ir.Choices(values=(128, 192)), norm=False, bias=True)
    assert single == ir.HeadConv(kernel=1, out=ir.Num(value=64))
    assert dropout == ir.HeadDropout(rate=0.2)
    assert linear == ir.HeadLinear(out=ir.Ref(name="classes"))


def test_the_order_of_a_text_and_its_names_do_not_change_the_hash() -> None:
    lists = ("0 = conv { kernel 3, act relu }", f"1 = mb {{ {MB} }}")
    stage = "stage s { depth 1, stride 2, width 32 }"
    one, two = (spacelang.loads(body(stage, blocks="\n".join(each))) for each in (lists, reversed(lists)))
    assert one == two
    assert ir.replace(one, name="other").sha256 == two.sha256
