"""The quantised-for-all supernet: training and evaluation (paper, D)."""
