"""Losses of stage architectures: drawn, cut out of their student, calibrated and measured."""
