"""Would installing loadstone move a package of these environments?

    python .ci/beside.py ENVIRONMENT/bin/python ...

Asks the pip of each environment for a dry run from this checkout and fails if it would change a package that is there;
new packages are fine. Without arguments, makes environments with TensorFlow 2.15, 2.18 and 2.21 first (large downloads).
"""

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TENSORFLOW = ("2.15.1", "2.18.1", "2.21.0")


def moved(python: str) -> list[str]:
    """ "numpy 1.26.4 -> 2.4.6" for every package that would change."""
    freeze = subprocess.run([python, "-m", "pip", "list", "--format", "json"], check=True, capture_output=True, text=True).stdout
    here = {canonical(row["name"]): row["version"] for row in json.loads(freeze)}
    command = [python, "-m", "pip", "install", "--dry-run", "--quiet", "--report", "-", str(ROOT)]
    report = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    wanted = {canonical(row["metadata"]["name"]): row["metadata"]["version"] for row in report["install"]}
    print(
        f"{python}: TensorFlow {here.get('tensorflow') or here.get('tensorflow-cpu')}, would add",
        ", ".join(sorted(wanted.keys() - here.keys())),
    )
    return [f"{name} {here[name]} -> {wanted[name]}" for name in sorted(wanted.keys() & here.keys() - {"loadstone"})]


def canonical(name: str) -> str:
    return name.lower().replace("_", "-")


def environment(folder: Path, version: str) -> str:
    venv.create(folder, with_pip=True)
    python = str(folder / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", f"tensorflow-cpu=={version}"], check=True)
    return python


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        pythons = sys.argv[1:] or [environment(Path(folder) / version, version) for version in TENSORFLOW]
        changes = {python: moved(python) for python in pythons}
    for python, names in changes.items():
        for name in names:
            print(f"{python}: would move {name}", file=sys.stderr)
    return int(any(changes.values()))


if __name__ == "__main__":
    raise SystemExit(main())
