"""One network of a space: its layers and operators, and what it costs."""
