"""One framework in a process of its own, for benchmarks/__main__.py.

worker.py FRAMEWORK                 answer commands on standard input, JSON lines
worker.py FRAMEWORK cold PATH       load the model, predict one sample, end
"""

import json
import sys
import time
from pathlib import Path

import numpy as np


class Loadstone:
    def version(self):
        import loadstone

        return f"loadstone {loadstone.__version__}"

    def load(self, path):
        import loadstone

        return loadstone.load_model(path)

    def callers(self, model):
        """Ways to predict one batch; the fastest counts."""
        return [model.predict_on_batch]


class Exported:
    """A SavedModel as TensorFlow serves it: its signature, with the methods of a model that are timed."""

    def __init__(self, path):
        import tensorflow as tf

        self.loaded = tf.saved_model.load(path)
        self.signature = self.loaded.signatures["serving_default"]
        (self.input,) = self.signature.structured_input_signature[1]

    def __call__(self, x):
        import tensorflow as tf

        (output,) = self.signature(**{self.input: tf.constant(x)}).values()
        return output.numpy()

    def predict(self, x, verbose=0):
        return np.concatenate([self(x[start : start + 32]) for start in range(0, len(x), 32)])


class TensorFlow:
    def version(self):
        import keras
        import tensorflow as tf

        return f"TensorFlow {tf.__version__}, Keras {keras.__version__}"

    def load(self, path):
        import tensorflow as tf

        return Exported(path) if Path(path).is_dir() else tf.keras.models.load_model(path, compile=False)

    def callers(self, model):
        import tensorflow as tf

        if isinstance(model, Exported):
            return [model]
        compiled = tf.function(lambda x: model(x, training=False), reduce_retracing=True)
        return [model.predict_on_batch, lambda x: compiled(tf.constant(x)).numpy()]


FRAMEWORKS = {"loadstone": Loadstone, "tensorflow": TensorFlow}
SECONDS = 1.0  # of timing for each answer


class Worker:
    """The commands. A model is loaded once and kept."""

    def __init__(self, framework):
        self.framework = framework
        self.loaded = {}

    def version(self):
        return self.framework.version()

    def names(self):
        import models

        return list(models.MODELS)

    def make(self, name, folder, form):
        import models

        return models.make(name, Path(folder), form)

    def outputs(self, path):
        model, data = self._load(path)
        return np.asarray(model.predict(data[:8], verbose=0), float).ravel().tolist()

    def single(self, path):
        """Seconds for one sample."""
        model, data = self._load(path)
        return min(seconds_per_call(call, data[:1]) for call in self.framework.callers(model))

    def many(self, path):
        """Seconds for each sample of many."""
        model, data = self._load(path)
        return seconds_per_call(lambda x: model.predict(x, verbose=0), data) / len(data)

    def cold(self, path):
        model, data = self._load(path)
        model.predict(data[:1], verbose=0)

    def _load(self, path):
        if path not in self.loaded:
            self.loaded[path] = self.framework.load(path), np.load(Path(path).with_suffix(".npy"))
        return self.loaded[path]


def seconds_per_call(call, x):
    """The median call of about SECONDS, after three to warm up."""
    for _ in range(3):
        call(x)
    times = []
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end or len(times) < 3:
        start = time.perf_counter()
        call(x)
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2]


def main():
    worker = Worker(FRAMEWORKS[sys.argv[1]]())
    if len(sys.argv) > 2:
        getattr(worker, sys.argv[2])(*sys.argv[3:])
        return
    answers, sys.stdout = sys.stdout, sys.stderr  # what a framework prints must not be taken for an answer
    for line in sys.stdin:
        verb, *arguments = json.loads(line)
        print(json.dumps(getattr(worker, verb)(*arguments)), file=answers, flush=True)


if __name__ == "__main__":
    main()
