"""Which graph of a file predicts: a signature by its name, or what lies between some tensors."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from loadstone.errors import ModelError
from loadstone.ir import Graph, Module, Structure
from loadstone.ir import Model as Description
from loadstone.model.names import Names

DEFAULT = "serving_default"


def choose(
    description: Description,
    tags: str | Sequence[str] | None = None,
    signature: str | None = None,
    inputs: str | Sequence[str] | None = None,
    outputs: Names | None = None,
) -> Description:
    """The description with the graph that predicts: of a signature (`serving_default`, else the only one), or between tensors.

    Raises ValueError for a signature or a tensor that the file does not have, ModelError where it leaves the choice open.
    """
    module = description.module if tags is None else _tagged(description, {tags} if isinstance(tags, str) else set(tags))
    assert module is not None
    description = dataclasses.replace(description, module=module)
    if inputs is not None or outputs is not None or (not module.signatures and signature is None):
        if signature is not None:
            raise ValueError("signature= names inputs and outputs of its own; give either that or inputs= and outputs=")
        return dataclasses.replace(description, root=None, graph=_between(module, inputs, outputs))
    name = signature or _default(module)
    if name not in module.signatures:
        others = ", ".join(map(repr, module.signatures))
        raise ValueError(f"the file has no signature {name!r}; " + (f"it has {others}" if others else "it has none: leave signature= out"))
    return dataclasses.replace(description, root=None, graph=module.signatures[name])


def first(description: Description) -> Description:
    """The description with the graph to look at: the one that predicts, else the first."""
    assert description.module is not None
    names = list(description.module.signatures)
    signature = None if DEFAULT in names or not names else names[0]
    return choose(description, signature=signature)


def _tagged(description: Description, tags: set[str]) -> Module:
    """The module with exactly these tags."""
    found = next((read for known, read in description.tagged.items() if set(known) == tags), None)
    if found is None:
        known = "; ".join(", ".join(part) or "none" for part in description.tagged)
        raise ValueError(f"the file has no graph with the tags {', '.join(sorted(tags))}; its graphs have: {known or 'no tags'}")
    return found()


def _default(module: Module) -> str:
    names = list(module.signatures)
    if DEFAULT in names or len(names) == 1:
        return DEFAULT if DEFAULT in names else names[0]
    raise ModelError(f"the file has several signatures: {', '.join(names)}", hint=f"choose one: load_model(..., signature={names[0]!r})")


def _between(module: Module, inputs: str | Sequence[str] | None, outputs: Names | None) -> Graph:
    wanted = None if outputs is None else list(dict.fromkeys(_names(outputs)))
    given = None if inputs is None else [inputs] if isinstance(inputs, str) else list(inputs)
    graph = module.between(given, wanted)
    if outputs is None:
        return graph
    return dataclasses.replace(graph, outputs=_structure(outputs, graph.outputs))


def _names(outputs: Names) -> list[str]:
    if isinstance(outputs, str):
        return [outputs]
    return [name for part in (outputs.values() if isinstance(outputs, Mapping) else outputs) for name in _names(part)]


def _structure(outputs: Names, found: Mapping[str, Structure]) -> Structure:
    if isinstance(outputs, str):
        return found[outputs]
    if isinstance(outputs, Mapping):
        return {key: _structure(part, found) for key, part in outputs.items()}
    return [_structure(part, found) for part in outputs]
