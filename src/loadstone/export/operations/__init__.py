"""Layers that today's Keras lacks, as small Functional models of its operations.

`lowered` lowers one layer alone to ONNX ops by the rules there are; `translation` walks them, and the table that the modules of families
fill (`elementwise`, `shaping`, `picking` ...) says which operations of Keras each of them is; `replacing` makes the model that takes the
layer's place under its name. The layer's weights stay variables: small Embedding layers hold them (`holding`).
"""
