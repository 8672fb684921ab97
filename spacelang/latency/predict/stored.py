"""Predictors as files: a zip archive of a JSON header and of arrays as raw little-endian numbers. No pickle, no code.

The same predictor gives the same bytes. The sizes that a file claims are checked before they are relied on.
"""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from pathlib import Path
from typing import Annotated, Any, NoReturn

import numpy as np
from pydantic import ConfigDict, Field, ValidationError

from spacelang.files import write_atomic
from spacelang.latency.device import Fingerprint
from spacelang.latency.predict.accuracy import Accuracy
from spacelang.latency.predict.adapted import Adapted
from spacelang.latency.predict.base import TERMS
from spacelang.latency.predict.columns import FIELDS
from spacelang.latency.predict.features import ENGINEERED, RAW
from spacelang.latency.predict.fit import RegressorName
from spacelang.latency.predict.predictor import KindModel, Predictor, named
from spacelang.latency.predict.trees import Trees
from spacelang.latency.predict.whole import Whole
from spacelang.latency.runtimes.protocol import Precision
from spacelang.records import Record, first_error
from spacelang.report.diagnostics import refuse

FORMAT_VERSION, ADAPTED_VERSION = 2, 3
"""The versions of predictors that were learned, and of those that were adapted from another."""
HEADER = "predictor.json"
MAX_BYTES = 256 << 20
"""A file that unpacks to more isn't read: a small file can claim any size."""
MAX_HEADER_BYTES = 1 << 20
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The date of every member: the earliest that a zip can say."""
ARRAYS = {"roots": "<u4", "feature": "<u1", "right": "<u4", "number": "<f8"}
FEATURES = {"boosting": ENGINEERED, "forest": RAW}
ADAPTED = "adapted"
"""Stands between a kind and the name of an array, for the trees that it was adapted with."""
AFTER = len(TERMS) + 1
"""The number of an adapted kind's rates: for the other device's latency, and for the terms."""
MAKE_ONE = "`spacelang latency train` makes predictors"

Bounds = Annotated[tuple[int, ...], Field(min_length=len(FIELDS), max_length=len(FIELDS))]
Rates = Annotated[tuple[Annotated[float, Field(ge=0)], ...], Field(min_length=len(TERMS), max_length=len(TERMS))]
Milliseconds = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]


class _Part(Record):
    model_config = ConfigDict(allow_inf_nan=False)


class _Whole(_Part):
    factor: float = Field(ge=0, le=100)
    weight_ms: Milliseconds
    activation_ms: Milliseconds
    touch_ms: Milliseconds
    start_ms: Milliseconds
    image_ms: Milliseconds
    wide_ms: Milliseconds
    kept: float = Field(ge=0)


class _Adapted(_Part):
    """`start`: of the trees; None if there are none."""

    factor: float = Field(gt=0)
    samples: int = Field(ge=0)
    rates: Annotated[tuple[Annotated[float, Field(ge=0)], ...], Field(min_length=AFTER, max_length=AFTER)] | None
    start: float | None


class _Kind(_Part):
    samples: int = Field(ge=1)
    low: Bounds
    high: Bounds
    rates: Rates
    start: float
    accuracy: Accuracy | None
    adapted: _Adapted | None = None


class _Header(_Part):
    format_version: int
    fingerprint: Fingerprint
    precision: Precision
    regressor: RegressorName
    reference_ms: Annotated[float, Field(gt=0)] | None
    features: tuple[str, ...]
    versions: dict[str, str]
    kinds: dict[Annotated[str, Field(pattern="^[a-z0-9_]+$")], _Kind]
    whole: _Whole
    fitted: tuple[Annotated[str, Field(pattern="^[0-9a-f]{64}$")], ...]
    accuracy: Accuracy | None


class _Damaged(Exception):
    """Says why a file can't be read."""


def write_predictor(predictor: Predictor, path: str | Path) -> None:
    """Write a predictor, atomically. Raises: OSError: if the file can't be written."""
    write_atomic(path, to_bytes(predictor))


def read_predictor(path: str | Path) -> Predictor:
    """Raises: SpacelangError: SP1601: if it isn't a predictor, or is damaged; SP1602: if it has another version."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _read(archive, path)
    except OSError as error:
        _unreadable(path, os.strerror(error.errno) if error.errno else "this isn't a predictor")
    except _Damaged as error:
        _unreadable(path, str(error))
    # What zipfile raises for damaged archives varies.
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError, KeyError):
        _unreadable(path, "this isn't a predictor, or it is damaged")


def to_bytes(predictor: Predictor) -> bytes:
    """The content of a predictor's file."""
    header = _Header(
        format_version=ADAPTED_VERSION if any(each.adapted for each in predictor.kinds.values()) else FORMAT_VERSION,
        fingerprint=predictor.fingerprint,
        precision=predictor.precision,
        regressor=predictor.regressor,
        reference_ms=predictor.reference_ms,
        features=FEATURES[predictor.regressor],
        versions=dict(sorted(predictor.versions.items())),
        kinds={
            kind: _Kind(
                samples=each.samples,
                low=each.low,
                high=each.high,
                rates=tuple(each.rates.tolist()),
                start=each.trees.start,
                accuracy=each.accuracy,
                adapted=_adapted(each.adapted) if each.adapted else None,
            )
            for kind, each in sorted(predictor.kinds.items())
        },
        whole=_Whole(**predictor.whole._asdict()),
        fitted=tuple(sorted(predictor.fitted)),
        accuracy=predictor.accuracy,
    )
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        plain = {kind: {"adapted"} for kind, each in predictor.kinds.items() if not each.adapted}
        _add(archive, HEADER, header.model_dump_json(indent=1, exclude={"kinds": plain}).encode())
        for kind, each in sorted(predictor.kinds.items()):
            _add_trees(archive, kind, each.trees)
            if each.adapted and each.adapted.trees:
                _add_trees(archive, f"{kind}.{ADAPTED}", each.adapted.trees)
    return sink.getvalue()


