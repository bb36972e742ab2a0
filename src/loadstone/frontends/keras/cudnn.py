"""CuDNNLSTM and CuDNNGRU as the LSTM and the GRU that compute the same on any machine.

keras/engine/saving.py of 2.2.4, `_convert_rnn_weights`: the kernels of each gate lie in Fortran order, the recurrent ones transposed;
there is a bias for the inputs and one for the state, which an LSTM adds up.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from loadstone.ir import Layer

_PLAIN = {"CuDNNLSTM": ("LSTM", 4), "CuDNNGRU": ("GRU", 3)}


def as_plain(layer: Layer) -> None:
    """Turn the class, the config and the weights of such a layer into those of the plain one; others stay."""
    if layer.class_name not in _PLAIN or layer.given is not None:
        return
    layer.class_name, gates = _PLAIN[layer.class_name]
    layer.config = {**layer.config, "activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": True}
    if layer.class_name == "GRU":
        layer.config["reset_after"] = True
    kernel, recurrent, bias = (layer.weights[name] for name in ("kernel", "recurrent_kernel", "bias"))
    halves = (2, bias.shape[0] // 2)
    layer.weights = {
        "kernel": kernel.map(_each_gate(gates, lambda k: k.T.reshape(k.shape, order="F"))),
        "recurrent_kernel": recurrent.map(_each_gate(gates, lambda k: k.T)),
        "bias": bias.map(lambda v: v.reshape(halves), halves)
        if layer.class_name == "GRU"
        else bias.map(lambda v: v.reshape(halves).sum(axis=0), halves[1:]),
    }


def _each_gate(gates: int, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    return lambda w: np.concatenate([change(k) for k in np.split(w, gates, axis=1)], axis=1)
