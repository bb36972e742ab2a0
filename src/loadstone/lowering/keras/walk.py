"""The walk over a layered model: calls each node's rule in order, with Keras' semantics of a call around it.

Around every rule, as `keras.Layer.__call__` does (keras/src/layers/layer.py): masks travel beside tensors, float inputs are
cast to the layer's compute dtype, `training` reaches inner layers. What cannot be lowered does not stop the walk: its outputs
are unknown, everything else is still checked, and `Walk.raise_problems` reports all of it at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loadstone.custom import Missing
from loadstone.custom.hosting import Host
from loadstone.custom.lambdas import refusal
from loadstone.custom.report import hint, message
from loadstone.errors import (
    MALFORMED,
    LoadstoneError,
    LoweringError,
    MissingCustomObjects,
    ModelError,
    UnsupportedAttribute,
    UnsupportedOps,
)
from loadstone.ir import Finding, Graph, Layer, Node, Output, Structure, Tensor, dtypes, flatten, map_structure
from loadstone.ir.records import dataclass
from loadstone.lowering.block import Shape, Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.given_rules import given_rule, given_weights, note
from loadstone.lowering.keras.hosted import call_given
from loadstone.lowering.keras.refused import reason
from loadstone.lowering.registry import Registry, Rule, check_options, keras_layer, keras_op

FIRST_ARGUMENT = ("inputs", "x", "sequence", "sequences", "input", "data")
# Layers of Keras 3 that return the very tensor that they are given when they predict.
_RETURNS_INPUT = frozenset(
    "Activation ActivityRegularization AlphaDropout Dropout GaussianDropout GaussianNoise Identity "
    "SpatialDropout1D SpatialDropout2D SpatialDropout3D".split()
)


@dataclass(eq=False)
class Traced:
    """A tensor on its way through the model: the value (None where a layer before could not be lowered) and its mask.

    A mask belongs to the tensor, as Keras' `_keras_mask` does: what a call changes of it holds for all that use the tensor later.
    """

    value: Value | None
    mask: Value | None = None


@dataclass
class Call:
    """A call with its arguments by parameter name: structures whose leaves are Values and plain Python values.

    masks has, for each argument that holds tensors, the same structure of masks (None where there is none).
    training is True or False where the call or one around it fixes it, else None (inference). explicit is true where the
    call itself says what its `mask` argument is.
    """

    layer: Layer
    arguments: dict[str, Structure]
    masks: dict[str, Structure]
    training: bool | None
    explicit: bool = False

    @property
    def first(self) -> Structure:
        """The first argument."""
        return next(iter(self.arguments.values()))

    @property
    def mask(self) -> Structure:
        """What reaches a `mask` parameter: the mask given in the call, else the one that Keras fills in (`ir.MaskRules`)."""
        if self.explicit:
            return self.arguments.get("mask")
        if self.layer.masks.argument == "only" and sum(map(_holds_tensors, self.arguments.values())) != 1:
            return None
        return next(iter(self.masks.values()), None)

    @property
    def previous_mask(self) -> Structure:
        """What the layer's own `compute_mask` starts from: the masks of the outputs come from this one."""
        if self.explicit and self.layer.masks.previous == "given":
            return self.arguments.get("mask")
        if self.layer.masks.previous == "single" and not isinstance(self.first, Value):
            return None
        return next(iter(self.masks.values()), None)


@dataclass
class Trace:
    """What one call of a layer returned, for `summary`: specs of its outputs, None where unknown."""

    outputs: Structure


