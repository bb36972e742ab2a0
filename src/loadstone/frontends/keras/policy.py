"""Dtype policies in all their spellings.

A string ("float32", "mixed_float16", "int8_from_float32"), `Policy` of tf.keras 2, `DTypePolicy` and its kin of Keras 3
(keras/src/dtype_policies). `PolicyV1` with name "infer" of early tf.keras computes in the dtype of its inputs: float32 here.
"""

from __future__ import annotations

import re
from typing import Any

from loadstone.errors import ModelError
from loadstone.ir import Policy, dtypes

# The projections of attention layers, which take their own policies out of a map that the layer is given.
_PROJECTIONS = ("query", "key", "value", "attention_output", "gate")
PARTS = {"MultiHeadAttention": _PROJECTIONS, "GroupQueryAttention": _PROJECTIONS}


def part_policies(class_name: str, stored: Any, name: str) -> dict[str, Policy]:
    """The policies of the layers inside one whose `dtype` is a map, by their names; none where it is not."""
    if not isinstance(stored, dict) or stored.get("class_name") != "DTypePolicyMap":
        return {}
    return {part: read_policy(stored, f"{name}/{part}", f"{name}/{part}") for part in PARTS.get(class_name, ())}


def read_policy(stored: Any, where: str, path: str = "") -> Policy:
    """The policy that a layer's `dtype` stands for; float32 where there is none.

    path is the layer's path as a `DTypePolicyMap` (Keras 3.4) keys it: the layer's name, as a layer of a model has no other path.
    """
    if stored is None:
        return Policy()
    if isinstance(stored, str):
        return _named(stored, where)
    if isinstance(stored, dict) and "class_name" in stored:
        config = stored.get("config") or {}
        if stored["class_name"] == "DTypePolicyMap":
            return read_policy(_mapped(config.get("policy_map") or {}, path, where) or config.get("default_policy"), where)
        name = config.get("name") or config.get("source_name")
        policy = _named(name, where) if isinstance(name, str) else Policy()
        mode = config.get("mode")
        if mode is not None and policy.quantization is None:
            source = _named(config.get("source_name") or policy.name, where)
            policy = Policy(f"{mode}_from_{source.name}", source.compute, source.variable, mode.partition("/")[0])
        return policy
    raise ModelError(f"{stored!r} is not a dtype policy", where=where)


def _mapped(policies: dict[str, Any], path: str, where: str) -> Any:
    """The policy of a path. Keys that are patterns match otherwise in each release, and are refused where they could count."""
    if path in policies:
        return policies[path]
    patterns = [key for key in policies if not re.fullmatch(r"[\w/]+", key) or key in path]
    if patterns:
        raise ModelError(f"the dtype policy of {path} depends on the pattern {patterns[0]!r}", where=where)
    return None


def _named(name: str, where: str) -> Policy:
    mode, found, source = name.partition("_from_")
    if found:
        inner = _named(source, where)
        return Policy(name, inner.compute, inner.variable, mode.partition("/")[0])
    if name in ("mixed_float16", "mixed_bfloat16"):
        return Policy(name, name.removeprefix("mixed_"), "float32")
    if name in ("infer", "_infer"):
        return Policy()
    if not dtypes.known(name):
        raise ModelError(f"'{name}' is not a dtype policy", where=where)
    return Policy(name, name, name)
