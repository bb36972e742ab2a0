"""A model as one ONNX graph by itself, for a file: what `onnx.encode_model` writes without the conventions of a program's segments.

Inputs and outputs have the names that a Keras user knows: those of the model's inputs, and of the layers that give its outputs. bfloat16
crosses the border as float32, exact both ways: numpy has no such type, and no binding of onnxruntime gives it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from loadstone.custom.hosting import Host
from loadstone.errors import LoweringError, UnsupportedOps
from loadstone.ir import Model, Spec, dtypes
from loadstone.ir.records import dataclass, field
from loadstone.lowering.block import OPSET, Block, Op, Shape, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.finish import Emitted, optimize
from loadstone.lowering.lower import emit
from loadstone.lowering.onnx import AS_FLOAT32
from loadstone.lowering.passes.batch_axis import samples_apart
from loadstone.lowering.passes.batch_rules import RULES
from loadstone.lowering.passes.host_forms import write_out
from loadstone.lowering.passes.layout import Perm, inverse, permuted
from loadstone.lowering.passes.opsets import at_opset
from loadstone.lowering.program import keep_needed

Names = Mapping[str, str] | Sequence[str]


@dataclass(frozen=True)
class OnnxOptions:
    """How a file is to look from outside.

    input_names, output_names: new names, all in order or some by the old ones. shapes: lengths of inputs that shall not be free, by the
    model's names and in its order of axes. channels_first: True for all inputs of rank 4, or names of inputs and outputs whose last axis is
    to come second.
    """

    opset: int = OPSET
    input_names: Names | None = None
    output_names: Names | None = None
    shapes: Mapping[str, Sequence[int | None]] = field(default_factory=dict)
    channels_first: bool | Sequence[str] = False


class Port(NamedTuple):
    """An input or output of the model: its spec there, its name in the file, and the axes of the file in those of the model (None: as they are)."""

    spec: Spec
    name: str
    perm: Perm | None = None


class OnnxGraph(NamedTuple):
    """The graph with its inputs and outputs in the model's order; axes as `onnx.Labels` has them."""

    block: Block
    inputs: list[Port]
    outputs: list[Port]
    axes: dict[str, list[str | None]]


def onnx_block(model: Model, host: Host | None = None) -> Block:
    """The graph alone, in `OPSET`, whose inputs and outputs have the names of the model's. Raises as `onnx_graph`."""
    return onnx_graph(model, host).block


def onnx_graph(model: Model, host: Host | None = None, options: OnnxOptions | None = None) -> OnnxGraph:
    """The graph as the options want it.

    Raises what lowering raises; UnsupportedOps for what has no form in ONNX and is a Python call here, or none in the opset, LoweringError
    for state, all of it at once; ValueError for options that do not fit the model.
    """
    options = options or OnnxOptions()
    emitted = _emitted(model, host, options)
    b = emitted.b
    write_out(b)
    names = _new_names([spec for spec, _ in emitted.inputs], options.input_names, "input", set())
    ends = _new_names([spec for spec, _ in emitted.outputs], options.output_names, "output", set(names))
    first, last = _turned(model, emitted, options.channels_first)
    inputs = [Port(spec, name, first.get(spec.name)) for (spec, _), name in zip(emitted.inputs, names, strict=True)]
    outputs = [Port(spec, name, last.get(spec.name)) for (spec, _), name in zip(emitted.outputs, ends, strict=True)]
    given = [_outer(b, value, port) for (_, value), port in zip(emitted.inputs, inputs, strict=True)]
    values = [_ending(b, value, port) for (_, value), port in zip(emitted.outputs, outputs, strict=True)]
    optimize(b, values)
    keep_needed(b, values)
    apart = samples_apart(Block(b.block.ops, given, values), bool(b.state), RULES) is None
    _raise_refused(b, at_opset(b, options.opset), options.opset)
    keep_needed(b, values)
    block = _named(b, given, inputs, values, outputs)
    return OnnxGraph(block, inputs, outputs, _axes(block, apart, model.root is not None))


