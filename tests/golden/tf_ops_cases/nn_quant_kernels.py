"""Kernels on quantized types, as quantized graphs of TensorFlow 1 have them. A function is traced before the next is made."""


def cases(tf, np):
    raw = tf.raw_ops
    random = np.random.RandomState(0)
    x, w = random.randn(2, 5, 6, 3).astype(np.float32), random.randn(3, 2, 3, 4).astype(np.float32)

    def plain(found):
        return [tf.cast(found[0], tf.int32), *found[1:]]

    def codes(x, low, high):
        return raw.QuantizeV2(input=x, min_range=low, max_range=high, T=tf.quint8)

    def convolved(x, w, padding, stride):
        (a, *of_a), (b, *of_b) = codes(x, -2.1, 3.4), codes(w, -1.7, 2.0)
        ranges = dict(zip(("min_input", "max_input", "min_filter", "max_filter"), [*of_a, *of_b]))
        return raw.QuantizedConv2D(input=a, filter=b, **ranges, strides=[1, stride, stride, 1], padding=padding)

    for padding in ("SAME", "VALID"):
        for stride in (1, 2, 3):
            yield f"conv_{padding}_{stride}", lambda x, w: plain(convolved(x, w, padding, stride)), [x, w], [(None, 5, 6, 3), (3, 2, 3, 4)]

    for turned in (False, True):

        def product(x, w):
            (a, *of_a), (b, *of_b) = codes(x, -2.1, 3.4), codes(w, 0.0, 2.0)
            ranges = dict(zip(("min_a", "max_a", "min_b", "max_b"), [*of_a, *of_b]))
            return plain(raw.QuantizedMatMul(a=a, b=b, **ranges, transpose_a=turned, transpose_b=turned))

        one, other = x[0, 0], w[0, 0]
        yield f"matmul_{turned}", product, [one.T, other.T] if turned else [one, other]

    def shrunk(x, w):
        total, low, high = convolved(x, w, "SAME", 1)
        return raw.QuantizeDownAndShrinkRange(input=total, input_min=low, input_max=high, out_type=tf.quint8)

    def requantized(x, w):
        total, low, high = convolved(x, w, "SAME", 1)
        ends = raw.RequantizationRange(input=total, input_min=low, input_max=high)
        ends = {"requested_output_min": ends[0], "requested_output_max": ends[1] * 0.7}
        return raw.Requantize(input=total, input_min=low, input_max=high, **ends, out_type=tf.quint8)

    yield "shrunk", lambda x, w: plain(shrunk(x, w)), [x, w], [(None, 5, 6, 3), (3, 2, 3, 4)]
    yield "requantized", lambda x, w: plain(requantized(x, w)), [x, w]
    for name in ("QuantizedRelu", "QuantizedRelu6"):

        def rectified(x, w):
            found, low, high = shrunk(x, w)
            return plain(getattr(raw, name)(features=found, min_features=low, max_features=high))

        yield name, rectified, [x, w]

    def pooled(x, w):
        found, low, high = shrunk(x, w)
        how = {"ksize": [1, 2, 2, 1], "strides": [1, 2, 2, 1], "padding": "SAME"}
        return plain(raw.QuantizedMaxPool(input=found, min_input=low, max_input=high, **how))

    def reshaped(x, w):
        found, low, high = shrunk(x, w)
        return plain(raw.QuantizedReshape(tensor=found, shape=[2, -1], input_min=low, input_max=high))

    yield "pooled", pooled, [x, w]
    yield "reshaped", reshaped, [x, w]
