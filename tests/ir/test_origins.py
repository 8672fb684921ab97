"""A `from` line is a claim, and what is edited later doesn't keep it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spacelang
from spacelang import SpacelangError, ir
from spacelang.networks.genome import Genome
from spacelang.report.source import Source
from spacelang.translate.inclusion import locate, misfits
from spacelang.translate.origins import update_origins
from tests.cli.conftest import SPECS

VNNI = SPECS / "vnni.space"
HYPERSPACE = spacelang.load(VNNI)
ENCODING = "151122-023231"


def codes(path: Path) -> list[str]:
    return [each.code for each in spacelang.check(path)]


def found(encoding: str = ENCODING) -> str:
    return spacelang.dumps(spacelang.narrow(HYPERSPACE, spacelang.decode(HYPERSPACE, encoding), "best"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The hyperspace, a space that was found in it, and an empty folder elsewhere."""
    for each in ("vnni.space", "devices.space"):
        (tmp_path / each).write_text((SPECS / each).read_text())
    (tmp_path / "best.space").write_text(found())
    (tmp_path / "away").mkdir()
    return tmp_path


def edit(path: Path, before: str, after: str) -> None:
    """Whatever the columns are that the text is aligned in."""
    pattern = " +".join(map(re.escape, before.split(" ")))
    text, count = re.subn(pattern, lambda _: after, path.read_text())
    assert count == 1
    path.write_text(text)


def test_what_was_found_and_left_alone_is_right_with_its_hyperspace_and_without(folder: Path) -> None:
    assert codes(folder / "best.space") == []
    (folder / "vnni.space").unlink()
    assert codes(folder / "best.space") == []


def test_a_width_that_the_hyperspace_does_not_have_is_told(folder: Path) -> None:
    best = folder / "best.space"
    edit(best, "width {64, 80}", "width {64, 256}")
    (diagnostic,) = spacelang.check(best)
    assert diagnostic.code == "SP0606"
    assert diagnostic.span is not None
    assert diagnostic.span.text == "{64, 256}"
    (folder / "vnni.space").unlink()
    assert codes(best) == ["SP0607"]
    with pytest.raises(SpacelangError, match="SP0607"):
        spacelang.load(best)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("resolution {160, 176, 192, 208, 224}", "resolution {160, 224}"),
        ("width {64, 80}", "width {80, 96}"),
        ("expand {1, 2, 3, 4}", "expand {1, 2, 3}"),
        ("conv 1 -> 1920", "conv 1 -> 1280"),
        (f'encoding "{ENCODING}"', 'encoding "151122-023230"'),
        (f'encoding "{ENCODING}"', 'encoding "111122-023231"'),
        ("classes    1000", "classes    100"),
        ("stage stage6", "stage stage7"),
    ],
)
def test_any_edit_of_the_networks_is_noticed_without_the_hyperspace(folder: Path, before: str, after: str) -> None:
    away = folder / "away" / "best.space"
    away.write_text(found())
    assert codes(away) == []
    edit(away, before, after)
    assert codes(away) == ["SP0607"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("space best", "# mine\nspace better"),
        ("targets latency {8, 10, 15, 20, 25} ms", "targets latency 30 ms"),
        ("device vnni {", "device vnni {\n  # a comment\n"),
    ],
)
def test_names_comments_and_settings_may_change(folder: Path, before: str, after: str) -> None:
    best = folder / "best.space"
    edit(best, before, after)
    assert codes(best) == []
    (folder / "vnni.space").unlink()
    assert codes(best) == []


def test_another_space_of_the_hyperspace_gets_its_encoding(folder: Path) -> None:
    best = folder / "best.space"
    edit(best, "width {64, 80}", "width {80, 96}")
    assert codes(best) == ["SP0605"]
    best.write_text(update_origins(Source(str(best), best.read_text()), best))
    assert codes(best) == []
    assert spacelang.load(best).origin == spacelang.loads(found("151122-033231")).origin


