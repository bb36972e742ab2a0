"""The layers of two models side by side: which of one is which of the other, and how they are connected and configured.

Layers are paired by path and class first, then what lies between by class in the order of the file (`difflib`), so that layers which
another session numbered otherwise (`dense_7` for `dense`) are one; those of the same path and class that are left are one in whatever order.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from loadstone.ir import Graph, Layer, Output, flatten
from loadstone.model.outline import Outline
from loadstone.tools.change import Change, between

Pairs = list[tuple[Layer | None, Layer | None]]


def path_of(layer: Layer) -> str:
    """Where the layer is in the model."""
    return layer.path or layer.name


def paired(a: Layer, b: Layer) -> Pairs:
    """The layers of two models in order, None where one has none."""
    one, other = ([layer for layer in root.walk() if layer is not root] for root in (a, b))
    keys: Sequence[Callable[[Layer], Any]] = (
        lambda layer: (path_of(layer), layer.class_name),
        lambda layer: (_unnumbered(path_of(layer)), layer.class_name),
        lambda layer: layer.class_name,
        path_of,
    )
    found, known = list(_aligned(one, other, keys)), keys[0]
    left: dict[Any, list[Layer]] = {}
    for first, two in found:
        if first is None and two is not None:
            left.setdefault(known(two), []).append(two)
    found = [
        (first, left[known(first)].pop(0)) if first and two is None and left.get(known(first)) else (first, two) for first, two in found
    ]
    alone = {two for layers in left.values() for two in layers}
    return [(first, two) for first, two in found if first is not None or two in alone]


def _aligned(a: Sequence[Layer], b: Sequence[Layer], keys: Sequence[Callable[[Layer], Any]]) -> Iterator[tuple[Layer | None, Layer | None]]:
    """Pairs by the first key, and what lies between by the others."""
    if not keys or not a or not b:
        yield from ((layer, None) for layer in a)
        yield from ((None, layer) for layer in b)
        return
    matcher = SequenceMatcher(None, [keys[0](layer) for layer in a], [keys[0](layer) for layer in b], autojunk=False)
    at, to = 0, 0
    for start, match, size in matcher.get_matching_blocks():
        yield from _aligned(a[at:start], b[to:match], keys[1:])
        yield from zip(a[start : start + size], b[match : match + size], strict=True)
        at, to = start + size, match + size


def _unnumbered(path: str) -> str:
    """A path without the numbers that a session counts: `dense_7/kernel` as `dense/kernel`."""
    return re.sub(r"_\d+(?=/|$)", "", path)


def architecture(a: Outline, b: Outline, pairs: Pairs) -> Iterator[Change]:
    """Layers added, removed, renamed, of another class or shape, and those that take other tensors."""
    names = {path_of(two): path_of(one) for one, two in pairs if one is not None and two is not None}
    (sources, ends), (others, other_ends) = _sources(a.root, a.graph), _sources(b.root, b.graph)
    for one, two in pairs:
        if one is None or two is None:
            layer = one or two
            assert layer is not None
            said = f"{layer.class_name}, {sum(tensor.size for tensor in layer.weights.values()):,} parameters"
            yield Change(
                "architecture", "removed" if two is None else "added", path_of(layer), *((said, None) if two is None else (None, said))
            )
            continue
        where = path_of(one)
        if where != path_of(two) and _unnumbered(where) != _unnumbered(path_of(two)):
            yield Change("architecture", "changed", f"{where}: name", where, path_of(two))
        if one.class_name != two.class_name:
            yield Change("architecture", "changed", f"{where}: class", one.class_name, two.class_name)
        taken, now = sources.get(id(one)), others.get(id(two))
        if taken is not None and now is not None:
            yield from _moved(f"{where}: takes", taken, now, names)
        if one.graph is not None and two.graph is not None:
            yield from _moved(f"{where}: gives", [ends[id(one)]], [other_ends[id(two)]], names)
        shape, fresh = (outline.output_shapes(layer) for outline, layer in ((a, one), (b, two)))
        if shape and fresh and None not in shape and None not in fresh and shape != fresh:
            yield Change("architecture", "changed", f"{where}: output shape", _plain(shape), _plain(fresh))
    yield from _moved("the model: gives", [ends[id(a.root)]], [other_ends[id(b.root)]], names)
    if a.root.class_name != b.root.class_name and {a.root.class_name, b.root.class_name} != {"Functional", "Model"}:
        yield Change("architecture", "changed", "the model: class", a.root.class_name, b.root.class_name)


Taken = list[tuple[str, int, int]]  # tensors: the layer that gives each, in which of its calls, as which of its outputs


def _sources(root: Layer, graph: Graph) -> tuple[dict[int, list[Taken]], dict[int, Taken]]:
    """What the calls of each layer take, in the outermost graph and in those of models inside; and what these graphs give."""
    found: dict[int, list[Taken]] = {}
    ends: dict[int, Taken] = {}
    for layer in root.walk():
        inner = graph if layer is root else layer.graph
        if inner is None:
            continue
        nodes, counts, numbers = sorted(inner.nodes, key=lambda node: node.index), Counter[int](), dict[int, int]()
        for node in nodes:
            numbers[id(node)] = counts[id(node.layer)] if node.layer is not None else 0
            counts[id(node.layer)] += 1

        def taken(outputs: Iterable[Output], numbers: dict[int, int] = numbers) -> Taken:
            givers = [(output.node.layer, numbers.get(id(output.node), 0), output.index) for output in outputs]
            return [("(an operation)" if giver is None else path_of(giver), call, place) for giver, call, place in givers]

        for node in nodes:
            if node.layer is not None:
                found.setdefault(id(node.layer), []).append(taken(node.outputs_used()))
        ends[id(layer)] = taken(flatten(inner.outputs))
    return found, ends


def _moved(where: str, one: list[Taken], two: list[Taken], names: Mapping[str, str]) -> Iterator[Change]:
    """The change where calls take other tensors; names are those of the layers of B in A."""
    now = [[(names.get(name, name), call, place) for name, call, place in taken] for taken in two]
    if one != now:
        yield Change("architecture", "changed", where, _calls(one), _calls(now))


def _calls(calls: list[Taken]) -> str:
    shown = (
        ", ".join(f"{name}{f'({call})' if call else ''}{f'[{place}]' if place else ''}" for name, call, place in taken) for taken in calls
    )
    return "; ".join(taken or "nothing" for taken in shown)


def _plain(shapes: Sequence[Any]) -> Any:
    return [list(shape) for shape in shapes] if len(shapes) > 1 else list(shapes[0])


_NAMES = ("name", "module", "registered_name", "build_config")
_RELEASE = frozenset(  # no options: what a release did, which is noted in configs as they are read
    "broadcasts casts deviation exact_scale masked_rows masked_statistics masks numbers result shortest squeezes statistics"
    " strides_inside_dilation truncates whole".split()
)


def configs(pairs: Pairs) -> Iterator[Change]:
    """What differs in the configs of paired layers, by key; those of layers inside stand with these."""
    for one, two in pairs:
        if one is not None and two is not None and one.class_name == two.class_name:
            a, b = _own(one), _own(two)
            unsaid = {key for key in a.keys() ^ b.keys() if key.endswith("_initializer")}  # of weights that are there already
            said, now = ({key: own[key] for key in own if key not in unsaid} for own in (a, b))
            yield from between("config", said, now, path_of(one))


def _own(layer: Layer) -> Mapping[str, Any]:
    release = _RELEASE if layer.given is None else ()
    inside = {*layer.children, *_NAMES, *release, *(() if layer.class_name == "InputLayer" else ("batch_shape",))}
    if layer.graph is not None:
        inside |= {"layers", "input_layers", "output_layers", "build_input_shape"}
    own = {key: _bare(value) for key, value in layer.config.items() if key not in inside}
    own["dtype"] = layer.policy.name
    return {**own, "trainable": layer.trainable}


def _bare(value: Any) -> Any:
    """A config without what says where a class is registered, as plain data."""
    if isinstance(value, Mapping):
        if "class_name" in value and "config" in value:
            return {"class_name": value["class_name"], "config": _bare(value["config"])}
        return {str(key): _bare(part) for key, part in value.items() if key not in ("name", "dtype")}
    if isinstance(value, (list, tuple)):
        return [_bare(part) for part in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else repr(value)
