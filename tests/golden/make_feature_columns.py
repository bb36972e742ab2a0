"""Makes tests/golden/feature_columns/<model>.h5, .keras and .npz: DenseFeatures, LinearModel, WideDeepModel and RandomFourierFeatures.

Run it with the Python of TensorFlow 2.15: `python make_feature_columns.py`. Inputs lie in the .npz by their names.
"""

import os
import shutil

os.environ.update(CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3")
import numpy as np
import tensorflow as tf

K = tf.keras
C = tf.feature_column
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "feature_columns")
FEATURES = {
    "age": np.array([3, 25, 47.5, 65, -1], "float32"),
    "size": np.array([[1, 2.5], [-1, 0], [0.25, 9], [4, 4], [2, -7]], "float32"),
    "word": np.array([["fox", ""], ["dog", "dog"], ["", ""], ["fish", "fox"], ["owl", "an unknown one"]], object),
    "code": np.array([[1, -1, 3], [2, 2, 2], [-1, -1, -1], [0, 9, 4], [7, 3, -5]], "int64"),
    "weight": np.array([[0.5, 0, 2], [1, 2, 3], [0, 0, 0], [1.5, 1, 0.25], [1, -2, 3]], "float32"),
    "many": np.array([2, 0, 5, 4, 1], "int64"),
}


def keep(name, model, features, kinds=("h5", "keras")):
    random = np.random.RandomState(3)
    for weight in model.weights:
        weight.assign(random.randint(-16, 17, weight.shape) / 24.0)
    given = {key: tf.constant(FEATURES[key]) for key in features}
    expected = model.predict(given, verbose=0)
    for kind in kinds:
        model.save(os.path.join(FOLDER, name + "." + kind))
    texts = {key: FEATURES[key].astype("S") if FEATURES[key].dtype == object else FEATURES[key] for key in features}
    np.savez(os.path.join(FOLDER, name + ".npz"), out=expected, **texts)


def inputs(features):
    return {
        key: K.Input(FEATURES[key].shape[1:], name=key, dtype="string" if FEATURES[key].dtype == object else FEATURES[key].dtype.name)
        for key in features
    }


def dense(name, features, columns, **options):
    start = inputs(features)
    y = K.layers.Dense(2)(K.layers.DenseFeatures(columns)(start))
    keep(name, K.Model(start, y), features, **options)


shutil.rmtree(FOLDER, ignore_errors=True)
os.makedirs(FOLDER)
os.chdir(FOLDER)
with open("animals.txt", "wb") as file:
    file.write("fox\r\ndog\nöwl\na fourth one".encode())
age, size = C.numeric_column("age"), C.numeric_column("size", shape=(2,))
words = C.categorical_column_with_vocabulary_list("word", ["fox", "dog", "owl"], num_oov_buckets=2)
few = C.categorical_column_with_vocabulary_list("word", ["fox", "dog", "owl"])
codes = C.categorical_column_with_vocabulary_list("code", [1, 2, 3], num_oov_buckets=3)
hashed, hashed_codes = C.categorical_column_with_hash_bucket("word", 7), C.categorical_column_with_hash_bucket("code", 5, dtype=tf.int64)
known = C.categorical_column_with_identity("many", 6)
limited = C.categorical_column_with_identity("code", 4, default_value=1)
bands, pairs = C.bucketized_column(age, [10, 30.5, 60]), C.bucketized_column(size, [0, 3])

dense("numbers", ["age", "size"], [size, age, bands, pairs])
dense("indicators", ["word", "many", "code"], [C.indicator_column(c) for c in (words, known, hashed_codes)])
dense("unknown_words", ["word", "code"], [C.indicator_column(few), C.indicator_column(codes)])
dense(
    "embeddings",
    ["word", "code", "many", "size"],
    [
        C.embedding_column(words, 3),
        C.embedding_column(limited, 2, combiner="sum"),
        C.embedding_column(known, 4, combiner="sqrtn", max_norm=0.5),
        C.embedding_column(pairs, 2),
    ],
)
listed = C.categorical_column_with_vocabulary_file("word", "./animals.txt", vocabulary_size=3, num_oov_buckets=2)
dense("vocabulary_file", ["word"], [C.indicator_column(listed), C.embedding_column(listed, 2)])
dense("hashes", ["word", "code"], [C.embedding_column(hashed, 3, combiner="sqrtn"), C.embedding_column(hashed_codes, 2)])
dense(
    "crosses",
    ["word", "age", "code", "many"],
    [
        C.indicator_column(C.crossed_column(["word", bands, words], 11)),
        C.embedding_column(C.crossed_column([C.crossed_column(["code", bands], 5), "many"], 9, hash_key=77), 2),
    ],
)
thing = C.weighted_categorical_column(C.categorical_column_with_hash_bucket("many", 5, dtype=tf.int64), "age")
dense("weighted", ["many", "age"], [C.embedding_column(thing, 3), C.indicator_column(thing)])

line = K.Sequential([K.layers.DenseFeatures([size, C.embedding_column(words, 3)]), K.layers.Dense(2, activation="tanh")])
line({key: tf.constant(FEATURES[key]) for key in ("size", "word")})
keep("sequential", line, ["size", "word"], kinds=("keras",))

linear = K.experimental.LinearModel(units=2, activation="sigmoid")
linear({key: tf.constant(FEATURES[key]) for key in ("size", "weight")})
keep("linear", linear, ["size", "weight"], kinds=("keras",))

start = inputs(["size", "weight"])
inner = K.experimental.LinearModel(units=1, use_bias=False)
keep("linear_inside", K.Model(start, K.layers.Dense(2)(inner(start))), ["size", "weight"], kinds=("keras",))
start = inputs(["size"])
keep("linear_of_one", K.Model(start, K.experimental.LinearModel(units=3)(start["size"])), ["size"])
deep = K.Sequential([K.layers.Dense(4, activation="relu"), K.layers.Dense(1)])
both = K.experimental.WideDeepModel(K.experimental.LinearModel(), deep, activation="tanh")
keep("wide_deep", K.Model(start, both(start["size"])), ["size"])
start = inputs(["size", "weight"])
deep = K.Sequential([K.layers.Dense(4, activation="relu"), K.layers.Dense(1)])
both = K.experimental.WideDeepModel(K.experimental.LinearModel(), deep)
keep("wide_deep_of_two", K.Model(start, both([start["size"], start["weight"]])), ["size", "weight"])

start = inputs(["size"])
fourier = K.layers.experimental.RandomFourierFeatures(4, scale=2.0)
keep("fourier", K.Model(start, fourier(start["size"])), ["size"])
