"""Hue, saturation, contrast and HSV: factors known and computed, free shapes, extreme and grey colours."""


def cases(tf, np):
    rng, raw = np.random.default_rng(1), tf.raw_ops
    x = rng.random((2, 4, 5, 3)).astype(np.float32)
    x[0, 0] = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.5, 0.5, 0.5], [0, 0, 0]]
    x[0, 1] = [[1, 1, 0], [0, 1, 1], [1, 0, 1], [1, 1, 1], [0.2, 0.2, 0.9]]
    free = [(None, None, None, 3)]
    yield "rgb_to_hsv", lambda x: raw.RGBToHSV(images=x), [x], free
    yield "hsv_to_rgb", lambda x: raw.HSVToRGB(images=x), [x], free
    yield "rgb_to_hsv_vector", lambda x: raw.RGBToHSV(images=x), [x[0, 0, 0]]
    yield "rgb_to_hsv_rank_5", lambda x: raw.RGBToHSV(images=x), [x[None]], [(None,) * 4 + (3,)]
    yield "hsv_to_rgb_none", lambda x: raw.HSVToRGB(images=x), [x[:0]], free
    for dtype in ("float64", "float16"):
        yield f"rgb_to_hsv_{dtype}", lambda x: raw.RGBToHSV(images=x), [x.astype(dtype)]
        yield f"hsv_to_rgb_{dtype}", lambda x: raw.HSVToRGB(images=x), [x.astype(dtype)]
    for delta in (0.0, 0.3, -0.45, 1.0, -1.0, 2.7):
        yield f"hue_{delta}", lambda x, delta=delta: raw.AdjustHue(images=x, delta=delta), [x]
    yield "hue_computed", lambda x, d: raw.AdjustHue(images=x, delta=d), [x, np.float32(0.1)], [*free, ()]
    yield "hue_rank_3", lambda x: raw.AdjustHue(images=x, delta=0.2), [x[0] * 255]
    yield "hue_negative", lambda x: raw.AdjustHue(images=x, delta=0.2), [x - 0.5]
    yield "hue_none", lambda x: raw.AdjustHue(images=x, delta=0.2), [x[:0]], free
    for scale in (0.0, 0.4, 1.0, 3.0, -1.0):
        yield f"saturation_{scale}", lambda x, scale=scale: raw.AdjustSaturation(images=x, scale=scale), [x]
    yield "saturation_computed", lambda x, s: raw.AdjustSaturation(images=x, scale=s), [x, np.float32(1.7)], [*free, ()]
    yield "saturation_rank_5", lambda x: raw.AdjustSaturation(images=x, scale=1.5), [x[None] * 255]
    yield "saturation_negative", lambda x: raw.AdjustSaturation(images=x, scale=1.5), [x - 0.7]
    yield "contrast", lambda x: raw.AdjustContrastv2(images=x, contrast_factor=1.8), [x], [(None, None, None, None)]
    yield "contrast_computed", lambda x, f: raw.AdjustContrastv2(images=x, contrast_factor=f), [x[0], np.float32(0.3)]
    yield "contrast_none", lambda x: raw.AdjustContrastv2(images=x, contrast_factor=1.8), [x[:0]], free
    yield "contrast_bytes", lambda x: tf.image.adjust_contrast(x, 2.0), [(x * 255).astype(np.uint8)]
