"""Loads every model that `make_models.py` made with loadstone and compares the predictions.

    python check_models.py FOLDER...

Exit status 1 where a file does not load or gives other numbers.
"""

import collections
import json
import pathlib
import sys
import zipfile

import numpy as np

import loadstone


def check(folder: pathlib.Path, path: pathlib.Path) -> str | None:
    """None, or what is wrong."""
    meta = json.loads((folder / "meta.json").read_text())
    golden = np.load(folder / "golden.npz")
    xs = [golden[f"in_{i}"] for i in range(sum(k.startswith("in_") for k in golden.files))]
    ys = [golden[f"out_{i}"] for i in range(sum(k.startswith("out_") for k in golden.files))]
    model = loadstone.load_model(path)
    x = dict(zip(meta["inputs"], xs, strict=True)) if meta["inputs"] else xs[0] if len(xs) == 1 else xs
    got = model.predict(x, batch_size=len(xs[0]))
    got = [got[k] for k in meta["outputs"]] if meta["outputs"] else list(got) if isinstance(got, (list, tuple)) else [got]
    loose = folder.name == "mixed_fp16"
    for want, have in zip(ys, got, strict=True):
        if want.shape != have.shape or want.dtype != have.dtype:
            return f"shape {have.shape} {have.dtype}, expected {want.shape} {want.dtype}"
        if not np.allclose(want, have, rtol=1e-2 if loose else 1e-4, atol=1e-2 if loose else 1e-5):
            return f"values differ by up to {np.abs(want - have).max():.3g}"
    return None


def main() -> int:
    """Prints a line a failure and a count a release."""
    counts: dict[str, list[int]] = collections.defaultdict(lambda: [0, 0])
    for root in map(pathlib.Path, sys.argv[1:]):
        for folder in sorted(p.parent for p in root.rglob("golden.npz")):
            for path in sorted(folder.glob("model.*")):
                kind = "zip" if zipfile.is_zipfile(path) else "hdf5"
                try:
                    wrong = check(folder, path)
                except Exception as error:  # the tool reports whatever goes wrong and goes on
                    wrong = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
                counts[root.name][0] += wrong is None
                counts[root.name][1] += 1
                if wrong:
                    print(f"{root.name} {folder.name} {path.name} ({kind}): {wrong}")
    for name, (good, all_) in counts.items():
        print(f"{name}: {good} of {all_} match")
    return 0 if all(good == all_ for good, all_ in counts.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