def _emitted(model: Model, host: Host | None, options: OnnxOptions) -> Emitted:
    """What lowering emits, with the lengths that are wished for."""
    if not options.shapes:
        try:
            return emit(model, host)
        except LoweringError as error:
            if model.root is None and error.hint is None:
                error.hint = "it may be written for inputs of one shape: shapes={...}, or --shape NAME=1,224,224,3"
            raise
    shapes = {name: tuple(shape) for name, shape in options.shapes.items()}
    known = {spec.name: spec for spec in _specs(model)}
    for name, shape in shapes.items():
        if name not in known:
            raise ValueError(f"shape of {name!r}: the model's inputs are {', '.join(map(repr, known))}")
        own = known[name].shape
        if own is not None and (len(own) != len(shape) or any(d not in (None, given) for d, given in zip(own, shape, strict=True))):
            raise ValueError(f"shape of {name!r}: {list(shape)} does not fit the input's {list(own)}")
    return emit(model, host, shapes)


def _specs(model: Model) -> list[Spec]:
    """The inputs as the model has them, a batch size that it was made with being free."""
    if model.root is None:
        from loadstone.lowering.tensorflow.lower import inputs_of

        assert model.graph is not None
        return inputs_of(model.graph)
    assert model.root.graph is not None
    configs = [(node.name, node.layer.config) for node in model.root.graph.inputs if node.layer is not None]
    return [Spec(name, (None, *config["batch_shape"][1:]), config["dtype"]) for name, config in configs]


def _new_names(specs: Sequence[Spec], wished: Names | None, what: str, taken: set[str]) -> list[str]:
    """Names in the file, each once."""
    own = [spec.name for spec in specs]
    if isinstance(wished, Mapping):
        unknown = [name for name in wished if name not in own]
        if unknown:
            raise ValueError(f"the model has no {what} {unknown[0]!r}; it has {', '.join(map(repr, own))}")
        chosen = [wished.get(name, name) for name in own]
    elif wished is not None:
        if len(wished) != len(own):
            raise ValueError(f"{len(wished)} names for {len(own)} {what}s: {', '.join(map(repr, own))}")
        chosen = list(wished)
    else:
        chosen = own
    names: list[str] = []
    for old, name in zip(own, chosen, strict=True):
        if wished is not None and name != old and name in {*names, *taken}:
            raise ValueError(f"two inputs or outputs would be named {name!r}")
        count, fresh = 0, name
        while fresh in taken or fresh in names:
            count += 1
            fresh = f"{name}_{count}"
        names.append(fresh)
    return names


def _turned(model: Model, emitted: Emitted, wished: bool | Sequence[str]) -> tuple[dict[str, Perm], dict[str, Perm]]:
    """Of inputs and outputs whose channels are to come second, by name: the axes of the model out of those in the file."""
    inputs, outputs = ({spec.name: value.rank for spec, value in ports} for ports in (emitted.inputs, emitted.outputs))
    if wished is True:
        formats = {layer.config.get("data_format") for layer in model.root.walk()} if model.root is not None else set()
        if "channels_first" in formats and "channels_last" not in formats:
            return {}, {}  # it is made for such images
        wished = [name for name, rank in inputs.items() if rank == 4]
        if not wished:
            raise ValueError("no input of the model is an image (batch, height, width, channels)")
    turned: tuple[dict[str, Perm], dict[str, Perm]] = ({}, {})
    for name in wished or ():
        where, rank = (0, inputs[name]) if name in inputs else (1, outputs.get(name, 0))
        if rank < 3:
            known = f"has {rank} axes" if name in {**inputs, **outputs} else f"is not among {', '.join(map(repr, {**inputs, **outputs}))}"
            raise ValueError(f"channels first for {name!r}, which {known}")
        turned[where][name] = (0, *range(2, rank), 1)
    return turned


def _outer(b: Builder, value: Value, port: Port) -> Value:
    """The input of the file for an input of the model."""
    first = b.block.inputs.index(value)
    for kind, shape, dtype, attributes in _border(value, port):
        outer = Value(b.unique(f"{port.spec.name}/outer"), shape, dtype)
        b.block.ops.insert(0, Op(kind, [outer], [value], attributes))
        b.block.inputs[first] = value = outer
    return value


