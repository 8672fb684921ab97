"""The device that a measurement was made on. Latencies of two devices are never mixed."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import Field

from spacelang.latency.runtimes.protocol import RuntimeName
from spacelang.records import Record
from spacelang.report.diagnostics import Report, refuse

CPUINFO = Path("/proc/cpuinfo")
FREQUENCY = "/sys/devices/system/cpu/cpu{core}/cpufreq/cpuinfo_max_freq"
INTEGER_FLAGS = frozenset(
    {"avx2", "avx512bw", "avx512_vnni", "avx_vnni", "avx_vnni_int8", "amx_int8", "asimddp", "i8mm", "sve", "sve2"}
)
"""The instruction sets that decide how an INT8 kernel is computed."""
NAMING = ("model name", "cpu family", "model", "stepping", "CPU implementer", "CPU part", "CPU revision")


class Fingerprint(Record):
    """A device as a runtime sees it. Equal fingerprints have the same latencies.

    Attributes:
        cpu: model, family and stepping; hypervisors hide the model's name, but not these.
        flags: those of `INTEGER_FLAGS` that it has, sorted.
        mhz: the highest frequency of the core, if the system reports it.
    """

    cpu: str
    flags: tuple[str, ...]
    mhz: int | None
    runtime: RuntimeName
    version: str
    threads: int = Field(default=1, ge=1)

    def describe(self) -> str:
        flags = f" ({', '.join(self.flags)})" if self.flags else ""
        mhz = f", up to {self.mhz} MHz" if self.mhz else ""
        return f"{self.cpu}{flags}{mhz}, {self.runtime} {self.version}, {self.threads} thread{'s' * (self.threads > 1)}"


def this_device(name: RuntimeName = "onnxruntime", threads: int = 1) -> Fingerprint:
    """The fingerprint of this machine with a runtime on this many threads.

    Raises: SpacelangError: SP1103: if the runtime isn't installed.
    """
    from spacelang.latency.runtimes.runtime import runtime  # a device elsewhere is described without it

    core = _core()
    fields = _cpuinfo(core)
    flags = set((fields.get("flags") or fields.get("Features") or "").split())
    named = [f"{name} {fields[name]}" if at else fields[name] for at, name in enumerate(NAMING) if name in fields]
    return Fingerprint(
        cpu=" ".join(named) or platform.processor() or platform.machine(),
        flags=tuple(sorted(flags & INTEGER_FLAGS)),
        mhz=_mhz(core),
        runtime=name,
        version=runtime(name).version(),
        threads=threads,
    )


def _core() -> int:
    """The core that `pinned` chooses. On some processors not all cores are alike."""
    try:
        return max(os.sched_getaffinity(0))
    except (AttributeError, OSError):  # AttributeError: systems other than Linux
        return 0


def _cpuinfo(core: int) -> dict[str, str]:
    """The fields of this core, or of the first where it isn't listed; none where the system has no such file."""
    try:
        blocks = CPUINFO.read_text().split("\n\n")
    except OSError:
        return {}
    cores = [
        {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in block.splitlines())}
        for block in blocks
    ]
    return next((each for each in cores if each.get("processor") == str(core)), cores[0])


def _mhz(core: int) -> int | None:
    try:
        return int(Path(FREQUENCY.format(core=core)).read_text()) // 1000
    except (OSError, ValueError):
        return None


def require_cores(threads: int) -> None:
    """Raises: SpacelangError: SP1111: if there are more threads than cores that this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if threads > cores:
        refuse(
            "SP1111",
            f"{threads} threads can't be measured on {cores} core{'s' * (cores > 1)}",
            "measure on a machine with more, or fewer threads",
        )


@contextmanager
def pinned(report: Report, threads: int = 1) -> Iterator[None]:
    """Runs its body on as many cores as there are threads, the last ones: operating systems prefer the first.

    If the system doesn't allow that, the report gets a warning (SP1102).

    Raises: SpacelangError: SP1111: if this process may use fewer cores.
    """
    require_cores(threads)
    try:
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, set(sorted(before)[-threads:]))
    except (AttributeError, OSError) as error:  # AttributeError: systems other than Linux
        reason = error.strerror if isinstance(error, OSError) else "this system has no such call"
        report.warning("SP1102", f"the process can't be pinned to a core: {reason}", help="expect noisier figures")
        yield
        return
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
