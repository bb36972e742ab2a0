"""Writes models that were read from graphs of TensorFlow as SavedModels, with the numbers of the release that made them.

    python write_saved_models.py OUT [SUITE ...] [--only TEXT]

Without a SUITE these are the goldens of this project (golden/graphs), and a module that is made by hand. A SUITE is a folder of cases, each
with a golden.npz and a meta.json: RELEASE/MODEL of a matrix of releases, goldens/ROW beside models/, or small functions with a frozen.pb
and a saved_model. `check_saved_model.py` opens what is written in a real TensorFlow.
"""

import argparse
import json
import pathlib
import re
import shutil
import sys
import warnings

import numpy as np

import loadstone
from loadstone.export.saved_model import is_written_back, write_back, write_saved_model

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "graphs"
GRAPHS = "savedmodel savedmodel_exp export tfsave simple_save estimator frozen saver saver_v1".split()


def of_goldens(unpacked):
    """As `cases`, of this project's goldens."""
    for data in sorted(GOLDEN.glob("*/*.npz")):
        if data.stem == "defaults":
            continue  # an input that it leaves out has a default, which TensorFlow Serving alone knows
        file = next(path for path in data.parent.glob(f"{data.stem}.*") if path.suffix != ".npz")
        arrays = np.load(data)
        given = [(key[3:], arrays[key]) for key in arrays.files if key.startswith("in/")]
        outputs = {key[4:]: arrays[key] for key in arrays.files if key.startswith("out/")}
        if "checkpoint" in data.stem:
            shutil.unpack_archive(file, unpacked / data.stem)
            file = unpacked / data.stem
        cut = file.suffix != ".zip"
        arguments = {"inputs": [name for name, _ in given], "outputs": list(outputs)} if cut else {}
        arguments |= {"signature": "add"} if data.stem == "counter" else {}
        yield f"{data.parent.name}__{data.stem}", file, arguments, given, list(outputs.values())


def write_made(folder):
    """The module that is made by hand."""
    sys.path.insert(0, str(GOLDEN.parents[2]))
    from tests.export import saved_model_cases as made

    shutil.rmtree(folder, ignore_errors=True)
    module = made.module()
    write_saved_model(str(folder / "model"), module, module.signatures)
    found = loadstone.load_model(folder / "model", signature="serving_default")({"x": made.X, "a": made.WORDS})
    np.savez(folder / "io.npz", in_x=made.X, in_a=as_bytes(made.WORDS), **{f"out_{place}": one for place, one in enumerate(found.values())})


def cases(suite):
    """Yields name, path, arguments of `load_model`, inputs by name, outputs in order."""
    for meta_file in sorted(suite.glob("*/*/meta.json")) + sorted(suite.glob("*/meta.json")):
        case, meta = meta_file.parent, json.loads(meta_file.read_text())
        if not (case / "golden.npz").exists() or meta.get("golden_nan") or meta.get("degenerate"):
            continue
        golden = np.load(case / "golden.npz", allow_pickle=True)
        if "formats" in meta and "inputs" in meta:
            yield from of_matrix(case, meta, golden)
        elif suite.joinpath("models").is_dir():
            if meta["format"] in ("frozen-pb", "tfjs-graph", "checkpoint") or meta["format"].startswith("savedmodel"):
                names = [one["name"] for one in meta["inputs"]]
                arguments = {"signature": meta["signature"]} if meta.get("signature") else {}
                if meta["format"] in ("frozen-pb", "tfjs-graph", "checkpoint"):
                    arguments |= {"inputs": names, "outputs": [one["name"] for one in meta["outputs"]]}
                yield case.name, suite / meta["file"], arguments, arrays(golden, "in", names), arrays(golden, "out")
        else:
            if (case / "frozen.pb").exists():
                arguments = {"inputs": meta["inputs"], "outputs": meta["outputs"]}
                yield f"{case.name}__frozen", case / "frozen.pb", arguments, arrays(golden, "in", meta["inputs"]), arrays(golden, "out")
            if (case / "saved_model").is_dir():
                yield (
                    f"{case.name}__saved_model",
                    case / "saved_model",
                    {},
                    arrays(golden, "in", meta["signature_inputs"]),
                    arrays(golden, "out"),
                )


def of_matrix(case, meta, golden):
    for form, found in meta["formats"].items():
        random = (meta["model"], form) == ("image_pre", "export")  # it keeps its random layers active
        if form not in GRAPHS or not found.get("ok") or random or meta.get("signature") and form == "saver":
            continue
        cut = form in ("frozen", "saver", "saver_v1") and meta.get("tensor_inputs")
        arguments = {"inputs": meta["tensor_inputs"], "outputs": meta["tensor_outputs"]} if cut else {}
        arguments |= {"signature": meta["signature"]} if meta.get("signature") else {}
        names = meta["tensor_inputs"] if cut else [one["name"] for one in meta["inputs"]]
        given = [(name, golden[one["key"]]) for name, one in zip(names, meta["inputs"], strict=True)]
        yield f"{meta['tag']}__{meta['model']}__{form}", case / found["path"], arguments, given, [golden[o["key"]] for o in meta["outputs"]]


def arrays(golden, prefix, names=None):
    found = [golden[f"{prefix}_{i}"] for i in range(sum(key.startswith(f"{prefix}_") for key in golden.files))]
    return found if names is None else list(zip(names, found, strict=False))


def write(folder, model, given, outputs):
    if not is_written_back(model._description):
        raise ValueError("it is not written back")
    shutil.rmtree(folder, ignore_errors=True)
    write_back(str(folder / "model"), model._description)
    again = loadstone.load_model(folder / "model")
    names = [spec.name for spec in again.inputs]
    keys = [name if name in names else re.sub(r"\W", "_", str(name).removesuffix(":0")) for name, _ in given]
    if not set(keys) <= set(names) and len(names) == len(keys):
        keys = names  # a model whose inputs the file calls something else
    feed = dict(zip(keys, (text(one) for _, one in given), strict=True))
    data = {f"in_{key}": one for key, one in feed.items()} | {f"out_{place}": one for place, one in enumerate(outputs)}
    np.savez(folder / "io.npz", **{key: as_bytes(one) for key, one in data.items()})
    again(feed)


def text(array):
    return array.astype(object) if array.dtype.kind in "US" else array


def as_bytes(array):
    """Strings as bytes of one length, which need no pickle."""
    if array.dtype.kind not in "OUS":
        return array
    return np.array([one if isinstance(one, bytes) else str(one).encode() for one in array.reshape(-1)], "S").reshape(array.shape)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("suites", nargs="*", type=pathlib.Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--every", type=int, default=1, help="of the cases, each so manieth")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    good, bad = 0, {}
    options.out.mkdir(parents=True, exist_ok=True)
    if not options.suites:
        write_made(options.out / "made")
    unpacked = options.out / ".unpacked"
    for found in [cases(suite) for suite in options.suites] or [of_goldens(unpacked)]:
        for name, path, arguments, given, outputs in list(found)[:: options.every]:
            if options.only in name:
                try:
                    model = loadstone.load_model(path, **arguments)
                except (loadstone.LoadstoneError, OSError) as error:
                    print(f"{name} does not load: {type(error).__name__}: {' '.join(str(error).split())[:120]}")
                    continue
                try:
                    write(options.out / name, model, given, outputs)
                    good += 1
                except Exception as error:
                    shutil.rmtree(options.out / name, ignore_errors=True)
                    bad[name] = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    for name, reason in bad.items():
        print(f"{name}: {reason}")
    print(f"{good} of {good + len(bad)} models are written")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
