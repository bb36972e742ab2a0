"""Programs run: whole, in micro-batches, with state, from many threads, in forked children."""

import os
import select
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from loadstone.errors import InferenceError, InputMismatch
from loadstone.ir import Tensor
from loadstone.runtime import Executor
from loadstone.runtime.sharding import Streams, run_sharded
from tests.lowering.programs import program, weight


def dense(b, x):
    return b.Relu(b.Add(b.MatMul(x, weight(b, 40, 700)), weight(b, 700, seed=1)))


def convolution(b, x):
    y = b.Relu(b.Conv(b.transpose(x, [0, 2, 1]), weight(b, 30, 40, 5)))
    return b.Softmax(b.ReduceMean(y, b.ints([2]), keepdims=0), axis=-1), b.transpose(y, [0, 2, 1])


def recurrent(b, x):
    kernels = weight(b, 1, 96, 40), weight(b, 1, 96, 24, seed=1)
    y = b.ops("LSTM", b.transpose(x, [1, 0, 2]), *kernels, outputs=3, hidden_size=24)
    return b.transpose(b.squeeze(y[0], 1), [1, 0, 2])


def counter(b, x):
    """x + how many batches were run before; the state is the caller's batch as a whole."""
    before, keep = b.keep_state("count", Tensor.of(np.zeros(1, np.float32)))
    keep(b.Add(before, 1.0))
    return b.Add(x, before)


@pytest.fixture
def x():
    return np.random.default_rng(0).standard_normal((101, 9, 40)).astype(np.float32)


def bits(arrays):
    return [array.tobytes() for array in arrays]


