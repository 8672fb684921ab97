"""The `supernet` backend; its entry point names `backend`."""

from spacelang.backends.supernet.emit import SupernetBackend

backend = SupernetBackend()