def _border(value: Value, port: Port) -> Iterator[tuple[str, Shape, str, dict[str, object]]]:
    """What is done to what comes in, from inside out: the op, and shape and dtype of what it takes."""
    shape = value.shape
    if port.perm is not None:
        shape = permuted(shape, inverse(port.perm))
        yield "Transpose", shape, value.dtype, {"perm": list(port.perm)}
    if value.dtype in AS_FLOAT32:
        yield "Cast", shape, "float32", {"to": dtypes.to_onnx(value.dtype)}


def _ending(b: Builder, value: Value, port: Port) -> Value:
    """The output of the file for an output of the model."""
    if port.perm is not None:
        value = b.transpose(value, inverse(port.perm))
    return b.cast(value, "float32") if value.dtype in AS_FLOAT32 else value


def _raise_refused(b: Builder, newer: Mapping[str, tuple[int, str]], opset: int) -> None:
    """Everything at once that an ONNX file of this opset cannot hold."""
    calls = Counter(op.kind for op in _all_ops(b.block) if op.domain == "host")
    first = {op.kind: op.origin for op in reversed(list(_all_ops(b.block))) if op.domain == "host"}
    ops = {kind: (count, first[kind]) for kind, count in calls.items()}
    lines = [f"{kind} ({count} times, one at {at}): it has no form in ONNX and is a Python call" for kind, (count, at) in ops.items()]
    lines += [f"{what} ({count} times, one at {at}): opset {opset} does not have it" for what, (count, at) in newer.items()]
    states = [f"{name.removeprefix('state/')}: state that lives from call to call" for name in b.state]
    if not lines and not states:
        return
    message = "an ONNX file cannot hold these:\n" + "\n".join(f"  - {line}" for line in lines + states)
    if lines:
        hint = None if not newer or opset >= OPSET else f"opset {OPSET} has more"
        raise UnsupportedOps(message, ops={**ops, **newer}, hint=hint)
    raise LoweringError(message)


def _named(b: Builder, given: list[Value], inputs: list[Port], values: list[Value], outputs: list[Port]) -> Block:
    """The block with the names of the file; what is inside gives up names that inputs and outputs have."""
    names = {value.name: port.name for value, port in zip(given, inputs, strict=True)}
    made = {value.name for op in b.block.ops for value in op.outputs}
    ends = []
    for value, port in zip(values, outputs, strict=True):
        if value.name in made and value.name not in names:
            names[value.name] = port.name
        ends.append(Value(port.name, value.shape, value.dtype))
    outer = {port.name for port in (*inputs, *outputs)}
    for value in _all_values(b.block.ops):
        if value.name in outer and value.name not in names:
            names[value.name] = b.unique(f"{value.name}/inside")
    everything = {id(value): value for value in [*given, *values, *_all_values(b.block.ops)]}
    for value in everything.values():
        value.name = names.get(value.name, value.name)
    ops = list(b.block.ops)
    ops += [Op("Identity", [value], [end], {}) for value, end in zip(values, ends, strict=True) if value.name != end.name]
    return Block(ops, given, ends)


def _axes(block: Block, apart: bool, layered: bool) -> dict[str, list[str | None]]:
    """Names of free lengths: "batch" for what is known to be one, or is an input's of a layered model; others by their input or output."""
    shared = layered or len(block.inputs) == 1
    found: dict[str, list[str | None]] = {}
    for value in (*block.inputs, *block.outputs):
        names = [f"{value.name}_dim{axis}" if length is None else None for axis, length in enumerate(value.shape)]
        if names and names[0] and (apart or (shared and value in block.inputs)):
            names[0] = "batch"
        found[value.name] = names
    return found


def _all_values(ops: Sequence[Op]) -> Iterator[Value]:
    for op in ops:
        yield from (value for value in op.inputs if value is not None)
        yield from op.outputs
        for body in op.bodies():
            yield from body.inputs
            yield from body.outputs
            yield from _all_values(body.ops)


def _all_ops(block: Block) -> Iterator[Op]:
    for op in block.ops:
        yield op
        for body in op.bodies():
            yield from _all_ops(body)
