"""What graphs spell out, as the ops that the rules of layers emit: all rules of `rewriting`, in the order in which they run."""

from __future__ import annotations

from collections.abc import Sequence

from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.passes import clips, einsums, gelus, indices, layer_norms, shape_pairs, softmaxes
from loadstone.lowering.passes.rewriting import Rules, rewrite
from loadstone.lowering.program import keep_needed

_FORMULAS: Rules = {
    "Add": [layer_norms.layer_norm, layer_norms.with_constants],
    "Sub": [layer_norms.layer_norm],
    "Mul": [clips.once, gelus.gelu, softmaxes.softmax, layer_norms.layer_norm, layer_norms.with_constants],
    "Div": [clips.once, gelus.gelu, softmaxes.softmax, layer_norms.layer_norm],
    **dict.fromkeys(("Neg", "Reciprocal", "Sqrt", "Pow"), (layer_norms.watch,)),
    "Einsum": [einsums.einsum],
    "Gather": [indices.gather],
    "Reshape": [layer_norms.of_rows, shape_pairs.kept, shape_pairs.product, shape_pairs.reshape],
    "Transpose": [einsums.turned],
}
_BOUNDS: Rules = {  # afterwards: the error function has bounds inside
    "Max": [clips.clip],
    "Min": [clips.clip],
    "Mul": [clips.hard_sigmoid],
    "Div": [clips.hard_sigmoid],
}


def spell_shorter(b: Builder, outputs: Sequence[Value]) -> None:
    """Rewrite the builder's block; `outputs` keep their names."""
    for rules in (_FORMULAS, _BOUNDS):
        rewrite(b, outputs, rules)
        keep_needed(b, outputs)
