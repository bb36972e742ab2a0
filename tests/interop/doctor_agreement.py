"""How often `doctor` says what really happened: a table of loads by the frameworks against its verdicts.

python tests/interop/doctor_agreement.py CASES TABLE.tsv [--list]

CASES holds RELEASE/MODEL/{files, meta.json}; the table has the columns release, model, form, loader, result and message. The loaders keras3
and tf_keras are judged ("ok" is "loads", "mismatch" is "wrong numbers", anything else "fails"); tf_sig stands for TensorFlow Serving and is
told apart.
"""

import argparse
import collections
import csv
import json
import pathlib
import sys

from loadstone.environment.doctor import doctor

RESULTS = {"ok": "loads", "mismatch": "wrong numbers"}
TARGETS = {"keras3": "keras3", "tf_keras": "tf_keras", "tf_sig": "tf-serving"}


def path_of(cases, row):
    """The file of a row; None where the cases lack it."""
    folder = cases / row["release"] / row["model"]
    formats = json.loads((folder / "meta.json").read_text())["formats"]
    form = formats.get(row["form"].partition("+")[0])
    return folder / form["path"] if form and form.get("path") else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", type=pathlib.Path)
    parser.add_argument("table", type=pathlib.Path)
    parser.add_argument("--list", action="store_true", help="print every row in which the two differ")
    parser.add_argument("--at-least", type=float, default=95.0)
    chosen = parser.parse_args()
    with open(chosen.table) as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if row["loader"] in TARGETS]
    known, right, total, loads = {}, collections.Counter(), collections.Counter(), collections.Counter()
    for row in rows:
        path = path_of(chosen.cases, row)
        if path is None:
            print("no file for", row["release"], row["model"], row["form"])
            continue
        if path not in known:
            known[path] = doctor(path)
        said, happened = known[path].verdicts[TARGETS[row["loader"]]], RESULTS.get(row["result"], "fails")
        key = row["loader"], row["form"]
        total[key] += 1
        right[key] += said.result == happened
        loads[key] += (said.result == "fails") == (happened == "fails")
        if chosen.list and said.result != happened:
            print(
                *(row[name] for name in ("release", "model", "form", "loader", "result")),
                row["message"][:110],
                "| said",
                said.result,
                said.reason,
                sep="\t",
            )
    for (loader, form), count in sorted(total.items()):
        print(f"{loader:9} {form:22} {right[loader, form]:5} of {count:5}")
    for loader in TARGETS:
        mine = [key for key in total if key[0] == loader]
        share = 100 * sum(right[key] for key in mine) / max(1, sum(total[key] for key in mine))
        print(f"{loader}: {share:.2f} %")
    judged = [key for key in total if key[0] != "tf_sig"]
    share = 100 * sum(right[key] for key in judged) / max(1, sum(total[key] for key in judged))
    print(f"keras3 and tf_keras: {share:.2f} % of {sum(total[key] for key in judged)}")
    sys.exit(share < chosen.at_least)


if __name__ == "__main__":
    main()
