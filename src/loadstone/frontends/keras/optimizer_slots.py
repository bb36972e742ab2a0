"""Which variables an optimizer keeps for the weights that it trains, in the order in which each family of optimizers makes them.

The orders are those in which `build` makes variables (keras/src/optimizers of 3.15 and 2.15), `_create_slots` of keras/optimizers/optimizer_v2
of 2.8, and `get_updates` of keras/optimizers.py of 1.2.2 and 2.3.1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Shape = tuple[int, ...]

_PAIRS = ("momentum", "velocity")
# The slots of a weight, by the class: each tuple lies side by side for one weight after another.
_SLOTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "SGD": (("momentum",),),
    "Adam": (_PAIRS,),
    "AdamW": (_PAIRS,),
    "Nadam": (_PAIRS,),
    "Adamax": (("momentum", "norm"),),
    "RMSprop": (("velocity",),),
    "Adagrad": (("accumulator",),),
    "Adadelta": (("accumulated_grad", "accumulated_delta_var"),),
    "Ftrl": (("accumulator", "linear"),),
    "Lion": (("momentum",),),
    "Lamb": (_PAIRS,),
    "ScheduleFreeAdamW": (_PAIRS,),
    "Adafactor": (("row", "column", "velocity"),),
}
DEPENDING = frozenset({"Adafactor"})  # what there is for a weight depends on its shape
_FACTORS = ("row", "column")  # means of a matrix over its last axis, and over the one before


class Unreadable(Exception):
    """Why the state of an optimizer cannot be told from its tensors; training then begins with a new one."""


def layout(
    class_name: str, config: Mapping[str, Any], era: str, shapes: Sequence[Shape], side_by_side: bool = False
) -> list[tuple[str, int]]:
    """(slot, weight) of each variable that an optimizer keeps after its scalars, in order. era: see `optimizers.era`. shapes: of the weights.

    side_by_side: whether the average and the gradients of a weight lie so, as up to Keras 3.9, or all averages come first.
    Raises Unreadable for classes whose slots depend on more than that.
    """
    if class_name not in _SLOTS:
        raise Unreadable(f"which variable of {class_name} is for which weight is not known")
    first: tuple[str, ...] = ()
    if era in ("new", "keras_3") and config.get("use_ema"):
        first += ("average",)
    if era == "keras_3" and config.get("gradient_accumulation_steps"):
        first += ("gradient_accumulator",)
    groups = [first] if side_by_side else [(slot,) for slot in first]
    slots = list(_SLOTS[class_name])
    if class_name == "SGD" and not config.get("momentum") and era in ("v2", "keras_3"):
        slots = []
    if class_name == "RMSprop" and (config.get("momentum") or 0) > 0:
        slots.append(("momentum",))
    if class_name == "RMSprop" and config.get("centered"):
        slots.append(("average_gradient",))
    if era in ("v2", "keras") and class_name != "Ftrl":
        slots = [(slot,) for group in slots for slot in group]
    if config.get("amsgrad"):
        slots.append(("velocity_hat",))
    return [
        (slot, weight) for group in (*groups, *slots) for weight, shape in enumerate(shapes) for slot in group if _kept(slot, shape, era)
    ]


def shape_of(slot: str, shape: Shape) -> Shape:
    """The shape of a slot, of the weight's."""
    if slot not in _FACTORS:
        return shape
    if len(shape) < 2:
        return ()
    return shape[:-1] if slot == "row" else (*shape[:-2], shape[-1])


def is_placeholder(slot: str, shape: Shape) -> bool:
    """True for what says nothing: Keras 3 counts a number for the factors of a vector among the variables, tf.keras does not."""
    return slot in _FACTORS and len(shape) < 2


def _kept(slot: str, shape: Shape, era: str) -> bool:
    return era == "keras_3" or not is_placeholder(slot, shape)
