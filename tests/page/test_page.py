"""What is on the page of a run, and what it needs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from spacelang.evolve.table.parquet import read_table
from spacelang.page import write_page
from spacelang.report.diagnostics import SpacelangError
from spacelang.whole.record import read_whole, write_whole
from spacelang.whole.results import shipped
from tests.page.conftest import MODELS, finished


class Read(HTMLParser):
    """Tags with their attributes; the text of the element with the id `specs`."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.specs: dict[str, Any] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][1].get("id") == "specs" and data.strip():
            self.specs = json.loads(data)


@pytest.fixture(scope="module")
def text(folder: Path, baseline: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    output = tmp_path_factory.mktemp("page") / "report.html"
    write_page(folder, output, [baseline])
    return output.read_text("utf-8")


def values(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """The most data that a plot has."""
    return max(data(spec), key=len)


def data(spec: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """What the plot and its layers have."""
    own = [spec["data"]["values"]] if "data" in spec else []
    return own + [each for layer in spec.get("layer", []) for each in data(layer)]


def test_it_is_one_small_file_that_asks_for_nothing(text: str) -> None:
    assert len(text.encode()) < 3_000_000
    asked = [attrs.get(name) for _, attrs in Read(text).tags for name in ("src", "href") if attrs.get(name)]
    assert all(each is not None and not re.match(r"\w+://|//", each) for each in asked), asked
    assert not any(tag in ("iframe", "img", "link") and "data:" not in str(attrs) for tag, attrs in Read(text).tags)


def test_its_plots_hold_what_was_found(text: str, folder: Path) -> None:
    specs = Read(text).specs
    history = (folder / "history.jsonl").read_text().splitlines()[1:]
    scores = [json.loads(each)["score"] for each in history]
    assert [each["score"] for each in values(specs["plot-evolution"])] == scores
    solved = json.loads((folder / "solve.json").read_text())
    assert [{"optimum": solved["score"]}] in data(specs["plot-evolution"])
    table = read_table(folder / "table.parquet")
    for at, stage in enumerate(table.space.stages):
        points = values(specs[f"plot-{stage.name}"])
        assert len(points) == sum(table.rows.stage == at)
        block = stage.candidate(int(solved["encoding"][at])).block
        assert {each["block"] for each in points if each["chosen"] == "chosen"} == {block}
    assert {round(each["adds"], 6) for each in values(specs["plot-int8"])} == {round(1 / 0.9 - 1, 6)}
    assert len(values(specs["plot-latency"])) == MODELS  # those of the runtime that latencies are predicted for
    front = values(specs["plot-front"])
    assert [each["of"] for each in front] == ["tiny"] * 2 * MODELS + ["baseline"] * 2 * MODELS
    assert {each["model"] for each in front} == {"tiny_1", "tiny_2", "tiny_3", ""}


def test_every_number_has_the_command_that_made_it(text: str) -> None:
    assert "spacelang solve &lt;&amp;&gt; &#34;quoted&#34;" in text
    figures = text.split("<figure>")[1:]
    assert len(figures) == 7
    assert all("made by" in each.partition("</figure>")[0] for each in figures)


def test_models_are_found_by_name_with_links_to_their_files(text: str) -> None:
    tags = Read(text).tags
    models = [attrs["id"] for tag, attrs in tags if tag == "details" and attrs.get("class") == "model"]
    assert models == ["model-tiny_1", "model-tiny_2", "model-tiny_3"]
    links = [attrs["href"] for tag, attrs in tags if tag == "a"]
    assert len(links) == 3 * MODELS
    assert all(each and each.endswith((".onnx", ".tflite", ".space")) for each in links)


def test_a_run_that_is_not_finished_shows_what_there_is(tmp_path: Path) -> None:
    folder = finished(tmp_path / "out")
    whole = read_whole(folder)
    assert whole is not None
    done = {name: each for name, each in whole.done.items() if name in ("compile", "distill", "table", "attach")}
    write_whole(folder, whole.model_copy(update={"done": done}))
    for name in ("solve.json", "accuracy.json", "latency-onnxruntime.json", "latency-tflite.json", "optimum.space"):
        (folder / name).unlink()
    write_page(folder, tmp_path / "report.html")
    specs = Read((tmp_path / "report.html").read_text()).specs
    assert sorted(specs) == ["plot-int8", "plot-stage1", "plot-stage2", "plot-stage3"]


def test_a_folder_without_a_run(tmp_path: Path) -> None:
    with pytest.raises(SpacelangError) as raised:
        write_page(tmp_path, tmp_path / "report.html")
    (found,) = raised.value.diagnostics
    assert (found.code, found.message) == ("SP2106", f"`{tmp_path}` holds no run")
    assert not (tmp_path / "report.html").exists()


def test_without_altair_the_message_says_what_to_install(folder: Path, tmp_path: Path) -> None:
    block = "import sys; sys.modules['altair'] = None; from spacelang.cli.entry import run; sys.exit(run(sys.argv[1:]))"
    command = [sys.executable, "-c", block, "report", str(folder), "-o", str(tmp_path / "report.html")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "error[SP2107]: a report needs altair and vl-convert-python" in done.stderr
    assert "pip install '.[report]'" in done.stderr


def test_a_prediction_is_of_one_runtime(folder: Path) -> None:
    assert {(each.format, each.predicted_ms is None) for each in shipped(folder)} == {("onnx", False), ("tflite", True)}
    assert [each.format for each in shipped(folder)] == ["onnx", "tflite"] * MODELS
