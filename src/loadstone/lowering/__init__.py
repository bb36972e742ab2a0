"""From the neutral description to ONNX: `lower` walks a model and emits a program of compiled segments and host calls."""
