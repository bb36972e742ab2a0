"""Every case that real frameworks made, as an ONNX file: looked at by the onnx package, run by onnxruntime alone, compared with their outputs.

    python tests/interop/check_onnx.py [--opset N] [--only TEXT] [--at-least 98] FOLDER ...

A case is a folder with `golden.npz` (`in_0` .., `out_0` ..), `meta.json` and files of the model, or beside a folder `models` that has the
file that the meta.json names. The interpreter needs loadstone and the package onnx. What loadstone does not load is not counted; what it
refuses to write is named with its reason, and counted by its cause where ONNX has no form of it (CAUSES). Exit status 1 where fewer than
--at-least percent of the others of a kind become ONNX files that are valid and give the same numbers.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import onnx  # noqa: TID251  (it looks at what our own writer wrote)
import onnxruntime

import loadstone
from loadstone.export.onnx_file import options_of
from loadstone.ir import flatten

CAUSES = {  # what an ONNX file cannot hold, by words of the refusal
    "state that lives from call to call": ("state that lives",),
    "hashes of text": ("Hashing", "HashedCrossing", "SparseCross", "StringToHashBucket", "StringLookup"),
    "lower case, punctuation and splitting of text": ("TextVectorization", "StringLower", "StaticRegexReplace", "StringSplitV2"),
    "random numbers": ("StatelessRandom",),
}
SUFFIXES = (".keras", ".h5", ".hdf5", "frozen.pb", "savedmodel", "saved_model", "exported")


def main() -> int:
    """Prints a line for each kind of file, with the reasons of those that are not written or not alike."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--opset", type=int)
    parser.add_argument("--only", default="", help="part of the path of a case")
    parser.add_argument("--at-least", type=float, default=98.0, help="percent")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    enough = True
    for folder in options.folders:
        results: dict[str, Counter[str]] = {}
        for golden in sorted(folder.rglob("golden.npz")):
            for kind, path in files_of(golden.parent):
                if options.only in f"{golden.parent} {path}":
                    results.setdefault(kind, Counter())[one(golden, path, options.opset)] += 1
        for kind, found in sorted(results.items()):
            total = sum(count for reason, count in found.items() if not reason.startswith("not loaded"))
            without = sum(found[cause] for cause in CAUSES)
            share = 100 * found["alike"] / max(total - without, 1)
            enough = enough and (share >= options.at_least or total == without)
            print(f"{folder.name} {kind}: {found['alike']} of {total} alike, {share:.1f} % but for {without} that ONNX has no form of")
            for reason, count in sorted(found.items(), key=lambda pair: -pair[1]):
                if reason != "alike":
                    print(f"  {count:4d}  {reason}")
    return 0 if enough else 1


def files_of(case: Path) -> list[tuple[str, Path]]:
    """The models of a case and their kinds; weights and checkpoints are none."""
    if (case.parents[1] / "models").is_dir():
        meta = json.loads((case / "meta.json").read_text())
        return [] if meta["format"] in ("tflite", "h5-weights-only") else [(meta["format"], case.parents[1] / meta["file"])]
    found = [path for path in sorted(case.iterdir()) if path.name.endswith(SUFFIXES) and not path.name.endswith("weights.h5")]
    return [(kind_of(path), path) for path in found]


def kind_of(path: Path) -> str:
    """The suffix that it was known by."""
    return next(suffix.strip("._") for suffix in SUFFIXES if path.name.endswith(suffix))


