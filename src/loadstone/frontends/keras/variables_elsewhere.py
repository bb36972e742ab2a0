"""The variables of layers that today's Keras does not have: of Keras 1 and of tf.keras, and of those that are a SavedModel."""

from __future__ import annotations

from loadstone.frontends.keras.feature_columns import embeddings
from loadstone.frontends.keras.variable import Variable, given
from loadstone.frontends.keras.variables import input_size, schema
from loadstone.ir import Layer
from loadstone.ir.saved_function import SavedWeight

# -- Keras 1 ------------------------------------------------------------------------------------------------------------


@schema("SReLU", "keras_contrib>SReLU")
def _s_shaped_relu(layer: Layer) -> list[Variable]:
    return [Variable(name) for name in ("t_left", "a_left", "t_right", "a_right")]


@schema("ParametricSoftplus")
def _parametric_softplus(layer: Layer) -> list[Variable]:
    return [Variable("alpha"), Variable("beta")]


@schema("Highway")
def _highway(layer: Layer) -> list[Variable]:
    n = input_size(layer)
    biased = layer.config.get("use_bias", True)
    return given(
        (True, Variable("kernel", (n, n))),
        (True, Variable("carry_kernel", (n, n))),
        (biased, Variable("bias", (n,))),
        (biased, Variable("carry_bias", (n,))),
    )


@schema("MaxoutDense")
def _maxout_dense(layer: Layer) -> list[Variable]:
    features, units = layer.config["nb_feature"], layer.config["units"]
    return given(
        (True, Variable("kernel", (features, input_size(layer), units))),
        (layer.config.get("use_bias", True), Variable("bias", (features, units))),
    )


# -- tf.keras ------------------------------------------------------------------------------------------------------------


@schema("DenseFeatures")
def _dense_features(layer: Layer) -> list[Variable]:
    return embeddings(layer)


@schema("LinearModel")
def _linear_model(layer: Layer) -> list[Variable]:
    return given((layer.config.get("use_bias", True), Variable("bias", (layer.config["units"],))))


# -- SavedModels --------------------------------------------------------------------------------------------------------


@schema("KerasLayer", "TFSMLayer")
def _saved_model(layer: Layer) -> list[Variable] | None:
    """The variables of the SavedModel as the layer lists them; unknown where it was not found."""
    if layer.saved is None:
        return None
    return [
        Variable(weight.label, weight.shape, weight.trainable, weight.dtype, spellings=_spellings(weight)) for weight in layer.saved.weights
    ]


def _spellings(weight: SavedWeight) -> tuple[str, ...]:
    """The name of the variable, its last part, and what Keras 3 makes of it; the names in a checkpoint of the layer."""
    own = weight.name or "Variable"
    return tuple(dict.fromkeys([own.rpartition("/")[2], own.replace("/", "_"), *weight.attributes]))
