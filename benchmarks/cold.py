"""One framework from the start of Python to the first prediction, in a new process.

cold.py FRAMEWORK MODEL SAMPLE.npy [hold]     hold: stay until standard input ends, for whoever looks at the memory

Prints JSON: `ready`, the time of `time.monotonic` when the prediction was there; seconds of `import`, `load` and `predict`; `cpu`, the
seconds of all threads since the process began; `peak`, the largest resident size in bytes.
"""

import json
import os
import sys
import time

FRAMEWORK, MODEL, SAMPLE, *HOLD = sys.argv[1:]
marks = [time.monotonic()]

import numpy as np  # noqa: E402

if FRAMEWORK == "loadstone":
    import loadstone

    load = loadstone.load_model
else:
    import tensorflow as tf

    load = tf.saved_model.load if os.path.isdir(MODEL) else tf.keras.models.load_model
marks.append(time.monotonic())

x = np.load(SAMPLE)
model = load(MODEL)
marks.append(time.monotonic())

if hasattr(model, "predict"):
    model.predict(x, verbose=0)
else:
    signature = model.signatures["serving_default"]
    (name,) = signature.structured_input_signature[1]
    [output.numpy() for output in signature(**{name: tf.constant(x)}).values()]
marks.append(time.monotonic())


def peak() -> int:
    """What the kernel noted for this program alone; getrusage would count the one that started it as well."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM"))
    except OSError:  # not on Linux
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


steps = dict(zip(("import", "load", "predict"), (end - start for start, end in zip(marks, marks[1:], strict=False)), strict=True))  # noqa: RUF007
print(json.dumps({"ready": marks[-1], **steps, "cpu": time.process_time(), "peak": peak()}), flush=True)
if HOLD:
    sys.stdin.read()
