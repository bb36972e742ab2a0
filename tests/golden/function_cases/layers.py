"""`keras.activations`, `keras.losses` and the functions of `keras.layers` that merge."""

import numpy as np

from function_cases import Tensor as T
from function_cases import cases, numbers

OWNER = "keras"
CASES, k = cases()
X = numbers(3, 4, 5) * 4
FLAT = numbers(3, 6) * 3

for name in (
    "elu exponential hard_sigmoid linear relu selu sigmoid softmax softplus softsign swish silu tanh gelu mish relu6 log_softmax leaky_relu celu "
    "hard_silu hard_tanh hard_shrink soft_shrink log_sigmoid squareplus sparse_plus tanh_shrink glu"
).split():
    k("activations." + name, T(FLAT))
k("activations.relu", T(X), 0.1, 2.0)
k("activations.relu", T(X), alpha=0.1, max_value=2.0, threshold=0.5)
k("activations.relu", T(X), negative_slope=0.1)
k("activations.elu", T(X), 0.5)
k("activations.softmax", T(X), axis=1)
k("activations.gelu", T(X), approximate=True)
PAIR = [T(X), T(numbers(3, 4, 5, seed=1))]
for name in "add multiply average maximum minimum subtract".split():
    k("layers." + name, PAIR)
k("layers.add", [T(X), T(X), T(X)])
k("layers.concatenate", PAIR)
k("layers.concatenate", PAIR, axis=1)
k("layers.dot", PAIR, 2)
k("layers.dot", PAIR, axes=(1, 1), normalize=True)
k("layers.dot", [T(FLAT), T(numbers(3, 6, seed=1))], axes=1)
ONE, OTHER = np.abs(numbers(3, 4)) + 0.1, np.abs(numbers(3, 4, seed=1)) + 0.1
for name in (
    "mean_squared_error mean_absolute_error mean_absolute_percentage_error mean_squared_logarithmic_error logcosh log_cosh poisson kl_divergence "
    "kullback_leibler_divergence cosine_similarity cosine_proximity mse MAE"
).split():
    k("losses." + name, T(ONE), T(OTHER))
k("losses.mean_squared_error", T(np.array([[1, 0], [2, 3]], "int32")), T(numbers(2, 2)))
k("losses.binary_crossentropy", T(np.round(ONE)), T(np.clip(OTHER, 0, 1)))
k("losses.categorical_crossentropy", T(np.eye(3, 4, dtype="float32")), T(OTHER))
k("losses.sparse_categorical_crossentropy", T(np.array([1, 0, 3], "int32")), T(OTHER))
k("utils.normalize", T(X), axis=1)
k("utils.normalize", T(FLAT))
k("utils.to_categorical", T(np.array([[1], [0], [2]], "int32")), 4)
k("utils.to_categorical", T(np.array([1, 0, 2], "int32")), num_classes=3)
