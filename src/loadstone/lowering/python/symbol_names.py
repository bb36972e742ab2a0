"""What the symbol table calls the functions that packages have under many names."""

from __future__ import annotations


def symbol_name(path: str) -> str:
    """The name that the symbol table has for a function of a package: "tensorflow.nn.relu" is "nn.relu"."""
    for prefix, short in _PREFIXES:
        if path == prefix or path.startswith(f"{prefix}."):
            return f"{short}{path[len(prefix) :]}".lstrip(".")
    return path


OPS = "tensorflow.python.ops."
_PREFIXES = (
    *(
        (f"{OPS}{module}", public)
        for module, public in (
            ("array_ops", ""),
            ("clip_ops", ""),
            ("image_ops", "image"),
            ("math_ops", ""),
            ("nn", "nn"),
            ("nn_ops", "nn"),
        )
    ),
    ("keras.backend.tensorflow_backend.tf", ""),  # `K.tf`, which Keras up to 2.2 imported
    ("keras.backend.tensorflow_backend", "keras.backend"),
    ("keras.backend.tf", ""),
    ("tensorflow.compat.v1.keras", "keras"),
    ("tensorflow.compat.v2.keras", "keras"),
    ("tensorflow.compat.v2", ""),
    ("tensorflow.contrib.keras", "keras"),
    ("tensorflow._api.v2", ""),
    ("tensorflow.python.keras.api._v1.keras", "keras"),
    ("tensorflow.python.keras.api._v2.keras", "keras"),
    ("tensorflow.python.keras", "keras"),
    ("tensorflow.keras", "keras"),
    ("tensorflow", ""),
    ("tf_keras", "keras"),
    ("keras._tf_keras.keras", "keras"),
    ("keras.api._v1.keras", "keras"),
    ("keras.api._v2.keras", "keras"),
    *((f"keras.layers.{part}", "keras.layers") for part in ("advanced_activations", "convolutional", "core", "merge", "pooling")),
    ("keras.src.backend.legacy", "keras.backend"),
    ("keras.src", "keras"),
    ("keras.api", "keras"),
)
