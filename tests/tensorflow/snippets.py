"""Snippets as tutorials have them. They use `path`, `folder` and `x`, and leave `predictions`.

A snippet runs with its line `import tensorflow as tf` changed to loadstone's, or with a real tensorflow and `load_model` of loadstone.
"""

from __future__ import annotations

from typing import Any

OURS = "import loadstone.tensorflow as tf\n"
THEIRS = "import tensorflow as tf\nfrom loadstone import load_model\n"

# name: (the model, the kind of file, the code)
SNIPPETS = {
    "load": (
        "plain",
        "file",
        """
model = tf.keras.models.load_model(path)
model.summary()
predictions = model.predict(x)
""",
    ),
    "custom_activation": (
        "custom",
        "file",
        """
def my_custom_activation(x):
    return tf.nn.relu(x)

model = tf.keras.models.load_model(path, custom_objects={"my_custom_activation": my_custom_activation})
predictions = model.predict(x)
""",
    ),
    "scope": (
        "custom",
        "file",
        """
def relu_of_mine(x):
    return tf.math.maximum(x, 0.0)

with SCOPE({"my_custom_activation": relu_of_mine}):
    model = tf.keras.models.load_model(path, compile=False)
predictions = model(x)
""",
    ),
    "saved_model": (
        "plain",
        "folder",
        """
model = tf.keras.models.load_model(folder)
predictions = model.predict(x)
""",
    ),
    "signature": (
        "plain",
        "folder",
        """
loaded = LOAD(folder)
infer = loaded.signatures["serving_default"]
predictions = list(infer(tf.constant(x)).values())[0]
""",
    ),
}


def run(name: str, ours: bool, path: str, folder: str, x: Any) -> tuple[Any, Any]:
    """The predictions of a snippet, and its model. ours: with loadstone's import line, else with a real tensorflow."""
    _, _, code = SNIPPETS[name]
    scope = "tf.keras.utils.custom_object_scope" if ours else "loadstone.custom_object_scope"
    code = code.replace("SCOPE", scope).replace("LOAD", "tf.saved_model.load" if ours else "load_model")
    if not ours:
        code = "import loadstone\n" + code.replace("tf.keras.models.load_model", "load_model")
    found = {"path": path, "folder": folder, "x": x}
    exec((OURS if ours else THEIRS) + code, found)  # the snippets above
    return found["predictions"], found.get("model")
