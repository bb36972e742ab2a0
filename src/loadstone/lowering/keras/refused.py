"""Layers that Keras knows and that no rule can stand for, with the reason that the error gives."""

from __future__ import annotations

from loadstone.ir import Layer

_ELSEWHERE = {
    "JaxLayer": "its function is Python code that calls JAX, which the file does not hold",
    "FlaxLayer": "its module is Python code that calls Flax, which the file does not hold",
    "TorchModuleWrapper": "its module is a pickle, which is never opened; save the module by torch.export and load that",
    "Wrapper": "it is a base class without a call of its own, which Keras does not run either: give the class that derives from it",
}


def reason(layer: Layer) -> str:
    """Why a layer cannot be lowered, for an error message; empty where nothing but a rule is missing."""
    return _ELSEWHERE.get(layer.class_name, "")
