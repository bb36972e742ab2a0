"""Writes what became operations of today's Keras, with the numbers that `check_converted.py` compares a real Keras with.

    python write_operations.py OUT

Each ONNX op of the table by itself (tests/export/operation_cases.py, by the op's own results), the Lambdas of tests/golden/lambdas one by
one, and the layers of other packages, by what their releases predicted.
"""

import pathlib
import sys
import warnings

import numpy as np

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
import loadstone
from loadstone.export.convert import KerasFile
from tests.export.operation_cases import CASES, expected, model_of, taken

GOLDEN = ROOT / "tests" / "golden"
FOLDERS = ("third_party", "keras_contrib", "qkeras", "keras_hub")
UNTOLD = {"keras-1.2.2.h5": ["pool"], "tensorflow-1.15.0.h5": ["tf_resize"]}  # functions whose meaning the file does not tell


def keep(path: pathlib.Path, inputs: list[np.ndarray], outputs: list[np.ndarray]) -> None:
    arrays = {f"in_{k:02}": array for k, array in enumerate(inputs)}
    np.savez(path, **arrays, **{f"out_{k:02}": array for k, array in enumerate(outputs)})


def operations(out: pathlib.Path) -> None:
    for name, case in CASES.items():
        description = model_of(case)
        KerasFile(description).write(str(out / f"op-{name}.keras"), "keras")
        keep(out / f"op-{name}.npz", taken(description, case), expected(case))


def lambdas(out: pathlib.Path) -> dict[str, str]:
    refused = {}
    for file in sorted(path for path in (GOLDEN / "lambdas").iterdir() if path.suffix in (".h5", ".keras")):
        arrays = np.load(file.with_suffix(".npz"))
        untold = UNTOLD.get(file.name, [])
        given = {f"f_{name}": lambda x: x for name in untold}
        for name in [key.removeprefix("out/") for key in arrays.files if key.startswith("out/")]:
            if name in untold:
                continue
            stem = f"{file.name}-{name}"
            try:
                model = loadstone.load_model(file, custom_objects=given, outputs=[f"f_{name}"])
                loadstone.save_model(model, out / f"{stem}.keras")
            except loadstone.LoadstoneError as error:
                refused[stem] = " ".join(str(error).split())[:200]
                continue
            keep(out / f"{stem}.npz", [arrays[f"in/{spec.name}"] for spec in model.inputs], [arrays[f"out/{name}"]])
    return refused


def layers(out: pathlib.Path) -> dict[str, str]:
    refused = {}
    for path in [path for folder in FOLDERS for path in sorted((GOLDEN / folder).iterdir()) if path.suffix in (".h5", ".keras")]:
        stem, arrays = f"{path.parent.name}-{path.name}", np.load(path.with_suffix(".npz"))
        for suffix in (".keras", ".h5"):
            try:
                loadstone.convert(path, out / f"{stem}{suffix}")
            except loadstone.LoadstoneError as error:
                refused[f"{stem}{suffix}"] = " ".join(str(error).split())[:200]
        keep(out / f"{stem}.npz", *([arrays[key] for key in sorted(arrays.files) if key.startswith(kind)] for kind in ("in", "out")))
    return refused


def main() -> None:
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    operations(out)
    refused = {**lambdas(out), **layers(out)}
    print(f"{len(list(out.glob('*.keras')))} .keras and {len(list(out.glob('*.h5')))} .h5 files, {len(refused)} refused")
    for name, reason in refused.items():
        print(f"  {name}: {reason}")


if __name__ == "__main__":
    main()
