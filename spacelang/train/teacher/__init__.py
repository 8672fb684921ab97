"""Teachers of block-wise distillation, cut into one part for each stage."""
