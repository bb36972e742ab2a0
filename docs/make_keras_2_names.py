"""Writes src/loadstone/frontends/keras/keras_2_names.py from the tf_keras that runs this: the arguments of its layers.

python docs/make_keras_2_names.py
"""

import inspect
import pathlib

import tf_keras
from tf_keras.src.engine import base_layer

TARGET = pathlib.Path(__file__).parents[1] / "src" / "loadstone" / "frontends" / "keras" / "keras_2_names.py"
LEFT_OUT = set(
    """
    name trainable dtype force_generator rng_type conv_op pool_function input_tensor type_spec weights expected_column_type feature_columns
    partitioner rank initial_weights adjustment fused virtual_batch_size robust_masking batch_size input_shape activity_regularizer
    input_length
    """.split()
)
NO_LAYERS = {"AbstractRNNCell", "Layer", "DenseFeatures", "InputLayer", "Wrapper", "Lambda"}
RECURRENT = "go_backwards return_sequences return_state stateful unroll".split()  # which the base class takes
RENORM = "renorm renorm_clipping renorm_momentum synchronized momentum".split()


def arguments(cls) -> list[str]:
    """Those of the constructor, and of the base classes' as long as they are handed on."""
    names: set[str] = set()
    for base in cls.__mro__:
        init = base.__dict__.get("__init__")
        if base is base_layer.Layer or not issubclass(base, base_layer.Layer):
            break
        if init is None:
            continue
        parameters = inspect.signature(init).parameters
        names |= {n for n, p in parameters.items() if n != "self" and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
        if not any(p.kind == p.VAR_KEYWORD for p in parameters.values()):
            break
    if cls.__name__ in ("RNN", "LSTM", "GRU", "SimpleRNN") or cls.__name__.startswith("ConvLSTM"):
        names |= set(RECURRENT)
    if cls.__name__ == "BatchNormalization":
        names |= set(RENORM)
    if cls.__name__ in ("LSTM", "GRU", "SimpleRNN") or cls.__name__.startswith("ConvLSTM"):
        names.discard("cell")
    return sorted(n for n in names - LEFT_OUT if not n.endswith("_initializer"))


def main() -> None:
    layers = {cls.__name__: cls for cls in vars(tf_keras.layers).values() if inspect.isclass(cls) and issubclass(cls, base_layer.Layer)}
    lines = []
    for name in sorted(set(layers) - NO_LAYERS):
        line = f'    "{name}": "{" ".join(arguments(layers[name]))}",'
        lines.append(line + ("  # noqa: E501" if len(line) > 150 else ""))
    head = TARGET.read_text().partition("ARGUMENTS")[0]
    TARGET.write_text(head + "ARGUMENTS: dict[str, str] = {\n" + "\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
