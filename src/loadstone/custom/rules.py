"""Lowering rules of the user's own: a custom layer that is compiled with the model, as a built-in one is.

    @loadstone.layer_rule(weights=("kernel", "bias?"), options="units scale", samples_apart=True)
    def scaled_dense(b, layer, x, kernel, bias=None):
        y = b.Mul(b.MatMul(x, kernel), layer.config["scale"])
        return y if bias is None else b.Add(y, bias)

    loadstone.load_model("model.h5", custom_objects={"ScaledDense": scaled_dense})

`b.MatMul` and the like emit ONNX operators; what they return has `shape` (None where free), `rank` and `dtype`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from loadstone.ir.records import dataclass

Masking = Literal["pass", "stop"] | Callable[..., Any]


@dataclass(frozen=True)
class LayerRule:
    """What `layer_rule` makes of a function, to be given for the name of a layer or an activation."""

    function: Callable[..., Any]
    weights: tuple[str, ...] = ()
    options: str = ""
    masking: Masking = "stop"
    autocast: bool | Literal["inputs"] = True
    samples_apart: bool = False

    @property
    def __name__(self) -> str:
        """That of the function."""
        return getattr(self.function, "__name__", "rule")


def layer_rule(
    *,
    weights: tuple[str, ...] = (),
    options: str = "",
    masking: Masking = "stop",
    autocast: bool | Literal["inputs"] = True,
    samples_apart: bool = False,
) -> Callable[[Callable[..., Any]], LayerRule]:
    """Decorator: the function `(b, layer, *tensors, weights..., options of the call...)` lowers a layer of the caller's.

    Its parameters after the first two have the names of the layer's `call`, or those in `weights`.

    weights: names in the file, in its order ("bias?" may be absent); where the file counts them, the order decides.
    options: the config keys that the function heeds, with blanks between them; any other that can change numbers is an error.
    masking: "pass" (outputs carry the mask of the first argument), "stop", or a function `(b, layer, call)` that gives the masks.
    autocast: float inputs and weights come in the layer's compute dtype; "inputs" casts inputs alone.
    samples_apart: True says that no sample of a batch sees another, so that batches may be cut; it is proven of the operators as well.
    """

    def made(function: Callable[..., Any]) -> LayerRule:
        return LayerRule(function, tuple(weights), options, masking, autocast, samples_apart)

    return made


def is_rule(given: object) -> bool:
    """True for what `layer_rule` made."""
    return isinstance(given, LayerRule)
