"""What a run found, as one HTML page that needs no network."""

from __future__ import annotations

from spacelang.page.page import write_page

__all__ = ["write_page"]
