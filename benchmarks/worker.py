"""One framework in a process of its own: reads commands from standard input and answers them, a JSON line each.

worker.py FRAMEWORK THREADS     tensorflow, onnxruntime or openvino (loadstone with that engine); THREADS 0 is all cores

A model is loaded once and kept until `forget`. Whatever is timed begins and ends with numpy arrays, but for the tensor that
TensorFlow's compiled function takes: that is made beforehand.
"""

import gc
import json
import sys
import time
from pathlib import Path

import numpy as np

LONG = 4.0  # seconds of a first call after which the next is not needed to be warm


class Loadstone:
    def __init__(self, engine, threads):
        self.engine, self.threads = engine, threads or None

    def version(self):
        from importlib.metadata import version

        return f"loadstone {version('loadstone')}, {self.engine} {version(self.engine)}"

    def load(self, path):
        import loadstone

        return loadstone.load_model(path, engine=self.engine, threads=self.threads)

    def call(self, model, x):
        return lambda: model(x)

    def bare(self, model, x):
        """The engine called with nothing around it: the one session that this process has."""
        (session,) = _sessions()
        names, feed = [output.name for output in session.get_outputs()], {session.get_inputs()[0].name: x}
        return lambda: session.run(names, feed)

    def clear(self):
        pass


class TensorFlow:
    def __init__(self, threads):
        import tensorflow as tf

        if threads:
            tf.config.threading.set_intra_op_parallelism_threads(threads)
            tf.config.threading.set_inter_op_parallelism_threads(threads)

    def version(self):
        import keras
        import tensorflow as tf

        return f"TensorFlow {tf.__version__}, Keras {keras.__version__}"

    def load(self, path):
        import tensorflow as tf

        return tf.keras.models.load_model(path)

    def call(self, model, x):
        """A function compiled for this very shape."""
        import tensorflow as tf

        compiled, tensor = tf.function(lambda x: model(x, training=False)), tf.constant(x)
        return lambda: compiled(tensor).numpy()

    def clear(self):
        import keras

        keras.utils.clear_session()


class Worker:
    """The commands."""

    def __init__(self, framework):
        self.framework = framework
        self.calls = {}

    def version(self):
        return self.framework.version()

    def names(self):
        import models

        return list(models.MODELS)

    def make(self, name, folder):
        import models

        models.make(name, Path(folder))

    def load(self, folder, form):
        """The first outputs, to be compared; a text where the engine lacks something that the model needs."""
        try:
            self.model = self.framework.load(str(Path(folder) / form))
        except NotImplementedError as error:
            return str(error)
        self.x = np.load(Path(folder) / "x.npy")
        return np.asarray(self.model.predict(self.x[:8], verbose=0), float).ravel().tolist()

    def prepare(self, kind, batch):
        """Make a call ready and warm; returns the seconds of one."""
        x, model = self.x[:batch], self.model
        call = (lambda: model.predict(x, verbose=0)) if kind == "predict" else self.framework.call(model, x)
        self.calls[f"{kind} {batch}"] = call
        first = seconds_of(call)
        return first if first > LONG else seconds_of(call)

    def time(self, kind, batch, seconds):
        """Seconds of a call, by the clock and of all processors."""
        return timed(self.calls[f"{kind} {batch}"], seconds)

    def overhead(self, rounds, calls):
        """Seconds of model(x) and of the engine alone, median of rounds of as many calls of each by turns."""
        x = self.x[:1]
        both = self.framework.call(self.model, x), self.framework.bare(self.model, x)
        times = [[middle_of(call, calls) for call in both] for _ in range(rounds + 1)][1:]
        return np.median(times, axis=0).tolist()

    def forget(self):
        self.model = self.x = None
        self.calls.clear()
        self.framework.clear()
        gc.collect()


def seconds_of(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def middle_of(call, calls):
    return float(np.median([seconds_of(call) for _ in range(calls)]))


def timed(call, seconds):
    times, cpu, end = [], time.process_time(), time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        times.append(seconds_of(call))
    return float(np.median(times)), (time.process_time() - cpu) / len(times)


def _sessions():
    """The onnxruntime sessions of this process, wherever they are kept."""
    import onnxruntime

    return [found for found in gc.get_objects() if type(found) is onnxruntime.InferenceSession]


def main():
    framework, threads = sys.argv[1], int(sys.argv[2])
    answers, sys.stdout = sys.stdout, sys.stderr  # what a framework prints must not be taken for an answer
    worker = Worker(TensorFlow(threads) if framework == "tensorflow" else Loadstone(framework, threads))
    for line in sys.stdin:
        verb, *arguments = json.loads(line)
        print(json.dumps(getattr(worker, verb)(*arguments)), file=answers, flush=True)


if __name__ == "__main__":
    main()
