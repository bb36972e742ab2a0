"""ResizeBicubic, ResizeArea and ScaleAndTranslate: every way of laying pixels on pixels, known and free lengths."""

SIZES = {"up": (7, 9), "mixed": (2, 11), "one": (1, 1)}
WAYS = {"corner": {}, "align": {"align_corners": True}, "half": {"half_pixel_centers": True}}
FREE = [(None, None, None, None)]


def cases(tf, np):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 4, 5, 2)).astype(np.float32)
    raw, computed = tf.raw_ops, np.asarray([6, 4], np.int32)
    for way, options in WAYS.items():
        for name, size in SIZES.items():
            yield f"bicubic_{way}_{name}", lambda x, size=size, o=options: raw.ResizeBicubic(images=x, size=size, **o), [x]
        yield f"bicubic_{way}_computed", lambda x, s, o=options: raw.ResizeBicubic(images=x, size=s, **o), [x, computed], [*FREE, (2,)]
    yield "bicubic_uint8", lambda x: raw.ResizeBicubic(images=x, size=(5, 2)), [rng.integers(0, 255, (1, 3, 4, 1)).astype(np.uint8)]
    yield "bicubic_no_image", lambda x: raw.ResizeBicubic(images=x, size=(3, 3)), [x[:0]], FREE
    for way in ("corner", "align"):
        for name, size in SIZES.items():
            yield f"area_{way}_{name}", lambda x, s=size, o=WAYS[way]: raw.ResizeArea(images=x, size=s, **o), [x]
        yield f"area_{way}_computed", lambda x, s, o=WAYS[way]: raw.ResizeArea(images=x, size=s, **o), [x, computed], [*FREE, (2,)]
    hole = x.copy()
    hole[0, 1, 1, 0], hole[1, 2, 2, 1] = np.nan, np.inf
    yield "area_missing", lambda x: raw.ResizeArea(images=x, size=(2, 2)), [hole]
    yield "area_uint8", lambda x: raw.ResizeArea(images=x, size=(2, 3)), [rng.integers(0, 255, (1, 5, 7, 1)).astype(np.uint8)]
    scale, move = np.asarray([1.5, 0.4], np.float32), np.asarray([-0.7, 1.2], np.float32)
    for kernel in ("lanczos1", "lanczos3", "lanczos5", "gaussian", "box", "triangle", "keyscubic", "mitchellcubic"):
        for antialias in (True, False) if kernel in ("lanczos3", "box") else (True,):

            def seen(x, kernel=kernel, antialias=antialias):
                return raw.ScaleAndTranslate(images=x, size=(6, 4), scale=scale, translation=move, kernel_type=kernel, antialias=antialias)

            yield f"translate_{kernel}_{antialias}", seen, [x]

    def computed_scale(x, size, scale, move):
        return raw.ScaleAndTranslate(images=x, size=size, scale=scale, translation=move, kernel_type="triangle")

    yield "translate_computed", computed_scale, [x, computed, scale, move], [*FREE, (2,), (2,), (2,)]
    far = np.asarray([20.0, -20.0], np.float32)
    yield "translate_outside", computed_scale, [x, computed, scale, far], [*FREE, (2,), (2,), (2,)]
    yield (
        "translate_int32",
        lambda x: raw.ScaleAndTranslate(images=x, size=(3, 3), scale=[0.5, 0.5], translation=[0.2, 0.1]),
        [rng.integers(0, 255, (1, 5, 7, 1)).astype(np.int32)],
    )
