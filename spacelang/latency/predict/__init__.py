"""Predicting the latency of kernels and networks."""
