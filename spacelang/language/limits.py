"""Sizes beyond which an input can't be meant. Passing one is a diagnostic, never a clip or a crash."""

from __future__ import annotations

from typing import Final

FILE_BYTES: Final = 1 << 20
"""Of one `.space` text in UTF-8."""

TOKENS: Final = 300_000
"""Words, numbers, signs, comments and line breaks of one text: what is parsed in about three seconds."""

NESTING: Final = 16
"""Brackets within brackets."""

GROUP_ITEMS: Final = 10_000
"""Phrases in one `{ }` or items in one `[ ]` or `( )`; at the top of a file likewise."""

EXPRESSION_OPERATORS: Final = 100
"""Operators in one expression; later phases walk expressions recursively."""

NUMBER_DIGITS: Final = 18
"""Digits of one number: what a 64-bit integer holds."""

LARGEST_NUMBER: Final = 10**NUMBER_DIGITS

SYNTAX_ERRORS: Final = 100
"""Errors in the syntax of one file that are reported."""

MODULES: Final = 200
"""Files that one program may consist of."""

VALUES: Final = 1000
"""Numbers that one set or range may stand for: a range of 10⁹ widths is refused before it is written out."""

SEARCH_IDS: Final = 36
"""Digits of an encoding, 0-9 and a-z: so many candidates, and windows, a stage may have."""

STAGES: Final = 100
"""Stages, and groups of stem layers, of one space."""

TRIED: Final = 6_000
"""How often the check of one block in one stage may look at the block's body."""

TRIED_IN_ALL: Final = 20_000
"""The same in the check of a whole program."""

CHANNELS: Final = 1_000_000
"""Channels of one layer."""

REPETITIONS: Final = 100
"""Of one operator: each is an operator of the network."""
