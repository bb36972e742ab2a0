"""A program with a Python call runs the parts around it in micro-batches, each by its own proof."""

import numpy as np
import pytest

import loadstone
from loadstone.ir.program import HostCall, Segment
from loadstone.runtime.executor import Executor
from tests.custom.building import Built, layer, sequential

KERNELS = np.random.default_rng(1).normal(size=(2, 3, 3, 16, 16)).astype("float32") / 12
WEIGHTS = {f"conv_{i}": {"kernel": kernel, "bias": np.zeros(16, "float32")} for i, kernel in enumerate(KERNELS)}
IMAGES = np.random.default_rng(2).normal(size=(33, 40, 40, 16)).astype("float32")


def conv(i):
    options = {"strides": [1, 1], "dilation_rate": [1, 1], "groups": 1, "data_format": "channels_last", "use_bias": True}
    return layer("Conv2D", f"conv_{i}", filters=16, kernel_size=[3, 3], padding="same", activation="relu", **options)


def built(objects):
    return Built(sequential(conv(0), layer("Mine"), conv(1), shape=(None, 40, 40, 16)), WEIGHTS, objects)


def centred(x):
    """Samples see each other in it."""
    return x - x.mean(0)


def test_the_parts_are_cut_and_the_call_gets_the_batch_whole():
    seen = []

    def mine(x):
        seen.append(len(x))
        return centred(x)

    program = built({"Mine": mine}).program
    assert [type(step) for step in program.steps] == [Segment, HostCall, Segment]
    assert program.sharding is None
    assert all(step.sharding.rows < 33 for step in program.steps if isinstance(step, Segment))
    seen.clear()
    Executor(program, threads=2).run([IMAGES])
    assert seen == [33]


def test_the_bits_do_not_depend_on_the_threads():
    program = built({"Mine": centred}).program
    one, three = (Executor(program, threads=threads).run([IMAGES])[0] for threads in (1, 3))
    np.testing.assert_array_equal(one, three)


def test_the_numbers_are_those_of_the_uncut_parts():
    program = built({"Mine": centred}).program
    cut = Executor(program, threads=2).run([IMAGES])[0]
    for step in program.steps:
        if isinstance(step, Segment):
            step.sharding = None
    np.testing.assert_allclose(cut, Executor(program, threads=2).run([IMAGES])[0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("apart", [False, True])
def test_a_rule_that_does_not_say_so_keeps_the_parts_whole(apart):
    @loadstone.layer_rule(samples_apart=apart)
    def doubled(b, layer, x):
        return b.Add(x, x)

    config = sequential(conv(0), layer("Mine"), layer("Called"), conv(1), shape=(None, 40, 40, 16))
    program = Built(config, WEIGHTS, {"Mine": doubled, "Called": centred}).program
    assert all((step.sharding is not None) == apart for step in program.steps if isinstance(step, Segment))


def test_a_program_that_is_cut_as_a_whole_is_not_cut_again():
    program = Built(sequential(conv(0), conv(1), shape=(None, 40, 40, 16)), WEIGHTS, None).program
    assert program.sharding is not None
    assert [step.sharding for step in program.steps] == [None]