def one(golden: Path, path: Path, opset: int | None) -> str:
    """What became of a file: "alike", or why not."""
    meta = json.loads((golden.parent / "meta.json").read_text())
    with np.load(golden, allow_pickle=True) as file:
        inputs, outputs = (
            [file[f"{part}_{i}"] for i in range(sum(k.startswith(f"{part}_") for k in file.files))] for part in ("in", "out")
        )
    try:
        model, names = opened(path, meta)
        given = dict(zip(names, inputs, strict=False)) if set(names) == {spec.name for spec in model.inputs} else inputs
        arrays = [array_of(given[spec.name] if isinstance(given, dict) else given[i], spec) for i, spec in enumerate(model.inputs)]
        flatten(model(arrays))
    except Exception as error:  # whatever it is, it is not about ONNX
        return f"not loaded, or not run: {type(error).__name__}"
    try:
        shapes = {spec.name: array.shape for spec, array in zip(model.inputs, arrays, strict=True)} if free_rank(model) else None
        file_ = model.onnx_file("model.onnx", options_of(opset, shapes=shapes))
    except loadstone.LoweringError as error:
        refusal = " ".join(str(error).split())
        return next((cause for cause, words in CAUSES.items() if any(word in refusal for word in words)), f"refused: {refusal[:140]}")
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "model.onnx"
        written.write_bytes(file_.data)
        if file_.has_weights:
            (Path(folder) / "model.onnx.data").write_bytes(b"".join(file_.weights()))
        try:
            onnx.checker.check_model(str(written), full_check=True)
            onnx.shape_inference.infer_shapes(onnx.load(written), check_type=True, strict_mode=True, data_prop=True)
        except Exception as error:  # the package has several
            return f"not valid: {' '.join(str(error).split())[:140]}"
        try:
            session = onnxruntime.InferenceSession(str(written), providers=["CPUExecutionProvider"])
            wanted = {value.name for value in session.get_inputs()}
            fed = {name: text(array) for name, array in file_.feeds(arrays).items() if name in wanted}
            got = file_.results(session.run(None, fed))
        except Exception as error:  # the binding's exceptions have no base of their own
            return f"does not run: {' '.join(str(error).split())[:140]}"
    if meta.get("check_value", True) is False or meta.get("random"):
        return "alike"
    loose = meta.get("model") == "mixed_fp16"
    left = list(got)
    for want in outputs:
        found = next((i for i, array in enumerate(left) if alike(want, array, meta, loose)), None)
        if found is None:
            return "other numbers" if [array.shape for array in got] == [want.shape for want in outputs] else "other shapes"
        left.pop(found)
    return "alike"


def opened(path: Path, meta: dict[str, Any]) -> tuple[loadstone.Model, list[str]]:
    """The model, and the names of the inputs of its golden file."""
    options: dict[str, Any] = {}
    names = [entry["name"] if isinstance(entry, dict) else entry for entry in meta.get("inputs", meta.get("input_names", []))]
    if meta.get("arch"):
        whole = str(path).removesuffix(meta["file"])
        path, options["weights"] = Path(whole) / meta["arch"], path
    if meta.get("format") in ("frozen-pb", "tfjs-graph", "checkpoint"):
        options = {"inputs": names, "outputs": [one["name"] for one in meta["outputs"]]}
    elif path.name.endswith("frozen.pb"):
        places = meta.get("tensor_inputs", names), meta.get("tensor_outputs", meta.get("outputs"))
        options, names = {"inputs": places[0], "outputs": places[1]}, places[0]
    elif path.is_dir():
        names = meta.get("signature_inputs", meta.get("input_names", names))
        options = {"signature": meta["signature"]} if meta.get("signature") else {}
    return loadstone.load_model(path, **options), names


def free_rank(model: loadstone.Model) -> bool:
    """True for a graph whose file leaves open how many axes its inputs have."""
    return any(spec.shape is None for spec in model.inputs)


def array_of(array: np.ndarray, spec: Any) -> np.ndarray:
    """An input in the model's type."""
    if spec.dtype == "string":
        return np.array([item if isinstance(item, bytes) else str(item).encode() for item in array.reshape(-1)], object).reshape(
            array.shape
        )
    if spec.dtype == "bfloat16":
        return array.view(ml_dtypes.bfloat16) if array.dtype == np.dtype("V2") else array.astype(ml_dtypes.bfloat16)
    return array.astype(spec.dtype)


def text(array: np.ndarray) -> np.ndarray:
    """Strings as onnxruntime's binding takes them."""
    return np.vectorize(bytes.decode, otypes=[object])(array) if array.dtype == object and array.size else array


def alike(want: np.ndarray, got: np.ndarray, meta: dict[str, Any], loose: bool) -> bool:
    """True for outputs within the tolerance of the case."""
    if want.shape != got.shape:
        return False
    if want.dtype.kind in "OSU" or got.dtype.kind in "OSU":
        return [as_text(item) for item in want.reshape(-1)] == [as_text(item) for item in got.reshape(-1)]
    want = want.view(ml_dtypes.bfloat16) if want.dtype == np.dtype("V2") else want  # which numpy's files do not name
    half = loose or want.dtype.itemsize == 2 and want.dtype.kind in "fV"
    rtol, atol = (2e-2, 2e-2) if half else (max(meta.get("rtol") or 0, 1e-4), max(meta.get("atol") or 0, 1e-5))
    wide = np.complex128 if want.dtype.kind == "c" else np.float64
    return np.allclose(want.astype(wide), got.astype(wide), rtol=rtol, atol=atol, equal_nan=True)


def as_text(item: object) -> str:
    """A string of either kind."""
    return item.decode("utf8", "replace") if isinstance(item, bytes) else str(item)


if __name__ == "__main__":
    sys.exit(main())
