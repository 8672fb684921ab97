"""The backends that come with spacelang.

Each is a folder: `emit.py`, its templates, and in `__init__.py` the `backend` that its entry point names.
"""
