"""Kernels of networks that are read from ONNX files."""
