"""ResizeBilinear and ResizeNearestNeighbor: every way of laying pixels on pixels, known and free lengths, all dtypes."""

SIZES = {"up": (7, 9), "mixed": (2, 11), "one": (1, 1)}
WAYS = {"corner": {}, "align": {"align_corners": True}, "half": {"half_pixel_centers": True}}
FREE = [(None, None, None, None)]


def cases(tf, np):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 4, 5, 3)).astype(np.float32)
    deep = rng.standard_normal((1, 4, 5, 6)).astype(np.float32)
    raw = tf.raw_ops
    kernels = {"bilinear": raw.ResizeBilinear, "nearest": raw.ResizeNearestNeighbor}
    for kernel, op in kernels.items():
        for way, options in WAYS.items():
            sizes = SIZES if kernel != "nearest" else {**SIZES, "odd": (3, 13), "long": (16, 2)}
            for name, size in sizes.items():
                yield f"{kernel}_{way}_{name}", lambda x, op=op, size=size, o=options: op(images=x, size=size, **o), [x]
            yield f"{kernel}_{way}_free", lambda x, op=op, o=options: op(images=x, size=(7, 3), **o), [x], FREE
            computed = np.asarray([6, 4], np.int32)
            yield f"{kernel}_{way}_computed", lambda x, s, op=op, o=options: op(images=x, size=s, **o), [x, computed], [*FREE, (2,)]
            one = np.asarray([1, 1], np.int32)
            yield f"{kernel}_{way}_computed_one", lambda x, s, op=op, o=options: op(images=x, size=s, **o), [x, one], [*FREE, (2,)]
            yield f"{kernel}_{way}_deep", lambda x, op=op, o=options: op(images=x, size=(9, 8), **o), [deep]
        yield f"{kernel}_no_image", lambda x, op=op: op(images=x, size=(3, 3)), [x[:0]], FREE
        yield f"{kernel}_no_deep_image", lambda x, op=op: op(images=x, size=(3, 3)), [deep[:0]], FREE
        for dtype in (
            ("uint8", "int8", "int16", "uint16", "int32", "int64", "float16", "float64") if kernel == "nearest" else ("uint8", "int64")
        ):
            whole = rng.integers(0, 100, (1, 3, 4, 2)).astype(dtype)
            yield f"{kernel}_{dtype}", lambda x, op=op: op(images=x, size=(5, 6), half_pixel_centers=True), [whole]
    yield "nearest_bfloat16", lambda x: raw.ResizeNearestNeighbor(images=x, size=(5, 6)), [tf.cast(x[:1], tf.bfloat16).numpy()]
    picture = np.full((1, 5, 5, 3), 255, np.uint8)
    yield "bilinear_stays_white", lambda x: tf.cast(raw.ResizeBilinear(images=x, size=(13, 17)), tf.uint8), [picture]
    tall = rng.integers(0, 255, (1, 30, 6, 3)).astype(np.uint8)
    yield "bilinear_few_rows", lambda x: tf.cast(raw.ResizeBilinear(images=x, size=(7, 13)), tf.int32), [tall]