class Walk:
    """State of one walk: the builder, what each layer returned, and the problems found so far."""

    def __init__(self, b: Builder, host: Host | None = None) -> None:
        self.b = b
        self.host = host  # makes calls of layers that the caller supplied ready
        self.traces: dict[int, list[Trace]] = {}
        self.reached: dict[Node, list[Traced] | None] = {}  # what each node gave when it last ran
        self.unsupported: dict[str, list[str]] = {}
        self.reasons: dict[str, str] = {}
        self.problems: list[LoadstoneError] = []
        self.findings: list[Finding] = []

    # -- graphs ---------------------------------------------------------------------------------------------------

    def graph(self, graph: Graph, inputs: list[Traced], training: bool | None) -> Structure:
        """Run a graph on its inputs, one for each of `graph.inputs`; the outputs as a structure of Traced."""
        env: dict[Node, list[Traced] | None] = {}
        for node, given in zip(graph.inputs, inputs, strict=True):
            env[node] = [given]
        for node in graph.nodes:
            if node in env:
                continue
            args, kwargs = (map_structure(lambda leaf: self.resolve(leaf, env), part) for part in (node.args, node.kwargs))
            registry = keras_op if node.domain == "keras.ops" else keras_layer
            assert node.layer is not None
            outputs = self.call(node.layer, args, kwargs, training, registry)
            env[node] = None if outputs is None else flatten(outputs)
        self.reached.update(env)
        return map_structure(lambda leaf: self.resolve(leaf, env), graph.outputs)

    def resolve(self, leaf: Any, env: dict[Node, list[Traced] | None]) -> Any:
        """The tensor that an argument of a call stands for; other arguments as they are."""
        if not isinstance(leaf, Output):
            return leaf
        outputs = env[leaf.node]
        if outputs is None:
            return Traced(None)
        if leaf.index >= len(outputs):
            raise ModelError(f"{leaf.node.name} has {len(outputs)} outputs; number {leaf.index} is used")
        traced = outputs[leaf.index]
        if traced.value is not None and leaf.shape is not None and not _agree(traced.value.shape, leaf.shape):
            message = f"the file says that {leaf.node.op} gives a tensor of shape {leaf.shape}; by its config it gives {traced.value.shape}"
            finding = Finding("warning", message, leaf.node.name)
            if finding not in self.findings:
                self.findings.append(finding)
        return traced

    # -- calls ----------------------------------------------------------------------------------------------------

    def call(
        self,
        layer: Layer,
        args: tuple[Structure, ...],
        kwargs: dict[str, Structure],
        training: bool | None = None,
        registry: Registry = keras_layer,
    ) -> Structure | None:
        """Call a layer on structures of Traced; its outputs likewise, None where they cannot be known."""
        kwargs = dict(kwargs)
        fixed = kwargs.pop("training", None)
        training = training if fixed is None else bool(fixed)
        with self.b.scope(layer.path or layer.name):
            try:
                outputs = self._dispatch(layer, args, kwargs, training, registry)
            except (LoweringError, ModelError) as error:
                self.problems.append(error.at(where=layer.path or layer.name))
                outputs = None
            except MALFORMED as error:
                told = ModelError(f"{layer.class_name} has a config that Keras does not write: {type(error).__name__}: {error}")
                told.__cause__ = error
                self.problems.append(told.at(where=layer.path or layer.name))
                outputs = None
        self.traces.setdefault(id(layer), []).append(Trace(outputs))
        return outputs

    def _dispatch(
        self, layer: Layer, args: tuple[Structure, ...], kwargs: dict[str, Structure], training: bool | None, registry: Registry
    ) -> Structure | None:
        own = given_rule(layer)
        if layer.given is not None and own is None:
            known = all(leaf.value is not None for leaf in flatten((args, kwargs)) if isinstance(leaf, Traced))
            return call_given(self, layer, args, kwargs, training) if known else None
        rule = own or registry.get(layer.class_name)
        if layer.graph is not None and (rule is None or not rule.raw):
            return self._nested(layer, args, kwargs, training)
        if rule is None:
            self.unsupported.setdefault(layer.class_name, []).append(layer.path or layer.name)
            self.reasons[layer.class_name] = reason(layer)
            return None
        check_options(layer, rule)
        if training and own is None:
            _refuse_dropout(layer)
        if any(isinstance(leaf, Traced) and leaf.value is None for leaf in flatten((args, kwargs))):
            return None
        call = _bind(self.b, layer, rule, args, kwargs, training)
        if rule.raw:
            outputs = rule.function(self, layer, call)
            return map_structure(lambda leaf: Traced(leaf.value), outputs) if layer.masks.drops and outputs is not None else outputs
        outputs = self._ruled(layer, rule, call)
        if layer.masks.takes:
            _take_masks(layer, args, kwargs)
        if _is_the_input(layer, outputs, args):
            return args[0]
        kept = _returned(layer, outputs, (args, kwargs))
        if kept is not None:
            return kept
        if rule.masking == "stop" or layer.masks.drops:
            return map_structure(Traced, outputs)
        masks = call.previous_mask if rule.masking == "pass" else rule.masking(self.b, layer, call)
        return with_masks(outputs, masks)

    def _ruled(self, layer: Layer, rule: Rule, call: Call) -> Structure:
        """What a rule gives; what one of the caller's own raises, as a ModelError that says where."""
        arguments = {**_parameters(rule, call), **self.weights(layer, rule)}
        if layer.given is None:
            return rule.function(self.b, layer, **arguments)
        note(self.b, layer)
        try:
            outputs: Structure = rule.function(self.b, layer, **arguments)
        except LoadstoneError:
            raise
        except Exception as error:  # the code is the user's: anything may come out of it
            raise ModelError(f"the rule for {layer.class_name} raised {type(error).__name__}: {error}") from error
        if not flatten(outputs) or not all(isinstance(leaf, Value) for leaf in flatten(outputs)):
            raise ModelError(f"the rule for {layer.class_name} returned a {type(outputs).__name__}, not what operators of its b gave")
        return outputs

    def weights(self, layer: Layer, rule: Rule) -> dict[str, Value]:
        """The weights that the rule declares, in the compute dtype where the rule autocasts; others are an error."""
        if rule.weights == ("*",):
            return {"weights": [self.b.weight(tensor) for tensor in layer.weights.values()]}  # type: ignore[dict-item]
        wanted = {name.rstrip("?"): name.endswith("?") for name in rule.weights}
        stored = layer.weights if layer.given is None else given_weights(layer, rule)
        missing = [name for name, optional in wanted.items() if not optional and name not in stored]
        unknown = [name for name in stored if name not in wanted]
        if missing or unknown:
            raise ModelError(
                f"the weights of a {layer.class_name} are {', '.join(rule.weights)}; this one has {', '.join(layer.weights) or 'none'}"
            )
        values = {name: self.b.weight(tensor) for name, tensor in stored.items()}
        if rule.autocast is True:
            values = {name: self.b.cast(v, layer.policy.compute) if dtypes.is_float(v.dtype) else v for name, v in values.items()}
        return values

    def rule_inside(self, layer: Layer, *known: str) -> Rule:
        """The rule of a layer inside a wrapper, its options checked; one of the classes `known`."""
        if layer.given is not None or layer.class_name not in known:
            raise UnsupportedAttribute(f"a {layer.class_name} inside a layer that takes {', '.join(known)}")
        rule = keras_layer[layer.class_name]
        check_options(layer, rule)
        return rule

    def _nested(self, layer: Layer, args: tuple[Structure, ...], kwargs: dict[str, Structure], training: bool | None) -> Structure:
        """Call a Sequential or Functional model inside another."""
        assert layer.graph is not None
        given = args[0] if args else next((kwargs[k] for k in FIRST_ARGUMENT if k in kwargs), None)
        surplus = set(kwargs) - {"mask", *FIRST_ARGUMENT}
        if len(args) > 1 or surplus:
            raise UnsupportedAttribute(f"a nested model is called with {', '.join(sorted(surplus)) or 'several arguments'}")
        inputs = match_inputs(layer.graph, given)
        if kwargs.get("mask") is not None:
            masks = [m.value if isinstance(m, Traced) else None for m in flatten(kwargs["mask"])]
        else:
            masks = [None] * len(inputs)
        ready = [self.traced_input(node, x) for node, x in zip(layer.graph.inputs, inputs, strict=True)]
        for x, mask in zip(ready, masks, strict=True):
            x.mask = x.mask if mask is None else mask
        return self.graph(layer.graph, ready, training)

    def traced_input(self, node: Node, x: Traced) -> Traced:
        """The tensor as an InputLayer of a nested model takes it: itself where nothing has to change."""
        value = None if x.value is None else self.as_input(node, x.value)
        return x if value is x.value else Traced(value, x.mask)

    def as_input(self, node: Node, x: Value) -> Value:
        """x as an InputLayer of a nested model takes it: in its dtype, with a trailing axis of 1 added or removed.

        keras/src/models/functional.py, `_standardize_inputs` and `_adjust_input_rank`.
        """
        assert node.layer is not None
        shape = node.layer.config["batch_shape"]
        if shape is not None and x.rank == len(shape) + 1 and x.shape[-1] == 1:
            x = self.b.squeeze(x, -1)
        elif shape is not None and x.rank == len(shape) - 1 and shape[-1] == 1:
            x = self.b.unsqueeze(x, -1)
        if shape is not None and (
            x.rank != len(shape) or any(None not in (d, s) and d != s for d, s in zip(x.shape[1:], shape[1:], strict=True))
        ):
            raise ModelError(f"input {node.name} has shape {tuple(shape)} and is given {x.shape}")
        return self.b.cast(x, node.layer.config["dtype"])

    # -- problems -------------------------------------------------------------------------------------------------

    @property
    def missing(self) -> list[Missing]:
        """What the caller has to supply, once each: functions in the file that cannot become part of a graph."""
        found = (m for p in self.problems if isinstance(p, MissingCustomObjects) for m in p.missing)
        return list({m.name: m for m in found if isinstance(m, Missing)}.values())

    def raise_problems(self) -> None:
        """Raise one error that names everything that could not be lowered."""
        if not self.problems and not self.unsupported:
            return
        lacking = self.missing
        if lacking and not self.unsupported and all(isinstance(p, MissingCustomObjects) for p in self.problems):
            raise MissingCustomObjects(message(lacking), missing=lacking, hint=hint(lacking))
        mistakes = [p for p in self.problems if isinstance(p, ModelError)]
        lines = [
            f"{name} ({len(paths)} times, first at {paths[0]})" + (f": {self.reasons[name]}" if self.reasons[name] else "")
            for name, paths in self.unsupported.items()
        ]
        others = [f"{p.message} (at {p.where})" for p in self.problems]
        if len(mistakes) == 1 and not lines and len(others) == 1:
            raise mistakes[0]
        if mistakes:
            raise ModelError("the model contradicts itself:\n" + "\n".join(f"  - {line}" for line in others + lines))
        if self.unsupported:
            ops = {name: (len(paths), paths[0]) for name, paths in self.unsupported.items()}
            raise UnsupportedOps(
                "not supported yet:\n" + "\n".join(f"  - {line}" for line in lines + others),
                ops=ops,
                hint="loadstone.inspect(path) shows all layers",
            )
        raise UnsupportedAttribute("not supported yet:\n" + "\n".join(f"  - {line}" for line in others))


