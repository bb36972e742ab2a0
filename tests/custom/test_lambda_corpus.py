"""Lambda layers as public projects write them (tests/golden/lambda_corpus), as seven releases of Keras stored and computed them."""

from __future__ import annotations

import gzip
import io
import json
import math
import re
import zipfile
from collections import Counter
from functools import cache
from pathlib import Path

import h5py
import numpy as np
import pytest

import loadstone

FOLDER = Path(__file__).parents[1] / "golden/lambda_corpus"
FILES = sorted(path.name for path in FOLDER.glob("*.gz"))
DRAWS = "draws numbers whenever the model runs"
UNTOLD = "TensorFlow 1 and 2 compute differently, and the file does not tell which it was"
NOT_KNOWN = "not among the functions known here"
REFUSED = {
    "agents__gumbel": DRAWS,
    "detection__corner_left_pool": "tf.scan over an axis of length None",
    "generative__dropout_inside": DRAWS,
    "generative__dropout_tf": DRAWS,
    "generative__gaussian_noise": DRAWS,
    "generative__interpolate": DRAWS,
    "generative__sampling": DRAWS,
    "generative__sampling_lambda": DRAWS,
    "generative__sampling_tf": DRAWS,
    "generative__sampling_tf2": DRAWS,
    "images__random_flip": DRAWS,
    "images__ssim": NOT_KNOWN,
    "keras_3__sampling": DRAWS,
    "layers_inside__layer_norm_inside": "not among the layers known inside a function",
    "python_forms__guarded": "a try statement",
    "python_forms__guarded_keepdims": "a try statement",
    "python_forms__make_inner": "'square', a function of which the file keeps the name alone",
    "python_forms__needs_helper": "its code uses 'helper' and 'SCALE', defined outside of it",
    "python_forms__numpy_function": NOT_KNOWN,
    "python_forms__numpy_random": DRAWS,
    "python_forms__py_func": NOT_KNOWN,
    "python_forms__with_device": NOT_KNOWN,
    "python_forms__with_scope": NOT_KNOWN,
    "segmentation__self_attention": "'hw', a function of which the file keeps the name alone",
    "signals__dct": NOT_KNOWN,
    "signals__fft_mix": "tf.cast to complex64",
    "signals__frames_v1": NOT_KNOWN,
    "signals__mel": NOT_KNOWN,
    "signals__power_spectrum": NOT_KNOWN,
    "signals__rfft_abs": NOT_KNOWN,
    "signals__spectrogram": NOT_KNOWN,
}
OF_A_RELEASE = {
    "keras-1.2.2": {
        **{
            f"layers_inside__{name}": "not among the layers known inside a function"
            for name in "crop global_max_1d global_pool max_pool pad_1d pool_flatten up".split()
        },
        "python_forms__channel_axis_1": "whose data_format (dim_ordering) is that of the user's configuration, which no layer tells",
    },
    "keras-3.15.1": dict.fromkeys(
        ("masks__mask_kept", "masks__mask_none"), "of the function that makes its mask the file keeps the name alone"
    ),
    "tensorflow-1.15.0": {
        **dict.fromkeys(
            (f"images__resize{x}" for x in ("", "_area", "_bicubic", "_closure", "_enum", "_factor", "_nearest", "_shape")), UNTOLD
        ),
        **dict.fromkeys(("segmentation__global_context", "segmentation__hrnet_upsample", "segmentation__icnet_resize_2"), UNTOLD),
        "images__resize_k_bilinear": "releases of Keras compute differently",
        "layers_inside__losses_object": "releases of Keras compute differently",
        "layers_inside__up_bilinear": "TensorFlow 1.13 to 1.15 compute differently",
        "masks__mask_ends": "whose mask ends there in TensorFlow 1 and goes on in TensorFlow 2",
        "segmentation__interp_tf": UNTOLD,
    },
    "tensorflow-2.3.4": {"signals__ctc_decode": "releases of Keras compute differently"},
}


@cache
def told():
    with np.load(FOLDER / "results.npz") as stored:
        return json.loads(str(stored["told"])), {name: stored[name] for name in stored.files if name != "told"}


def results(release):
    """{function/number of the output: array} of a release."""
    index, numbers = told()
    found = {}
    for name, number in index["releases"][release].items():
        dtype, place, shape = index["index"][name][number]
        found[name] = numbers[dtype][place : place + math.prod(shape)].reshape(shape)
    return found


def inputs():
    world: dict = {"np": np}
    text = (FOLDER / "world.py").read_text()
    exec(text[text.index("_numbers =") : text.index("class on")], world)
    return world["INPUTS"]


def heads(data):
    """For each output of the model, in order: its layer, and the Lambda that it is of, which may stand before that layer."""
    if data[:2] == b"PK":
        config = json.loads(zipfile.ZipFile(io.BytesIO(data)).read("config.json"))["config"]
    else:
        with h5py.File(io.BytesIO(data)) as file:
            config = json.loads(file.attrs["model_config"])["config"]
    before = {layer["name"]: re.findall(r'"(\w+__\w+)"', json.dumps(layer["inbound_nodes"])) for layer in config["layers"]}
    return [(name, name if "__" in name else before[name][0]) for name, *_ in config["output_layers"]]


def opened(data):
    """The model without the functions that are refused, the functions of its outputs, and why each of the others is refused."""
    refused, everything = {}, heads(data)
    while True:
        kept = [(layer, function) for layer, function in everything if function not in refused]
        given = {name: lambda x: x for name in refused}
        try:
            model = loadstone.load_model(data, custom_objects=given, outputs=list(dict(kept)))
        except loadstone.MissingCustomObjects as error:
            refused |= {missing.name: missing.note for missing in error.missing}
        else:
            return model, [function for _, function in kept], refused


@pytest.mark.parametrize("file", FILES)
def test_each_function_computes_what_it_did_or_is_refused_with_its_source(file):
    release = file.rpartition(".")[0].rpartition(".")[0]
    model, functions, refused = opened(gzip.decompress((FOLDER / file).read_bytes()))
    wanted, names = results(release), {*functions, *refused}
    phrases = {name: phrase for name, phrase in {**REFUSED, **OF_A_RELEASE.get(release, {})}.items() if name in names}
    assert refused.keys() == phrases.keys()
    for name, phrase in phrases.items():
        assert phrase in refused[name], name
        assert "It is\n" in refused[name] or "the name alone" in refused[name]
    assert len(set(functions)) > 0.85 * len(names)
    assert len(names) > 390
    given, count = inputs(), Counter()
    found = model.predict({spec.name: given[spec.name] for spec in model.inputs})
    flat = [array for result in found for array in (result if isinstance(result, (list, tuple)) else [result])]
    for function, result in zip(functions, flat, strict=True):
        name = f"{function}/{count[function]}"
        count[function] += 1
        result = result.astype("float32") if release == "keras-1.2.2" else result  # whose `predict` gave nothing else
        assert (result.shape, result.dtype) == (wanted[name].shape, wanted[name].dtype), name
        np.testing.assert_allclose(result, wanted[name], rtol=1e-4, atol=1e-5, err_msg=name)
