"""What quantized layers have in place of their float variables, by mode.

Follows `variable_serialization_spec` of Dense, EinsumDense, Embedding and ReversibleEmbedding in Keras 3.16
(keras/src/layers/core), which is the order of `vars/0`, `vars/1`, ...; Keras 3.3 to 3.15 wrote the same. "?" marks what
only quantization in groups has. What a file of another release means by the same mode is refused by `unreadable`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from loadstone.frontends.keras.variable import Shape, Variable, numbered
from loadstone.ir import Policy, Producer

_FLOAT8 = "kernel bias inputs_scale inputs_amax_history kernel_scale kernel_amax_history outputs_grad_scale outputs_grad_amax_history"
LINEAR = {
    "int8": "kernel bias kernel_scale",
    "int4": "kernel bias kernel_scale kernel_zero? g_idx?",
    "float8": _FLOAT8,
    "gptq": "bias kernel kernel_scale kernel_zero g_idx",
    "awq": "bias kernel kernel_scale kernel_zero awq_scales g_idx",
    "ternary": "kernel bias kernel_scale",
}
EMBEDDINGS = {
    "int8": "embeddings embeddings_scale reverse_embeddings reverse_embeddings_scale",
    "int4": "embeddings embeddings_scale embeddings_zero? g_idx? reverse_embeddings reverse_embeddings_scale reverse_embeddings_zero?",
}
_STORED = {"int8": "int8", "int4": "int8", "gptq": "uint8", "awq": "uint8", "ternary": "uint8", "float8": "float"}


def in_groups(policy: Policy) -> bool:
    """True for integers of four bits whose rows are quantized in groups: "int4/128_from_float32", but not "int4/-1_from_float32"."""
    mode, _, size = policy.name.partition("_from_")[0].partition("/")
    return mode == "int4" and size not in ("", "-1")


def quantized(plain: list[Variable], policy: Policy, specs: Mapping[str, str], scales: Mapping[str, Shape]) -> list[Variable] | None:
    """The variables of a quantized layer in today's order, None for a mode that such a layer never had.

    plain are its float variables, of which "bias" stays one; scales are the shapes of scales in mode "int8".
    """
    mode, grouped = policy.quantization, in_groups(policy)
    if mode is None or mode not in specs:
        return None
    by_label = {variable.label: variable for variable in plain}
    absent = {label for label in ("bias", "reverse_embeddings") if label not in by_label}
    found = []
    for word in specs[mode].split():
        label = word.rstrip("?")
        if any(label == name or label.startswith(f"{name}_") for name in absent) or (word.endswith("?") and not grouped):
            continue
        found.append(_variable(label, by_label.get(label), mode, scales))
    found = numbered(found)
    if mode == "float8":
        return [v for v in found if v.label not in by_label] + [v for v in found if v.label in by_label]
    return sorted(found, key=lambda v: not v.trainable)


def _variable(label: str, plain: Variable | None, mode: str, scales: Mapping[str, Shape]) -> Variable:
    if mode == "float8":
        shape: Shape = (None,) if label.endswith("history") else ()
        return plain or Variable(label, shape)
    if label == "bias" and plain is not None:
        return plain
    if plain is not None:
        return replace(plain, shape=plain.shape if mode == "int8" else None, dtype=_STORED[mode], trainable=False)
    shape_of_scale = scales.get(label) if mode == "int8" else None
    zero = label.endswith("_zero")
    return Variable(label, shape_of_scale, False, "any" if zero else "float", spellings=("zero_point",) if zero else ())


def unreadable(mode: str | None, producer: Producer) -> str | None:
    """Why a quantized layer of this producer cannot be read, None where it can.

    int8 scales of Keras 3.1 and 3.2 had other shapes and uses, and were counted differently in files.
    """
    if mode != "int8" or not producer.release or producer.release >= (3, 3):
        return None
    return f"int8 layers of Keras {producer.version} are laid out otherwise than those since 3.3; save the model again with a later release"
