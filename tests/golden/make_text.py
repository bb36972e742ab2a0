"""Makes tests/golden/text/<release>.tar.xz: layers of text, lookups, hashes and buckets, with the vocabularies that they were given or adapted to.

Run it with the Python of each release: `python make_text.py [FOLDER [PART OF A NAME ...]]`.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import numpy as np
from golden_cases import RELEASE, V3, K, L, case
from golden_files import main

P = L if V3 or RELEASE >= (2, 6) else L.experimental.preprocessing
WORDS = np.array(
    [["earth"], ["wind"], ["and"], ["fire"], [""], ["w\u00f6rld"], ["Earth"], ["a word of more than sixty-four bytes, " * 3]], object
)
LINE = np.array([["the cat sat, on the MAT!"], ["a dog"], [""], ["on  the\tdog\ncat the"], ["\u00dcber-cat \u00e9t\u00e9"]], object)
NUMBERS = np.array([[1, 2], [3, 4], [0, -1], [7, 2], [12345678901, 5]], "int64")
FLOATS = np.array([[-1.5, 0.0], [0.25, 1.0], [np.nan, 2.0], [np.inf, -np.inf]], "float32")
MULTI = "multi_hot" if V3 or RELEASE >= (2, 7) else "binary"
TF_IDF = "tf_idf" if V3 or RELEASE >= (2, 7) else "tf-idf"


def on(layer, *arrays):
    """A model of one layer, whose state is its own."""
    starts = [K.Input(a.shape[1:], dtype="string" if a.dtype == object else a.dtype.name) for a in arrays]
    model = K.Model(starts, layer(starts[0] if len(starts) == 1 else starts))
    model.keeps_weights = True
    return model, [np.asarray(a) for a in arrays]


def adapted(layer, data):
    layer.adapt(data)
    return layer


def options(**given):
    return "-".join("%s=%s" % item for item in given.items()).replace(" ", "").replace("/", "") or "plain"


def add(prefix, make, when=True, **given):
    case(prefix + "-" + options(**given), when)(lambda: make(**given))


# A Hashing of tf.keras 2.3 without a salt hashes otherwise once it is read again: no file of it shows what it did.
FAITHFUL = V3 or RELEASE >= (2, 6)

# -- hashes ------------------------------------------------------------------------------------------------------------

for given in (
    {},
    {"salt": 7},
    {"salt": [1, 2]},
    {"mask_value": ""},
    {"output_mode": "one_hot"},
    {"output_mode": "multi_hot"},
    {"output_mode": "count"},
):
    add("hash_text", lambda **o: on(P.Hashing(num_bins=5, **o), WORDS), FAITHFUL or "salt" in given, **given)
for given in ({}, {"salt": [1, 2]}, {"mask_value": 3}, {"output_mode": "multi_hot"}):
    add("hash_integers", lambda **o: on(P.Hashing(num_bins=4, **o), NUMBERS), FAITHFUL or "salt" in given, **given)
case("hash_int32", FAITHFUL)(lambda: on(P.Hashing(num_bins=4), NUMBERS[:4].astype("int32")))
if hasattr(P, "HashedCrossing"):
    for given in ({}, {"output_mode": "one_hot"}):
        add("crossing", lambda **o: on(P.HashedCrossing(num_bins=5, **o), WORDS[:5], NUMBERS[:, :1]), **given)

# -- buckets -----------------------------------------------------------------------------------------------------------

edges = "bin_boundaries" if V3 or RELEASE >= (2, 6) else "bins"
for given in ({}, {"output_mode": "one_hot"}, {"output_mode": "multi_hot"}, {"output_mode": "count"}, {"dtype": "int32"}):
    add("buckets", lambda **o: on(P.Discretization(**{edges: [-1.0, 0.25, 1.5]}, **o), FLOATS), **given)
# Where a model predicts, Keras 3 rounds what it buckets to the dtype of the layer: 257 is 256 in bfloat16, 2049 is 2048 in float16.
EDGES, LARGE = [0.1, 256.0, 257.0, 2049.0], np.array([[0, 255, 256, 257], [2047, 2048, 2049, 2050]], "int64")
for dtype in ("bfloat16", "float16", "float64", "int32"):
    add("buckets_of_integers", lambda **o: on(P.Discretization(EDGES, **o), LARGE), V3, dtype=dtype)
    add("buckets_of_cubes", lambda **o: on(P.Discretization(EDGES, **o), LARGE.reshape(2, 2, 2)), V3, dtype=dtype, output_mode=MULTI)
    add("categories_of_integers", lambda **o: on(P.CategoryEncoding(2051, **o), LARGE), V3, dtype=dtype, output_mode="one_hot")
    add("normalized", lambda **o: on(P.Normalization(mean=2.0, variance=3.0, **o), LARGE), V3, dtype=dtype)
case("buckets_adapted", V3)(lambda: on(adapted(P.Discretization(num_bins=3), np.arange(12, dtype="float32").reshape(6, 2)), FLOATS))
tokens = "num_tokens" if V3 or RELEASE >= (2, 6) else "max_tokens"
for given in ({"output_mode": "one_hot"}, {"output_mode": MULTI}, {"output_mode": "count"}):
    add("categories", lambda **o: on(P.CategoryEncoding(**{tokens: 8}, **o), np.abs(NUMBERS[:4])), **given)
    add("category", lambda **o: on(P.CategoryEncoding(**{tokens: 8}, **o), np.abs(NUMBERS[:4, :1])), **given)

# -- lookups -----------------------------------------------------------------------------------------------------------

VOCABULARY = ["earth", "wind", "and"]
for given in (
    {},
    {"num_oov_indices": 2},
    {"mask_token": ""},
    {"mask_token": "", "output_mode": MULTI},
    {"oov_token": "[OOV]", "num_oov_indices": 3},
    {"output_mode": "one_hot"},
    {"output_mode": MULTI},
    {"output_mode": "count", "max_tokens": 6, "pad_to_max_tokens": True},
):
    add("string", lambda **o: on(P.StringLookup(vocabulary=list(VOCABULARY), **o), WORDS), **given)
    add("string_adapted", lambda **o: on(adapted(P.StringLookup(**o), WORDS[:4]), WORDS), **given)
case("string_inverted")(lambda: on(P.StringLookup(vocabulary=list(VOCABULARY), invert=True), np.array([[0, 1], [2, 3], [4, 9]], "int64")))
for given in ({}, {"num_oov_indices": 2}, {"mask_token": 0}, {"output_mode": MULTI}, {"output_mode": "count"}):
    add("integer", lambda **o: on(P.IntegerLookup(vocabulary=[1, 2, 7], **o), NUMBERS), **given)
    add("integer_adapted", lambda **o: on(adapted(P.IntegerLookup(**o), NUMBERS[:3]), NUMBERS), **given)
case("integer_inverted")(lambda: on(P.IntegerLookup(vocabulary=[5, 7], invert=True), np.array([[0, 1], [2, 3]], "int64")))
case("string_tf_idf")(lambda: on(P.StringLookup(vocabulary=list(VOCABULARY), idf_weights=[0.25, 0.5, 2.0], output_mode=TF_IDF), WORDS))

# -- text --------------------------------------------------------------------------------------------------------------

TERMS = ["the", "cat", "dog", "on", "the cat"]
for given in (
    {},
    {"output_sequence_length": 3},
    {"output_sequence_length": 9},
    {"ngrams": 2},
    {"ngrams": (2,)},
    {"standardize": None},
    {"standardize": "lower"},
    {"standardize": "strip_punctuation"},
    {"split": "character"},
    {"output_mode": MULTI},
    {"output_mode": "count", "max_tokens": 12, "pad_to_max_tokens": True},
):
    add("text", lambda **o: on(P.TextVectorization(vocabulary=list(TERMS), **o), LINE), **given)
    add("text_adapted", lambda **o: on(adapted(P.TextVectorization(**o), LINE[:, 0]), LINE), **given)
case("text_tf_idf")(lambda: on(adapted(P.TextVectorization(output_mode=TF_IDF), LINE[:, 0]), LINE))
case("text_into_embedding")(
    lambda: on(
        K.Sequential(
            [P.TextVectorization(vocabulary=list(TERMS), output_sequence_length=4), L.Embedding(7, 2, embeddings_initializer="ones")]
        ),
        LINE,
    )
)

if __name__ == "__main__":
    main("text")
