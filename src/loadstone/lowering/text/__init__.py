"""What text layers compute, in numpy: fingerprints, string functions, tables. Nothing here knows of layers or ONNX."""
