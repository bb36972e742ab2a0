"""SpectralNormalization of Keras 2, which tf_keras 2.21 cannot build where tf.keras is Keras 3: it asks tf.keras for its InputSpec.

tf_keras/src/layers/normalization/spectral_normalization.py
"""

from __future__ import annotations

from typing import Any


def build_by_itself(live: Any, keras: Any) -> None:
    """Have the layer build as its class says, with the classes of its own Keras."""

    def build(shape: Any) -> None:
        keras.layers.Wrapper.build(live, shape)
        live.input_spec = keras.layers.InputSpec(shape=[None, *shape[1:]])
        live.kernel = live.layer.kernel if hasattr(live.layer, "kernel") else live.layer.embeddings
        live.kernel_shape = live.kernel.shape.as_list()
        start = keras.initializers.TruncatedNormal(stddev=0.02)
        live.vector_u = live.add_weight(
            shape=(1, live.kernel_shape[-1]), initializer=start, trainable=False, name="vector_u", dtype=live.kernel.dtype
        )

    live.build = build
