"""What the user supplies for a file: the registry, resolution of names, the report of what is missing, and Python that runs as a layer."""

from loadstone.custom.classes import Functional
from loadstone.custom.objects import CustomObjects, Given, Missing
from loadstone.custom.registry import custom_object_scope, get_custom_objects, register_keras_serializable

__all__ = ["CustomObjects", "Functional", "Given", "Missing", "custom_object_scope", "get_custom_objects", "register_keras_serializable"]
