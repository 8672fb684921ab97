"""The profile of a device: what INT8 gains on it, and its width rule."""
