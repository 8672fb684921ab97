"""Limits that no real input exceeds. Exceeding one is reported; nothing is cut off and nothing crashes."""

from __future__ import annotations

from typing import Final

FILE_BYTES: Final = 1 << 20
"""Bytes of one `.space` text in UTF-8."""

TOKENS: Final = 300_000
"""Words, numbers, signs, comments and line breaks of one text: as many as are parsed in about three seconds."""

NESTING: Final = 16
"""Brackets within brackets."""

GROUP_ITEMS: Final = 10_000
"""Phrases in one `{ }` or items in one `[ ]` or `( )`; the same limit applies to the top of a file."""

EXPRESSION_OPERATORS: Final = 100
"""Operators in one expression; later phases walk expressions recursively."""

NUMBER_DIGITS: Final = 18
"""Digits of one number: as many as a 64-bit integer holds."""

LARGEST_NUMBER: Final = 10**NUMBER_DIGITS

SYNTAX_ERRORS: Final = 100
"""Syntax errors that are reported for one file."""

MODULES: Final = 200
"""Files in one program."""

VALUES: Final = 1000
"""Numbers in one set or range: a range of 10⁹ widths is refused before it is written out."""

SEARCH_IDS: Final = 36
"""Digits of an encoding, 0-9 and a-z, and so the most candidates and the most windows of a stage."""

STAGES: Final = 100
"""Stages, and groups of stem layers, of one space."""

TRIED: Final = 6_000
"""How often the check of one block in one stage may look at the block's body."""

TRIED_IN_ALL: Final = 20_000
"""The same in the check of a whole program."""

CHANNELS: Final = 1_000_000
"""Channels of one layer."""

REPETITIONS: Final = 100
"""Repetitions of one operator: each becomes an operator of the network."""
