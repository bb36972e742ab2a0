"""A process that forks after predicting: the child predicts too, and ends."""

import subprocess
import sys

import pytest

SCRIPT = """
import os, sys
import numpy as np
from tests.conformance.goldens import golden
import loadstone

model = loadstone.load_model(golden("keras-3.15.1", "mlp.keras").path)
x = np.ones((40, 5), np.float32)
expected = model.predict(x)
assert "ORT_DISABLE_TELEMETRY" not in os.environ
child = os.fork()
if child == 0:
    sys.exit(0 if np.array_equal(model.predict(x), expected) else 3)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
def test_a_forked_child_predicts_and_exits_as_any_process():
    """onnxruntime's telemetry thread makes a child hang that leaves by sys.exit."""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", SCRIPT], timeout=120, check=False)
    assert done.returncode == 0


UNUSED = """
import os, sys
import numpy as np
from loadstone.lowering.passes import division
from loadstone.runtime import Executor
from tests.lowering.programs import program
from tests.runtime.test_division import IMAGE, images, plain

division.WORTH = 0
executor = Executor(program(plain, (IMAGE, "float32")), threads=4)
executor.run([images(1)])
if os.fork() == 0:
    sys.exit(3)
sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
def test_a_forked_child_exits_that_does_not_use_its_parents_threads():
    """To free a session with threads is to wait for them, and a child has none."""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", UNUSED], timeout=120, check=False)
    assert done.returncode == 3
