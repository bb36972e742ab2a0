"""Writes files of old releases as files of today's Keras, with what loadstone predicts for them.

    python convert_files.py OUT [FOLDER ...]

FOLDER holds `.npz` files beside `.h5` files (or `.json` and `.h5`) of one name, as tests/golden/keras_1 and keras_2 do, which serve by
default. `check_converted.py` compares them with a real Keras.
"""

import json
import pathlib
import sys
import warnings

import numpy as np

import loadstone

GOLDEN = pathlib.Path(__file__).parents[1] / "golden"


def main() -> None:
    out, folders = pathlib.Path(sys.argv[1]), [pathlib.Path(name) for name in sys.argv[2:]]
    out.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    refused = {}
    for folder in folders or [GOLDEN / "keras_1", GOLDEN / "keras_2"]:
        for data in sorted(folder.glob("*.npz")):
            source, weights = data.with_suffix(".h5"), None
            if data.with_suffix(".json").exists():
                source, weights = data.with_suffix(".json"), source
            for suffix in (".keras", ".h5"):
                try:
                    loadstone.convert(source, out / f"{data.stem}{suffix}", weights=weights)
                except (loadstone.UnsupportedOps, loadstone.ModelError) as error:
                    refused[f"{data.stem}{suffix}"] = " ".join(str(error).split())[:200]
                else:
                    arrays = np.load(data)
                    np.savez(out / f"{data.stem}.npz", **{key: arrays[key] for key in arrays.files})
    (out / "refused.json").write_text(json.dumps(refused, indent=1))
    print(f"{len(list(out.glob('*.keras')))} .keras and {len(list(out.glob('*.h5')))} .h5 files, {len(refused)} refused:")
    for name, reason in refused.items():
        print(f"  {name}: {reason}")


if __name__ == "__main__":
    main()
