"""Encodings of spaces, and what they stand for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacelang import ir
from spacelang.networks.genome import Genome, count_spaces, decode, encode, encode_full, genome_of, narrow
from spacelang.report.diagnostics import SpacelangError
from tests.networks.spaces import HYPER, choices, space, stage


def test_the_paper_s_example() -> None:
    assert encode(Genome((1, 3, 1, 1, 1, 1), (0, 2, 0, 0, 0, 0))) == "131111-020000"


@given(st.lists(st.tuples(st.integers(0, 35), st.integers(0, 35)), min_size=1, max_size=8))
def test_any_genome_is_read_back(digits: list[tuple[int, int]]) -> None:
    candidate = stage("any", (choices(16),)).candidates[0]
    stages = tuple(
        stage(
            f"stage{at}",
            tuple(choices(16 * index, 16 * index + 16) for index in range(1, 37)),
            candidates=tuple(ir.replace(candidate, id=id) for id in range(36)),
        )
        for at in range(len(digits))
    )
    hyperspace = space("hyperspace", stages)
    genome = Genome(*(tuple(each) for each in zip(*digits, strict=True)))
    assert decode(hyperspace, encode(genome)) == genome
    assert decode(hyperspace, encode(genome).replace("-", "_")) == genome
    assert decode(hyperspace, encode_full(hyperspace, genome)) == genome


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("111-00", "SP0601]: '111-00' is not an encoding of tiny (write 2 block digits, '-' and 2 width digits, "),
        ("1100", "SP0601]: '1100' is not an encoding of tiny"),
        ("", "SP0601]: '' is not an encoding of tiny"),
        ("17-00", "SP0602]: stage2 has no block '7' (its blocks are 1 (mbv2))"),
        ("11-03", "SP0603]: stage2 has no width list '3' (its width lists are 0 to 2)"),
        ("11-é0", "SP0603]: stage1 has no width list 'é' (its width lists are 0 to 1)"),
        ("tiny@00000000:11-00", "SP0604]: the encoding belongs to 'tiny@00000000', not to 'tiny@"),
    ],
)
def test_what_does_not_fit_is_named(text: str, expected: str) -> None:
    with pytest.raises(SpacelangError) as caught:
        decode(HYPER, text)
    assert expected in str(caught.value)


def test_every_stage_that_does_not_fit_is_named_at_once() -> None:
    with pytest.raises(SpacelangError) as caught:
        decode(HYPER, "79-95")
    assert [each.code for each in caught.value.diagnostics] == ["SP0602", "SP0602", "SP0603", "SP0603"]


def test_a_narrowed_space_has_one_block_and_one_width_list_and_says_where_it_is_from() -> None:
    genome = decode(HYPER, "11-12")
    narrowed = narrow(HYPER, genome, "best")
    assert narrowed.kind == "space"
    assert [stage.windows for stage in narrowed.stages] == [(choices(48, 64),), (choices(96, 112),)]
    assert narrowed.origin is not None
    assert (narrowed.origin.name, narrowed.origin.sha256) == ("tiny", HYPER.sha256)
    assert genome_of(narrowed) == genome


def test_spaces_are_counted_exactly() -> None:
    assert count_spaces(HYPER) == 2 * 3
    wide = stage("wide", tuple(choices(16, 32) for _ in range(36)))
    assert count_spaces(space("hyperspace", (wide,) * 30)) == 36**30


def test_the_hash_is_that_of_the_structure() -> None:
    renamed = ir.replace(HYPER, name="other")
    wider = space("hyperspace", HYPER.stages, resolutions=(32, 64, 96))
    assert renamed.sha256 == HYPER.sha256
    assert wider.sha256 != HYPER.sha256
