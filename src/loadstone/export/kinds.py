"""The kinds of files that a model is written as, and which one a name and `save_format` mean."""

from __future__ import annotations

import os
import re

SUFFIXES = {  # the first that fits decides
    ".weights.h5": "weights",
    ".keras": "keras",
    ".h5": "h5",
    ".hdf5": "h5",
    ".safetensors": "safetensors",
    ".json": "json",
    ".onnx": "onnx",
}
FORMATS = {
    "keras": "keras",
    "h5": "h5",
    "hdf5": "h5",
    "tf": "saved_model",
    "saved_model": "saved_model",
    "weights": "weights",
    "safetensors": "safetensors",
    "json": "json",
    "onnx": "onnx",
}
_ALSO = {("weights", "h5"), ("weights", "safetensors")}  # a format that a suffix of another one does not contradict
_NONE_OF_OURS = re.compile(
    r"\.(pb|pbtxt|tflite|bin|pt|pth|pkl|pickle|npz|npy|ckpt|index|ya?ml|txt|csv|zip|tar|gz|tgz|mlmodel|mlpackage|xml|py)$", re.IGNORECASE
)


def kind_of(filename: str, save_format: str | None = None, zipped: bool = True) -> str:
    """The kind of a file: "keras", "h5", "weights", "safetensors", "json", "onnx" or "saved_model".

    save_format: None goes by the suffix, and a name without one means a SavedModel (with zipped=False: a `.keras` folder); only a known
    suffix of another kind is refused. Raises ValueError for that, for a format that there is not, and for a suffix of foreign files.
    """
    name = os.path.basename(os.path.normpath(filename))
    suffix = next((known for known in SUFFIXES if name.lower().endswith(known)), None)
    said = None if suffix is None else SUFFIXES[suffix]
    if save_format is None:
        if said is None and _NONE_OF_OURS.search(name):
            raise ValueError(
                f"{filename!r} does not say which file to write; known suffixes are {', '.join(SUFFIXES)}, none is a SavedModel"
            )
        kind = said or ("saved_model" if zipped else "keras")
    else:
        if save_format not in FORMATS:
            raise ValueError(f"save_format={save_format!r}; known are {', '.join(map(repr, FORMATS))}")
        kind = FORMATS[save_format]
        if (kind, said) in _ALSO:
            kind = "safetensors" if said == "safetensors" else "legacy_weights"
        elif said is not None and said != kind:
            raise ValueError(f"save_format={save_format!r}, and the name {filename!r} says {said!r}")
    if not zipped and kind != "keras":
        raise ValueError(f"zipped=False is for .keras, which may be a folder; {filename!r} is written as {kind!r}")
    return kind
