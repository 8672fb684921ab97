"""The specs and the block library: they check, are formatted, come back from print, and have the published numbers."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import spacelang
from spacelang import ir
from spacelang.driver import check_source
from spacelang.networks.architecture import LayerChoice, architecture_of, largest, smallest
from spacelang.networks.cost import CostModel, cost, total
from spacelang.networks.genome import count_spaces, decode, genome_of, narrow
from spacelang.networks.walk import MapShape
from spacelang.report.diagnostics import Report
from spacelang.report.source import Source
from spacelang.translate.lower import lower
from spacelang.verify.space import verify

ROOT = Path(__file__).parents[2]
SPECS = sorted((ROOT / "specs").glob("*.space"))
LIBRARY = ROOT / "spacelang" / "std" / "blocks.space"
TABLE = ROOT.parent / "shared" / "data" / "vnni_block_table.tar.xz"

each_spec = pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)


def spaces_of(path: Path) -> tuple[ir.SearchSpace, ...]:
    report = Report()
    program = check_source(Source(path.name, path.read_text()), path, report)
    assert not report.diagnostics, report.sorted()
    return lower(program)


def spec(name: str) -> ir.SearchSpace:
    (space,) = spaces_of(ROOT / "specs" / f"{name}.space")
    return space


def mflops(space: ir.SearchSpace, *, most: bool = False) -> float:
    architecture = largest(space) if most else smallest(space)
    return total(each.cost for each in cost(space, architecture)).mflops


@each_spec
def test_a_spec_has_no_finding_and_declares_what_its_file_is_called(path: Path) -> None:
    spaces = spaces_of(path)
    assert [each.name for each in spaces] == ([] if path.stem == "devices" else [path.stem])
    assert all(not verify(each) for each in spaces)


@pytest.mark.parametrize("path", [*SPECS, LIBRARY], ids=lambda path: path.stem)
def test_a_spec_is_formatted(path: Path) -> None:
    assert spacelang.format(path.read_text()) == path.read_text()


@each_spec
def test_a_printed_spec_means_the_same_and_is_formatted(path: Path) -> None:
    for space in spaces_of(path):
        text = spacelang.dumps(space)
        assert spacelang.loads(text) == space
        assert spacelang.format(text) == text


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("vnni", 240_945_152),
        ("vnni_released", 95_551_488),
        ("pixel4", 49_412_580),
        ("pixel4_released", 1_185_901_920),
        ("digits", 4_116),
    ],
)
def test_a_hyperspace_has_the_published_number_of_spaces(name: str, count: int) -> None:
    assert count_spaces(spec(name)) == count


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("seqnet_vnni_a0", 163.5),
        ("seqnet_vnni_a1", 358.2),
        ("seqnet_vnni_a2", 638.3),
        ("seqnet_vnni_a3", 981.5),
        ("seqnet_vnni_a4", 1267.4),
        ("seqnet_pixel4_a1", 274.0),
        ("seqnet_pixel4_a3", 591.2),
        ("seqnet_pixel4_a4", 738.1),
    ],
)
def test_seqnet_has_the_published_flops(name: str, expected: float) -> None:
    assert mflops(spec(name)) == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize(("name", "expected"), [("seqnet_pixel4_a0", 112.9), ("seqnet_pixel4_a2", 398.9)])
def test_the_two_networks_whose_printed_flops_disagree_have_what_their_files_say(name: str, expected: float) -> None:
    assert mflops(spec(name)) == pytest.approx(expected, abs=0.05)
    assert f"{expected} M" in (ROOT / "specs" / f"{name}.space").read_text()


def test_attentivenas_has_the_published_range_of_flops() -> None:
    space = spec("attentivenas")
    assert (round(mflops(space)), round(mflops(space, most=True))) == (203, 1939)


# --- where they come from -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["spaceevo_vnni", "spaceevo_vnni_large"])
def test_a_searched_space_is_the_one_that_its_encoding_stands_for(name: str) -> None:
    space = spec(name)
    assert space.origin is not None
    assert space.origin.encoding is not None
    hyperspace = spec(space.origin.name)
    narrowed = narrow(hyperspace, decode(hyperspace, space.origin.encoding), name)
    assert narrowed.structure == space.structure
    assert genome_of(space) == decode(hyperspace, space.origin.encoding)


@pytest.mark.parametrize("path", [each for each in SPECS if each.stem.startswith("seqnet")], ids=lambda path: path.stem)
def test_a_seqnet_is_in_the_space_that_its_file_names(path: Path) -> None:
    model = spec(path.stem)
    assert model.origin is not None
    space = spec(model.origin.name)
    assert set(model.resolutions) <= set(space.resolutions)
    assert model.head == space.head
    for single, wide in zip(model.stem + model.stages, space.stem + space.stages, strict=True):
        chosen, legal = single.candidates[0], wide.candidates[0]
        assert (chosen.block, chosen.acts, single.stride) == (legal.block, legal.acts, wide.stride)
        assert set(single.depth) <= set(wide.depth)
        assert set(single.windows[0].values) <= set(wide.windows[0].values)
        for name, choices in chosen.numbers.items():
            assert set(choices.values) <= set(legal.numbers[name].values)


def test_the_smallest_network_of_spaceevo_vnni_is_seqnet_a0() -> None:
    assert mflops(spec("spaceevo_vnni")) == mflops(spec("seqnet_vnni_a0"))
    assert smallest(spec("spaceevo_pixel4"))[2:] != architecture_of(spec("seqnet_pixel4_a1"))[2:]


# --- the library's blocks against the published table ---------------------------------------------------------------

ROWS = 8
"""Of each of the 132 files; all of them agree (`make test-slow`)."""


def printed(number: str) -> object:
    """The table has four decimals of numbers in single precision."""
    return pytest.approx(float(number), abs=1e-4, rel=2e-7)


def rows(count: int | None) -> Iterator[tuple[int, int, list[str]]]:
    with tarfile.open(TABLE) as archive:
        for member in archive:
            if member.isfile() and member.name.endswith(".csv"):
                stage, block, _ = Path(member.name).stem.removeprefix("stage").split("_")
                stream = archive.extractfile(member)
                assert stream is not None
                for line in stream.read().decode().splitlines()[:count]:
                    yield int(stage) - 1, int(block), line.split(",")


@pytest.mark.skipif(not TABLE.exists(), reason="the published table is not at hand")
@pytest.mark.parametrize("count", [ROWS, pytest.param(None, marks=pytest.mark.slow)], ids=["some", "all"])
def test_blocks_have_the_flops_of_the_published_table(count: int | None) -> None:
    space = spec("vnni_released")
    model = CostModel(space)
    for at, block, (architecture, shape, _, flops, *_) in rows(count):
        stage = space.stages[at]
        candidate = stage.candidate(block)
        count_of_numbers = len(space.blocks_by_name[candidate.block].numeric)
        layers = []
        for layer in architecture.split("_"):
            kernel, width, expand = layer.split("#")
            numbers = (int(kernel), expand)[:count_of_numbers]
            layers.append(LayerChoice(int(width), tuple(map(float, numbers))))
        _, channels, size, _ = map(int, shape.split("x"))
        assert model.stage(stage, candidate, layers, MapShape(channels, size)).mflops == printed(flops)
