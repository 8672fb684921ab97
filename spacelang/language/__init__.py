"""The vocabulary: what a text may say, how sizes and numbers are computed, and where the limits are."""
