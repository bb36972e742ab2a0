"""Writes tests/golden/graphs/RELEASE: SavedModels, checkpoints and frozen graphs, each with inputs and the outputs of its TensorFlow.

    python make_graphs.py        with a Python that has TensorFlow 1.15, 2.3, 2.15 or 2.21; each release writes what it can

A folder is packed as NAME.zip; NAME.npz holds the inputs ("in/NAME") and outputs ("out/NAME").
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

HERE = Path(__file__).parent / "graphs"
RELEASE = ".".join(tf.__version__.split(".")[:2])
TARGET = HERE / f"tensorflow-{RELEASE}"
X = np.random.RandomState(0).rand(3, 4).astype("float32") - 0.5
SEQUENCE = np.random.RandomState(1).rand(3, 5, 4).astype("float32") - 0.5


def stored(value):
    """Strings as text, which needs no pickle."""
    array = np.asarray(value)
    if array.dtype != object:
        return array
    return np.asarray([v.decode() if isinstance(v, bytes) else v for v in array.reshape(-1)]).reshape(array.shape)


def keep(name, folder, inputs, outputs):
    """The folder as an archive, or a file as it is, and the numbers."""
    if Path(folder).is_dir():
        shutil.make_archive(str(TARGET / name), "zip", folder)
    else:
        shutil.copy(folder, TARGET / f"{name}{Path(folder).suffix}")
    arrays = {}
    for kind, group in (("in", inputs), ("out", outputs)):
        arrays.update({f"{kind}/{key}": stored(value) for key, value in group.items()})
    np.savez_compressed(TARGET / f"{name}.npz", **arrays)
    print(name, {key: np.asarray(value).shape for key, value in outputs.items()})


# -- TensorFlow 1 -----------------------------------------------------------------------------------------------------


def export(name, build, arrays, main_op=None, saver=False, freeze=False, tags=("serve",), more=None):
    """build() gives inputs and outputs as dicts of tensors."""
    v1 = tf.compat.v1
    with tempfile.TemporaryDirectory() as temporary, tf.Graph().as_default():
        v1.set_random_seed(0)
        inputs, outputs = build()
        with v1.Session() as session:
            session.run([v1.global_variables_initializer(), v1.tables_initializer()])
            results = session.run(outputs, {inputs[key]: arrays[key] for key in inputs})
            folder = os.path.join(temporary, "saved")
            builder = v1.saved_model.Builder(folder)
            signature = v1.saved_model.predict_signature_def(inputs, outputs)
            builder.add_meta_graph_and_variables(
                session, list(tags), {"serving_default": signature}, assets_collection=v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS) or None,
                main_op=v1.tables_initializer() if main_op else None, strip_default_attrs=True,
            )  # fmt: skip
            if more is not None:
                builder.add_meta_graph(list(more), {"other": signature, "again": signature})
            builder.save()
            keep(name, folder, arrays, results)
            names = {tensor.name: arrays[key] for key, tensor in inputs.items()}
            ends = {tensor.name: results[key] for key, tensor in outputs.items()}
            for kind, version in (("v2", 2), ("v1", 1)) if saver else ():
                place = os.path.join(temporary, kind)
                os.mkdir(place)
                v1.train.Saver(write_version=version).save(session, os.path.join(place, "model.ckpt"), global_step=7)
                keep(f"{name}_checkpoint_{kind}", place, names, ends)
            if freeze:
                frozen = v1.graph_util.convert_variables_to_constants(
                    session, v1.get_default_graph().as_graph_def(), [tensor.op.name for tensor in outputs.values()]
                )
                for text in (False, True):
                    file = os.path.join(temporary, f"frozen.{'pbtxt' if text else 'pb'}")
                    v1.io.write_graph(frozen, temporary, os.path.basename(file), as_text=text)
                    keep(f"{name}_frozen{'_text' if text else ''}", file, names, ends)


def mlp():
    v1 = tf.compat.v1
    x = v1.placeholder(tf.float32, [None, 4], "x")
    kernel = v1.get_variable("kernel", [4, 3], use_resource=False)
    bias = v1.get_variable("bias", [3], use_resource=True)
    return {"x": x}, {"y": tf.nn.relu(tf.matmul(x, kernel) + bias, name="y")}


def partitioned():
    v1 = tf.compat.v1
    x = v1.placeholder(tf.float32, [None, 4], "x")
    kernel = v1.get_variable("kernel", [4, 6], partitioner=tf.compat.v1.fixed_size_partitioner(2, axis=1))
    return {"x": x}, {"y": tf.matmul(x, tf.convert_to_tensor(kernel), name="y")}


def conditions():
    v1 = tf.compat.v1
    x = v1.placeholder(tf.float32, [None, 4], "x")
    n = v1.placeholder_with_default(2, [], "n")
    total = tf.reduce_sum(x)
    y = tf.cond(total > 0, lambda: x + 1.0, lambda: tf.cond(total > -10, lambda: x * 2.0, lambda: tf.zeros_like(x)))
    loop = tf.while_loop(lambda i, s, h: i < n + 3, lambda i, s, h: (i + 1, s + tf.reduce_mean(x), tf.tanh(h) + x), [0, 0.0, x])
    outer = tf.while_loop(
        lambda i, s: i < 3,
        lambda i, s: (i + 1, s + tf.while_loop(lambda j, t: j < i + 1, lambda j, t: (j + 1, t + 1.5 * total), [0, 0.0])[1]),
        [0, 0.0],
    )
    inside = tf.while_loop(
        lambda i, s: i < 4, lambda i, s: (i + 1, tf.cond(tf.equal(i % 2, 0), lambda: s + total, lambda: s * 0.5)), [0, 1.0]
    )
    return {"x": x}, {"y": y, "loop": loop[2], "sum": loop[1], "outer": outer[1], "inside": inside[1]}


def arrays():
    v1 = tf.compat.v1
    x = v1.placeholder(tf.float32, [None, 5, 4], "x")
    cell = v1.nn.rnn_cell.LSTMCell(3, use_peepholes=True, num_proj=2)
    outputs, state = v1.nn.dynamic_rnn(cell, x, dtype=tf.float32, sequence_length=tf.constant([5, 2, 4]))
    gru, last = v1.nn.dynamic_rnn(v1.nn.rnn_cell.GRUCell(3), x, dtype=tf.float32, scope="gru")
    both, _ = v1.nn.bidirectional_dynamic_rnn(
        v1.nn.rnn_cell.BasicLSTMCell(2), v1.nn.rnn_cell.BasicLSTMCell(2), x, dtype=tf.float32, scope="both"
    )
    mapped = tf.map_fn(lambda row: tf.reduce_sum(row, 0) * 2.0, x)
    scanned = tf.scan(lambda a, row: a + tf.reduce_sum(row, 0), x, initializer=tf.zeros([4]))
    return {"x": x}, {"outputs": outputs, "state": state.h, "gru": gru, "last": last, "forward": both[0], "back": both[1],
                      "mapped": mapped, "scanned": scanned}  # fmt: skip


def tables():
    v1 = tf.compat.v1
    folder = tempfile.mkdtemp()
    Path(folder, "words.txt").write_text("apple\npear\nplum\n")
    words = v1.placeholder(tf.string, [None], "words")
    table = tf.lookup.StaticVocabularyTable(
        tf.lookup.TextFileInitializer(os.path.join(folder, "words.txt"), tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64,
                                      tf.lookup.TextFileIndex.LINE_NUMBER), 2
    )  # fmt: skip
    back = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(tf.constant([0, 1, 2], tf.int64), tf.constant(["a", "b", "c"])), "none"
    )
    ids = table.lookup(words)
    return {"words": words}, {"ids": ids, "letters": back.lookup(ids)}


def first():
    export("mlp", mlp, {"x": X}, saver=True, freeze=True, more=("train", "gpu"))
    export("partitioned", partitioned, {"x": X})
    export("conditions", conditions, {"x": X}, freeze=True)
    export("arrays", arrays, {"x": SEQUENCE})
    export("tables", tables, {"words": np.array(["pear", "apple", "kiwi", "plum"], object)}, main_op=True)


# -- TensorFlow 2 -----------------------------------------------------------------------------------------------------


def save(name, module, arrays, call, signatures=None):
    with tempfile.TemporaryDirectory() as temporary:
        folder = os.path.join(temporary, "saved")
        tf.saved_model.save(module, folder, signatures=signatures)
        loaded = tf.saved_model.load(folder)
        results = call(loaded)
        results = results if isinstance(results, dict) else {"output": results}
        keep(name, folder, arrays, {key: value.numpy() for key, value in results.items()})


class Counter(tf.Module):
    def __init__(self):
        self.count = tf.Variable(0.0)
        self.table = tf.Variable([1.0, 2.0, 3.0])

    @tf.function(input_signature=[tf.TensorSpec([], tf.float32, name="by")])
    def add(self, by):
        self.count.assign_add(by)
        self.table.assign(self.table * 2.0)
        return {"count": self.count.read_value(), "table": self.table.read_value()}

    @tf.function(input_signature=[])
    def get(self):
        return {"count": self.count.read_value()}


class Steps(tf.Module):
    """Assigns in conditions and in loops."""

    def __init__(self):
        self.total = tf.Variable(1.0)
        self.count = tf.Variable(0)

    @tf.function(input_signature=[tf.TensorSpec([], tf.float32, name="by"), tf.TensorSpec([], tf.int32, name="n")])
    def step(self, by, n):
        if by > 0.0:
            self.total.assign_add(by)
        else:
            self.total.assign(self.total * 0.5)
            self.count.assign(100)
        for i in tf.range(n):
            self.count.assign_add(i)
            if i % 2 == 0:
                self.total.assign(self.total + 1.0)
        return {"total": self.total.read_value(), "count": self.count.read_value()}


class Plain(tf.Module):
    def __init__(self):
        generator = np.random.RandomState(3)
        self.inner = tf.Module()
        self.inner.kernel = tf.Variable(generator.rand(4, 3).astype("float32"))
        self.scale = tf.constant(2.0)

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32, name="x")])
    def __call__(self, x):
        return tf.nn.relu(tf.matmul(x, self.inner.kernel) - self.scale)


class Flows(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32, name="x"), tf.TensorSpec([], tf.int32, name="n")])
    def flow(self, x, n):
        y = tf.zeros_like(x)
        for i in tf.range(n):
            if i % 2 == 0:
                y = y + x
            else:
                y = y * 0.5
        rows = tf.TensorArray(tf.float32, n)
        for i in tf.range(n):
            rows = rows.write(i, tf.reduce_sum(x, 0) * tf.cast(i, tf.float32))
        grown = tf.TensorArray(tf.float32, 0, dynamic_size=True)
        for i in tf.range(n):
            grown = grown.write(i, x[0])
        case = tf.switch_case(n % 3, [lambda: x[0], lambda: x[0] * 2.0, lambda: x[0] - 1.0])
        return {"y": y, "rows": rows.stack(), "grown": grown.stack(), "case": case}


class Words(tf.Module):
    def __init__(self, folder):
        path = os.path.join(folder, "words.txt")
        Path(path).write_text("apple\npear\nplum\n")
        self.table = tf.lookup.StaticVocabularyTable(
            tf.lookup.TextFileInitializer(
                path, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER
            ),
            2,
        )

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="words")])
    def __call__(self, words):
        return {"ids": self.table.lookup(tf.strings.lower(words))}


class Scaled(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32, name="x"), tf.TensorSpec([], tf.float32, name="scale")])
    def scale(self, x, scale=tf.constant(2.0)):
        return {"y": x * scale}


def second():
    counter = Counter()
    save("counter", counter, {"by": np.float32(3)}, lambda m: m.add(tf.constant(3.0)), {"add": counter.add, "get": counter.get})
    steps = Steps()
    save("steps", steps, {"by": np.float32(3), "n": np.int32(4)}, lambda m: m.step(tf.constant(3.0), tf.constant(4)), {"step": steps.step})
    save("plain", Plain(), {"x": X}, lambda m: m(tf.constant(X)))
    flows = Flows()
    save("flows", flows, {"x": X, "n": np.int32(5)}, lambda m: m.flow(tf.constant(X), tf.constant(5)), {"serving_default": flows.flow})
    if RELEASE == "2.3":  # its own loader cannot call the function again
        keras_models()
        return
    words = np.array(["Pear", "apple", "kiwi", "plum"], object)
    with tempfile.TemporaryDirectory() as folder:
        module = Words(folder)
        save("words", module, {"words": words}, lambda m: m(tf.constant(words)), {"serving_default": module.__call__})
        save("words_plain", module, {"words": words}, lambda m: m(tf.constant(words)))
    if RELEASE < "2.16":
        keras_models()
    else:  # signatures know defaults
        scaled = Scaled()
        save("defaults", scaled, {"x": X}, lambda m: m.scale(tf.constant(X)), {"serving_default": scaled.scale})


def keras_models():
    layers = tf.keras.layers
    tf.random.set_seed(0)

    class Gate(layers.Layer):
        def build(self, shape):
            self.w = self.add_weight(name="w", shape=[shape[-1]], initializer="random_normal")

        def call(self, x):
            return x * tf.sigmoid(self.w)

    recurrent = tf.keras.Sequential([
        layers.Input([5, 4], name="x"), layers.LSTM(3, return_sequences=True), layers.Bidirectional(layers.GRU(2)), layers.Dense(2, "softmax"),
    ])  # fmt: skip
    custom = tf.keras.Sequential([layers.Input([4], name="x"), layers.Dense(3, "tanh"), Gate(), layers.Dense(2)])
    convolution = tf.keras.Sequential([
        layers.Input([8, 8, 3], name="x"), layers.Conv2D(4, 3, padding="same"), layers.BatchNormalization(), layers.ReLU(),
        layers.DepthwiseConv2D(3, 2), layers.GlobalAveragePooling2D(), layers.Dense(2),
    ])  # fmt: skip
    images = np.random.RandomState(2).rand(2, 8, 8, 3).astype("float32")
    for name, model, data in (("recurrent", recurrent, SEQUENCE), ("custom_layer", custom, X), ("convolution", convolution, images)):
        for weight in model.weights:  # so that statistics matter
            weight.assign(weight + 0.1)
        with tempfile.TemporaryDirectory() as temporary:
            folder = os.path.join(temporary, "saved")
            model.save(folder, save_format="tf")
            keep(f"keras_{name}", folder, {"x": data}, {"y": model.predict(data)})


if __name__ == "__main__":
    TARGET.mkdir(parents=True, exist_ok=True)
    first() if RELEASE.startswith("1.") else second()
    sys.exit(0)
