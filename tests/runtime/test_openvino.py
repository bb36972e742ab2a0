"""The optional engine gives the same numbers, or says by name what it lacks."""

import sys
import threading

import numpy as np
import pytest

from loadstone.errors import InferenceError, LoweringError, MissingDependency, UnsupportedOps
from loadstone.ir import Tensor
from loadstone.runtime import Executor, open_engine
from tests.lowering.programs import program, weight


def test_an_engine_that_is_not_installed_names_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(MissingDependency, match=r'pip install "loadstone\[openvino\]"'):
        open_engine("openvino")


def test_an_unknown_engine_is_a_value_error():
    with pytest.raises(ValueError, match="'onnxruntime' and 'openvino'"):
        open_engine("tensorrt")


@pytest.fixture
def engine():
    pytest.importorskip("openvino", reason="openvino is not installed")
    return "openvino"


def both(engine, build, x):
    made = program(build, ((None, *x.shape[1:]), str(x.dtype)))
    return zip(Executor(made, engine, threads=2).predict([x]), Executor(made).predict([x]), strict=True)


def convolution(b, x):
    y = b.Relu(b.Conv(x, weight(b, 16, 3, 3, 3), weight(b, 16), pads=[1, 1, 1, 1]))
    return b.MatMul(b.ReduceMean(y, b.ints([2, 3]), keepdims=0), weight(b, 16, 300))


def recurrent(b, x):
    y = b.ops("LSTM", b.transpose(x, [1, 0, 2]), weight(b, 1, 96, 4), weight(b, 1, 96, 24), outputs=3, hidden_size=24)
    return b.squeeze(y[1], 0), b.transpose(b.squeeze(y[0], 1), [1, 0, 2])


@pytest.mark.parametrize(("build", "shape"), [(convolution, (37, 3, 16, 16)), (recurrent, (37, 7, 4))])
def test_the_same_numbers_as_onnxruntime_in_float32(engine, build, shape):
    for ours, theirs in both(engine, build, np.random.default_rng(0).standard_normal(shape).astype(np.float32)):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


def test_many_threads_share_a_model(engine):
    x = np.random.default_rng(0).standard_normal((33, 3, 16, 16)).astype(np.float32)
    executor = Executor(program(convolution, ((None, 3, 16, 16), "float32")), engine, threads=2)
    expected = executor.predict([x])[0]
    found = []
    callers = [threading.Thread(target=lambda: found.append(np.array_equal(executor.predict([x])[0], expected))) for _ in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert found == [True] * 8


def test_types_that_it_computes_in_fewer_bits_are_refused(engine):
    with pytest.raises(UnsupportedOps, match="float64"):
        Executor(program(lambda b, x: b.Neg(x), ((None,), "float64")), engine)
    executor = Executor(program(lambda b, x: b.Gather(weight(b, 10, 4), x, axis=0), ((None,), "int64")), engine)
    with pytest.raises(InferenceError, match="32 bits"):
        executor.run([np.array([2**33])])
    table = Tensor.lazy((1000,), "int64", lambda: np.arange(1000) * 2**40)
    made = program(lambda b, x: b.Gather(b.weight(table), x, axis=0), ((None,), "int64"))
    with pytest.raises(UnsupportedOps, match="32 bits"):
        Executor(made, engine)


def two_directions(b, x, n):
    kernels = weight(b, 1, 12, 4), weight(b, 1, 12, 3)
    return [b.ops("LSTM", x, *kernels, outputs=3, hidden_size=3, direction=direction)[0] for direction in ("forward", "reverse")]


UNUSUAL = {
    "LSTM beside another over one sequence": two_directions,
    "LSTM with lengths": lambda b, x, n: b.ops("LSTM", x, weight(b, 1, 12, 4), weight(b, 1, 12, 3), None, n, outputs=3, hidden_size=3)[0],
    "Pad with a computed value": lambda b, x, n: b.Pad(x, b.ints([0, 0, 1, 0, 0, 1]), b.ReduceMax(x, keepdims=0)),
    "Sub of unsigned integers": lambda b, x, n: b.Sub(b.cast(x, "uint8"), b.const(3, "uint8")),
}


@pytest.mark.parametrize("name", sorted(UNUSUAL))
def test_what_it_computes_wrongly_is_refused(engine, name):
    made = program(UNUSUAL[name], ((None, None, 4), "float32"), ((None,), "int32"))
    with pytest.raises(UnsupportedOps, match=name):
        Executor(made, engine)
    assert Executor(made).program is made


def test_what_its_reader_lacks_is_a_lowering_error(engine):
    with pytest.raises(LoweringError, match="Det"):
        Executor(program(lambda b, x: b.Det(x), ((None, 4, 4), "float32")), engine)


def test_host_calls_run_between_its_segments(engine):
    def build(b, x):
        (doubled,) = b.host("double", lambda a: (a * 2,), [b.Neg(x)], [((None, 2), "float32")])
        return b.Add(doubled, 1.0)

    np.testing.assert_array_equal(
        Executor(program(build, ((None, 2), "float32")), engine).run([np.ones((1, 2), np.float32)])[0], [[-1, -1]]
    )
