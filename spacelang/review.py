"""What a change to a space means: for its sizes and latencies, and for what was made with it and may no longer fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from spacelang import ir
from spacelang.networks.architecture import count_models, largest, smallest
from spacelang.networks.cost import cost, total
from spacelang.networks.genome import count_spaces
from spacelang.translate.diff import Change, diff

if TYPE_CHECKING:
    from spacelang.latency.predict.predictor import LatencyEstimator


@dataclass(frozen=True, slots=True)
class Consequence:
    """One figure before and after, such as `MFLOPs of the smallest network`."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Unfit:
    """Something made with the space before that doesn't fit the space after, and why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Review:
    """What a reviewer needs to know of a change.

    Attributes:
        changes: what differs in meaning.
        consequences: figures before and after, including those that stay the same.
        unfit: what no longer fits; empty if everything still fits.
    """

    changes: tuple[Change, ...]
    consequences: tuple[Consequence, ...]
    unfit: tuple[Unfit, ...]

    def to_data(self) -> dict[str, Any]:
        """The review as plain data, for JSON."""
        return {name: list(each) for name, each in asdict(self).items()}


def review(
    before: ir.SearchSpace, after: ir.SearchSpace, estimators: tuple[LatencyEstimator, LatencyEstimator] | None = None
) -> Review:
    """The differences between two spaces and their consequences; no consequences if nothing differs.

    Args:
        estimators: predict the latencies of the smallest and largest networks before and after.
    """
    changes = diff(before, after)
    if not changes:
        return Review((), (), ())
    figures = zip(
        _figures(before, estimators and estimators[0]), _figures(after, estimators and estimators[1]), strict=True
    )
    consequences = tuple(_joined(*each) for each in figures)
    return Review(changes, consequences, tuple(_unfit(before, after)))


def _joined(before: tuple[str, str], after: tuple[str, str]) -> Consequence:
    what = before[0] if before[0] == after[0] else f"{before[0]}, {after[0]}"
    return Consequence(what, before[1], after[1])


def _figures(space: ir.SearchSpace, estimator: LatencyEstimator | None) -> Iterator[tuple[str, str]]:
    if space.kind == "hyperspace":
        yield "spaces", str(count_spaces(space))
    else:
        yield "models", str(count_models(space))
    ends = {"smallest": smallest(space), "largest": largest(space)}
    costs = {name: total(each.cost for each in cost(space, end)) for name, end in ends.items()}
    for name, each in costs.items():
        yield f"MFLOPs, {name}", f"{each.mflops:.2f}"
    for name, each in costs.items():
        yield f"MParams, {name}", f"{each.mparams:.3f}"
    if estimator is not None:
        from spacelang.latency.predict.networks import latencies

        found = latencies(space, list(ends.values()), estimator)
        for name, ms in zip(ends, found.ms, strict=True):
            yield f"predicted ms, {name}", f"{ms:.2f}"


# --- what no longer fits --------------------------------------------------------------------------------------------


def _unfit(before: ir.SearchSpace, after: ir.SearchSpace) -> Iterator[Unfit]:
    same = before.sha256 == after.sha256
    hashes = f"the {after.kind} is now {after.short_hash} and was {before.short_hash}"
    if before.kind == "hyperspace":
        if not same:
            yield Unfit("encodings", f"{hashes}: `decode` refuses encodings of the old one")
        if not (same or _serves(before, after)):
            yield Unfit("tables", "their rows were measured with other stages, blocks or widths")
    elif _encoding(before) != _encoding(after):
        yield Unfit(
            "encodings", f"its encoding is now {_encoding(after) or 'none'} and was {_encoding(before) or 'none'}"
        )
    if before.kind != "model" and (why := _redistilled(before, after, hashes, same=same)):
        yield Unfit("distilled builds", why)
    if before.kind != "hyperspace" and not same:
        yield Unfit("trained weights", hashes)


def _serves(before: ir.SearchSpace, after: ir.SearchSpace) -> bool:
    """Whether a table of the space before can be used for the space after, because that is narrower."""
    from spacelang.evolve.table.part import serves

    return after.kind == "hyperspace" and serves(before, after)


def _encoding(space: ir.SearchSpace) -> str:
    origin = space.origin
    return f"{(origin.sha256 or origin.name)[:8]}:{origin.encoding}" if origin and origin.encoding else ""


def _redistilled(before: ir.SearchSpace, after: ir.SearchSpace, hashes: str, *, same: bool) -> str:
    if not same:
        return f"{hashes}: compile and distil again"
    old, new = (each.distill or ir.Distill() for each in (before, after))
    return "" if old == new else "the settings of `distill` differ: students of the two can't be mixed"


# --- as text --------------------------------------------------------------------------------------------------------

MARKS = {"added": "+", "removed": "-", "changed": "~", "renamed": "~", "moved": "~"}
EMPTY = "No difference."
SAID = ("renamed", "moved")
"""Kinds of change that need a word besides the sign."""


def change_lines(changes: Sequence[Change]) -> Iterator[str]:
    """One line for each change, `+ stage2.mbv2.kernel  7`; longer texts are indented below it."""
    for each in changes:
        note = f"  ({each.note})" if each.note else ""
        if "\n" in each.before + each.after:
            yield f"{MARKS[each.kind]} {each.path}{note}"
            yield from (f"    - {line}" for line in each.before.splitlines())
            yield from (f"    + {line}" for line in each.after.splitlines())
        else:
            yield f"{MARKS[each.kind]} {each.path}  {_values(each)}{note}"


def _values(change: Change) -> str:
    if change.kind == "renamed":
        return f"renamed, was {change.before}"
    if change.kind == "moved":
        return f"in another order: {change.before} → {change.after}"
    return f"{change.before} → {change.after}" if change.kind == "changed" else change.before or change.after


def to_lines(review: Review) -> str:
    """The review as text for a terminal."""
    if not review.changes:
        return f"{EMPTY}\n"
    lines = list(change_lines(review.changes))
    width = max(len(each.what) for each in review.consequences)
    lines += ["", *(f"  {each.what:<{width}}  {_figure(each)}" for each in review.consequences)]
    lines += ["", *(f"no longer fits: {each.what} ({each.why})" for each in review.unfit)]
    if not review.unfit:
        lines.append("everything made with the old space still fits")
    return "\n".join(lines) + "\n"


def _figure(of: Consequence) -> str:
    return of.before if of.before == of.after else f"{of.before} → {of.after}"


def to_markdown(review: Review) -> str:
    """The review for a pull request: what no longer fits, the figures, and the changes in a folded section."""
    if not review.changes:
        return f"{EMPTY}\n"
    unfit = [f"- **{each.what}** no longer fit: {each.why}" for each in review.unfit]
    rows = [f"| {each.what} | {each.before} | {each.after} |" for each in review.consequences]
    count = len(review.changes)
    return "\n".join(
        (
            *(unfit or ["Everything made with the old space still fits."]),
            "",
            "| | before | after |",
            "|---|---|---|",
            *rows,
            "",
            f"<details><summary>{count} change{'s' * (count != 1)}</summary>",
            "",
            "| | what | before | after |",
            "|---|---|---|---|",
            *map(_row, review.changes),
            "",
            "</details>",
            "",
        )
    )


def _row(change: Change) -> str:
    what = f"`{change.path}`" + (f" {change.kind}" if change.kind in SAID else "")
    what += f" ({change.note})" if change.note else ""
    return f"| {MARKS[change.kind]} | {what} | {_cell(change.before)} | {_cell(change.after)} |"


def _cell(text: str) -> str:
    """Code in a cell of a table; leading blanks are kept, so that bodies stay readable."""
    lines = (line.replace("|", "\\|") for line in text.splitlines())
    return "<br>".join(f"`{line}`" for line in lines)
