"""The commands, each in a file with its kin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from spacelang import __version__
from spacelang.cli.build import backends, compile
from spacelang.cli.check import check, explain, fmt
from spacelang.cli.compare import diff
from spacelang.cli.models import decode, encode, sample
from spacelang.cli.search import evolve, score, solve
from spacelang.cli.show import cost, show
from spacelang.cli.table import import_, info

app = typer.Typer(
    help="Compile, search and print families of neural networks. A `.space` file says what such a family looks like.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    epilog="Exit codes: 0 done, 1 error, 2 different (diff, fmt --check), 130 interrupted.",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"spacelang {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None: ...


def _add(group: typer.Typer, name: str, command: Callable[..., None], example: str) -> None:
    group.command(name, epilog=f"Example: {example}")(command)


_add(app, "check", check, "spacelang check specs/*.space")
_add(app, "fmt", fmt, "spacelang fmt --check --diff specs/*.space")
_add(app, "explain", explain, "spacelang explain SP0301")
_add(app, "compile", compile, "spacelang compile specs/vnni.space -o build --backend supernet")
_add(app, "backends", backends, "spacelang backends")
_add(app, "show", show, "spacelang show specs/vnni.space")
_add(app, "cost", cost, "spacelang cost specs/seqnet_vnni_a0.space")
_add(app, "diff", diff, "spacelang diff main:specs/vnni.space specs/vnni.space --format markdown")
_add(app, "encode", encode, "spacelang encode specs/spaceevo_vnni.space")
_add(app, "decode", decode, "spacelang decode specs/vnni.space 151122-023231 -o found.space")
_add(app, "sample", sample, "spacelang sample specs/spaceevo_vnni.space -n 1000 --seed 1 --format jsonl")
_add(app, "score", score, "spacelang score specs/vnni_released.space 151122-023231 --table table.parquet")
_add(app, "evolve", evolve, "spacelang evolve specs/vnni_released.space --table table.parquet -o best.space")
_add(app, "solve", solve, "spacelang solve specs/vnni_released.space --table table.parquet -o optimum.space")

table = typer.Typer(help="Tables of measured stage architectures.", no_args_is_help=True, rich_markup_mode="rich")
app.add_typer(table, name="table")
_add(table, "import", import_, "spacelang table import tables/ --space specs/vnni_released.space -o table.parquet")
_add(table, "info", info, "spacelang table info table.parquet")
