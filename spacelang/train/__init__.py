"""Training: data, teachers, block-wise distillation, tables of losses, supernets. Needs the extra `train`."""
