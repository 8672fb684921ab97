"""The page and its figures, as a reader's browser takes them; the proposed device."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from spacelang.ast.loader import load_program
from spacelang.check import check
from spacelang.driver import loads
from spacelang.latency.profile.declaration import check_name, declaration
from spacelang.latency.profile.plots import figures
from spacelang.latency.profile.profiling import write
from spacelang.latency.profile.results import Results
from spacelang.latency.profile.rule import WidthRule
from spacelang.report.diagnostics import Report, SpacelangError
from spacelang.report.source import Source
from tests.latency.profile.machine import made_up

SVG = "{http://www.w3.org/2000/svg}"
FIGURES = ("operators", "kernel_sizes", "widths", "steps", "blocks")
VOID = {"meta", "link", "br", "img"}
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return made_up(tmp_path_factory.mktemp("log"))


@pytest.fixture(scope="module")
def folder(found: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("profile")
    write(found, made)
    return made


class Page(HTMLParser):
    """Tags in order, texts of headings and captions; fails on tags that aren't closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)


def group(svg: ElementTree.Element, name: str) -> ElementTree.Element:
    (found,) = [each for each in svg.iter(f"{SVG}g") if each.get("id") == name]
    return found


def points(svg: ElementTree.Element, name: str) -> int:
    """How many markers a series has."""
    return len(list(group(svg, name).iter(f"{SVG}use")))


def words(svg: ElementTree.Element) -> list[str]:
    return [each.text or "" for each in svg.iter(f"{SVG}text")]


def read(folder: Path, name: str) -> ElementTree.Element:
    return ElementTree.parse(folder / f"{name}.svg").getroot()


def test_every_measured_point_is_drawn(found: Results, folder: Path) -> None:
    operators, sizes, widths, steps, blocks = (read(folder, name) for name in FIGURES)
    assert points(operators, "mean") == points(operators, "paper") == len(found.operators)
    spread = [points(operators, f"spread-{at}") for at in range(len(found.operators))]
    assert spread == [len(each.pairs) for each in reversed(found.operators)]
    assert [points(sizes, name) for name in ("conv", "dwconv", "conv-paper", "dwconv-paper")] == [4] * 4
    assert points(widths, "speedup") == len(found.widths)
    assert points(steps, "int8") == points(steps, "fp32") == 153
    assert points(steps, "int8-multiples") == 10
    assert [points(blocks, f"mean-{at}") for at in range(len(found.blocks))] == [1] * 10
    assert points(blocks, "spread-0") == 3


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("operators", {"speedup of INT8 over FP32", "operator", "DWConv", "paper, Intel VNNI"}),
        ("kernel_sizes", {"kernel size", "speedup of INT8 over FP32", "7×7", "DWConv here"}),
        ("widths", {"input channels (four times as many output channels)", "speedup of INT8 over FP32"}),
        ("steps", {"channels", "latency in µs", "INT8 at multiples of 16"}),
        ("blocks", {"block", "speedup of INT8 over FP32", "5 fused_mb"}),
    ],
)
def test_axes_and_series_are_labelled(folder: Path, name: str, labels: set[str]) -> None:
    assert labels <= set(words(read(folder, name)))


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_a_picture_too(folder: Path, name: str) -> None:
    with Image.open(folder / f"{name}.png") as image:
        assert image.width == 1280


def test_the_same_numbers_give_the_same_files(found: Results, folder: Path, tmp_path: Path) -> None:
    write(found, tmp_path)
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == {
        each.name: each.read_bytes() for each in folder.iterdir()
    }


def test_the_page_stands_alone_and_can_be_heard(folder: Path) -> None:
    text = (folder / "index.html").read_text("utf-8")
    page = Page(text)
    names = [tag for tag, _ in page.tags]
    assert names.count("svg") == len(FIGURES)
    assert not {"script", "link", "img", "iframe", "object"} & set(names)
    links = [value for _, given in page.tags for key, value in given.items() if key in ("src", "href", "xlink:href")]
    assert all(value and value.startswith("#") for value in links)
    assert not re.search(r"@import|url\((?!#)", text)
    ids = [value for _, given in page.tags if (value := given.get("id"))]
    assert len(ids) == len(set(ids))
    assert {each.removeprefix("#") for each in links if each} <= set(ids)
    assert set(re.findall(r"url\(#([^)]+)\)", text)) <= set(ids)
    for tag, given in page.tags:
        if tag == "svg":
            assert given["role"] == "img"
            assert all(label in ids for label in (given["aria-labelledby"] or "").split())
    scopes = [given.get("scope") for tag, given in page.tags if tag == "th"]
    assert set(scopes) == {"col", "row"}
    assert names.count("caption") == names.count("table") == 7
    assert "INT8 on made_up" in page.texts["title"]


