"""The `latency` backend; its entry point names `backend`."""

from spacelang.backends.latency.emit import LatencyBackend

backend = LatencyBackend()
