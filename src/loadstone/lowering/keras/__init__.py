"""Rules for Keras layers, one module a family; importing this package fills the registry."""

import importlib

FAMILIES = ("core", "activations")

for _family in FAMILIES:
    importlib.import_module(f"loadstone.lowering.keras.{_family}")
