"""Which steps run after which change. The steps' commands are stand-ins; what they read and make is real."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from filelock import FileLock

import spacelang
from spacelang.report.diagnostics import SpacelangError
from spacelang.whole import STEPS, open_way, require_ready, require_step
from spacelang.whole import run as run_steps
from spacelang.whole.commands import Command, Means
from tests.train.images import picture
from tests.whole.conftest import Followed, Project, module

ALL = [each.name for each in STEPS]
StandIns = dict[str, Callable[[Iterable[Command]], None]]


def test_everything_runs_once(project: Project) -> None:
    assert project.states() == dict.fromkeys(ALL, "to do")
    assert project.run() == ALL
    assert project.states() == dict.fromkeys(ALL, "done")
    before = {each: each.read_bytes() for each in project.folder.rglob("*") if each.is_file()}
    assert project.run() == []
    assert {each: each.read_bytes() for each in project.folder.rglob("*") if each.is_file()} == before


@pytest.mark.parametrize(
    ("before", "after", "ran"),
    [
        ("language 1", "# What a comment says changes nothing.\nlanguage 1", []),
        ("  stage stage1  {", "\n\n  stage stage1 {", []),
        (
            "targets latency {1, 2} ms",
            "targets latency {1, 2, 3} ms",
            ["evolve", "solve", "search", "export", "evaluate", "bench", "report"],
        ),
        (
            "depth 1, stride 1, width 2 of 16..32",
            "depth 1, stride 1, width 2 of 16..40",
            ["compile", "distill", "table", "attach", "evolve", "solve", "report"],
        ),
        ("  distill {", "  evolution { population 9, sample 3, spaces 20, seed 1 }\n  distill {", ["evolve"]),
        ("architectures 4", "architectures 5", ["compile", "table", "attach", "evolve", "solve", "report"]),
        (
            "  distill {",
            "  train { epochs 1, quantised_epochs 1, batch 4 }\n  distill {",
            ["solve", "train", "search", "export", "evaluate", "bench"],
        ),
        ("act hswish }", "act relu }", ["compile", "distill", "table", "attach", "evolve", "solve", "report"]),
        ("width 8, kernel 3, act relu", "width 16, kernel 3, act relu", ALL),
        ("resolution {8, 16}", "resolution {8, 12, 16}", ALL),
    ],
    ids=[
        "comment", "layout", "target", "width", "evolution", "architectures", "train", "block", "stem", "resolution",
    ],
)  # fmt: skip
def test_what_runs_after_a_change(project: Project, before: str, after: str, ran: list[str]) -> None:
    """A width that the best space doesn't use changes the table, and so what is searched; not the supernet."""
    project.run()
    project.edit(before, after)
    assert [each for each in project.run() if each != "report"] == [each for each in ran if each != "report"]
    assert project.run() == []


def test_a_changed_image_reruns_what_reads_images(project: Project) -> None:
    project.run()
    picture(99).save(project.images / "train" / "a" / "0.png")
    ran = project.run()
    assert ran == [each for each in ALL if each not in ("compile",)]
    assert project.watch.why["distill"] == "the images changed"


def test_an_image_with_another_date_changes_nothing(project: Project) -> None:
    project.run()
    (project.images / "train" / "a" / "0.png").touch()
    assert project.run() == []


def test_students_that_a_changed_width_leaves_as_they_are_are_named_apart(project: Project) -> None:
    """Widths of the last stage are read by its own students only."""
    project.run(until="distill")
    project.edit("width 2 of 16..32", "width 2 of 16..40")
    project.run(until="distill")
    assert project.watch.why["distill"] == "stage2's block 0 (mbv2), stage2's block 1 (fused_mb) changed"
    project.edit("width 2 of 8..24", "width 2 of 8..32")
    project.run(until="distill")
    assert "stage1's block 0" in project.watch.why["distill"]
    assert "and 1 more" in project.watch.why["distill"]


def test_the_plan_says_what_depends_on_what_is_not_made_yet(project: Project) -> None:
    project.run()
    project.edit("targets latency {1, 2} ms", "targets latency {1} ms")
    states = project.states()
    assert [each for each, state in states.items() if state == "out of date"] == ["evolve", "solve"]
    assert [each for each, state in states.items() if state == "maybe"] == ALL[ALL.index("train") :]