def _agree(computed: Shape, stored: Shape) -> bool:
    """True where two shapes differ in no length that both know, the batch apart."""
    return len(computed) == len(stored) and all(None in (c, s) or c == s for c, s in zip(computed[1:], stored[1:], strict=True))


def match_inputs(graph: Graph, given: Structure) -> list[Traced]:
    """The tensors of a call in the order of the graph's inputs: by position, but from a dict by the keys of the model's own, or by name."""
    if isinstance(given, dict):
        entry = graph.input_structure
        names = sorted(entry) if isinstance(entry, dict) else [node.name for node in graph.inputs]
        if set(names) <= set(given):
            given = [given[name] for name in names]
    tensors = [leaf for leaf in flatten(given) if isinstance(leaf, Traced)]
    if len(tensors) != len(graph.inputs):
        raise ModelError(f"a nested model with {len(graph.inputs)} inputs is called with {len(tensors)} tensors")
    return tensors


def _refuse_dropout(layer: Layer) -> None:
    """Dropout that a call makes active is random: that of a layer, and of the layers inside, such as cells."""
    for part in layer.walk():
        if any(part.config.get(option) for option in ("dropout", "dropout_rate", "recurrent_dropout")):
            raise UnsupportedAttribute(f"{part.class_name} with dropout called with training=True, which is random")


