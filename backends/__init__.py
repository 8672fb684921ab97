"""The backends that come with spacelang. Each is a folder: `emit.py`, its templates, and the `backend` object in `__init__.py`."""
