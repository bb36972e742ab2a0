"""Makes tests/golden/saved_model_layers/<release>.tar.xz: models with layers that call a SavedModel, those SavedModels, and predictions.

    python make_saved_model_layers.py module FOLDER     TensorFlow 1.15 with tensorflow_hub 0.12: a module for TensorFlow 1
    python make_saved_model_layers.py hub FOLDER        TensorFlow 2.15 with tensorflow_hub 0.15: KerasLayer
    python make_saved_model_layers.py endpoints         Keras 3.15: TFSMLayer

Handles are relative to the folder in which the models lie. `hub` takes the module that `module` wrote.
"""

import io
import json
import os
import shutil
import sys
import tarfile
import tempfile

os.environ.update(CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3", KERAS_BACKEND="tensorflow")
import numpy as np
import tensorflow as tf

HERE = os.path.dirname(os.path.abspath(__file__))


def grid(seed, *shape):
    return (np.random.RandomState(seed).randint(-32, 33, shape) / 32.0).astype("float32")


def tuned(model, positive=False):
    """Other weights than those of the SavedModels: every weight has its own."""
    for seed, variable in enumerate(model.weights, 50):
        if variable.dtype in ("float32", tf.float32):
            values = grid(seed, *variable.shape)
            variable.assign(np.abs(values) + 0.25 if positive or "variance" in variable.name else values)
    return model


def pack(release, index):
    path = os.path.join(HERE, "saved_model_layers", release + ".tar.xz")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open("index.json", "w") as file:
        json.dump(index, file)
    with tarfile.open(path, "w:xz") as tar:
        for folder, _, files in sorted(os.walk(".")):
            for name in sorted(files):
                with open(os.path.join(folder, name), "rb") as file:
                    data = file.read()
                entry = tarfile.TarInfo(os.path.relpath(os.path.join(folder, name), "."))
                entry.size = len(data)
                tar.addfile(entry, io.BytesIO(data))
    print(path, os.path.getsize(path))


# -- a module for TensorFlow 1 ----------------------------------------------------------------------------------------


def module(folder):
    import tensorflow_hub as hub

    def text_module():
        words = tf.compat.v1.placeholder(tf.string, [None], name="words")
        vocabulary = os.path.join(tempfile.mkdtemp(), "tokens.txt")
        with open(vocabulary, "w") as file:
            file.write("red\ngreen\nblue\n")
        table = tf.compat.v1.lookup.StaticVocabularyTable(
            tf.compat.v1.lookup.TextFileInitializer(
                vocabulary, tf.string, tf.compat.v1.lookup.TextFileIndex.WHOLE_LINE, tf.int64, tf.compat.v1.lookup.TextFileIndex.LINE_NUMBER
            ),
            1,
        )
        rows = tf.compat.v1.get_variable("rows", [4, 3], initializer=tf.compat.v1.random_uniform_initializer(seed=1))
        kernel = tf.compat.v1.get_variable("kernel", [3, 2], initializer=tf.compat.v1.random_uniform_initializer(seed=2))
        bias = tf.compat.v1.get_variable("bias", [2], initializer=tf.compat.v1.random_uniform_initializer(seed=3))
        shift = tf.compat.v1.get_variable("shift", [2], initializer=tf.compat.v1.random_uniform_initializer(seed=4), trainable=False)
        y = tf.nn.embedding_lookup(rows, table.lookup(words))
        y = tf.tanh(tf.matmul(y, kernel) + bias) - shift
        hub.add_signature(inputs=words, outputs={"default": y, "more": y * 2.0})

    spec = hub.create_module_spec(text_module)
    with tf.Graph().as_default():
        made = hub.Module(spec)
        with tf.compat.v1.Session() as session:
            session.run([tf.compat.v1.global_variables_initializer(), tf.compat.v1.tables_initializer()])
            made.export(folder, session)


# -- KerasLayer -------------------------------------------------------------------------------------------------------


class Dense(tf.Module):
    """Two kernels of one shape, whose order in the lists is not that of their names; it does otherwise in training."""

    def __init__(self):
        self.b = tf.Variable(grid(1, 3, 3), name="same")
        self.a = tf.Variable(grid(2, 3, 3), name="same")
        self.mean = tf.Variable(grid(3, 3), trainable=False, name="moving/mean")

    @tf.function
    def __call__(self, x, training=False):
        y = tf.tanh(tf.matmul(x, self.a)) @ self.b
        return y * 0.0 if training else y - self.mean


def dense_module():
    made = Dense()
    kept = tf.__internal__.tracking.AutoTrackable()
    kept.b, kept.a, kept.mean = made.b, made.a, made.mean
    kept.variables = [made.mean, made.b, made.a]
    kept.trainable_variables = [made.b, made.a]
    kept.__call__ = made.__call__
    for training in (True, False):
        kept.__call__.get_concrete_function(tf.TensorSpec([None, 3]), training=training)
    tf.saved_model.save(kept, "modules/dense")


class Several(tf.Module):
    """Arguments: a number as a tensor, and one as a Python value."""

    @tf.function
    def __call__(self, x, times=1, scale=1.0, *, shift=0):
        return x * scale * float(times) + tf.cast(shift, tf.float32)


def several_module():
    made = Several()
    for times in (1, 2):
        for shape in ([None, 2], [None, 3, 2]):
            made.__call__.get_concrete_function(tf.TensorSpec(shape), times, tf.TensorSpec([]), shift=3)
    tf.saved_model.save(made, "modules/several")


class Words(tf.Module):
    def __init__(self):
        with open("tokens.txt", "w") as file:
            file.write("red\ngreen\nblue\n")
        self.file = tf.saved_model.Asset("tokens.txt")
        index = tf.lookup.TextFileIndex
        source = tf.lookup.TextFileInitializer(self.file, tf.string, index.WHOLE_LINE, tf.int64, index.LINE_NUMBER)
        self.table = tf.lookup.StaticVocabularyTable(source, 1)
        self.rows = tf.Variable(grid(4, 4, 3), name="rows")

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def __call__(self, text):
        parts = tf.strings.split(tf.strings.lower(text))
        return tf.reduce_sum(tf.gather(self.rows, self.table.lookup(parts.to_tensor("none"))), 1)


def words_module():
    made = Words()
    kept = tf.__internal__.tracking.AutoTrackable()
    kept.made, kept.table, kept.file, kept.rows = made, made.table, made.file, made.rows
    kept.variables = kept.trainable_variables = [made.rows]
    kept.__call__ = made.__call__
    tf.saved_model.save(kept, "modules/words")
    os.remove("tokens.txt")


class Dicts(tf.Module):
    def __init__(self):
        self.kernel = tf.Variable(grid(5, 2, 2), name="kernel")

    @tf.function(input_signature=[{"ids": tf.TensorSpec([None, 2]), "mask": tf.TensorSpec([None, 2], tf.int32)}])
    def __call__(self, inputs):
        y = tf.matmul(inputs["ids"], self.kernel) * tf.cast(inputs["mask"], tf.float32)
        return {"pooled": tf.reduce_sum(y, 1, keepdims=True), "all": [y, y + 1.0]}

    @tf.function(input_signature=[tf.TensorSpec([None, 2], name="x"), tf.TensorSpec([None, 2], name="b")])
    def two(self, x, b):
        return {"sum": x @ self.kernel + b, "product": x * b}

    @tf.function(input_signature=[tf.TensorSpec([None, 2], name="x")])
    def one(self, x):
        return {"first": x @ self.kernel, "second": -x}


def dicts_module():
    made = Dicts()
    tf.saved_model.save(made, "modules/dicts", signatures={"two": made.two, "one": made.one})


class Counting(tf.Module):
    """It counts its calls, and so gives something else each time."""

    def __init__(self):
        self.count = tf.Variable(1.0)

    @tf.function(input_signature=[tf.TensorSpec([None, 2])])
    def __call__(self, x):
        return x * self.count.assign_add(1.0)


def keras_module():
    K = tf.keras
    start = K.Input((4,))
    y = K.layers.Dense(3, activation="relu")(start)
    y = K.layers.BatchNormalization()(y)
    y = K.layers.Dropout(0.5)(y)
    made = K.Model(start, K.layers.Dense(2)(y))
    made.save("modules/keras")


def hub_models(module_folder):
    import tensorflow_hub as hub

    K = tf.keras
    L = K.layers
    shutil.copytree(module_folder, "modules/version_1")
    tf.saved_model.save(Counting(), "modules/counting")
    for make in (dense_module, several_module, words_module, dicts_module, keras_module):
        make()
    cases = {}

    x = K.Input((3,), name="x")
    y = hub.KerasLayer("modules/dense", trainable=True, name="hub")(x)
    cases["dense"] = (K.Model(x, L.Dense(2)(y)), [grid(11, 5, 3)])

    cases["chain"] = (
        K.Sequential([hub.KerasLayer("modules/dense", input_shape=[3]), hub.KerasLayer("modules/dense", trainable=True), L.Dense(2)]),
        [grid(12, 5, 3)],
    )

    x = K.Input((2,), name="x")
    layer = hub.KerasLayer("modules/several", arguments={"times": 2, "scale": 0.5, "shift": 3})
    cases["arguments"] = (K.Model(x, [layer(x), layer(L.RepeatVector(3)(x))]), [grid(13, 5, 2)])

    x = K.Input((), dtype=tf.string, name="x")
    y = hub.KerasLayer("modules/words", dtype=tf.string, output_shape=[3])(x)
    cases["words"] = (K.Model(x, L.Dense(2)(y)), [np.array(["Red green", "blue", "", "black blue red"], object)])

    ids, mask = K.Input((2,), name="ids"), K.Input((2,), dtype="int32", name="mask")
    y = hub.KerasLayer("modules/dicts")({"ids": ids, "mask": mask})
    cases["dicts"] = (
        K.Model([ids, mask], [y["pooled"], y["all"][1], L.Dense(2)(y["all"][0])]),
        [grid(14, 5, 2), np.eye(5, 2, dtype="int32")],
    )

    x, b = K.Input((2,), name="x"), K.Input((2,), name="b")
    y = hub.KerasLayer("modules/dicts", signature="two", signature_outputs_as_dict=True)({"x": x, "b": b})
    z = hub.KerasLayer("modules/dicts", signature="one", output_key="second")(x)
    cases["signature"] = (K.Model([x, b], [y["sum"], y["product"], z]), [grid(15, 5, 2), grid(16, 5, 2)])

    x = K.Input((4,), name="x")
    y = hub.KerasLayer("modules/keras", trainable=True)(x)
    cases["keras"] = (K.Model(x, y), [grid(17, 5, 4)])

    x = K.Input((), dtype=tf.string, name="x")
    y = hub.KerasLayer("modules/version_1", dtype=tf.string)(x)
    z = hub.KerasLayer("modules/version_1", output_key="more")(x)
    cases["version_1"] = (K.Model(x, [L.Dense(2)(y), z]), [np.array(["red", "blue", "pink"], object)])

    x = K.Input((2,), name="x")
    with open("counting.json", "w") as file:
        file.write(K.Model(x, hub.KerasLayer("modules/counting")(x)).to_json())

    index = {}
    for name, (model, inputs) in cases.items():
        tuned(model)
        with open(name + ".json", "w") as file:
            file.write(model.to_json())
        for ending in (".h5", ".keras"):
            path = name + ending
            try:
                model.save(path)
                again = K.models.load_model(path, custom_objects={"KerasLayer": hub.KerasLayer})
                assert np.allclose(
                    np.concatenate([np.ravel(o) for o in tf.nest.flatten(again.predict(inputs, verbose=0))]),
                    np.concatenate([np.ravel(o) for o in tf.nest.flatten(model.predict(inputs, verbose=0))]),
                ), name
                index.setdefault(name, []).append(ending)
            except Exception as error:
                print("refused", path, type(error).__name__, str(error)[:300])
                os.path.exists(path) and os.remove(path)
        model.save_weights(f"{name}_checkpoint/weights", save_format="tf")
        outputs = tf.nest.flatten(model.predict(inputs, verbose=0))
        np.savez(name + ".npz", **{f"in{i}": v for i, v in enumerate(inputs)}, **{f"out{i}": v for i, v in enumerate(outputs)})
    pack("tensorflow_hub-" + hub.__version__, index)


# -- TFSMLayer --------------------------------------------------------------------------------------------------------


def endpoints():
    import keras as K

    L = K.layers
    start = K.Input((4,))
    y = L.BatchNormalization()(L.Dense(3, activation="relu")(start))
    made = K.Model(start, [L.Dense(2)(y), L.Dense(2)(y)])
    for seed, variable in enumerate(made.weights, 30):
        variable.assign(np.abs(grid(seed, *variable.shape)) + 0.25)
    archive = K.export.ExportArchive()
    archive.track(made)
    archive.add_endpoint("serve", lambda x: made(x, training=False), input_signature=[tf.TensorSpec((None, 4))])
    archive.add_endpoint("train", lambda x: made(x, training=True), input_signature=[tf.TensorSpec((None, 4))])
    archive.write_out("modules/export")
    first, second = K.Input((2,), name="first"), K.Input((2,), name="second")
    pair = K.Model({"first": first, "second": second}, {"sum": L.Add()([L.Dense(2)(first), second])})
    pair.export("modules/pair", verbose=False)

    cases = {}
    x = K.Input((4,), name="x")
    y = L.TFSMLayer("modules/export", call_training_endpoint="train", name="served")(x)
    cases["export"] = (K.Model(x, [*y, L.Dense(2)(y[0])]), [grid(21, 5, 4)])
    x = K.Input((4,), name="x")
    cases["signature"] = (K.Model(x, L.TFSMLayer("modules/export", call_endpoint="serving_default")(x)), [grid(22, 5, 4)])
    first, second = K.Input((2,), name="first"), K.Input((2,), name="second")
    y = L.TFSMLayer("modules/pair")({"first": first, "second": second})
    cases["pair"] = (K.Model([first, second], y["sum"]), [grid(23, 5, 2), grid(24, 5, 2)])
    index = {}
    for name, (model, inputs) in cases.items():
        tuned(model, positive=True)  # some are variances
        outputs = tf.nest.flatten(model.predict(inputs, verbose=0))
        for ending in (".keras", ".h5"):
            try:
                model.save(name + ending)
                again = K.models.load_model(name + ending, safe_mode=False)
                for one, other in zip(outputs, tf.nest.flatten(again.predict(inputs, verbose=0))):
                    np.testing.assert_allclose(one, other, atol=1e-6)
                index.setdefault(name, []).append(ending)
            except Exception as error:
                print("refused", name + ending, type(error).__name__, str(error)[:300])
                os.path.exists(name + ending) and os.remove(name + ending)
        np.savez(name + ".npz", **{f"in{i}": v for i, v in enumerate(inputs)}, **{f"out{i}": v for i, v in enumerate(outputs)})
    pack("keras-" + K.__version__, index)


if __name__ == "__main__":
    if sys.argv[1] == "module":
        module(sys.argv[2])
    else:
        given = [os.path.abspath(path) for path in sys.argv[2:]]
        with tempfile.TemporaryDirectory() as place:
            os.chdir(place)
            os.makedirs("modules")
            hub_models(*given) if sys.argv[1] == "hub" else endpoints()
            os.chdir(HERE)
