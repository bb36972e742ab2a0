"""Functions of Python, lifted: their code is walked with tensors for the arguments, and what it computes becomes part of the graph."""
