"""A smallest whole program around the lines that a test is about."""

from __future__ import annotations

LANGUAGE = "language 1\n"
IMPORT = 'import "std/blocks.space"\n'
DEVICE = "device d { runtime onnxruntime, precision int8, threads 1, widths multiple of 16 }\n"
PROPERTIES = {
    "input": "input 3 channels\n",
    "resolution": "resolution {160, 224}\n",
    "classes": "classes 10\n",
    "blocks": "blocks { 0 = mbv1 { kernel {3, 5}, act relu } }\n",
    "stem": "stem conv { depth 1, stride 2, width 16, kernel 3, act relu }\n",
    "stage": "stage one { depth 1..2, stride 2, width 2 of 32..64 }\n",
    "head": "head {\n  pool\n  linear -> classes\n}\n",
}
SPACES = ("hyperspace", "space", "model")
ABOVE = ("import", "device", "block")


def program(fragment: str) -> str:
    """The fragment as a program: what it doesn't say comes from the frame.

    A fragment that says `language` is a program already. Lines that stand in a space replace those of the frame's
    hyperspace; blocks and devices alone are a library.
    """
    chunks = _chunks(fragment)
    if any(key == "language" for key, _ in chunks):
        return fragment
    above = [text for key, text in chunks if key in ABOVE]
    spaces = [text for key, text in chunks if key in SPACES]
    inner = [(key, text) for key, text in chunks if key not in (*ABOVE, *SPACES)]
    written = {key for key, _ in chunks}
    if not spaces and not inner:
        return LANGUAGE + "".join(above)
    if "import" not in written:
        above.insert(0, IMPORT)
    if "device" not in written:
        above.append(DEVICE)
    if inner:
        spaces.append(_hyperspace(inner, written))
    return LANGUAGE + "".join(sorted(above, key=lambda text: not text.startswith("import"))) + "".join(spaces)


def _hyperspace(inner: list[tuple[str, str]], written: set[str]) -> str:
    body = "".join(text for key, text in inner if key == "from")
    for key, default in PROPERTIES.items():
        body += default if key not in written else "".join(text for other, text in inner if other == key)
    body += "".join(text for key, text in inner if key != "from" and key not in PROPERTIES)
    indented = "".join(f"  {line}\n" for line in body.splitlines())
    return f"hyperspace h on d {{\n{indented}}}\n"


def _chunks(fragment: str) -> list[tuple[str, str]]:
    """Statements, each with its first word: a line that isn't indented starts one."""
    chunks: list[tuple[str, str]] = []
    for line in fragment.splitlines():
        if line[:1] not in (" ", "}") or not chunks:
            chunks.append((line.split()[0] if line.split() else "", f"{line}\n"))
        else:
            key, text = chunks[-1]
            chunks[-1] = (key, f"{text}{line}\n")
    return chunks