def _adapted(of: Adapted) -> _Adapted:
    rates = None if of.rates is None else tuple(of.rates.tolist())
    return _Adapted(factor=of.factor, samples=of.samples, rates=rates, start=of.trees.start if of.trees else None)


def _add_trees(archive: zipfile.ZipFile, prefix: str, trees: Trees) -> None:
    for name, dtype in ARRAYS.items():
        _add(archive, f"{prefix}.{name}", getattr(trees, name).astype(dtype).tobytes())


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content)


def _unreadable(path: str | Path, reason: str) -> NoReturn:
    refuse("SP1601", f"{path}: {reason}", MAKE_ONE)


def _read(archive: zipfile.ZipFile, path: str | Path) -> Predictor:
    sizes = {each.filename: each.file_size for each in archive.infolist()}
    if HEADER not in sizes:
        raise _Damaged("this isn't a predictor")
    if sizes[HEADER] > MAX_HEADER_BYTES or sum(sizes.values()) > MAX_BYTES:
        raise _Damaged(f"it unpacks to more than the {MAX_BYTES} bytes that a predictor may have")
    header = _read_header(archive.read(HEADER), path)
    on_top = [
        f"{kind}.{ADAPTED}" for kind, each in header.kinds.items() if each.adapted and each.adapted.start is not None
    ]
    expected = {HEADER, *(f"{prefix}.{name}" for prefix in (*header.kinds, *on_top) for name in ARRAYS)}
    if sizes.keys() != expected or len(archive.infolist()) != len(expected):
        raise _Damaged("it doesn't hold the arrays that its header names")
    kinds = {kind: _read_kind(archive, kind, each, len(header.features)) for kind, each in header.kinds.items()}
    return Predictor(
        header.fingerprint,
        header.precision,
        header.regressor,
        header.reference_ms,
        header.versions,
        kinds,
        Whole(**header.whole.model_dump()),
        frozenset(header.fitted),
        header.accuracy,
        named(path),
    )


def _read_header(text: bytes, path: str | Path) -> _Header:
    import json

    try:
        data: Any = json.loads(text)
        version = data["format_version"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise _Damaged("its header can't be read") from error
    if version not in (FORMAT_VERSION, ADAPTED_VERSION):
        refuse(
            "SP1602",
            f"{path}: this predictor has format version {version}, and this spacelang reads {FORMAT_VERSION} and "
            f"{ADAPTED_VERSION}",
            "train it again, or use the spacelang that wrote it",
        )
    try:
        header = _Header.model_validate_json(text)
    except ValidationError as error:
        where, what = first_error(error)
        raise _Damaged(f"its header is wrong at {where}: {what}") from error
    if header.features != FEATURES[header.regressor]:
        refuse(
            "SP1602",
            f"{path}: this predictor looks at other features of a kernel than this spacelang computes",
            "train it again, or use the spacelang that wrote it",
        )
    return header


def _read_kind(archive: zipfile.ZipFile, kind: str, header: _Kind, features: int) -> KindModel:
    trees = _read_trees(archive, kind, header.start, features)
    adapted = _read_adapted(archive, kind, header.adapted, features) if header.adapted else None
    made = KindModel(np.array(header.rates), trees, header.samples, header.low, header.high, header.accuracy)
    return made._replace(adapted=adapted)


def _read_adapted(archive: zipfile.ZipFile, kind: str, header: _Adapted, features: int) -> Adapted:
    trees = None if header.start is None else _read_trees(archive, f"{kind}.{ADAPTED}", header.start, features)
    return Adapted(header.factor, header.samples, None if header.rates is None else np.array(header.rates), trees)


def _read_trees(archive: zipfile.ZipFile, prefix: str, start: float, features: int) -> Trees:
    arrays = {}
    for name, dtype in ARRAYS.items():
        content = archive.read(f"{prefix}.{name}")
        if len(content) % np.dtype(dtype).itemsize:
            raise _Damaged(f"the array {prefix}.{name} is cut off")
        arrays[name] = np.frombuffer(content, dtype)
    trees = Trees(**arrays, start=start)
    problem = trees.problem(features)
    if problem is not None:
        raise _Damaged(f"the trees of {prefix} are invalid: {problem}")
    return trees