def test_figures_follow_the_theme_of_the_page(folder: Path) -> None:
    text = (folder / "index.html").read_text("utf-8")
    drawn = "".join(re.findall(r"<svg.*?</svg>", text, re.DOTALL))
    assert "prefers-color-scheme: dark" in text
    assert set(re.findall(r"var\(--(\w+)\)", drawn)) == {"ink", "muted", "grid", "ground", "int8", "fp32", "third"}
    assert re.findall(r"(?:fill|stroke): #(?!000000)\w+", drawn) == []


def test_the_page_says_what_the_numbers_say(folder: Path) -> None:
    paragraphs = "\n".join(Page((folder / "index.html").read_text("utf-8")).texts["p"])
    assert "16 is supported: 30 of 30 multiples of 8 widen freely. 32 isn't supported: " in paragraphs
    assert "INT8 is faster for Conv (" in paragraphs
    assert "it is slower for SE (0.80×), Hardswish (0.50×) and Swish (0.40×)." in paragraphs
    assert "Convolutions gain 4.0× to 4.0×, whatever the kernel size." in paragraphs
    assert "mbv3 (id 2)" in paragraphs


def test_the_proposed_device_is_in_the_language(found: Results, folder: Path) -> None:
    text = (folder / "device.space").read_text("utf-8")
    report = Report()
    check(load_program(Source("device.space", text), None, report), report)
    assert report.diagnostics == []
    assert "  widths    multiple of 16\n" in text
    assert "# INT8 is less than 1.5 times as fast as FP32 here in " in text
    model = (
        'import "std/blocks.space"\nmodel small on made_up { input 3 channels, resolution 32, classes 2\n'
        "stem conv { depth 1, stride 2, width 16, kernel 3, act relu }\n"
        "stage one mbv1 { depth 1, stride 2, width 16, kernel 3, act relu }\nhead { pool\nlinear -> classes } }\n"
    )
    device = loads(text.replace("language 1\n", f"language 1\n{model}")).device
    assert (device.runtime, device.width_multiple) == ("tflite", 16)


def test_without_a_rule_no_device_is_proposed(found: Results, tmp_path: Path) -> None:
    write(found, tmp_path)
    undecided = found._replace(rule=WidthRule(None, 0.4, found.rule.supports))
    assert declaration(undecided) is None
    write(undecided, tmp_path)
    assert not (tmp_path / "device.space").exists()
    text = (tmp_path / "index.html").read_text("utf-8")
    assert "No device is proposed: measure again on a quieter machine." in text
    assert "No multiple of channels is supported by enough widths" in text


def test_a_smooth_device_is_told_so(tmp_path: Path) -> None:
    smooth = made_up(tmp_path, at_once=1)
    assert smooth.rule.multiple == 1
    write(smooth, tmp_path)
    assert "so no width is better than its neighbours" in (tmp_path / "index.html").read_text("utf-8")
    assert "INT8 at multiples" not in " ".join(words(read(tmp_path, "steps")))


@pytest.mark.parametrize("name", ["my-laptop", "", "7th", "a b", "größe"])
def test_a_name_that_the_language_does_not_have_is_refused(name: str) -> None:
    with pytest.raises(SpacelangError) as refused:
        check_name(name)
    (diagnostic,) = refused.value.diagnostics
    assert diagnostic.message == f"a device can't be named `{name}`"
    assert (diagnostic.code, diagnostic.help) == ("SP1801", "a name has letters, digits and _; no digit comes first")


def test_figures_draw_nothing_global(found: Results) -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    figures(found)
    assert dict(matplotlib.rcParams) == before


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_shows_the_figures(folder: Path, tmp_path: Path, scheme: str) -> None:
    """Both series of the steps are seen in their colours, on the background of the theme."""
    picture = tmp_path / "page.png"
    options = [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        f"--blink-settings=preferredColorScheme={int(scheme == 'light')}", "--window-size=1100,5000",
    ]  # fmt: skip
    command = [
        str(CHROMIUM), *options, f"--user-data-dir={tmp_path / 'user'}", f"--screenshot={picture}",
        (folder / "index.html").as_uri(),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    with Image.open(picture) as image:
        colours = {colour for _, colour in image.convert("RGB").getcolors(1 << 24) or []}
    css = {"light": ("#ffffff", "#0b62c4", "#c2560c"), "dark": ("#0d1117", "#6cb0ff", "#f5954a")}[scheme]
    assert {tuple(bytes.fromhex(each[1:])) for each in css} <= colours
