"""The commands: where each is, and an example for its help."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module
from itertools import dropwhile
from typing import Annotated, NamedTuple

import typer

from spacelang import __version__
from spacelang.cli import console
from spacelang.cli.formats import with_json


class Command(NamedTuple):
    """`place` is `module:function` within `spacelang.cli`."""

    place: str
    example: str


COMMANDS = {
    "check": Command("check:check", "spacelang check specs/*.space"),
    "fmt": Command("check:fmt", "spacelang fmt --check --diff specs/*.space"),
    "lsp": Command("lsp:lsp", "spacelang lsp"),
    "new": Command("new:new", "spacelang new mine.space --data digits --size tiny --yes"),
    "explain": Command("check:explain", "spacelang explain SP0301"),
    "run": Command("whole:run", "spacelang run specs/digits.space -o out"),
    "report": Command("page:report", "spacelang report out -o report.html"),
    "show": Command("show:show", "spacelang show specs/vnni.space"),
    "cost": Command("show:cost", "spacelang cost specs/seqnet_vnni_a0.space"),
    "diff": Command("compare:diff", "spacelang diff main:specs/vnni.space specs/vnni.space --format markdown"),
    "git setup": Command("git:setup", "spacelang git setup"),
    "git driver": Command("git:driver", "git diff"),
    "git textconv": Command("git:textconv", "git log -p"),
    "encode": Command("models:encode", "spacelang encode specs/spaceevo_vnni.space"),
    "decode": Command("models:decode", "spacelang decode specs/vnni.space 151122-023231 -o found.space"),
    "sample": Command("models:sample", "spacelang sample specs/spaceevo_vnni.space -n 1000 --seed 1 --format jsonl"),
    "compile": Command("build:compile", "spacelang compile specs/vnni.space -o build --backend supernet"),
    "backends": Command("build:backends", "spacelang backends"),
    "data": Command("data:data", "spacelang data photographs --read"),
    "distill": Command("distill:distill", "spacelang distill build --data digits"),
    "table import": Command(
        "table:import_", "spacelang table import tables/ --space specs/vnni_released.space -o table.parquet"
    ),
    "table build": Command("losses:build", "spacelang table build build -o table.parquet --workers 2"),
    "table info": Command("table:info", "spacelang table info table.parquet"),
    "table attach": Command(
        "predictor:attach", "spacelang table attach table.parquet --device cost-model -o table.parquet"
    ),
    "score": Command("search:score", "spacelang score specs/vnni_released.space 151122-023231 --table table.parquet"),
    "evolve": Command(
        "search:evolve", "spacelang evolve specs/vnni_released.space --table table.parquet -o best.space"
    ),
    "solve": Command("search:solve", "spacelang solve specs/vnni_released.space --table table.parquet -o best.space"),
    "train": Command("train:train", "spacelang train found.space -o run"),
    "evaluate": Command("evaluate:evaluate", "spacelang evaluate run --models 10"),
    "search": Command("find:search", "spacelang search found.space --run run -o models"),
    "export": Command("export:export", "spacelang export found.space --run run --to onnx -o found.onnx"),
    "profile": Command("profile:profile", "spacelang profile --device laptop -o profile"),
    "latency collect": Command("latency:collect", "spacelang latency collect --space specs/vnni.space -o vnni.parquet"),
    "latency export-bench": Command(
        "latency:export_bench", "spacelang latency export-bench --space specs/pixel4.space -o bench"
    ),
    "latency import": Command("latency:import_", "spacelang latency import bench -o phone.parquet"),
    "latency train": Command("predictor:train", "spacelang latency train log.parquet -o server.predictor"),
    "latency adapt": Command(
        "predictor:adapt", "spacelang latency adapt zen5-onnxruntime-int8 log.parquet -o server.predictor"
    ),
    "latency eval": Command("predictor:eval_", "spacelang latency eval server.predictor log.parquet"),
    "latency devices": Command("predictor:devices", "spacelang latency devices"),
    "predict": Command("predictor:predict", "spacelang predict specs/seqnet_vnni_a0.space --device cost-model"),
    "bench": Command("bench:bench", "spacelang bench specs/seqnet_vnni_a0.space specs/spaceevo_vnni.space"),
}
"""By name; those of two words are in a group."""
GROUPS = {
    "git": "What git shows of .space files.",
    "table": "Tables of measured stage architectures.",
    "latency": "Measured kernels, and predictors that learn from them.",
}

HELP = "Compile, search and print families of neural networks. A `.space` file says what such a family looks like."
EXITS = "Exit codes: 0 done, 1 error, 2 different (diff, fmt --check), 130 interrupted."


def app_for(arguments: Sequence[str]) -> typer.Typer:
    """The command line with the command that the arguments name; with all of them where there is none.

    Building a command takes as long as running a fast one, so the others are left out.
    """
    words = list(dropwhile(lambda each: each in ("-q", "--quiet"), arguments))
    line = " ".join([*words[:2], ""])
    named = [name for name in COMMANDS if line.startswith(f"{name} ")]
    return _app(named or COMMANDS)


def _app(names: Iterable[str]) -> typer.Typer:
    app = typer.Typer(
        help=HELP,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        epilog=EXITS,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    groups: dict[str, typer.Typer] = {"": app}
    for name in names:
        group, _, command = name.rpartition(" ")
        if group not in groups:
            groups[group] = typer.Typer(help=GROUPS[group], no_args_is_help=True)
            app.add_typer(groups[group], name=group)
        module, _, function = COMMANDS[name].place.partition(":")
        run = getattr(import_module(f"spacelang.cli.{module}"), function)
        groups[group].command(command, epilog=f"Example: {COMMANDS[name].example}")(with_json(run))
    return app


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"spacelang {__version__}")
        raise typer.Exit


def _quiet(wanted: bool) -> None:
    console.quiet = wanted


def _options(
    version: Annotated[
        bool, typer.Option("--version", "-V", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    quiet: Annotated[
        bool,
        typer.Option("--quiet", "-q", callback=_quiet, help="Results and errors only: no remarks, no progress."),
    ] = False,
) -> None: ...
