"""What the caller supplies for the models of make_custom.py, in numpy alone."""

from __future__ import annotations

from typing import Any

import numpy as np


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def softmax(x: np.ndarray) -> np.ndarray:
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def bent(x: np.ndarray) -> np.ndarray:
    return x * sigmoid(1.5 * x) + 0.1


def double(x: np.ndarray) -> np.ndarray:
    return 2 * x + 1


class Scale:
    weights = ("scale", "offset")  # trainable ones are first in files

    def __init__(self, factor: float = 1.0, **config: Any) -> None:
        self.factor = factor

    def call(self, inputs: np.ndarray) -> np.ndarray:
        return inputs * self.scale + self.offset * self.factor


class Gate:
    supports_masking = True

    def __init__(self, units: int, **config: Any) -> None:
        self.units = units

    def set_weights(self, weights: list[np.ndarray]) -> None:
        self.gate, self.gate_bias, self.first, self.first_bias, self.second = weights

    def call(self, inputs: np.ndarray) -> np.ndarray:
        return sigmoid(inputs @ self.gate + self.gate_bias) * (bent(inputs @ self.first + self.first_bias) @ self.second)


class MaskedMean:
    def call(self, inputs: np.ndarray, mask: np.ndarray) -> np.ndarray:
        keep = mask[..., None].astype(inputs.dtype)
        return (inputs * keep).sum(1) / keep.sum(1)

    def compute_mask(self, inputs: np.ndarray, mask: np.ndarray) -> None:
        return None


class Attend:
    weights = {"kernel": (None, None)}

    def call(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        query, value = inputs
        weights = softmax(query @ self.kernel @ value.transpose(0, 2, 1))
        return [weights @ value, weights]


OBJECTS = {"bent": bent, "doubled": double, "double": double, "Scale": Scale, "Gate": Gate, "MaskedMean": MaskedMean, "Attend": Attend}
