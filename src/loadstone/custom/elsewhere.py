"""Custom objects that the process has registered in a Keras that it has imported; nothing is imported to look.

`keras.saving.register_keras_serializable` fills a dict, `custom_object_scope` one of the thread. They lie in
keras/src/saving/object_registration.py of Keras 3, and in the module of that name of tf.keras from 2.12 on and of tf_keras
(keras/utils/generic_utils.py before).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

_KERAS_3 = ("keras", "keras_core")
_KERAS_2 = (
    "keras.src.saving.object_registration",
    "keras.saving.object_registration",
    "keras.utils.generic_utils",
    "tf_keras.src.saving.object_registration",
    "tensorflow.python.keras.utils.generic_utils",
)


def registered() -> dict[str, Any]:
    """All by name; active scopes win over registries, and the Keras that is listed first over the others."""
    scopes: list[Any] = []
    registries: list[Any] = []
    for package in _KERAS_3:
        state = getattr(sys.modules.get(f"{package}.src.backend.common.global_state"), "GLOBAL_STATE_TRACKER", None)
        scopes.append(getattr(state, "custom_objects_scope_dict", None))
        registries.append(getattr(sys.modules.get(f"{package}.src.saving.object_registration"), "GLOBAL_CUSTOM_OBJECTS", None))
    for module in _KERAS_2:
        found = sys.modules.get(module)
        scopes.append(getattr(getattr(found, "_THREAD_LOCAL_CUSTOM_OBJECTS", None), "__dict__", None))
        registries.append(getattr(found, "_GLOBAL_CUSTOM_OBJECTS", None))
    objects: dict[str, Any] = {}
    for source in (*scopes, *registries):
        if isinstance(source, Mapping):
            for name, value in dict(source).items():
                objects.setdefault(name, value)
    return {name: value for name, value in objects.items() if value is not None}