@given(genomes=st.data())
@settings(max_examples=8, deadline=None)
def test_an_update_writes_what_decode_would_have(
    genomes: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    def draw() -> Genome:
        pairs = [
            genomes.draw(st.tuples(st.sampled_from([e.id for e in s.candidates]), st.integers(0, len(s.windows) - 1)))
            for s in HYPERSPACE.stages
        ]
        return Genome(*(tuple(each) for each in zip(*pairs, strict=True)))

    before, after = (spacelang.narrow(HYPERSPACE, draw(), "found") for _ in range(2))
    claim = ir.replace(after, origin=before.origin)
    assert locate(HYPERSPACE, claim) == locate(HYPERSPACE, after)
    from spacelang.translate.printer import to_text

    beside = SPECS / "found_nowhere.space"
    updated = update_origins(Source(str(beside), to_text(claim)), beside)
    assert spacelang.loads(updated) == after


def test_an_edit_that_leaves_the_hyperspace_is_not_updated(folder: Path) -> None:
    best = folder / "best.space"
    edit(best, "width {64, 80}", "width {64, 256}")
    with pytest.raises(SpacelangError, match="SP0606"):
        update_origins(Source(str(best), best.read_text()), best)
    (folder / "vnni.space").unlink()
    with pytest.raises(SpacelangError, match="SP0610"):
        update_origins(Source(str(best), best.read_text()), best)


def test_a_changed_hyperspace_beside_a_space_is_another_one(folder: Path) -> None:
    """Its hash isn't the one of the line, so only an import makes it the one that is meant."""
    edit(folder / "vnni.space", "resolution {160, 176, 192, 208, 224}", "resolution {160, 224}")
    best = folder / "best.space"
    assert codes(best) == []
    edit(best, 'import "std/blocks.space"\n', 'import "std/blocks.space"\nimport "vnni.space"\n')
    text = best.read_text()
    start = text.index("device vnni")
    best.write_text(text[:start] + text[text.index("space best") :])
    assert codes(best) == ["SP0608", "SP0606"]


def test_lines_without_a_checksum_stay_legal(folder: Path) -> None:
    best = folder / "best.space"
    text = best.read_text()
    best.write_text(text[: text.index(", checksum")] + text[text.index("\n", text.index(", checksum")) :])
    assert codes(best) == []
    (folder / "vnni.space").unlink()
    (warning,) = spacelang.check(best)
    assert (warning.code, warning.severity) == ("SP0609", "warning")
    assert spacelang.load(best).origin is not None


def test_every_spec_is_what_it_says() -> None:
    for path in SPECS.glob("*.space"):
        assert codes(path) == [], path


def narrowed(change: Callable[[ir.Stage], ir.Stage]) -> ir.SearchSpace:
    space = spacelang.narrow(HYPERSPACE, spacelang.decode(HYPERSPACE, ENCODING), "best")
    return ir.replace(space, stages=(*space.stages[:-1], change(space.stages[-1])))


def test_drawn_models_lie_within_their_space_and_edited_ones_do_not() -> None:
    space = spacelang.load(SPECS / "spaceevo_vnni.space")
    for architecture in spacelang.sample(space, 50, seed=3):
        model = spacelang.model_of(space, architecture, "drawn")
        assert misfits(model, space) == ()
        wide = architecture._replace(resolution=320)
        assert [each.path for each in misfits(spacelang.model_of(space, wide, "wide"), space)] == ["resolution"]


def test_the_python_api_refuses_to_print_a_claim_that_an_edit_made_false() -> None:
    edited = narrowed(lambda stage: ir.replace(stage, depth=(1,)))
    with pytest.raises(SpacelangError, match="SP0607"):
        spacelang.dumps(edited)
    assert [each.path for each in misfits(edited, HYPERSPACE)] == ["stage6.depth"]
    with pytest.raises(SpacelangError, match="SP0606"):
        locate(HYPERSPACE, edited)


def test_the_window_is_found_where_stages_have_one_width_each(tmp_path: Path) -> None:
    """The digits of an encoding come from the stages, whatever the line says."""
    genome = spacelang.decode(HYPERSPACE, "012345-010101")
    assert locate(HYPERSPACE, spacelang.narrow(HYPERSPACE, genome, "any")) == genome