def _bind(b: Builder, layer: Layer, rule: Rule, args: tuple[Structure, ...], kwargs: dict[str, Structure], training: bool | None) -> Call:
    """Arguments by parameter name, masks apart, tensors cast as Keras casts them."""
    weights = {name.rstrip("?") for name in rule.weights}
    names = [p for p in rule.parameters[2:] if p not in weights] if not rule.raw else []
    given: dict[str, Structure] = {}
    for position, argument in enumerate(args):
        if not rule.raw and position >= len(names):
            raise UnsupportedAttribute(f"{layer.class_name} is called with {len(args)} positional arguments")
        given[names[position] if not rule.raw else ("inputs" if position == 0 else f"argument_{position}")] = argument
    for name, argument in kwargs.items():
        name = names[0] if not given and names and name in FIRST_ARGUMENT else name
        if name == "mask" or rule.raw or name in names:
            given[name] = argument
        elif argument is not None:
            raise UnsupportedAttribute(f"{layer.class_name} is called with {name}=")
    explicit = "mask" in given and (given["mask"] is not None or layer.masks.argument == "first")
    if given.get("mask") is None:
        given.pop("mask", None)
    lost = layer.masks.casts and bool(rule.autocast) and layer.domain == "keras"
    masks = {name: map_structure(lambda leaf: _mask(layer, lost, leaf), argument) for name, argument in given.items()}
    arguments = {name: map_structure(lambda leaf: _leaf(b, layer, rule, leaf), argument) for name, argument in given.items()}
    return Call(layer, arguments, masks, training, explicit)


