"""Checks `provenance` against files whose true release is known: FOLDER of cases with `meta.json` (keras, tf, python of the one who saved).

    python tests/interop/check_provenance.py FOLDER... [--only TEXT] [--list]

Prints for each kind of file how often the true release lies in the range (contained), how often one release is left (exact), and what
is wrong. Files without a `meta.json` beside them (published ones) only must be read, and contradictions are printed.
"""

import argparse
import json
import sys
from collections import Counter, defaultdict
from pathlib import Path

from loadstone.environment.evidence import STATED
from loadstone.environment.provenance import provenance
from loadstone.environment.ranges import Range, numbers

SUFFIXES = {".h5", ".hdf5", ".keras", ".json", ".yaml", ".pb", ".npz", ".index", ".meta"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--list", action="store_true", help="print every file with what is said of it")
    options = parser.parse_args()
    table, wrong = defaultdict(Counter), []
    widths = defaultdict(Counter)
    for folder in options.folders:
        for kind, path, truth in cases(folder):
            if options.only not in str(path):
                continue
            problems = check(kind, path, truth, table[kind], widths[kind], options.list)
            wrong += [f"{path}: {problem}" for problem in problems]
    total = Counter()
    for kind, row in sorted(table.items()):
        total += row
        print(f"{kind:<16}{row['files']:>6} files  contained {share(row, 'contained')}  exact {share(row, 'exact')}")
        print(" " * 18 + ", ".join(f"{text} x {n}" for text, n in widths[kind].most_common(8)))
    print(f"{'all':<16}{total['files']:>6} files  contained {share(total, 'contained')}  exact {share(total, 'exact')}")
    print(f"exact where the file states its release: {total['stated exact']} of {total['stated']}")
    print("\n".join(wrong[:200]))
    return bool(wrong)


def share(row, what):
    return f"{row[what]:>5} ({100 * row[what] / max(1, row['files']):.1f} %)"


def cases(folder):
    """(kind, path, truth) of every file."""
    metas = sorted(folder.rglob("meta.json"))
    known = [meta for meta in metas if "formats" in json.loads(meta.read_text())]
    for meta in known:
        truth = json.loads(meta.read_text())
        for kind, found in truth["formats"].items():
            if found.get("ok") and found.get("path"):
                yield kind, meta.parent / found["path"], truth
    if not known:
        for path in sorted(folder.rglob("*")):
            if path.name in ("saved_model.pb", "saved_model.pbtxt"):
                yield "published SavedModel", path.parent, None
            elif path.suffix in SUFFIXES and path.name not in ("meta.json", "keras_metadata.pb", "fingerprint.pb", "variables.index"):
                yield f"published {path.suffix}", path, None


def check(kind, path, truth, row, widths, listed):
    try:
        found = provenance(path)
    except Exception as error:
        if truth is None:
            row["not a model"] += 1
            return [] if type(error).__name__ == "UnrecognizedFormat" else [f"{type(error).__name__}: {error}"]
        row["files"] += 1
        return [f"{type(error).__name__}: {error}"]
    row["files"] += 1
    said = f"{found.library} keras {found.keras} tf {found.tensorflow} python {found.python}"
    if listed:
        print(path, said, found.backend, found.date, *(f"\n    {e.about} {e.says} {e.certainty}" for e in found.evidence))
    widths[f"{found.library} keras {found.keras} tf {found.tensorflow}" + (f" python {found.python}" if found.python.known else "")] += 1
    stated = [one for one in found.evidence if one.certainty == STATED and one.low is not None]
    row["stated"] += bool(stated)
    row["stated exact"] += all(
        Range(one.low, one.high).exact and getattr(found, one.about).exact for one in stated if one.about in ("keras", "tensorflow")
    ) and bool(stated)
    row["exact"] += found.keras.exact or found.tensorflow.exact
    problems = []
    for one in stated if truth is None else ():  # files that another program wrote again do that
        others = [other for other in found.evidence if (other.about, other.certainty) == (one.about, "implied")]
        for other in (other for other in others if Range(one.low, one.high).meet(Range(other.low, other.high)) is None):
            print(f"note: {path} states {one.about} {one.low}, but {other.says}: {other.low} to {other.high}")
    for about, key in (("keras", "keras"), ("tensorflow", "tf"), ("python", "python")):
        version = numbers(str((truth or {}).get(key) or ""))
        if version is not None and not getattr(found, about).contains(version):
            problems.append(f"{about} {version} is not in {getattr(found, about)}: {[e for e in found.evidence if e.about == about]}")
    row["contained"] += not problems
    return problems


if __name__ == "__main__":
    sys.exit(main())
