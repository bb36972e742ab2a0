"""Boxes: crops inside and outside of images, and boxes drawn."""


def cases(tf, np):
    rng, raw = np.random.default_rng(3), tf.raw_ops
    x = rng.standard_normal((2, 6, 5, 3)).astype(np.float32)
    boxes = np.asarray(
        [[0, 0, 1, 1], [0.2, 0.1, 0.7, 0.9], [0.9, 0.8, 0.1, 0.2], [-0.4, 0.3, 1.3, 0.6], [0.5, 0.5, 0.5, 0.5], [1.5, 0, 2, 1]], np.float32
    )
    which = np.asarray([0, 1, 1, 0, 0, 1], np.int32)
    free = [(None, None, None, None), (None, 4), (None,)]
    for method in ("bilinear", "nearest"):
        for name, size in (("up", (7, 9)), ("down", (2, 3)), ("one", (1, 1)), ("line", (1, 4))):

            def crop(x, boxes, which, size=size, method=method):
                return raw.CropAndResize(image=x, boxes=boxes, box_ind=which, crop_size=size, method=method, extrapolation_value=-2.5)

            yield f"crop_{method}_{name}", crop, [x, boxes, which]
            yield f"crop_{method}_{name}_free", crop, [x, boxes, which], free
        yield f"crop_{method}_none", crop, [x, boxes[:0], which[:0]], free

        def sized(x, boxes, which, size, method=method):
            return raw.CropAndResize(image=x, boxes=boxes, box_ind=which, crop_size=size, method=method)

        for size in ((3, 1), (2, 4)):
            yield f"crop_{method}_computed_{size[0]}", sized, [x, boxes, which, np.asarray(size, np.int32)], [*free, (2,)]
    for dtype in ("uint8", "int8", "int16", "uint16", "int32", "int64", "float16", "float64"):
        yield f"crop_{dtype}", crop, [(x * 30).astype(dtype), boxes[:2], which[:2]]
    drawn = np.stack([boxes, boxes[::-1] * 0.7])
    for channels in (1, 3, 4):
        picture = rng.random((2, 9, 8, channels)).astype(np.float32)
        yield f"draw_{channels}", lambda x, at: raw.DrawBoundingBoxes(images=x, boxes=at), [picture, drawn], [(None,) * 4, (None, None, 4)]
    colours = rng.random((2, 4)).astype(np.float32)
    yield "draw_colours", lambda x, at, c: raw.DrawBoundingBoxesV2(images=x, boxes=at, colors=c), [picture, drawn, colours]
    yield "draw_no_colours", lambda x, at, c: raw.DrawBoundingBoxesV2(images=x, boxes=at, colors=c), [picture, drawn, colours[:0]]
    yield "draw_float16", lambda x, at: raw.DrawBoundingBoxes(images=x, boxes=at), [picture.astype(np.float16), drawn]
    yield "draw_no_boxes", lambda x, at: raw.DrawBoundingBoxes(images=x, boxes=at), [picture, drawn[:, :0]]
