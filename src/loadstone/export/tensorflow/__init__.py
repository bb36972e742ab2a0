"""Models of layers as graphs of TensorFlow, made without TensorFlow of what lowering emits for them.

`emission.tensorflow_module` is the entry. A rule for each ONNX op (`registry.onnx_op`) and for each Python call (`registry.host_call`)
writes nodes with a `Writer`; modules here are families of rules, each imported by itself.
"""
