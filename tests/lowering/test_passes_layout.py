"""The passes that let a region of convolutions stay channels-first: what is left of it, and that the numbers stay."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loadstone.ir import Layer, Spec, Tensor
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.walk import Traced, Walk
from loadstone.lowering.passes.channels import fold_channels
from loadstone.lowering.passes.layout import merge_transposes
from loadstone.lowering.program import assemble, keep_needed
from loadstone.runtime import Executor


class Net:
    """A network of Keras layers with random weights, layer by layer; `channels` of an image come last."""

    def __init__(self, *shape: int | None) -> None:
        self.walk = Walk(Builder())
        self.x = self.walk.b.input("x", (None, *shape), "float32")
        self.random = np.random.default_rng(0)

    def __call__(self, class_name: str, *inputs: Value, **config: Any) -> Value:
        layer = Layer(
            class_name, f"{class_name}_{self.random.integers(10**9)}", {"activation": None, **config} if "Conv" in class_name else config
        )
        for name, shape in self._weights(class_name, inputs[0], config).items():
            values = self.random.standard_normal(shape) * 0.3 + (1.5 if "variance" in name else 0)
            layer.weights[name] = Tensor.of(values, "float32")
        given = [Traced(x) for x in inputs]
        traced = self.walk.call(layer, (given[0] if len(given) == 1 else given,), {})
        self.walk.raise_problems()
        assert isinstance(traced, Traced) and traced.value is not None
        return traced.value

    def _weights(self, class_name: str, x: Value, config: dict[str, Any]) -> dict[str, tuple[int, ...]]:
        channels = x.shape[-1] or 0
        if class_name == "Conv2D":
            return {"kernel": (*config["kernel_size"], channels, config["filters"]), "bias": (config["filters"],)}
        if class_name == "DepthwiseConv2D":
            return {"kernel": (*config["kernel_size"], channels, 1), "bias": (channels,)}
        if class_name == "BatchNormalization":
            return dict.fromkeys(("gamma", "beta", "moving_mean", "moving_variance"), (channels,))
        if class_name == "PReLU":
            return {"alpha": (1, 1, channels)}
        return {"kernel": (channels, config["units"]), "bias": (config["units"],)} if class_name == "Dense" else {}

    def conv(self, x: Value, filters: int = 4, window: int = 3, strides: int = 1, kind: str = "Conv2D") -> Value:
        """A convolution with "same" padding."""
        own = {"filters": filters} if kind == "Conv2D" else {"depth_multiplier": 1}
        return self(kind, x, kernel_size=[window, window], strides=[strides, strides], padding="same", dilation_rate=[1, 1], **own)

    def norm(self, x: Value) -> Value:
        """A batch normalization."""
        return self("BatchNormalization", x, axis=-1, epsilon=1e-3)

    def kinds(self, *outputs: Value) -> Counter[str]:
        """The ops that are left after the passes."""
        b = self.walk.b
        keep_needed(b, outputs)
        merge_transposes(b, outputs)
        fold_channels(b, outputs)
        keep_needed(b, outputs)
        return Counter(op.kind for op in b.block.ops)


def _residual(net: Net, x: Value, filters: int = 4, strides: int = 1) -> Value:
    """As in ResNet: with a projection where the shape changes."""
    y = net("ReLU", net.norm(net.conv(x, filters, 1, strides)))
    y = net("ReLU", net.norm(net.conv(y, filters)))
    y = net.norm(net.conv(y, filters, 1))
    short = net.norm(net.conv(x, filters, 1, strides)) if strides > 1 else x
    return net("ReLU", net("Add", y, short))


def _inverted(net: Net, x: Value) -> Value:
    """As in MobileNetV2."""
    y = net("ReLU", net.norm(net.conv(x, 12, 1)), max_value=6.0)
    y = net("ReLU", net.norm(net.conv(net("ZeroPadding2D", y, padding=[[0, 1], [0, 1]]), kind="DepthwiseConv2D")), max_value=6.0)
    return net.norm(net.conv(net("Cropping2D", y, cropping=[[0, 1], [1, 0]]), x.shape[-1] or 0, 1))


def _gated(net: Net, x: Value) -> Value:
    """Squeeze and excitation, as in EfficientNet."""
    gate = net("GlobalAveragePooling2D", x, keepdims=True)
    gate = net("Activation", net.conv(gate, x.shape[-1] or 0, 1), activation="sigmoid")
    return net("Multiply", x, gate)


def test_a_residual_network_has_a_transpose_at_its_entrance_alone() -> None:
    net = Net(16, 16, 3)
    x = net("MaxPooling2D", net.norm(net.conv(net.x, 4, 3, 2)), pool_size=[2, 2], strides=[2, 2], padding="same")
    x = _residual(net, _residual(net, x), 8, 2)
    y = net("Dense", net("GlobalAveragePooling2D", x), units=5, activation="softmax", use_bias=True)
    kinds = net.kinds(y)
    assert kinds["Transpose"] == 1
    assert kinds["Conv"] == 8
    assert kinds["Add"] == 3  # two sums, and the bias of Dense
    assert kinds["Mul"] == kinds["BatchNormalization"] == 0


def test_an_inverted_residual_block_has_a_transpose_at_its_entrance_alone() -> None:
    net = Net(9, 9, 4)
    y = net("Add", net.conv(net.x, 4), _inverted(net, net.conv(net.x, 4)))
    kinds = net.kinds(net("GlobalMaxPooling2D", y))
    assert kinds["Transpose"] == 1
    assert kinds["Mul"] == 0


def test_a_gate_keeps_the_layout() -> None:
    net = Net(9, 9, 4)
    assert net.kinds(net("Flatten", _gated(net, net.conv(net.x))))["Transpose"] == 2


def test_images_in_and_out_have_a_transpose_each() -> None:
    net = Net(None, None, 3)
    down = net.norm(net.conv(net.x, 4, 3, 2))
    up = net("UpSampling2D", net("PReLU", down, shared_axes=[1, 2]), size=[2, 2], interpolation="bilinear")
    y = net("Concatenate", up, net("UpSampling2D", down, size=[2, 2], interpolation="nearest"), axis=-1)
    kinds = net.kinds(net("Softmax", net.conv(y), axis=-1))
    assert kinds["Transpose"] == 2


def test_a_normalization_before_a_convolution_is_one_op() -> None:
    net = Net(9, 9, 4)
    x = net.conv(net.x)
    y = net.conv(net("ReLU", net.norm(net("Add", x, x))))
    kinds = net.kinds(net("GlobalMaxPooling2D", y))
    assert kinds["BatchNormalization"] == 1
    assert kinds["Mul"] == 0


def test_what_is_used_twice_is_not_folded() -> None:
    net = Net(9, 9, 4)
    x = net.conv(net.x)
    kinds = net.kinds(net("Add", net.norm(x), x))
    assert kinds["Conv"] == 1
    assert kinds["BatchNormalization"] == 1


@pytest.mark.parametrize("blocks", [(_residual,), (_inverted, _gated), (_gated, _residual, _inverted)])
def test_numbers_stay(blocks: tuple[Any, ...]) -> None:
    x = np.random.default_rng(1).standard_normal((3, 9, 9, 4)).astype(np.float32)
    results = []
    for passes in (False, True):
        net = Net(9, 9, 4)
        y = net.x
        for block in blocks:
            y = block(net, y)
        if passes:
            net.kinds(y)
        program = assemble(net.walk.b, [(Spec("x", net.x.shape, "float32"), net.x)], [(Spec("y", y.shape, "float32"), y)], 0)
        results.append(Executor(program, threads=1).run([x])[0])
    np.testing.assert_allclose(results[1], results[0], rtol=1e-4, atol=1e-5)


# -- any graph --------------------------------------------------------------------------------------------------------

_STEPS = (
    "transpose",
    "add",
    "relu",
    "scale",
    "concat",
    "pad",
    "slice",
    "mean",
    "flat_mean",
    "softmax",
    "gather",
    "resize",
    "shape",
    "reshape",
    "branch",
)


def _grown(b: Builder, x: Value, steps: list[tuple[str, int]]) -> list[Value]:
    """Values grown from x (2, 3, 4, 5) step by step; each takes one or two of those before."""
    found = [x]
    for kind, choice in steps:
        v = found[choice % len(found)]
        rank, axis = v.rank, choice % max(v.rank, 1)
        same = [w for w in found if w.shape == v.shape]
        other = same[(choice // 3) % len(same)]
        if rank == 0 or (rank < 3 and kind in ("flat_mean", "mean")):
            continue
        if kind == "transpose":
            order = list(np.random.default_rng(choice).permutation(rank))
            found.append(b.transpose(v, [int(k) for k in order]))
        elif kind == "add":
            found.append(b.Add(v, other))
        elif kind == "relu":
            found.append(b.Relu(v))
        elif kind == "scale":
            lengths = [d or 0 for d in v.shape[axis:]]
            found.append(b.Mul(v, b.const(np.random.default_rng(choice).standard_normal(lengths), "float32")))
        elif kind == "concat":
            found.append(b.Concat(v, other, axis=axis))
        elif kind == "pad":
            found.append(b.pad(v, [axis], [choice % 2], [1 + choice % 3], 0.5))
        elif kind == "slice":
            found.append(b.slice(v, axis, 0, max((v.shape[axis] or 0) - 1, 1)))
        elif kind in ("mean", "flat_mean"):
            found.append(b.ReduceMean(v, b.ints([axis]), keepdims=int(kind == "mean")))
        elif kind == "softmax":
            found.append(b.Softmax(v, axis=axis))
        elif kind == "gather":
            found.append(b.Gather(v, b.ints([0, (v.shape[axis] or 1) - 1]), axis=axis))
        elif kind == "resize":
            scales = b.const([2.0 if k == axis else 1.0 for k in range(rank)])
            found.append(b.Resize(v, None, scales, mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"))
        elif kind == "shape":
            found.append(b.Add(b.Mul(v, 0.5), b.cast(b.Gather(b.Shape(v), b.ints([axis]), axis=0), "float32")))
        elif kind == "reshape":
            found.append(b.reshape(v, [int(np.prod([d or 0 for d in v.shape]))]))
        elif kind == "branch":
            then, other_branch = b.inner(), b.inner()
            then.block.outputs = [then.Relu(v)]
            other_branch.block.outputs = [
                other_branch.transpose(other_branch.transpose(v, list(range(rank))[::-1]), list(range(rank))[::-1])
            ]
            found.append(b.op("If", b.Greater(b.ReduceMax(x, keepdims=0), 0.0), then_branch=then.block, else_branch=other_branch.block))
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(_STEPS), st.integers(0, 10**6)), min_size=3, max_size=14))
def test_any_graph_gives_the_same(steps: list[tuple[str, int]]) -> None:
    x = np.random.default_rng(2).standard_normal((2, 3, 4, 5)).astype(np.float32)
    results = []
    for passes in (False, True):
        b = Builder()
        value = b.input("x", x.shape, "float32")
        outputs = _grown(b, value, steps)[-3:]
        if passes:
            keep_needed(b, outputs)
            merge_transposes(b, outputs)
            fold_channels(b, outputs)
        specs = [(Spec(f"y{k}", v.shape, v.dtype), v) for k, v in enumerate(outputs)]
        results.append(Executor(assemble(b, [(Spec("x", x.shape, "float32"), value)], specs, 0), threads=1).run([x]))
    for got, want in zip(results[1], results[0], strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


def _prepared(net: Net) -> tuple[Value, Value]:
    """An image whose channels are scaled and padded before the first convolution, as applications do."""
    b = net.walk.b
    x = b.Div(b.Sub(net.x, b.const(np.array([0.1, 0.2, 0.3], np.float32))), b.const(np.array([1, 2, 4], np.float32)))
    return x, net("ZeroPadding2D", x, padding=[[0, 1], [0, 1]])


def test_an_image_is_transposed_before_it_is_prepared() -> None:
    net = Net(8, 8, 3)
    y = net.conv(_prepared(net)[1])
    assert net.kinds(y)["Transpose"] == 2  # and one at the exit
    ops = net.walk.b.block.ops
    assert [op.kind for op in ops if op.kind in ("Transpose", "Sub", "Div", "Pad")][:4] == ["Transpose", "Sub", "Div", "Pad"]


@pytest.mark.parametrize("shared", [False, True])
def test_what_else_takes_the_image_gets_it_as_it_was(shared: bool) -> None:
    net = Net(8, 8, 3)
    x, padded = _prepared(net)
    outputs = [net.conv(padded), *([x] if shared else [])]
    data = np.random.default_rng(1).random((2, 8, 8, 3), np.float32)
    prepared = (data - np.array([0.1, 0.2, 0.3], np.float32)) / np.array([1, 2, 4], np.float32)
    merge_transposes(net.walk.b, outputs)
    specs = [(Spec(v.name, v.shape, v.dtype), v) for v in (net.x, *outputs)]
    found = Executor(assemble(net.walk.b, specs[:1], specs[1:], list(range(len(outputs)))), threads=1).run([data])
    if shared:
        np.testing.assert_allclose(found[1], prepared, rtol=1e-6)
    other = Net(8, 8, 3)
    y = other.conv(other("ZeroPadding2D", other.x, padding=[[0, 1], [0, 1]]))
    spec = [(Spec(v.name, v.shape, v.dtype), v) for v in (other.x, y)]
    np.testing.assert_allclose(
        found[0], Executor(assemble(other.walk.b, spec[:1], spec[1:], 0), threads=1).run([prepared])[0], rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("shape", [(), (4, 3)])
def test_an_input_that_meets_a_larger_constant_before_a_transpose(shape: tuple[int, ...]) -> None:
    data = np.random.default_rng(1).random(shape, np.float32)
    image = np.random.default_rng(2).random((1, 5, 1, 3), np.float32)
    b = Builder()
    x = b.input("x", shape, "float32")
    y = b.transpose(b.Mul(x, b.const(image)), (0, 3, 1, 2))
    merge_transposes(b, [y])
    specs = [(Spec(v.name, v.shape, v.dtype), v) for v in (x, y)]
    (found,) = Executor(assemble(b, specs[:1], specs[1:], 0), threads=1).run([data])
    np.testing.assert_array_equal(found, (data * image).transpose(0, 3, 1, 2))