@pytest.mark.parametrize(
    ("file", "ran"),
    [
        ("losses.parquet", ["table"]),
        ("optimum.space", ["solve"]),
        ("train/supernet.safetensors", ["train"]),
        ("models/m_1.safetensors", ["search"]),
        ("files/m_2.tflite", ["export"]),
        ("compiled/supernet.py", ["compile"]),
        ("compiled/bkd/students/stage1-1.json", ["distill"]),
    ],
)
@pytest.mark.parametrize("how", ["missing", "edited"])
def test_a_half_deleted_artefact_is_made_again(project: Project, file: str, ran: list[str], how: str) -> None:
    """And nothing else, since it comes out as before."""
    project.run()
    path = project.folder / file
    content = path.read_bytes()
    path.unlink() if how == "missing" else path.write_bytes(content[:1])
    if file.endswith("stage1-1.json") and how == "edited":
        path.unlink()  # `distill` itself tells a damaged student
    assert project.run() == ran
    assert path.read_bytes() == content
    assert str(path) in project.watch.why[ran[0]]


def test_from_and_until(project: Project) -> None:
    assert project.run(until="table") == ["compile", "distill", "table"]
    assert project.run(until="attach") == ["attach"]
    project.run()
    assert project.run(again="export", until="evaluate") == ["export", "evaluate"]
    assert project.run() == []


def test_a_step_that_fails_leaves_the_others_done_and_goes_on_after_the_mend(
    project: Project, stand_ins: StandIns
) -> None:
    made = stand_ins["train"]
    stand_ins["train"] = lambda commands: 1 // 0  # type: ignore[assignment]
    with pytest.raises(ZeroDivisionError):
        project.run()
    states = project.states()
    assert [each for each, state in states.items() if state == "done"] == ALL[: ALL.index("train")]
    assert states["train"] == "goes on"
    stand_ins["train"] = made
    assert project.run() == ALL[ALL.index("train") :]


def test_a_step_that_was_begun_with_something_else_begins_again(project: Project, stand_ins: StandIns) -> None:
    """Though another step was begun and done since."""
    made = stand_ins["search"]

    def killed(commands: Iterable[Command]) -> None:
        made(commands)
        raise KeyboardInterrupt

    stand_ins["search"] = killed
    with pytest.raises(KeyboardInterrupt):
        project.run()
    stand_ins["search"] = made
    project.edit("targets latency {1, 2} ms", "targets latency {2, 3} ms")
    assert "search" in project.run()


def test_a_supernet_of_another_space_is_put_aside(project: Project) -> None:
    project.run()
    before = (project.folder / "train" / "supernet.safetensors").read_bytes()
    project.edit("width 8, kernel 3, act relu", "width 16, kernel 3, act relu")
    project.run()
    assert (project.folder / "before" / "train" / "supernet.safetensors").read_bytes() == before


def test_a_space_begins_with_its_training(project: Project) -> None:
    project.run(until="solve")
    file = project.file.with_name("found.space")
    file.write_text((project.folder / "optimum.space").read_text())
    way = open_way(str(file), spacelang.load(file), project.folder.with_name("of_space"), data=str(project.images))
    watch = Followed()
    run_steps(way, watch)
    assert watch.ran == ALL[ALL.index("train") :]


def test_options_that_are_left_out_are_as_the_folder_was_begun_with(project: Project) -> None:
    project.run(models=7, device="cost-model")
    way = open_way(str(project.file), spacelang.load(project.file), project.folder)
    assert (way.choices.models, way.choices.device, way.choices.data) == (7, "cost-model", str(project.images))
    assert project.run(device="zen5-onnxruntime-int8")[:3] == ["attach", "evolve", "solve"]


def refused(run: Callable[[], object]) -> tuple[str, str, str]:
    with pytest.raises(SpacelangError) as raised:
        run()
    (found,) = raised.value.diagnostics
    return found.code, found.message, found.help


def test_a_folder_of_another_file(project: Project) -> None:
    project.run(until="compile")
    project.edit("hyperspace tiny", "hyperspace other")
    code, message, help = refused(project.run)
    assert code == "SP2101"
    assert message == f"`{project.folder}` holds the run of the hyperspace tiny, not of the hyperspace other"
    assert f"spacelang run {project.file} -o {project.folder}" in help


