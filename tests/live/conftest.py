"""Keras 3 runs here on a backend that is installed, unless KERAS_BACKEND says on which."""

import importlib.util
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if "KERAS_BACKEND" not in os.environ:
    installed = [name for name in ("tensorflow", "jax", "torch") if importlib.util.find_spec(name)]
    if installed:
        os.environ["KERAS_BACKEND"] = installed[0]
