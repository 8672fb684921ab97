"""Collecting measurements of kernels."""
