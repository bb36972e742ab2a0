"""Recurrent layers before Keras 3."""

from __future__ import annotations

from loadstone.frontends.keras.history import Config, upgrade


@upgrade(before="3.0", classes="GRU GRUCell")
def the_reset_gate_came_first(config: Config) -> Config:
    """Files without `reset_after` are older than the option (Keras 2.1.5, March 2018): the gate came before the product."""
    config.setdefault("reset_after", False)
    return config
