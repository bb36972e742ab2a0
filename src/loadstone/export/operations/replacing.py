"""A layer that today's Keras lacks as a Functional model of operations under the same name.

A mask that the layer reads becomes a tensor of the graph that calls it; a mask that it gives goes on from the model, by a small model
inside that is called with `mask=`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loadstone.custom.hosting import Host
from loadstone.errors import LoadstoneError, UnsupportedOps
from loadstone.export.operations.holding import held
from loadstone.export.operations.lowered import Given, Lowered, lowered
from loadstone.export.operations.table import NoOperation
from loadstone.export.operations.translation import Translation
from loadstone.ir import Finding, Graph, Layer, Node, Output, Policy, Structure, dtypes, map_structure
from loadstone.ir.records import dataclass
from loadstone.lowering.block import Value
from loadstone.lowering.keras.walk import Traced, Walk


@dataclass(frozen=True, eq=False)
class Replacement:
    """The model in a layer's place: takes says which of the call's tensors are its inputs, in flattened order, (number, True) its mask."""

    layer: Layer
    takes: tuple[tuple[int, bool], ...]


class Operations:
    """Makes models of layers; what cannot be made is collected.

    walk has been through the model that the layers are of; trains are the flags of its layers by their ids (`export.flags`).
    """

    def __init__(self, walk: Walk, host: Host | None = None, trains: Mapping[int, bool] | None = None) -> None:
        self.walk, self.host, self.flags = walk, host, trains or {}
        self.problems: list[tuple[Layer, str, str]] = []
        self.findings: list[Finding] = []
        self._made: dict[int, Replacement | None] = {}

    def trains(self, layer: Layer) -> bool:
        """The flag of a layer."""
        return self.flags.get(id(layer), layer.trainable)

    def traced(self, leaf: Output) -> Traced | None:
        """What a tensor of the model is in the walk."""
        found = self.walk.reached.get(leaf.node)
        return found[leaf.index] if found and leaf.index < len(found) else None

    def of_calls(self, layer: Layer, calls: Sequence[Node], masked: bool, optional: bool = False) -> Replacement | None:
        """The model for a layer that these nodes call, None where there is none.

        masked: somebody may read the masks that it gives. optional: the layer can stay as it is.
        """
        if id(layer) not in self._made:
            told = len(self.problems)
            self._made[id(layer)] = self._of_calls(layer, calls, masked)
            if optional:
                del self.problems[told:]
        return self._made[id(layer)]

    def _of_calls(self, layer: Layer, calls: Sequence[Node], masked: bool) -> Replacement | None:
        first = calls[0]
        leaves = [list(node.outputs_used()) for node in calls]
        alike = len({*map(len, leaves)}) == 1
        given = [self._given([each[k] for each in leaves]) for k in range(len(leaves[0]))] if alike else [None]
        if None in given:
            self.problems.append((layer, layer.class_name, "its calls differ, or what it is called with is not known"))
            return None
        known = iter(given)
        args, kwargs = map_structure(lambda leaf: next(known) if isinstance(leaf, Output) else leaf, (first.args, first.kwargs))
        return self.of_layer(layer, args, kwargs, masked)

    def _given(self, leaves: Sequence[Output]) -> Given | None:
        """What is common to the tensors that several calls have in one place."""
        found = [self.traced(leaf) for leaf in leaves]
        values = [traced.value for traced in found if traced is not None and traced.value is not None]
        masks = [traced.mask for traced in found if traced is not None and traced.mask is not None]
        if len(values) < len(leaves) or len({(value.dtype, value.rank) for value in values}) > 1 or len(masks) not in (0, len(leaves)):
            return None
        shape = tuple(lengths[0] if len({*lengths}) == 1 else None for lengths in zip(*[value.shape for value in values], strict=True))
        return Given(shape, values[0].dtype, masks[0].shape if masks else None)

    def of_layer(self, layer: Layer, args: tuple[Structure, ...], kwargs: dict[str, Structure], masked: bool = False) -> Replacement | None:
        """The model for a layer that is called with such tensors (`Given`)."""
        try:
            return self.translated(layer, lowered(layer, args, kwargs, self.host, self.flags), masked)
        except LoadstoneError as error:
            self.problems.append((layer, layer.class_name, error.message))
        except NoOperation as reason:
            self.problems.append((layer, layer.class_name, str(reason)))
        return None

    def translated(self, layer: Layer, low: Lowered, masked: bool = False) -> Replacement:
        """The model of what a layer was lowered to. Raises NoOperation with everything that has none."""
        if low.b.state:
            raise NoOperation("it has state that lives from call to call")
        t = Translation(layer.name.replace("/", "_"), layer.path or layer.name)
        entries = {}
        for number, (value, mask) in enumerate(low.inputs):
            entries[number, False] = t.input(value)
            if mask is not None:
                entries[number, True] = t.input(mask, t.fact(value))
        for weight in low.weights:
            name = t.unique(f"{t.name}_{weight.name}")
            t.hold(weight.value, held(name, t.path, weight.tensor, weight.trainable))
        values = [traced.value for traced in low.outputs]
        masks = [traced.mask if masked else None for traced in low.outputs]
        t.block(low.b.block, [value for value in (*values, *masks) if value is not None])
        if t.problems:
            told = "; ".join(f"{kind} ({reason})" for kind, reason in t.problems.items())
            raise NoOperation(f"there are no operations for {told}")
        ends = [self._end(t, value, mask) for value, mask in zip(values, masks, strict=True)]
        if not low.weights and any(dtypes.is_float(tensor.dtype) for inner in layer.walk() for tensor in inner.weights.values()):
            self.findings.append(Finding("info", f"the weights of this {layer.class_name} do not train in the new file", layer.path))
        return assembled(layer, t, entries, ends, self.trains(layer))

    def _end(self, t: Translation, value: Value | None, mask: Value | None) -> Output:
        """An output of the model: in its dtype, made by a call, with its mask."""
        assert value is not None
        end = t.tensor(value)
        layer = end.node.layer
        cast = end.node.op == "Cast" and layer is not None and layer.config["dtype"] == value.dtype
        if end.node.op == "InputLayer" or (dtypes.is_integer(value.dtype) and not cast):
            end = t("Cast", end, dtype=value.dtype)
        return end if mask is None else _masked(t, end, value, t.tensor(mask))

    # -- around the model -----------------------------------------------------------------------------------------------

    def raise_problems(self) -> None:
        """Raise UnsupportedOps with everything that could not be made."""
        if not self.problems:
            return
        lines = [f"{kind} (at {layer.path or layer.name}): {reason}" for layer, kind, reason in self.problems]
        counts: dict[str, tuple[int, str]] = {}
        for layer, kind, _ in self.problems:
            counts[kind] = (counts.get(kind, (0, ""))[0] + 1, counts.get(kind, (0, layer.path or layer.name))[1])
        raise UnsupportedOps(
            "today's Keras has none of these layers, and they cannot be made of what it has:\n"
            + "\n".join(f"  - {line}" for line in lines),
            ops=counts,
        )


def _masked(t: Translation, x: Output, value: Value, mask: Output) -> Output:
    """x with a mask that later layers see: an Identity passes on what the model around it is called with."""
    name = t.unique(f"{t.name}_masked")
    entry = Layer("InputLayer", f"{name}_input", {"batch_shape": list(value.shape), "dtype": value.dtype}, path=f"{t.path}/{name}/input")
    identity = Layer("Identity", f"{name}_identity", {}, path=f"{t.path}/{name}/identity")
    identity.policy = _policy(value.dtype)
    start = Node("keras", "InputLayer", entry.name, layer=entry)
    end = Node("keras", "Identity", identity.name, (Output(start),), layer=identity)
    graph = Graph([start, end], [start], Output(start), Output(end), [entry, identity])
    return t.called(Layer("Functional", name, {}, graph=graph, path=f"{t.path}/{name}"), x, mask=mask)


def _policy(dtype: str) -> Policy:
    return Policy(dtype, dtype, dtype) if dtypes.is_float(dtype) else Policy()


def assembled(
    layer: Layer, t: Translation, entries: Mapping[tuple[int, bool], Node], ends: Sequence[Output], trainable: bool
) -> Replacement:
    """The model of the nodes that the outputs need, and of the inputs that those need."""
    needed: set[int] = set()
    stack = [end.node for end in ends]
    while stack:
        node = stack.pop()
        if id(node) not in needed:
            needed.add(id(node))
            stack.extend(leaf.node for leaf in node.outputs_used())
    nodes = [node for node in t.nodes if id(node) in needed]
    takes = tuple(place for place, node in entries.items() if id(node) in needed)
    inputs = [entries[place] for place in takes]
    calls: dict[int, int] = {}
    for node in nodes:  # calls of a layer that are left are counted anew
        node.index = calls.get(id(node.layer), 0)
        calls[id(node.layer)] = node.index + 1
    given: Structure = [Output(node) for node in inputs]
    listed = list({id(node.layer): node.layer for node in nodes if node.layer is not None}.values())
    graph = Graph(nodes, inputs, given[0] if len(given) == 1 else given, ends[0] if len(ends) == 1 else list(ends), listed)
    made = Layer("Functional", layer.name, {}, graph=graph, trainable=trainable, path=layer.path)
    return Replacement(made, takes)
