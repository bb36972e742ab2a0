"""Makes tests/golden/compat_v1/<release>.npz: Functional models of tf.keras that call functions of `tf.compat.v1`.

Run it with the Python of each release (2.4 to 2.15): `python make_compat_v1.py [FOLDER [PART OF A NAME ...]]`.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from golden_cases import K, case, main, numbers, tf

V1 = tf.compat.v1


def on(function, *arrays):
    """A model of a function of one tensor for each array."""
    starts = [K.Input(a.shape[1:], dtype=a.dtype.name) for a in arrays]
    results = function(*starts)
    return K.Model(starts, list(results) if isinstance(results, (list, tuple)) else results), list(arrays)


IMAGE, ROWS, X, Y = numbers(2, 6, 5, 3), numbers(3, 4), numbers(3, 4, 5, seed=1), numbers(3, 4, 5, seed=2)
FLAGS = numbers(3, 4, 5, dtype="bool")
case("resize")(lambda: on(lambda x: V1.image.resize(x, (9, 7)), IMAGE))
case("resize-corners")(lambda: on(lambda x: V1.image.resize(x, [4, 8], method=2, align_corners=True), IMAGE))
case("resize-nearest")(lambda: on(lambda x: V1.image.resize_nearest_neighbor(x, [9, 7]), IMAGE))
case("resize-bilinear")(lambda: on(lambda x: V1.image.resize_bilinear(x, [12, 10]), IMAGE))
case("where-rows")(lambda: on(lambda c, x, y: V1.where(c[:, 0, 0], x, y), FLAGS, X, Y))
case("where-elements")(lambda: on(V1.where, FLAGS, X, Y))
case("space-to-batch")(lambda: on(lambda x: V1.batch_to_space(V1.space_to_batch(x, [[0, 0], [0, 1]], 2), [[0, 0], [0, 1]], 2), IMAGE))
case("in-top-k")(lambda: on(lambda x, y: V1.cast(V1.nn.in_top_k(x, V1.cast(y[:, 0] * 0 + 1, "int32"), 2), "float32"), ROWS, ROWS))
case("old-names")(lambda: on(lambda x: V1.reduce_sum(x, reduction_indices=[1], keep_dims=True), X))
case("old-order")(lambda: on(lambda x: V1.argmax(x, 1, None, None, "int32"), X))
case("softmax-dim")(lambda: on(lambda x: V1.nn.softmax(x, dim=1), X))
case("expand-dim")(lambda: on(lambda x: V1.squeeze(V1.expand_dims(x, dim=1), squeeze_dims=[1]), X))
case("depth")(lambda: on(lambda x: V1.depth_to_space(V1.space_to_depth(x, 2), 2), numbers(2, 4, 6, 3)))
case("entropy")(lambda: on(lambda x, y: V1.nn.softmax_cross_entropy_with_logits(labels=V1.nn.softmax(y), logits=x), ROWS, ROWS))
case("pad")(lambda: on(lambda x: V1.pad(x, [[0, 0], [1, 2], [0, 1]], "CONSTANT", None, 2.0), X))
case("today")(lambda: on(lambda x: tf.image.resize(tf.transpose(x, [0, 2, 1, 3]), (9, 7)), IMAGE))

if __name__ == "__main__":
    main("compat_v1")
