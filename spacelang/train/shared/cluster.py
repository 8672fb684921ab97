"""The Ray cluster that tasks run on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from spacelang.report.diagnostics import refuse


@contextmanager
def ray_cluster() -> Iterator[Any]:
    """Ray, on the cluster that RAY_ADDRESS names; without it, one is started on this machine, and ended again.

    Raises: SpacelangError: SP1308 if Ray isn't installed.
    """
    try:
        ray: Any = import_module("ray")
    except ModuleNotFoundError:
        refuse("SP1308", "the executor `ray` needs ray", "in spacelang's checkout: pip install '.[ray]'")
    started = not ray.is_initialized()
    if started:
        ray.init(log_to_driver=False, include_dashboard=False)
    try:
        yield ray
    finally:
        if started:
            ray.shutdown()
