"""One thread, so that tests side by side don't fight for cores; the same weights in every run."""

from __future__ import annotations

from tests.nn.conftest import one_thread as one_thread
