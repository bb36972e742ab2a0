"""Benchmarks against the real TensorFlow: see README.md."""
