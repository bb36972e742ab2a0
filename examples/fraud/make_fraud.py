"""Train the fraud example with the real framework and save it: run with the Python that has it.

    python examples/fraud/make_fraud.py

tf.keras 2 writes fraud.h5, Keras 3 writes fraud.keras, both into src/loadstone/examples/fraud, each with the framework's
own answers for transactions.csv beside it (fraud.h5.csv, fraud.keras.csv). The training data are synthetic: fraud is likelier
for large amounts, at night, far from home, and at some kinds of merchant.
"""

import csv
import os
from pathlib import Path

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import numpy as np
import tensorflow as tf
from tensorflow import keras

HERE = Path(__file__).resolve().parents[2] / "src" / "loadstone" / "examples" / "fraud"
NUMBERS = ["amount", "hour", "distance_km", "card_present"]
MERCHANTS = 8  # kinds of merchant: 0 groceries, 1 fuel, 2 travel, 3 electronics, 4 jewellery, 5 gaming, 6 restaurants, 7 cash


def transactions(count, seed):
    """Made-up transactions by input name, each (count, 1), and which of them are fraud."""
    random = np.random.default_rng(seed)
    data = {
        "amount": random.lognormal(3.5, 1.2, count),
        "hour": random.integers(0, 24, count).astype(float),
        "distance_km": random.lognormal(2.0, 1.8, count),
        "card_present": random.integers(0, 2, count).astype(float),
        "merchant": random.integers(0, MERCHANTS, count),
    }
    risk = np.array([-1.0, -0.5, 0.5, 1.0, 1.5, 1.0, -0.5, 0.8])[data["merchant"]]
    night = (data["hour"] < 6) * 1.2
    score = 0.9 * np.log(data["amount"] / 40) + 0.6 * np.log1p(data["distance_km"] / 20) + night + risk - 1.1 * data["card_present"] - 2.2
    fraud = random.random(count) < 1 / (1 + np.exp(-1.5 * score))
    columns = {name: column.astype("int32" if name == "merchant" else "float32")[:, None] for name, column in data.items()}
    return columns, fraud.astype("float32")[:, None]


def build(data):
    layers = keras.layers
    numbers = {name: keras.Input((1,), name=name) for name in NUMBERS}
    merchant = keras.Input((1,), dtype="int32", name="merchant")
    normalization = layers.Normalization(name="scaled")
    normalization.adapt(np.concatenate([data[name] for name in NUMBERS], axis=1))
    x = normalization(layers.Concatenate(name="numbers")(list(numbers.values())))
    kind = layers.Flatten(name="kind")(layers.Embedding(MERCHANTS, 3, name="merchant_embedding")(merchant))
    x = layers.Concatenate(name="features")([x, kind])
    x = layers.Dense(16, activation="relu", name="hidden_1")(x)
    x = layers.BatchNormalization(name="batch_norm")(x)
    x = layers.Dropout(0.2, name="dropout")(x)
    x = layers.Dense(8, activation="relu", name="hidden_2")(x)
    fraud = layers.Dense(1, activation="sigmoid", name="fraud")(x)
    return keras.Model({**numbers, "merchant": merchant}, fraud, name="fraud_detector")


def read_transactions(path):
    with open(path, newline="", encoding="utf8") as file:
        rows = list(csv.DictReader(file))
    return {
        name: np.array([[row[name]] for row in rows]).astype("int32" if name == "merchant" else "float32")
        for name in [*NUMBERS, "merchant"]
    }


def main():
    keras.utils.set_random_seed(11)
    data, fraud = transactions(20000, seed=3)
    model = build(data)
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(data, fraud, epochs=4, batch_size=128, verbose=2)
    name = "fraud.h5" if tf.__version__ < "2.16" else "fraud.keras"
    model.save(str(HERE / name))
    answers = model.predict(read_transactions(HERE / "transactions.csv"), verbose=0)
    with open(HERE / (name + ".csv"), "w", newline="", encoding="utf8") as file:
        csv.writer(file, lineterminator="\n").writerows([["fraud"], *[[str(value)] for value in answers[:, 0]]])


if __name__ == "__main__":
    main()
