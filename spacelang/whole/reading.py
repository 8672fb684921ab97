"""What each step reads, as hashes under the names that messages call them by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from spacelang.files import read_or_refuse
from spacelang.whole.contents import hash_of, made, settings, structure

if TYPE_CHECKING:
    from spacelang import ir
    from spacelang.whole.steps import Way

Reads = dict[str, str]
Given = Mapping[str, str]
"""What is known already: `the images`."""
SEARCHED = ("targets", "limits", "quality")


def compile(way: Way, given: Given) -> Reads:
    return {**structure(way.space), **settings(way.space, ["distill"]), "the name": hash_of(way.space.name)}


def distill(way: Way, given: Given) -> Reads:
    jobs = {
        f"{each['stage']}'s block {each['block_id']} ({each['block']})": each["sha256"] for each in jobs_of(way.space)
    }
    return {**jobs, **given, "the teacher": hash_of(way.choices.teacher)}


def jobs_of(space: ir.SearchSpace) -> list[dict[str, str]]:
    """As the `bkd` backend writes them."""
    from spacelang.backends.bkd import backend

    jobs: list[dict[str, str]] = json.loads(backend.emit(space)["bkd/jobs.json"])["jobs"]
    return jobs


def table(way: Way, given: Given) -> Reads:
    folder = Path("compiled", "bkd", "students")
    names = [f"{each['stage']}-{each['block_id']}" for each in jobs_of(way.space)]
    students = {f"the student {each}": _content(way, str(folder / f"{each}.json")) for each in names}
    return {**students, **structure(way.space), **settings(way.space, ["distill"])}


def attach(way: Way, given: Given) -> Reads:
    return {"losses.parquet": _content(way, "losses.parquet"), "the device": device_hash(way)}


def evolve(way: Way, given: Given) -> Reads:
    return {"table.parquet": _content(way, "table.parquet"), **settings(way.space, [*SEARCHED, "evolution"])}


def solve(way: Way, given: Given) -> Reads:
    """What it finds is written with the settings of its training."""
    return {"table.parquet": _content(way, "table.parquet"), **settings(way.space, [*SEARCHED, "train"])}


def train(way: Way, given: Given) -> Reads:
    space = found_space(way)
    return {**structure(space), **settings(space, ["train"]), **given}


def search(way: Way, given: Given) -> Reads:
    return {
        "the supernet": _content(way, "train/supernet.safetensors"),
        "the models to evaluate": hash_of(way.choices.models),
        "the device": device_hash(way),
        **settings(found_space(way), ["targets"]),
        **given,
    }


def export(way: Way, given: Given) -> Reads:
    models = sorted([*(way.folder / "models").glob("*.space"), *(way.folder / "models").glob("*.safetensors")])
    files = {f"the model {each.name}": made(each).sha256 for each in models}
    return {**files, "the formats": hash_of(way.choices.formats), **given}


def evaluate(way: Way, given: Given) -> Reads:
    return {**bench(way, given), **given}


def bench(way: Way, given: Given) -> Reads:
    return {each.name: made(each).sha256 for each in sorted((way.folder / "files").iterdir())}


def report(way: Way, given: Given) -> Reads:
    names = ("table.parquet", "history.jsonl", "solve.json", "models/front.json", "accuracy.json")
    there = [way.folder / each for each in names] + sorted(way.folder.glob("latency-*.json"))
    return {each.name: made(each).sha256 for each in there if each.exists()} | structure(way.space)


def found_space(way: Way) -> ir.SearchSpace:
    """The space that is trained: the file's, or the one that was found. Raises: SpacelangError: as `load`."""
    from spacelang.driver import load

    return way.space if way.space.kind == "space" else load(way.found)


def device_name(way: Way) -> str:
    """The predictor that latencies are from."""
    if way.choices.device:
        return way.choices.device
    return _shipped(way.space.device)


@cache
def _shipped(device: ir.Device) -> str:
    from spacelang.language.node import replace
    from spacelang.latency.predict.shipped import estimator_for

    wanted = replace(device, precision="int8")
    return estimator_for(wanted, [], f"what runs on {device.name}").label.partition("@")[0]


def device_hash(way: Way) -> str:
    """Of the predictor's file, or of its name where it comes with spacelang."""
    path = Path(device_name(way))
    return made(path).sha256 if path.is_file() else hash_of(str(path))


def _content(way: Way, name: str) -> str:
    path = way.folder / name
    read_or_refuse(path, "SP2104", help="the step that makes it runs again with the same command")
    return made(path).sha256
