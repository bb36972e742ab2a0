"""Dtype policies in all their spellings.

A string ("float32", "mixed_float16", "int8_from_float32"), `Policy` of tf.keras 2, `DTypePolicy` and its kin of Keras 3
(keras/src/dtype_policies). `PolicyV1` with name "infer" of early tf.keras computes in the dtype of its inputs: float32 here.
"""

from __future__ import annotations

from typing import Any

from loadstone.errors import ModelError
from loadstone.ir import Policy, dtypes


def read_policy(stored: Any, where: str, path: str = "") -> Policy:
    """The policy that a layer's `dtype` stands for; float32 where there is none.

    path is the layer's path as a `DTypePolicyMap` (Keras 3.4) keys it.
    """
    if stored is None:
        return Policy()
    if isinstance(stored, str):
        return _named(stored, where)
    if isinstance(stored, dict) and "class_name" in stored:
        config = stored.get("config") or {}
        if stored["class_name"] == "DTypePolicyMap":
            return read_policy(config.get("policy_map", {}).get(path) or config.get("default_policy"), where)
        name = config.get("name") or config.get("source_name")
        policy = _named(name, where) if isinstance(name, str) else Policy()
        mode = config.get("mode")
        if mode is not None and policy.quantization is None:
            source = _named(config.get("source_name") or policy.name, where)
            policy = Policy(f"{mode}_from_{source.name}", source.compute, source.variable, mode.partition("/")[0])
        return policy
    raise ModelError(f"{stored!r} is not a dtype policy", where=where)


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
