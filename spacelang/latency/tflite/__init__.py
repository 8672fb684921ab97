"""Kernels and networks as TFLite models."""
