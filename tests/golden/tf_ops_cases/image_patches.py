"""Patches, glimpses and projective transforms: paddings, free shapes, dtypes, offsets inside and outside."""


def cases(tf, np):
    rng, raw = np.random.default_rng(2), tf.raw_ops
    x = rng.standard_normal((2, 7, 6, 2)).astype(np.float32)
    free = [(None, None, None, None)]
    for padding in ("SAME", "VALID"):
        for name, window, stride, rate in (
            ("plain", (3, 2), (2, 3), (1, 1)),
            ("rates", (2, 3), (1, 2), (3, 2)),
            ("tiles", (3, 3), (3, 3), (1, 1)),
        ):

            def patches(x, window=window, stride=stride, rate=rate, padding=padding):
                return raw.ExtractImagePatches(
                    images=x, ksizes=[1, *window, 1], strides=[1, *stride, 1], rates=[1, *rate, 1], padding=padding
                )

            yield f"patches_{padding}_{name}", patches, [x]
            yield f"patches_{padding}_{name}_free", patches, [x], free
        yield f"patches_{padding}_none", patches, [x[:0]], free
        volume = rng.integers(-9, 9, (1, 4, 5, 3, 2)).astype(np.int32)

        def volumes(x, padding=padding):
            return raw.ExtractVolumePatches(input=x, ksizes=[1, 2, 3, 2, 1], strides=[1, 2, 1, 2, 1], padding=padding)

        yield f"volumes_{padding}", volumes, [volume]
        yield f"volumes_{padding}_free", volumes, [volume.astype(np.float32)], [(None,) * 5]
    for dtype in ("uint8", "int8", "int16", "int64", "float16", "float64"):
        whole = (x * 9).astype(dtype)

        def same(x):
            return raw.ExtractImagePatches(images=x, ksizes=[1, 3, 3, 1], strides=[1, 2, 2, 1], rates=[1, 1, 1, 1], padding="SAME")

        yield f"patches_{dtype}", same, [whole]
    offsets = np.asarray([[0.3, -0.6], [-1.4, 0.9]], np.float32)
    for name, op in (("glimpse", raw.ExtractGlimpse), ("glimpse_v2", raw.ExtractGlimpseV2)):
        for centered in (True, False):
            for normalized in (True, False):
                at = offsets if normalized else offsets * 4

                def glimpse(x, at, op=op, centered=centered, normalized=normalized):
                    return op(input=x, size=(4, 3), offsets=at, centered=centered, normalized=normalized, uniform_noise=False, noise="zero")

                yield f"{name}_{centered}_{normalized}", glimpse, [x, at]
                yield f"{name}_{centered}_{normalized}_free", glimpse, [x, -at], [*free, (None, 2)]

        def wide(x, at, size, op=op):
            return op(input=x, size=size, offsets=at, uniform_noise=False, noise="zero")

        yield f"{name}_wide", wide, [x, offsets, np.asarray([9, 13], np.int32)], [*free, (None, 2), (2,)]
        yield f"{name}_far", wide, [x, offsets * 20, np.asarray([2, 2], np.int32)]
        yield f"{name}_none", wide, [x[:0], offsets[:0], np.asarray([2, 2], np.int32)], [*free, (None, 2), (2,)]
    turns = np.asarray([[0.9, 0.2, -1, -0.3, 1.1, 0.5, 0.01, -0.02], [1, 0, 2, 0, 1, -1, 0, 0]], np.float32)
    for interpolation in ("NEAREST", "BILINEAR"):
        for mode in ("CONSTANT", "REFLECT", "WRAP", "NEAREST"):

            def turned(x, t, fill, interpolation=interpolation, mode=mode):
                return raw.ImageProjectiveTransformV3(
                    images=x, transforms=t, output_shape=(5, 9), fill_value=fill, interpolation=interpolation, fill_mode=mode
                )

            yield f"transform_{interpolation}_{mode}", turned, [x, turns, np.float32(0.5)], [*free, (None, 8), ()]

    def older(x, t, size):
        return raw.ImageProjectiveTransformV2(images=x, transforms=t, output_shape=size, interpolation="BILINEAR")

    for dtype in ("uint8", "int32", "int64", "float64", "float16"):
        whole = rng.integers(0, 100, (2, 5, 4, 1)).astype(dtype)
        yield f"transform_{dtype}", older, [whole, turns[:1], np.asarray([3, 6], np.int32)], [*free, (None, 8), (2,)]
