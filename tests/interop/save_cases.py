"""Saves cases that real frameworks made as files of today's Keras, with what loadstone predicts for them.

    python save_cases.py OUT FOLDER [...] [--library tf_keras]

FOLDER holds, at any depth, folders of one case each: `meta.json`, `golden.npz` with inputs `in_*` and outputs `out_*`, and files that some
release wrote. Each case that loads is saved as `.keras` and as `.h5`, and `check_converted.py` compares them with a real Keras. Cases whose
predictions are not those of the golden file are left out and named.
"""

import argparse
import json
import pathlib
import warnings

import numpy as np

import loadstone


def source(case: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path | None] | None:
    """The file with the model, and the one with its weights where they lie apart."""
    whole = [path for path in sorted(case.iterdir()) if path.suffix in (".keras", ".h5", ".hdf5") and "weights" not in path.name]
    whole.sort(key=lambda path: path.suffix != ".keras")
    architectures = sorted(path for path in case.glob("*.json") if path.name != "meta.json")
    weights = sorted(case.glob("*weights.h5"))
    if whole:
        return whole[0], None
    return (architectures[0], weights[0]) if architectures and weights else None


def flat(found: object) -> list[np.ndarray]:
    if isinstance(found, dict):
        return [leaf for key in sorted(found) for leaf in flat(found[key])]
    return [leaf for part in found for leaf in flat(part)] if isinstance(found, (list, tuple)) else [plain(np.asarray(found))]


def plain(array: np.ndarray) -> np.ndarray:
    """bfloat16 as float32, which `.npz` files can hold, and in which they hold the former as two bytes."""
    if array.dtype.kind != "V":
        return array
    return (array.view(np.uint16).astype(np.uint32) << 16).view(np.float32)


def data_of(case: pathlib.Path, model: loadstone.Model) -> list[np.ndarray]:
    """The golden inputs in the order of the model's."""
    arrays = np.load(case / "golden.npz", allow_pickle=True)
    keys = sorted((key for key in arrays.files if key.startswith("in_")), key=lambda key: (len(key), key))
    found = [arrays[key].astype(object) if arrays[key].dtype.kind in "US" else plain(arrays[key]) for key in keys]
    said = json.loads((case / "meta.json").read_text()).get("inputs") or []
    names = {entry["name"]: arrays[entry["key"]] for entry in said if isinstance(entry, dict)}
    own = [spec.name for spec in model.inputs]
    if len(own) > 1 and set(own) <= set(names):
        found = [names[name] for name in own]
    return found


def same(case: pathlib.Path, got: list[np.ndarray]) -> bool:
    """True where each golden output is among the predictions."""
    arrays = np.load(case / "golden.npz", allow_pickle=True)
    left = list(got)
    for key in (key for key in arrays.files if key.startswith("out_")):
        want = plain(arrays[key])
        if want.dtype.kind in "OSU":
            continue
        hit = next((i for i, array in enumerate(left) if array.shape == want.shape and np.allclose(array, want, 1e-2, 1e-3, True)), None)
        if hit is None:
            return False
        left.pop(hit)
    return True


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    parser.add_argument("--library", default="keras")
    args = parser.parse_args()
    out = args.out
    out.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    refused: dict[str, str] = {}
    cases = [meta.parent for folder in args.folders for meta in sorted(folder.rglob("meta.json"))]
    loaded = 0
    for case in cases:
        name = f"{case.parent.name}-{case.name}"
        chosen = source(case)
        if chosen is None or not (case / "golden.npz").exists():
            continue
        try:
            model = loadstone.load_model(chosen[0], weights=chosen[1])
            inputs = data_of(case, model)
            got = flat(model.predict(inputs if len(inputs) > 1 else inputs[0], batch_size=len(inputs[0]), verbose=0))
        except (loadstone.LoadstoneError, ValueError) as error:
            print(f"{name}: does not load: {type(error).__name__}: {' '.join(str(error).split())[:160]}")
            continue
        if not same(case, got):
            print(f"{name}: other predictions than the golden ones")
            continue
        loaded += 1
        arrays = {f"in_{i:03d}": array for i, array in enumerate(inputs)} | {f"out_{i:03d}": array for i, array in enumerate(got)}
        np.savez(out / f"{name}.npz", **arrays)
        for suffix in (".keras", ".h5"):
            try:
                loadstone.save_model(loadstone.load_model(chosen[0], weights=chosen[1]), out / f"{name}{suffix}", library=args.library)
            except loadstone.LoadstoneError as error:
                refused[f"{name}{suffix}"] = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    (out / "refused.json").write_text(json.dumps(refused, indent=1))
    print(f"{loaded} cases: {len(list(out.glob('*.keras')))} .keras and {len(list(out.glob('*.h5')))} .h5 files, {len(refused)} refused:")
    for name, reason in refused.items():
        print(f"  {name}: {reason}")


if __name__ == "__main__":
    main()
