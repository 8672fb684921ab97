"""The examples in docs/profile.md give what the page says."""

from __future__ import annotations

import doctest

from tests.latency.profile.machine import ROOT


def test_the_examples_run() -> None:
    failed, attempted = doctest.testfile(str(ROOT / "docs" / "profile.md"), module_relative=False)
    assert attempted > 5
    assert failed == 0