def _mask(layer: Layer, lost: bool, leaf: Any) -> Value | None:
    """The mask that a tensor brings; `lost` where a cast to the layer's dtype takes it away."""
    if not isinstance(leaf, Traced) or leaf.value is None:
        return None
    cast = lost and leaf.value.dtype in dtypes.FLOATS and leaf.value.dtype != layer.policy.compute
    return None if cast else leaf.mask


def _leaf(b: Builder, layer: Layer, rule: Rule, leaf: Any) -> Any:
    value = leaf.value if isinstance(leaf, Traced) else b.weight(leaf) if isinstance(leaf, Tensor) else leaf
    if isinstance(value, Value) and rule.autocast and layer.domain == "keras" and value.dtype in dtypes.FLOATS:
        return b.cast(value, layer.policy.compute)
    return value


def _holds_tensors(argument: Structure) -> bool:
    """True for an argument that Keras counts as tensors: one, or a structure of nothing else (CallSpec in layer.py)."""
    leaves = flatten(argument)
    return bool(leaves) and all(isinstance(leaf, Value) for leaf in leaves)


def _parameters(rule: Rule, call: Call) -> dict[str, Any]:
    """What the rule's function takes: the arguments, and the masks and `training` that its parameters ask for."""
    found = {name: value for name, value in call.arguments.items() if name in rule.parameters}
    for name in rule.parameters[2:]:
        if name == "training":
            found[name] = call.training
        elif name == "mask":
            found[name] = call.mask
        elif name.endswith("_mask") and (name not in found or _is_taken(call, name)) and name.removesuffix("_mask") in call.masks:
            found[name] = call.masks[name.removesuffix("_mask")]
    return found


def _is_taken(call: Call, name: str) -> bool:
    """True for the argument whose mask Keras reads off the tensor, whatever the call says."""
    return name == "query_mask" and call.layer.masks.takes


def _take_masks(layer: Layer, args: tuple[Structure, ...], kwargs: dict[str, Structure]) -> None:
    """No mask any more on the tensors of a call, those apart that Keras casts and so copies first."""
    for leaf in (*args[:3], *(kwargs.get(name) for name in ("query", "value", "key"))):
        if isinstance(leaf, Traced) and leaf.value is not None:
            cast = leaf.value.dtype in dtypes.FLOATS and leaf.value.dtype != layer.policy.compute
            leaf.mask = leaf.mask if cast else None


def _is_the_input(layer: Layer, outputs: Structure, args: tuple[Structure, ...]) -> bool:
    keeps = layer.domain == "keras" and layer.class_name in _RETURNS_INPUT and not layer.masks.inner
    return keeps and bool(args) and isinstance(args[0], Traced) and outputs is args[0].value


def _returned(layer: Layer, outputs: Structure, given: Structure) -> Structure | None:
    """The given tensors with their masks, where a Lambda returns these alone and that keeps them; None for anything else."""
    if layer.class_name != "Lambda" or layer.masks.returned == "ends":
        return None
    masked = {id(leaf.value): leaf for leaf in flatten(given) if isinstance(leaf, Traced) and leaf.mask is not None}
    found = flatten(outputs)
    if not found or not all(id(value) in masked for value in found):
        return None
    if layer.masks.returned == "unknown":
        reason = "it returns its input, whose mask ends there in TensorFlow 1 and goes on in TensorFlow 2, and the file tells neither"
        raise refusal(layer, layer.function.function, reason)
    return map_structure(lambda value: masked[id(value)], outputs)


def with_masks(outputs: Structure, masks: Structure) -> Structure:
    """Outputs with their masks, in flattened order; a mask alone belongs to the first output."""
    flat = flatten(masks)
    pairs: Iterator[Value | None] = iter(flat + [None] * len(flatten(outputs)))
    return map_structure(lambda value: Traced(value, next(pairs)), outputs)
