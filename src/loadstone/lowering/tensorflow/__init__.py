"""Graphs of TensorFlow: the walk, and the rules of functions and ops, one module a family (`symbols.fill` imports them all)."""
