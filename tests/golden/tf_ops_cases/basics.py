"""Where shapes are computed: what models do with lengths that are known only at run time."""


def cases(tf, np):
    x = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    free = [(None, 3, 4)]
    yield "flatten", lambda x: tf.reshape(x, [tf.shape(x)[0], 12]), [x], free
    yield "flatten_both", lambda x: tf.reshape(x, [tf.shape(x)[0], tf.shape(x)[1] * tf.shape(x)[2]]), [x], [(None, None, None)]
    yield "slice_computed", lambda x: x[:, tf.shape(x)[0] - 1 :], [x], free
    yield "fill_computed", lambda x: tf.zeros([tf.shape(x)[0], 5]) + 1.0, [x], free
