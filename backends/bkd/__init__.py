"""The `bkd` backend; its entry point names `backend`."""

from spacelang.backends.bkd.emit import BkdBackend

backend = BkdBackend()