@pytest.mark.parametrize("build", [dense, convolution, recurrent])
def test_results_have_the_same_bits_whatever_the_threads_and_callers(build, x):
    made = program(build, ((None, 9, 40), "float32"))
    assert made.sharding is not None
    expected = bits(Executor(made, threads=1).predict([x], 32))
    for threads in (2, 3, 8):
        executor = Executor(made, threads=threads)
        assert bits(executor.predict([x], 7)) == expected
        found = []
        callers = [threading.Thread(target=lambda e=executor, f=found: f.append(bits(e.predict([x], 32)))) for _ in range(8)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        assert found == [expected] * 8
        executor.close()


def test_a_proven_program_is_cut_and_the_parts_are_put_together_in_order(x):
    executor = Executor(program(convolution, ((None, 9, 40), "float32")), threads=3)
    assert executor.splits
    whole = executor._process().run([x])
    for cut, reference in zip(executor.predict([x]), whole, strict=True):
        np.testing.assert_allclose(cut, reference, rtol=1e-5, atol=1e-6)


def test_arrays_of_any_strides_are_taken(x):
    executor = Executor(program(dense, ((None, 9, 40), "float32")))
    expected = executor.run([x])[0]
    np.testing.assert_array_equal(executor.run([np.asfortranarray(x)])[0], expected)
    np.testing.assert_array_equal(executor.run([np.repeat(x, 2, axis=2)[:, :, ::2]])[0], expected)
    np.testing.assert_array_equal(executor.run([x.astype(">f4")])[0], expected)


@pytest.mark.parametrize("build", [dense, convolution, recurrent])
def test_no_rows_give_no_rows(build):
    executor = Executor(program(build, ((None, 9, 40), "float32")))
    empty = np.zeros((0, 9, 40), np.float32)
    one = [array.shape[1:] for array in executor.run([np.zeros((1, 9, 40), np.float32)])]
    assert [array.shape for array in executor.run([empty])] == [(0, *shape) for shape in one]
    assert [array.shape for array in executor.predict([empty])] == [(0, *shape) for shape in one]


def test_no_rows_never_reach_an_engine_that_would_end_the_process():
    def build(b, x):
        y = recurrent(b, x)
        return b.Sub(y, b.ReduceMean(y, b.ints([0])))

    executor = Executor(program(build, ((None, 9, 40), "float32")))
    with pytest.raises(InferenceError, match="at least one row"):
        executor.run([np.zeros((0, 9, 40), np.float32)])


def test_inputs_need_the_same_number_of_rows():
    executor = Executor(program(lambda b, x, y: b.Add(x, y), ((None, 2), "float32"), ((None, 2), "float32")))
    with pytest.raises(InputMismatch, match="have 3, 4 rows"):
        executor.predict([np.ones((3, 2), np.float32), np.ones((4, 2), np.float32)])


def test_progress_counts_the_rows(x):
    seen = []
    executor = Executor(program(convolution, ((None, 9, 40), "float32")), threads=2)
    executor.predict([x], progress=lambda done, rows: seen.append((done, rows)))
    assert seen == sorted(seen)
    assert seen[-1] == (101, 101)
    assert len(seen) == len(set(seen))


def test_an_exception_in_progress_ends_the_call(x):
    def stop(done, rows):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Executor(program(convolution, ((None, 9, 40), "float32")), threads=2).predict([x], progress=stop)


def test_helpers_are_waited_for_where_no_more_can_be_started():
    caller = threading.get_ident()

    class Few(ThreadPoolExecutor):
        started = 0

        def submit(self, *work):
            self.started += 1
            if self.started == 2:
                raise RuntimeError("can't start new thread")
            made = super().submit(*work)
            time.sleep(0.05)  # it begins at once
            return made

    def double(parts):
        if threading.get_ident() != caller:
            time.sleep(0.2)
        return [parts[0] * 2]

    streams = Streams(3)
    streams._helpers = Few(2)
    ones = np.ones((6, 10_000), np.float32)
    (found,) = run_sharded(double, [ones], 2, streams)
    streams.close()
    np.testing.assert_array_equal(found, 2 * ones)


def test_a_helper_that_comes_too_late_does_nothing():
    late, done = [], []

    class Late(ThreadPoolExecutor):
        def submit(self, work):  # as a pool does that has queued the work, and then finds that it can start no thread
            late.append(work)
            raise RuntimeError("can't start new thread")

    streams = Streams(2)
    streams._helpers = Late(1)
    streams.spread(lambda: done.append(1), 2)
    late[0]()
    assert done == [1]


# -- batches of programs that are not cut -----------------------------------------------------------------------------------


def test_unproven_programs_get_exactly_the_callers_batches():
    sizes = []

    def note(array):
        sizes.append(len(array))
        return (array * 2,)

    executor = Executor(program(lambda b, x: b.host("note", note, [x], [((None, 2), "float32")])[0], ((None, 2), "float32")))
    x = np.arange(20, dtype=np.float32).reshape(10, 2)
    np.testing.assert_array_equal(executor.predict([x], 4)[0], x * 2)
    assert sizes == [4, 4, 2]


def test_outputs_that_do_not_join_are_named():
    executor = Executor(program(lambda b, x: b.ReduceSum(x, keepdims=0), ((None, 2), "float32")))
    x = np.ones((10, 2), np.float32)
    assert executor.predict([x], 10)[0] == 20  # one batch needs no joining
    with pytest.raises(InferenceError, match="output 'y0' have shapes"):
        executor.predict([x], 4)


# -- host calls, constants, types -------------------------------------------------------------------------------------------


def test_steps_run_in_the_order_of_what_they_need():
    def build(b, x):
        half = b.Mul(x, 0.5)
        (shown,) = b.host("sign", lambda a: (np.sign(a),), [half], [((None, 2), "float32")])
        (table,) = b.host("table", lambda a: (a,), [b.const(np.ones(2, np.float32))], [((2,), "float32")])
        return b.Add(b.Add(shown, half), table), half, b.const(np.float32(7)), x

    executor = Executor(program(build, ((None, 2), "float32")))
    x = np.array([[2.0, -4.0]], np.float32)
    results = executor.run([x])
    for result, expected in zip(results, ([[3.0, -2.0]], [[1.0, -2.0]], 7, x), strict=True):
        np.testing.assert_array_equal(result, expected)


def test_what_a_python_call_raises_is_an_inference_error_with_its_place():
    def fails(a):
        raise ZeroDivisionError("by nothing")

    def build(b, x):
        with b.scope("my_layer"):
            return b.host("call", fails, [x], [((None,), "float32")])[0]

    with pytest.raises(InferenceError, match="ZeroDivisionError: by nothing") as caught:
        Executor(program(build, ((None,), "float32"))).run([np.ones(1, np.float32)])
    assert caught.value.where == "my_layer"


def test_strings_are_bytes_whatever_they_hold():
    def build(b, x):
        (upper,) = b.host("upper", lambda a: (np.array([v.upper() for v in a], object),), [x], [((None,), "string")])
        known = b.const(np.array([b"\xff\x00", "é".encode()], object), "string")
        return b.Concat(upper, known, axis=0), b.Equal(x, b.const(np.array(["é".encode()], object), "string"))

    joined, equal = Executor(program(build, ((None,), "string"))).run([np.array([b"a\xe9", "é".encode()], object)])
    assert joined.tolist() == [b"A\xe9", "é".encode(), b"\xff\x00", "é".encode()]
    assert equal.tolist() == [False, True]


def test_a_program_without_steps_hands_its_inputs_on():
    x = np.ones((3, 2), np.float32)
    np.testing.assert_array_equal(Executor(program(lambda b, x: [x, x], ((None, 2), "float32"))).run([x])[1], x)


def test_errors_of_the_engine_name_the_layer():
    def build(b, x):
        with b.scope("block/reshape"):
            return b.op("Reshape", x, b.ints([-1, 7]), out_shape=(None, 7))

    with pytest.raises(InferenceError) as caught:
        Executor(program(build, ((None, None), "float32"))).run([np.ones((1, 3), np.float32)])
    assert caught.value.where == "block/reshape"


# -- state, life --------------------------------------------------------------------------------------------------------------


def test_state_lives_from_batch_to_batch_until_it_is_reset():
    executor = Executor(program(counter, ((None, 1), "float32")))
    assert not executor.splits
    x = np.zeros((5, 1), np.float32)
    np.testing.assert_array_equal(executor.predict([x], 2)[0].ravel(), [0, 0, 1, 1, 2])
    assert executor.run([x])[0][0, 0] == 3
    executor.reset_states()
    assert executor.run([x])[0][0, 0] == 0


def test_calls_of_a_model_with_state_do_not_interleave():
    executor = Executor(program(counter, ((None, 1), "float32")), threads=4)
    found = []
    x = np.zeros((40, 1), np.float32)
    callers = [threading.Thread(target=lambda: found.append(executor.predict([x], 4)[0].ravel())) for _ in range(6)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert sorted(int(result[0]) for result in found) == [0, 10, 20, 30, 40, 50]
    assert all(np.array_equal(result - result[0], np.repeat(np.arange(10), 4)) for result in found)


def test_a_failed_call_leaves_the_state_as_it_was():
    def build(b, x):
        y = counter(b, x)
        (checked,) = b.host("check", lambda a: (a,) if len(a) < 3 else 1 / 0, [y], [((None, 1), "float32")])
        return checked

    executor = Executor(program(build, ((None, 1), "float32")))
    with pytest.raises(InferenceError):
        executor.run([np.zeros((3, 1), np.float32)])
    assert executor.run([np.zeros((1, 1), np.float32)])[0][0, 0] == 0


def test_a_closed_executor_says_so():
    executor = Executor(program(counter, ((None, 1), "float32")))
    executor.close()
    executor.close()
    with pytest.raises(InferenceError, match="closed"):
        executor.run([np.zeros((1, 1), np.float32)])


def test_threads_must_be_at_least_one():
    with pytest.raises(ValueError, match="1 or more"):
        Executor(program(counter, ((None, 1), "float32")), threads=0)


def in_child(function, seconds=60):
    """What `function` returns in a forked child, which must end in time."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python 3.12 warns of forks in processes with threads: that is what is tested
        pid = os.fork()
    if pid == 0:
        os.write(writing, b"1" if function() else b"0")
        os._exit(0)
    ready, _, _ = select.select([reading], [], [], seconds)
    answer = os.read(reading, 1) if ready else b"timeout"
    if not ready:
        os.kill(pid, 9)
    os.waitpid(pid, 0)
    os.close(reading)
    os.close(writing)
    return answer


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_predicts(x):
    executor = Executor(program(convolution, ((None, 9, 40), "float32")), threads=3)
    expected = bits(executor.predict([x]))
    assert (
        in_child(lambda: bits(executor.predict([x])) == expected and in_child(lambda: bits(executor.predict([x])) == expected) == b"1")
        == b"1"
    )
    assert bits(executor.predict([x])) == expected


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_child_forked_while_threads_predict_predicts(x):
    executor = Executor(program(convolution, ((None, 9, 40), "float32")), threads=3)
    expected = bits(executor.predict([x]))
    stop = threading.Event()

    def work():
        while not stop.is_set():
            executor.predict([x])

    callers = [threading.Thread(target=work) for _ in range(3)]
    for caller in callers:
        caller.start()
    try:
        assert [in_child(lambda: bits(executor.predict([x])) == expected) for _ in range(10)] == [b"1"] * 10
    finally:
        stop.set()
        for caller in callers:
            caller.join()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_child_goes_on_from_its_parents_state():
    executor = Executor(program(counter, ((None, 1), "float32")))
    x = np.zeros((1, 1), np.float32)
    executor.run([x])
    assert in_child(lambda: executor.run([x])[0][0, 0] == 1) == b"1"
    assert executor.run([x])[0][0, 0] == 1
