"""A figure's SVG as part of a page: titled, in the page's colours, with its own ids."""

from __future__ import annotations

import re
from html import escape

from spacelang.latency.profile.plots import COLOURS


def inline(svg: bytes, name: str, title: str, description: str) -> str:
    """The `<svg>` element. Its colours become custom properties of the page, by role: `var(--ink)`.

    Args:
        name: unique on the page; it prefixes every id.
        title, description: for readers who can't see it.
    """
    text = svg.decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", text)
    for role, colour in COLOURS.items():
        text = text.replace(colour, f"var(--{role})")
    start, rest = text.split(">", 1)
    start = re.sub(r' (width|height)="[^"]*"', "", start)
    labels = f'role="img" aria-labelledby="{name}-title {name}-description"'
    return (
        f'{start} {labels}>\n<title id="{name}-title">{escape(title)}</title>\n'
        f'<desc id="{name}-description">{escape(description)}</desc>{rest.strip()}'
    )
