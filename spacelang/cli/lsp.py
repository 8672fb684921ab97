"""`lsp`: the language server, which editors start."""

from __future__ import annotations

from spacelang.report.diagnostics import refuse


def lsp() -> None:
    """Answer an editor over standard input and output, in the Language Server Protocol."""
    try:
        from spacelang.editor.server import make_server
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("pygls", "lsprotocol"):
            raise
        refuse("SP2501", "the language server needs pygls", "in spacelang's checkout: pip install '.[lsp]'")
    make_server().start_io()
