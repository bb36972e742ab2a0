"""Where weights lie, and what the engine refuses."""

import os

import numpy as np
import pytest

from loadstone.errors import LoweringError
from loadstone.ir import Region, Tensor
from loadstone.ir.program import External
from loadstone.runtime import Executor
from loadstone.runtime.onnxruntime import PREPACK_LIMIT, Placement, _entries
from tests.lowering.programs import program, weight


def mapped(path, values, offset, named=None):
    """A tensor whose bytes lie in a file; reading it any other way is an error."""

    def load():
        raise AssertionError("a mapped tensor is never read")

    return Tensor.lazy(values.shape, "float32", load, region=Region(str(named or path), offset, values.nbytes), key="kernel")


@pytest.fixture
def kernel(tmp_path):
    values = np.random.default_rng(0).standard_normal((30, 50)).astype(np.float32)
    path = tmp_path / "weights folder é.bin"
    path.write_bytes(b"abc" + values.tobytes() + b"tail")
    return path, values


def product(tensor):
    return program(lambda b, x: b.MatMul(x, b.weight(tensor)), ((None, 30), "float32"))


def test_mapped_weights_are_used_where_they_lie(kernel):
    path, values = kernel
    x = np.ones((2, 30), np.float32)
    np.testing.assert_allclose(Executor(product(mapped(path, values, 3))).run([x])[0], x @ values, rtol=1e-5, atol=1e-5)


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_link_to_the_file_from_elsewhere_works(kernel, tmp_path):
    path, values = kernel
    (tmp_path / "snapshots").mkdir()
    link = tmp_path / "snapshots" / "model.h5"
    link.symlink_to(path)
    x = np.ones((2, 30), np.float32)
    np.testing.assert_allclose(Executor(product(mapped(path, values, 3, link))).run([x])[0], x @ values, rtol=1e-5, atol=1e-5)


def test_a_relative_path_works(kernel, monkeypatch):
    path, values = kernel
    monkeypatch.chdir(path.parent)
    executor = Executor(product(mapped(path, values, 3, path.name)))
    assert executor.run([np.ones((2, 30), np.float32)])[0].shape == (2, 50)


def test_mapped_and_other_weights_go_together(kernel):
    path, values = kernel
    made = program(lambda b, x: b.Add(b.MatMul(x, b.weight(mapped(path, values, 3))), weight(b, 2000, 50)), ((2000, 30), "float32"))
    x = np.ones((2000, 30), np.float32)
    assert Executor(made).run([x])[0].shape == (2000, 50)


def test_weights_used_in_bodies_may_be_mapped(kernel):
    path, values = kernel

    def build(b, x):
        body, other = b.inner(), b.inner()
        body.block.outputs = [body.MatMul(x, body.weight(mapped(path, values, 3)))]
        other.block.outputs = [other.MatMul(x, weight(other, 30, 50))]
        return b.op("If", b.Greater(b.ReduceSum(x, keepdims=0), 0.0), then_branch=body.block, else_branch=other.block)

    x = np.ones((2, 30), np.float32)
    np.testing.assert_allclose(Executor(program(build, ((None, 30), "float32"))).run([x])[0], x @ values, rtol=1e-5, atol=1e-5)


def test_weights_in_memory_are_not_copied_into_the_model():
    made = program(lambda b, x: b.MatMul(x, weight(b, 300, 300)), ((None, 300), "float32"))
    placement = Placement()
    assert len(made.steps[0].encode(placement)) < 1000
    assert [tensor.nbytes for tensor in placement.in_memory.values()] == [360_000]


def test_small_weights_and_shapes_are_inside_the_model():
    made = program(lambda b, x: b.reshape(b.Add(x, weight(b, 30)), [-1, 5, 6]), ((None, 30), "float32"))
    assert made.steps[0].weights == {}


def test_a_region_that_is_not_the_tensors_bytes_is_read(kernel):
    path, values = kernel
    tensor = Tensor.lazy(values.shape, "float32", lambda: values, region=Region(str(path), 3, 8))
    placement = Placement()
    assert placement("w", tensor) == External("memory", 0, values.nbytes)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "int8", "bool"])
def test_weights_of_every_type_reach_the_engine(dtype):
    values = np.arange(3000).reshape(1000, 3) % 2
    made = program(lambda b, x: b.Add(b.cast(b.Gather(b.weight(Tensor.of(values, dtype)), x, axis=0), "float32"), 1.0), ((None,), "int64"))
    result = Executor(made).run([np.array([1, 500])])[0]
    np.testing.assert_array_equal(result, values[[1, 500]] + 1.0)


def test_large_models_are_not_packed_a_second_time():
    made = program(lambda b, x: b.MatMul(x, weight(b, 300, 300)), ((None, 300), "float32"))
    assert "session.disable_prepacking" not in _entries(made.steps[0], Placement())
    huge = Tensor.lazy((300, PREPACK_LIMIT // 1000), "float32", lambda: np.zeros(0))
    made = program(lambda b, x: b.MatMul(x, b.weight(huge)), ((None, 300), "float32"))
    assert _entries(made.steps[0], Placement())["session.disable_prepacking"] == "1"


def test_what_the_engine_cannot_compile_is_a_lowering_error_with_its_layer():
    def build(b, x):
        with b.scope("odd"):
            return b.op("MatMul", x, x)

    with pytest.raises(LoweringError) as caught:
        Executor(program(build, ((None, None), "bool"), passes=False))
    assert caught.value.where == "odd"


def test_nothing_is_printed(capfd):
    made = program(lambda b, x: b.op("Reshape", x, b.ints([-1, 7]), out_shape=(None, 7)), ((None, None), "float32"))
    executor = Executor(made)
    with pytest.raises(Exception, match="Reshape"):
        executor.run([np.ones((1, 3), np.float32)])
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("dtype", ["float16", "int32"])
def test_a_cast_of_a_transpose_before_a_product_does_not_end_the_process(dtype):
    def build(b, x):
        return b.MatMul(b.cast(b.transpose(x, [1, 0, 2]), "float32"), weight(b, 5, 6))

    made = program(build, ((None, 11, 5), dtype))
    assert Executor(made).run([np.ones((2, 11, 5), dtype)])[0].shape == (11, 2, 6)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int32", "int8"])
def test_a_lower_bound_behind_relu(dtype):
    x = np.arange(-3, 5).astype(dtype)[None]
    made = program(lambda b, x: b.op("Clip", b.Relu(x), b.const(np.asarray(1, dtype)), b.const(np.asarray(3, dtype))), ((None, 8), dtype))
    np.testing.assert_array_equal(Executor(made).run([x])[0], np.clip(x, 1, 3))