def test_a_folder_of_something_else(project: Project) -> None:
    project.folder.mkdir()
    (project.folder / "thesis.tex").touch()
    code, message, _ = refused(project.run)
    assert (code, message) == ("SP2101", f"`{project.folder}` holds other things than a run, such as thesis.tex")
    assert [each.name for each in project.folder.iterdir()] == ["thesis.tex"]


def test_two_runs_in_one_folder(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOCK_SECONDS", 0.1)
    project.run(until="compile")
    with FileLock(project.folder / "run.lock"):
        code, message, _ = refused(project.run)
    assert (code, message) == ("SP2102", f"another process is running in `{project.folder}`")
    assert project.run(until="distill") == ["distill"]


def test_a_damaged_record(project: Project) -> None:
    project.run()
    record = project.folder / "run.json"
    record.write_text(record.read_text()[:100])
    code, message, help = refused(project.run)
    assert code == "SP2103"
    assert "is damaged" in message
    assert help == "remove it to begin again, or run into a new folder"
    record.unlink()
    assert project.run() == ALL


def test_what_is_missing_is_said_before_hours_of_work(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    code, message, _ = refused(lambda: require_ready(project.way(device="no-such-device")))
    assert (code, message) == ("SP1607", "there is no predictor `no-such-device`, and no file of this name")
    code, message, _ = refused(lambda: require_ready(project.way(data="nowhere")))
    assert (code, message) == ("SP1201", "there are no images `nowhere`: it isn't a folder")
    known = importlib.util.find_spec
    monkeypatch.setattr(
        "spacelang.whole.way.find_spec", lambda name: None if name in ("altair", "tflite") else known(name)
    )
    code, message, help = refused(lambda: require_ready(project.way()))
    assert (code, message) == ("SP2107", "the steps need altair, tflite")
    assert "pip install" in help
    require_ready(project.way(formats=("onnx",)), until="bench")


def test_an_unknown_step(project: Project) -> None:
    code, message, help = refused(lambda: require_step(project.way(), "trian"))
    assert (code, message) == ("SP2105", "the way of tiny has no step `trian`")
    assert help == "did you mean `train`?"


def test_the_record_says_what_each_step_took_and_how_it_was_made(project: Project) -> None:
    project.run()
    whole = json.loads((project.folder / "run.json").read_text())
    train = whole["done"]["train"]
    assert (train["seconds"], train["peak_mb"]) == (1.5, 100.0)
    assert train["commands"] == [
        f"spacelang train {project.folder}/optimum.space -o {project.folder}/train --data {project.images}"
    ]
    assert set(train["makes"]) == {"train/supernet.safetensors", "train/run.json"}
    assert set(train["reads"]) >= {"the images", "the stage `stage1`", "the head", "`train`", "spacelang"}


@pytest.mark.parametrize(("executor", "said"), [("ray", "--executor ray"), ("local", "--workers 3")])
def test_executors_are_those_of_the_steps_and_change_no_result(project: Project, executor: str, said: str) -> None:
    project.run()
    means = Means(executor, 3)  # type: ignore[arg-type]
    way = open_way(str(project.file), spacelang.load(project.file), project.folder, means)
    watch = Followed()
    run_steps(way, watch)
    assert watch.ran == []
    by_name = {each.name: each for each in STEPS}
    for step in ("distill", "search"):
        assert said in by_name[step].commands(way)[0].text


def test_slurm_gets_an_array_between_what_is_done_before_and_after(project: Project) -> None:
    way = project.way()._replace(means=Means("slurm"))
    first, array, last = next(each for each in STEPS if each.name == "distill").commands(way)
    build = project.folder / "compiled"
    assert array.text == f"sbatch --wait {build}/bkd/slurm_array.sh {build} --data {project.images}"
    assert first.text.endswith("--renew --job 0")
    assert last.text.endswith("--renew")


def test_a_model_has_no_way(tmp_path: Path) -> None:
    space = spacelang.load("specs/seqnet_vnni_a0.space")
    code, message, _ = refused(lambda: open_way("x.space", space, tmp_path / "out"))
    assert code == "SP1002"
    assert "is a model" in message
