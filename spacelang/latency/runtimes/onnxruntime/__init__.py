"""onnxruntime: the graphs that it runs, and sessions that run them."""
