"""Recurrent layers before Keras 3."""

from __future__ import annotations

from loadstone.frontends.keras.history import Config, upgrade


@upgrade(before="3.0", classes="GRU GRUCell")
def the_reset_gate_came_first(config: Config) -> Config:
    """Files without `reset_after` are older than the option (Keras 2.1.5, March 2018): the gate came before the product."""
    config.setdefault("reset_after", False)
    return config


@upgrade(before="2.0.2", classes="GRU")
def one_implementation_mixed_up_its_gates(config: Config) -> Config:
    """implementation=1 with a bias took the inputs of the reset gate for the candidate; no option of today says that, and it is refused."""
    mixed = config.get("implementation") == 1 and config.get("use_bias", True)
    return {**config, "implementation": "1 of Keras 2.0.1"} if mixed else config
