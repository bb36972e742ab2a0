"""Blocks of space as samples or channels, and back. A function is traced before the next is made."""


def cases(tf, np):
    raw = tf.raw_ops
    random = np.random.RandomState(0)

    def floats(*shape, dtype=np.float32):
        return random.randn(*shape).astype(dtype)

    x = floats(2, 4, 6, 3)
    free = [(None, None, None, None)]
    for name, block, pads in (
        ("plain", [2, 3], [[0, 0], [0, 0]]),
        ("padded", [3, 2], [[1, 1], [2, 0]]),
        ("one", [2], [[1, 1]]),
        ("three", [2, 1, 3], [[0, 0], [1, 2], [0, 0]]),
        ("none", np.zeros(0, np.int32), np.zeros((0, 2), np.int32)),
    ):
        for shapes, kind in ((None, ""), (free, "_free")):

            def made(x):
                return raw.SpaceToBatchND(input=x, block_shape=block, paddings=pads)

            yield (f"to_batch_{name}{kind}", made, [x], *([shapes] if shapes else []))
    block, pads = np.asarray([2, 3], np.int32), np.asarray([[0, 2], [1, 2]], np.int64)

    def computed(x, block, pads):
        return raw.SpaceToBatchND(input=x, block_shape=block, paddings=pads)

    yield "to_batch_computed", computed, [x, block, pads]
    yield "to_batch_computed_free", computed, [x, block, pads], [(None, None, None, 3), (2,), (2, 2)]
    for dtype in ("int32", "uint8", "float64", "int64", "float16"):
        yield (
            f"to_batch_{dtype}",
            lambda x: raw.SpaceToBatchND(input=x, block_shape=[2, 2], paddings=[[0, 0], [2, 0]]),
            [(9 * x).astype(dtype)],
        )
    y = floats(12, 2, 3, 3)
    for name, block, crops in (
        ("plain", [2, 3], [[0, 0], [0, 0]]),
        ("cropped", [3, 2], [[1, 1], [2, 0]]),
        ("one", [4], [[1, 2]]),
        ("three", [2, 1, 3], [[0, 0], [1, 1], [0, 4]]),
    ):
        for shapes, kind in ((None, ""), (free, "_free")):

            def made(x):
                return raw.BatchToSpaceND(input=x, block_shape=block, crops=crops)

            yield (f"to_space_{name}{kind}", made, [y], *([shapes] if shapes else []))
    block, crops = np.asarray([2, 3], np.int32), np.asarray([[0, 2], [1, 2]], np.int32)

    def computed(x, block, crops):
        return raw.BatchToSpaceND(input=x, block_shape=block, crops=crops)

    yield "to_space_computed", computed, [y, block, crops]
    yield "to_space_computed_free", computed, [y, block, crops], [(None, None, None, 3), (2,), (2, 2)]
    yield "to_batch_of_images", lambda x: raw.SpaceToBatch(input=x, paddings=[[1, 1], [0, 2]], block_size=2), [x], free
    yield "to_space_of_images", lambda x: raw.BatchToSpace(input=x, crops=[[1, 0], [0, 1]], block_size=2), [y], free
    deep = floats(2, 3, 2, 8)
    for dtype in ("float32", "float64", "int32", "int64", "uint8", "bool", "complex64"):
        a, d = (9 * x).astype(dtype), (9 * deep).astype(dtype)
        for shapes, kind in ((None, ""), (free, "_free")):
            if kind and dtype == "complex64":
                continue
            yield (f"to_depth_{dtype}{kind}", lambda x: raw.SpaceToDepth(input=x, block_size=2), [a], *([shapes] if shapes else []))
            yield (f"from_depth_{dtype}{kind}", lambda x: raw.DepthToSpace(input=x, block_size=2), [d], *([shapes] if shapes else []))
