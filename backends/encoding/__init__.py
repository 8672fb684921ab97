"""The `encoding` backend; its entry point names `backend`."""

from spacelang.backends.encoding.emit import EncodingBackend

backend = EncodingBackend()
