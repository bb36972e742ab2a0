"""Makes tests/golden/images/<release>.npz: images in operations of Functional models, and layers that prepare them (Keras 3 alone).

Run it with the Python of each release: `python make_images.py [FOLDER [PART OF A NAME ...]]`.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import numpy as np
from golden_cases import K, L, calls, case, grid, main, numbers

I = K.ops.image  # noqa: E741
FORMS = ["channels_last", "channels_first"]
FLOATS = ["float32", "float64", "float16"]


def pixels(*shape, form="channels_last", dtype="float32", seed=0):
    """Images of a few grey levels; shape (batch, height, width, channels) whatever the format."""
    x = np.random.RandomState(seed).randint(0, 33, shape)
    x = np.moveaxis(x, -1, 1) if form == "channels_first" else x
    return np.ascontiguousarray(x.astype(dtype) / 32 if "float" in dtype else (x * 3).astype(dtype))


def op(name, x, *rest, **kwargs):
    """A model of one function of images; what else it takes is constant."""
    return calls(lambda start: getattr(I, name)(start, *rest, **kwargs), x)


def have(*names):
    return [name for name in names if hasattr(I, name)]


def fixed(function, *arrays):
    """A model whose inputs have these shapes and no batch."""
    starts = [K.Input(batch_shape=a.shape, dtype=a.dtype.name) for a in arrays]
    return K.Model(starts, function(*starts)), list(arrays)


# -- colours -----------------------------------------------------------------------------------------------------------

if have("rgb_to_hsv"):
    grid("colors", lambda name, form, dtype: op(name, pixels(2, 3, 4, 3, form=form, dtype=dtype), data_format=form), name=["rgb_to_hsv", "hsv_to_rgb"], form=FORMS, dtype=FLOATS)  # fmt: skip
    grid("colors_of_one", lambda name, form: fixed(lambda x: getattr(I, name)(x, data_format=form), pixels(1, 3, 4, 3, form=form)[0]), name=["rgb_to_hsv", "hsv_to_rgb"], form=FORMS)  # fmt: skip
    grid("colors_outside", lambda name: op(name, numbers(2, 3, 4, 3) * 3), name=["rgb_to_hsv", "hsv_to_rgb"])
    grid("colors_grey", lambda name: op(name, np.array([[[[0, 0, 0], [0.5, 0.5, 0.5], [1, 1, 0]]]], "float32")), name=["rgb_to_hsv", "hsv_to_rgb"])  # fmt: skip
grid("grayscale", lambda form, dtype: op("rgb_to_grayscale", pixels(2, 3, 4, 3, form=form, dtype=dtype), data_format=form), form=FORMS, dtype=[*FLOATS, "uint8", "int32"])  # fmt: skip

# -- warping -----------------------------------------------------------------------------------------------------------

TURN = np.array([[0.75, -0.5, 1.0, 0.5, 0.875, -0.75, 0.0, 0.0]], "float32")
LEAN = np.array([[1.25, 0.25, -2.0, -0.125, 0.5, 3.0, 0.0625, -0.03125], [-0.5, 0.75, 9.0, 1.5, -0.25, -6.0, 0.25, 0.125]], "float32")
MODES = ["constant", "nearest", "wrap", "reflect"]
grid("affine", lambda how, fill, form: op("affine_transform", pixels(2, 5, 6, 2, form=form), LEAN * 1, interpolation=how, fill_mode=fill, fill_value=0.5, data_format=form), how=["nearest", "bilinear"], fill=MODES, form=FORMS)  # fmt: skip
grid("affine_turned", lambda how, fill: op("affine_transform", pixels(2, 5, 6, 1), TURN[0], interpolation=how, fill_mode=fill), how=["nearest", "bilinear"], fill=MODES)  # fmt: skip
grid("affine_of", lambda dtype, how: op("affine_transform", pixels(2, 5, 6, 1, dtype=dtype), LEAN, interpolation=how, fill_value=1), dtype=["uint8", "int32", "float16", "float64"], how=["nearest", "bilinear"])  # fmt: skip
grid("affine_far", lambda fill, size: op("affine_transform", pixels(2, *size, 1), LEAN * 40, fill_mode=fill, interpolation="nearest"), fill=MODES, size=[(5, 6), (1, 1), (2, 1)])  # fmt: skip
grid("affine_both", lambda how: calls(lambda s: I.affine_transform(s[0], s[1], interpolation=how), pixels(2, 4, 4, 3), LEAN), how=["nearest", "bilinear"])  # fmt: skip
grid("affine_one", lambda how: fixed(lambda x, t: I.affine_transform(x, t, interpolation=how), pixels(1, 4, 4, 3)[0], TURN[0]), how=["nearest", "bilinear"])  # fmt: skip
START = np.array([[[0, 0], [5, 0], [0, 4], [5, 4]], [[1, 1], [4, 0], [0, 3], [5, 4]]], "float32")
END = np.array([[[0.5, 1], [4, 0.25], [0, 4.5], [5.5, 3]], [[0, 0], [5, 0], [0, 4], [5, 4]]], "float32")
if have("perspective_transform"):
    grid("perspective", lambda how, form, dtype: op("perspective_transform", pixels(2, 5, 6, 2, form=form, dtype=dtype), START, END, interpolation=how, fill_value=0.25 if "float" in dtype else 2, data_format=form), how=["nearest", "bilinear"], form=FORMS, dtype=["float32", "uint8"])  # fmt: skip
    grid("perspective_one", lambda how: op("perspective_transform", pixels(2, 5, 6, 2), START[1], END[1], interpolation=how), how=["nearest", "bilinear"])  # fmt: skip
    case("perspective_both")(lambda: calls(lambda s: I.perspective_transform(*s), pixels(2, 5, 6, 2), START, END))
PLACES = np.array([[[-1.5, 0.25, 1.75], [2.5, 3.5, 9.125]], [[-0.5, 1.5, 0.0], [4.0, 2.25, -7.75]]], "float32")
grid("coordinates", lambda order, fill, dtype: fixed(lambda x, c: I.map_coordinates(x, c, order, fill_mode=fill, fill_value=0.5 if "float" in dtype else 3), pixels(1, 4, 5, 1, dtype=dtype)[0, ..., 0], PLACES), order=[0, 1], fill=[*MODES, "mirror"], dtype=["float32", "int32", "float64", "uint8"])  # fmt: skip
grid("coordinates_whole", lambda fill: fixed(lambda x, c: I.map_coordinates(x, c, 0, fill_mode=fill), pixels(1, 4, 5, 1)[0, ..., 0], np.round(PLACES).astype("int32")), fill=[*MODES])  # fmt: skip
grid("coordinates_of", lambda dtype: fixed(lambda x, c: I.map_coordinates(x, c, 1), pixels(1, 4, 5, 1)[0, ..., 0], PLACES.astype(dtype)), dtype=["float16", "float64"])  # fmt: skip
case("coordinates_3d")(
    lambda: fixed(lambda x, c: I.map_coordinates(x, c, 1, fill_mode="nearest"), pixels(1, 3, 4, 2)[0], numbers(3, 7) * 4)
)
if have("scale_and_translate"):
    SCALE, SHIFT = np.array([1.5, 0.625], "float32"), np.array([-0.25, 1.125], "float32")
    grid("scale", lambda method, antialias, dtype: op("scale_and_translate", pixels(2, 5, 6, 2, dtype=dtype), (2, 7, 4, 2), SCALE, SHIFT, (1, 2), method, antialias=antialias), method=["linear", "cubic", "lanczos3", "lanczos5", "bilinear", "tricubic"], antialias=[True, False], dtype=["float32", "uint8"])  # fmt: skip
    grid("scale_of", lambda dtype: op("scale_and_translate", pixels(2, 5, 6, 2, dtype=dtype), (2, 7, 4, 2), SCALE, SHIFT, (-3, 2), "cubic"), dtype=["float64", "float16", "int32"])  # fmt: skip
    case("scale_one_axis")(lambda: op("scale_and_translate", pixels(2, 5, 6, 2), (2, 5, 9, 2), SCALE[:1], SHIFT[:1], (2,), "linear"))
    case("scale_both")(lambda: fixed(lambda x, s, t: I.scale_and_translate(x, (2, 7, 4, 2), s, t, (1, 2), "linear"), pixels(2, 5, 6, 2), SCALE, SHIFT))  # fmt: skip

# -- filters -----------------------------------------------------------------------------------------------------------

if have("gaussian_blur"):
    grid("blur", lambda size, sigma, form: op("gaussian_blur", pixels(2, 5, 6, 2, form=form), size, sigma, data_format=form), size=[(3, 3), (5, 3), (2, 4), (1, 1)], sigma=[(1.0, 1.0), (0.5, 2.0)], form=FORMS)  # fmt: skip
    grid("blur_of", lambda dtype: op("gaussian_blur", pixels(2, 5, 6, 2, dtype=dtype)), dtype=["float16", "float64", "uint8", "int32"])
    case("blur_one")(lambda: fixed(I.gaussian_blur, pixels(1, 5, 6, 2)[0]))
if have("sobel_edges"):
    grid("sobel", lambda form, dtype: op("sobel_edges", pixels(2, 4, 5, 3, form=form, dtype=dtype), data_format=form), form=FORMS, dtype=[*FLOATS, "int32", "uint8"])  # fmt: skip
if have("ssim"):
    grid("ssim", lambda form, options: calls(lambda s: I.ssim(*s, data_format=form, **options), pixels(2, 12, 13, 2, form=form), pixels(2, 12, 13, 2, form=form, seed=1)), form=FORMS, options=[{}, {"max_val": 2.0, "filter_size": 3, "filter_sigma": 0.5}, {"k1": 0.1, "k2": 0.2, "filter_size": 5}])  # fmt: skip
    grid("ssim_of", lambda dtype: calls(lambda s: I.ssim(*s, max_val=96.0 if dtype == "uint8" else 1.0, filter_size=5), pixels(2, 7, 8, 1, dtype=dtype), pixels(2, 7, 8, 1, dtype=dtype, seed=1)), dtype=["float64", "uint8"])  # fmt: skip
    case("ssim_one")(lambda: fixed(lambda x, y: I.ssim(x, y, filter_size=3), pixels(1, 5, 6, 2)[0], pixels(1, 5, 6, 2, seed=1)[0]))
if hasattr(K.ops, "psnr"):
    grid("psnr", lambda dtype, peak: calls(lambda s: K.ops.psnr(*s, peak), pixels(2, 3, 4, 1, dtype=dtype), pixels(2, 3, 4, 1, dtype=dtype, seed=1)), dtype=[*FLOATS, "int32", "uint8"], peak=[1.0, 255])  # fmt: skip

# -- edges and blocks --------------------------------------------------------------------------------------------------

PADS = [{"top_padding": 1, "bottom_padding": 2, "left_padding": 0, "right_padding": 3}, {"top_padding": 2, "target_height": 9, "right_padding": 1, "target_width": 7}]  # fmt: skip
CROPS = [{"top_cropping": 1, "bottom_cropping": 2, "left_cropping": 0, "right_cropping": 3}, {"bottom_cropping": 2, "target_height": 3, "left_cropping": 1, "target_width": 4}]  # fmt: skip
for _name, _options in (("pad_images", PADS), ("crop_images", CROPS)):
    if have(_name):
        grid(_name, lambda form, options, dtype, name=_name: op(name, pixels(2, 5, 6, 2, form=form, dtype=dtype), data_format=form, **options), form=FORMS, options=_options, dtype=["float32", "uint8"])  # fmt: skip
        case(_name + "-unknown")(lambda name=_name, options=_options[1]: (K.Model(x := K.Input((None, None, 2)), getattr(I, name)(x, **options)), [pixels(2, 6, 6, 2)]))  # fmt: skip
        case(_name + "-one")(lambda name=_name, options=_options[0]: fixed(lambda x: getattr(I, name)(x, **options), pixels(1, 5, 6, 2)[0]))
BLOCKS = [
    {"size": 2},
    {"size": (3, 2), "strides": 1},
    {"size": 3, "strides": (2, 1)},
    {"size": 2, "strides": 1, "dilation_rate": 2},
    {"size": (1, 4)},
]
grid("patches", lambda options, padding, form: op("extract_patches", pixels(2, 5, 6, 2, form=form), padding=padding, data_format=form, **options), options=BLOCKS, padding=["valid", "same"], form=FORMS)  # fmt: skip
grid("patches_of", lambda dtype: op("extract_patches", pixels(2, 4, 4, 2, dtype=dtype), 2), dtype=["float16", "float64", "int32", "uint8"])
case("patches-unknown")(lambda: (K.Model(x := K.Input((None, None, 2)), I.extract_patches(x, 2, strides=1)), [pixels(2, 5, 6, 2)]))
case("patches_one")(lambda: fixed(lambda x: I.extract_patches(x, 2), pixels(1, 5, 6, 2)[0]))
if have("extract_patches_3d"):
    VOLUMES = [{"size": 2}, {"size": (1, 3, 2), "strides": (1, 2, 2)}]
    grid("patches_3d", lambda options, padding, form: op("extract_patches_3d", pixels(2, 3, 4, 5, 2, form=form), padding=padding, data_format=form, **options), options=VOLUMES, padding=["valid", "same"], form=["channels_last"])  # fmt: skip
if have("reconstruct_patches"):
    grid("rebuilt", lambda size, form: op("reconstruct_patches", pixels(2, 2, 3, 12, form=form), size, data_format=form), size=[(2, 3), (1, 4)], form=FORMS)  # fmt: skip
    grid("rebuilt_same", lambda size, form: op("reconstruct_patches", pixels(2, 2, 3, 12, form=form), (2, 3), output_size=size, padding="same", data_format=form), size=[(3, 7), (4, 9)], form=FORMS)  # fmt: skip
    grid("rebuilt_3d", lambda form: op("reconstruct_patches", pixels(2, 2, 1, 3, 12, form=form), (2, 3, 1), output_size=(3, 2, 3), padding="same", data_format=form), form=FORMS)  # fmt: skip
    case("rebuilt_round_trip")(lambda: calls(lambda x: I.reconstruct_patches(I.extract_patches(x, 2), 2), pixels(2, 4, 6, 3)))

# -- layers ------------------------------------------------------------------------------------------------------------


def layer(name, x, **options):
    return calls(getattr(L, name)(**options), x)


def layers(*names):
    return [name for name in names if hasattr(L, name)]


GIVEN = ["float32", "uint8", "float16", "int32", "bool"]
if layers("AutoContrast"):
    grid("contrast", lambda form, bounds, dtype: layer("AutoContrast", pixels(2, 4, 5, 3, form=form, dtype=dtype), value_range=bounds, data_format=form), form=FORMS, bounds=[(0, 255), (0, 1), (-1.0, 3.0)], dtype=["float32", "uint8"])  # fmt: skip
    grid("contrast_of", lambda x, dtype: layer("AutoContrast", pixels(2, 4, 5, 1, dtype=x), dtype=dtype), x=["float32", "uint8", "float64"], dtype=["float16", "float64", "mixed_float16"])  # fmt: skip
    case("contrast_flat")(lambda: layer("AutoContrast", np.stack([np.full((3, 3, 2), 7, "float32"), pixels(1, 3, 3, 2)[0] * 0])))
    case("contrast_one")(lambda: fixed(L.AutoContrast(), pixels(1, 4, 5, 3)[0]))
CLAHE = "ContrastLimitedAdaptiveHistogramEqualization"
if layers(CLAHE):
    TILES = [{"tile_grid_size": (2, 3)}, {"tile_grid_size": (2, 2), "clip_limit": 0.5}, {"tile_grid_size": (1, 1), "clip_limit": 0}, {"tile_grid_size": (3, 4), "value_range": (0, 1)}]  # fmt: skip
    grid("clahe", lambda options, form, dtype: layer(CLAHE, pixels(2, 9, 10, 2, form=form, dtype=dtype) * (1 if dtype == "uint8" or "value_range" in options else 90), data_format=form, **options), options=TILES, form=FORMS, dtype=["float32", "uint8"])  # fmt: skip
    case("clahe_defaults")(lambda: layer(CLAHE, pixels(1, 17, 16, 1, dtype="uint8") * 2))
    case("clahe16")(lambda: layer(CLAHE, pixels(1, 8, 8, 1, dtype="uint8") * 2, tile_grid_size=(2, 2), dtype="float16"))
    case("clahe_one")(lambda: fixed(L.ContrastLimitedAdaptiveHistogramEqualization(tile_grid_size=(2, 2)), pixels(1, 8, 9, 2)[0] * 90))
RANDOM = {
    "AugMix": {}, "CutMix": {}, "MixUp": {}, "Mosaic": {}, "RandAugment": {}, "RandomBrightness": {"factor": 0.5}, "RandomColorDegeneration": {"factor": 0.5},
    "RandomColorJitter": {"brightness_factor": 0.3}, "RandomContrast": {"factor": 0.5}, "RandomCrop": {"height": 3, "width": 3}, "RandomElasticTransform": {},
    "RandomErasing": {}, "RandomFlip": {}, "RandomGaussianBlur": {}, "RandomGrayscale": {}, "RandomHue": {"factor": 0.3}, "RandomInvert": {},
    "RandomPerspective": {}, "RandomPosterization": {"factor": 4}, "RandomRotation": {"factor": 0.3}, "RandomSaturation": {"factor": 0.3},
    "RandomSharpness": {"factor": 0.3}, "RandomShear": {"x_factor": 0.3}, "RandomTranslation": {"height_factor": 0.2, "width_factor": 0.2},
    "RandomZoom": {"height_factor": 0.2}, "Solarization": {}, "MaxNumBoundingBoxes": {"max_number": 3},
}  # fmt: skip
grid(
    "random",
    lambda name, dtype: layer(name, pixels(2, 4, 5, 3, dtype=dtype), **RANDOM[name]),
    name=layers(*RANDOM),
    dtype=["uint8", "float16"],
)
grid("random_crop", lambda size, form: layer("RandomCrop", pixels(2, 5, 7, 2, form=form, dtype="uint8"), height=size[0], width=size[1], data_format=form), size=[(3, 3), (6, 4), (2, 5), (8, 9)], form=FORMS)  # fmt: skip
grid("resized", lambda x, dtype, options: layer("Resizing", pixels(2, 5, 7, 3, dtype=x), height=4, width=3, dtype=dtype, **options), x=GIVEN, dtype=["float32", "mixed_float16", "float64"], options=[{}, {"interpolation": "nearest"}])  # fmt: skip
grid("resized_smoothly", lambda x, dtype: layer("Resizing", pixels(2, 5, 7, 3, dtype=x), height=4, width=3, dtype=dtype, interpolation="bicubic", antialias=True), x=GIVEN, dtype=["float32", "mixed_float16"])  # fmt: skip
for _how in ("crop_to_aspect_ratio", "pad_to_aspect_ratio"):
    grid(_how, lambda form, size, how=_how: (lambda options: layer("Resizing", pixels(2, 5, 7, 2, form=form, dtype="uint8"), height=size[0], width=size[1], data_format=form, **options))({how: True}), form=FORMS, size=[(4, 3), (3, 9), (10, 6)])  # fmt: skip
case("padded_with_value")(lambda: layer("Resizing", pixels(2, 5, 7, 2), height=8, width=4, pad_to_aspect_ratio=True, fill_value=2.5))
grid("cropped", lambda x, size, form: layer("CenterCrop", pixels(2, 5, 7, 2, form=form, dtype=x), height=size[0], width=size[1], data_format=form), x=["float32", "uint8"], size=[(3, 4), (6, 4), (8, 9), (5, 7)], form=FORMS)  # fmt: skip
grid("rescaled", lambda x, dtype: layer("Rescaling", pixels(2, 3, 4, 2, dtype=x), scale=[0.5, 2.0], offset=1, dtype=dtype), x=GIVEN, dtype=["float32", "float16"])  # fmt: skip


def normalized(x, **options):
    model, inputs = layer("Normalization", x, **options)
    model.keeps_weights = True
    return model, inputs


def adapted(x, axis, invert):
    made = L.Normalization(axis=axis, invert=invert)
    made.adapt(x.astype("float32") * 2 + 1)
    model, inputs = calls(made, x)
    model.keeps_weights = True
    return model, inputs


grid("normalized", lambda x, options: normalized(pixels(2, 3, 4, 2, dtype=x), **options), x=["float32", "uint8", "float16"], options=[{"mean": 1.0, "variance": 4.0, "axis": None}, {"mean": [1.0, 2.0], "variance": [4.0, 0.0]}, {"mean": [1.0, 2.0, 3.0], "variance": [2.0, 1.0, 4.0], "axis": 1}, {"mean": 1.0, "variance": 4.0, "invert": True}])  # fmt: skip
grid("adapted", lambda axis, invert: adapted(pixels(3, 2, 4, 2), axis, invert), axis=[-1, None, 1, (1, 3), (2,)], invert=[False, True])

# -- dicts -------------------------------------------------------------------------------------------------------------


def parts(made, dtype="uint8", boxes=True, labels=True):
    """A layer on a dict of images and what belongs to them."""
    arrays = {"images": pixels(2, 4, 5, 3, dtype=dtype), "segmentation_masks": numbers(2, 4, 5, 1, dtype="uint8")}
    if labels:
        arrays["labels"] = numbers(2, 3, dtype="int32")
    if boxes:
        arrays["boxes"], arrays["box_labels"] = numbers(2, 4, 4) * 4, numbers(2, 4, dtype="int32")

    def call(starts):
        given = dict(zip(arrays, starts))
        if boxes:
            given["bounding_boxes"] = {"boxes": given.pop("boxes"), "labels": given.pop("box_labels")}
        return made(given)

    return calls(call, *arrays.values())


if hasattr(L, "MaxNumBoundingBoxes"):
    WITH_BOXES = layers("AugMix", "AutoContrast", "MixUp", "Mosaic", "RandAugment", "RandomBrightness", "RandomColorJitter", "RandomContrast", "RandomErasing", "RandomFlip", "RandomHue", "RandomInvert", "RandomPerspective", "RandomPosterization", "RandomRotation", "RandomSaturation", "RandomSharpness", "RandomShear", "RandomTranslation", "RandomZoom", "Solarization", "RandomGaussianBlur", "RandomColorDegeneration")  # fmt: skip
    grid("dict", lambda name: parts(getattr(L, name)(bounding_box_format="xyxy", **RANDOM.get(name, {}))), name=WITH_BOXES)
    grid("dict_without_boxes", lambda name: parts(getattr(L, name)(), boxes=False), name=["CutMix", "RandomElasticTransform"])
    grid("dict_of", lambda name, dtype: parts(getattr(L, name)(bounding_box_format="xywh", dtype=dtype), "float32"), name=["AutoContrast", "RandomFlip"], dtype=["float16", "mixed_float16"])  # fmt: skip
    grid("dict_boxes", lambda most: parts(L.MaxNumBoundingBoxes(most, bounding_box_format="xyxy")), most=[2, 4, 6])
    case("dict_clahe")(lambda: parts(L.ContrastLimitedAdaptiveHistogramEqualization(tile_grid_size=(2, 2)), boxes=False, labels=False))
    case("pipeline_of_dicts")(lambda: parts(L.Pipeline([L.RandomFlip(bounding_box_format="xyxy"), L.MaxNumBoundingBoxes(3, bounding_box_format="xyxy"), L.AutoContrast(bounding_box_format="xyxy")])))  # fmt: skip

# -- pipelines ---------------------------------------------------------------------------------------------------------


def pipeline(x, *made):
    model, inputs = calls(L.Pipeline(list(made)), x)
    model.keeps_weights = True
    return model, inputs


if hasattr(L, "Pipeline"):
    grid("pipeline", lambda dtype: pipeline(pixels(2, 4, 5, 3, dtype=dtype), L.RandomFlip(), L.Equalization(), L.Resizing(3, 3), L.Rescaling(0.5)), dtype=["uint8", "float16", "float32"])  # fmt: skip
    case("pipeline_in_pipeline")(lambda: pipeline(pixels(2, 4, 5, 3), L.Pipeline([L.CenterCrop(3, 3), L.AutoContrast()]), L.Flatten()))
    case("pipeline_of_numbers")(lambda: pipeline(numbers(2, 5, dtype="int32"), L.Rescaling(2), L.ReLU(), L.Softmax()))
    case("pipeline_half")(lambda: pipeline(pixels(2, 4, 5, 3), L.Rescaling(2, dtype="float16"), L.CenterCrop(3, 3, dtype="float64")))
    case("pipeline_masks")(lambda: calls(lambda x: L.GlobalAveragePooling1D()(L.Pipeline([L.Masking(), L.Rescaling(2.0)])(x)), np.array([[[1, 2], [0, 0], [3, 4]]], "float32")))  # fmt: skip
    case("pipeline_stops_masks")(lambda: calls(lambda x: L.GlobalAveragePooling1D()(L.Pipeline([L.Masking(), L.Rescaling(2.0), L.ZeroPadding1D(1)])(x)), np.array([[[1, 2], [0, 0], [3, 4]]], "float32")))  # fmt: skip

if __name__ == "__main__":
    main("images")
