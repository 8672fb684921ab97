"""Block-wise distillation (paper, 3.3 and C.3)."""
