"""Pipeline: layers one after the other, as one layer.

keras/src/layers/preprocessing/pipeline.py of Keras 3. Unlike a Sequential model it has no input of its own: what it is given, in
whatever structure and dtype, goes to its first layer.
"""

from __future__ import annotations

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import Layer, Structure, map_structure
from loadstone.lowering.keras.walk import Call, Traced, Walk, with_masks
from loadstone.lowering.registry import keras_layer


@keras_layer("Pipeline", raw=True, autocast=False)
def pipeline(walk: Walk, layer: Layer, call: Call) -> Structure | None:
    """The data through each layer; masks go along with the tensors, and a mask that the call gives to the first layer."""
    assert layer.graph is not None
    surplus = [name for name in call.arguments if name not in ("inputs", "mask")]
    if surplus:
        raise UnsupportedAttribute(f"Pipeline is called with {', '.join(surplus)}")
    data: Structure = with_masks(call.first, call.arguments.get("mask") if call.explicit else call.masks["inputs"])
    for node in layer.graph.nodes:
        assert node.layer is not None
        data = walk.call(node.layer, (data,), {}, call.training)
        if data is None:
            return None
    return map_structure(lambda leaf: Traced(leaf.value, leaf.mask), data)
