"""BatchNormalization, with moving statistics or those of the batch.

keras/src/layers/normalization/batch_normalization.py. Statistics of the batch are used where the call itself says
training=True and the layer is trainable: such a model answers differently for other batches, in Keras as here. Keras 1 had modes
(keras/layers/normalization.py of 1.2.2), which history spells as `statistics`: "batch" for 2, "sample" for 1.
"""

from __future__ import annotations

from typing import Any

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.ir import Layer
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.registry import keras_layer

_FUZZ = 1e-7  # keras.backend.epsilon()


@keras_layer(
    "BatchNormalization", "SyncBatchNormalization",
    weights=("gamma?", "beta?", "moving_mean", "moving_variance", "moving_stddev?", "renorm_mean?", "renorm_stddev?"),
    options="axis momentum epsilon center scale synchronized renorm renorm_clipping renorm_momentum statistics deviation frozen",
    masking="pass",
    autocast="inputs",
)  # fmt: skip
def batch_normalization(
    b: Builder,
    layer: Layer,
    x: Value,
    moving_mean: Value,
    moving_variance: Value,
    gamma: Value | None = None,
    beta: Value | None = None,
    training: bool | None = None,
    mask: Value | None = None,
    **_: Any,
) -> Value:
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta along `axis`, in float32 or wider, as the compute dtype; weights (channels,).

    tf.keras 2 also takes several axes; its weights then have the rank of x, with 1 elsewhere.
    """
    config = layer.config
    if config.get("scale", True) != (gamma is not None) or config.get("center", True) != (beta is not None):
        raise ModelError(f"BatchNormalization with scale={config.get('scale')} and center={config.get('center')} has other weights")
    axes = [a % x.rank for a in (config["axis"] if isinstance(config["axis"], (list, tuple)) else [config["axis"]])]
    wide = b.cast(x, "float64" if x.dtype == "float64" else "float32")

    def spread(weight: Value) -> Value:
        weight = b.cast(weight, wide.dtype)
        return (
            weight
            if weight.rank != 1
            else b.reshape(weight, [-1 if weight.shape[0] is None else weight.shape[0], *[1] * (x.rank - 1 - axes[0])])
        )

    statistics = config.get("statistics")
    if statistics not in (None, "batch", "sample"):
        raise UnsupportedAttribute(f"BatchNormalization with mode {statistics!r}")
    if statistics == "sample":
        mean, variance = _moments(b, wide, [x.rank - 1], None)
        normal = b.Div(b.Sub(wide, mean), _deviation(b, config, variance))
        return b.cast(b.Add(b.Mul(normal, gamma), beta), layer.policy.compute)
    frozen = None if layer.trainable or not training else config.get("frozen", "predicts")
    if frozen == "unknown":
        raise UnsupportedAttribute("a frozen BatchNormalization called with training=True, which TensorFlow 1 and 2 computed differently")
    if (training and frozen in (None, "computes")) or statistics == "batch":
        if config.get("renorm"):
            raise UnsupportedAttribute("BatchNormalization with renorm=True, called with training=True")
        mean, variance = _moments(b, wide, [a for a in range(x.rank) if a not in axes], mask)
    else:
        mean, variance = spread(moving_mean), spread(moving_variance)
    factor = b.Reciprocal(_deviation(b, config, variance))
    factor = factor if gamma is None else b.Mul(factor, spread(gamma))
    shift = b.Neg(b.Mul(mean, factor))
    shift = shift if beta is None else b.Add(shift, spread(beta))
    return b.cast(b.Add(b.Mul(wide, factor), shift), layer.policy.compute)


def _deviation(b: Builder, config: dict[str, Any], variance: Value) -> Value:
    """The root of the variance, with epsilon inside; or, as history says of old releases, outside it or on both sides."""
    where, epsilon = config.get("deviation", "inside"), config["epsilon"]
    root = b.Sqrt(variance if where == "outside" else b.Add(variance, epsilon))
    return root if where == "inside" else b.Add(root, epsilon)


def _moments(b: Builder, x: Value, axes: list[int], mask: Value | None) -> tuple[Value, Value]:
    """Mean and variance over these axes, kept with length 1; of the elements that the mask (one axis less) keeps."""
    over = b.ints(axes)
    if mask is None:
        mean = b.ReduceMean(x, over, keepdims=1)
        difference = b.Sub(x, mean)
        return mean, b.ReduceMean(b.Mul(difference, difference), over, keepdims=1)
    if mask.rank != x.rank - 1:
        raise ModelError(f"BatchNormalization is given a mask of shape {mask.shape} for a tensor of shape {x.shape}")
    kept = b.unsqueeze(b.cast(mask, "bool"), -1)
    count = b.Add(b.ReduceSum(b.Expand(b.cast(kept, x.dtype), b.Shape(x)), over, keepdims=1), _FUZZ)
    mean = b.Div(b.ReduceSum(b.Where(kept, x, b.const(0, x.dtype)), over, keepdims=1), count)
    difference = b.Where(kept, b.Sub(x, mean), b.const(0, x.dtype))
    return mean, b.Div(b.ReduceSum(b.Mul(difference, difference), over, keepdims=1), count)
