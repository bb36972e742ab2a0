"""Graphs of TensorFlow: the walk, and the rules of functions and ops, one module a family; `lowering.index` says which has which."""
