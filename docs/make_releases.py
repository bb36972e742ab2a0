"""Writes src/loadstone/environment/releases.json: every release of TensorFlow, Keras and tf_keras, and what works together with each.

    UV_PYTHON=python3.8 python docs/make_releases.py [--python27 python2.7]

What a release is (its date, the Pythons and platforms it has wheels for) is what PyPI's JSON says. A lock is the complete list of exact
versions beside it: uv's resolution for Linux x86-64 of what was published up to two weeks after the release, or later where that has no
wheels. MEASURED names versions that were installed and used to save and reload models: those win. CAPS are limits that old releases did
not declare. Locks that the table has already are kept, so that only new releases cost time; delete a line to have it resolved again.

It needs uv on the PATH; UV_PYTHON is an interpreter old enough for the source archives of 2016 (3.8). uv knows no Python 2.7: for that,
`virtualenv<20.22` has to be on the PATH too, and pip itself installs what a lock names.
"""

import argparse
import datetime
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TARGET = Path(__file__).parents[1] / "src" / "loadstone" / "environment" / "releases.json"
NAMES = {"tensorflow": "tensorflow", "keras": "keras", "tf_keras": "tf-keras"}
FIRST = {"tensorflow": (0, 12), "keras": (0, 3), "tf_keras": (2, 14)}
FINAL = re.compile(r"\d+(\.\d+)+")  # 2.15.0.post1 is 2.15.0, uploaded again
PLATFORMS = {
    "linux-x86_64": re.compile(r"(manylinux|linux).*x86_64"),
    "linux-aarch64": re.compile(r"(manylinux|linux).*aarch64"),
    "macos-x86_64": re.compile(r"macosx.*(x86_64|universal2)"),
    "macos-arm64": re.compile(r"macosx.*(arm64|universal2)"),
    "windows-x86_64": re.compile(r"win_amd64"),
}
# A wheel of a few KB is a name for another distribution.
THROUGH = {"linux-aarch64": "tensorflow-cpu-aws", "macos-arm64": "tensorflow-macos", "windows-x86_64": "tensorflow-intel"}
STUB = 100_000  # bytes

# Installed with that Python, and used to build, save and reload models (Linux x86-64, 2026-11).
MEASURED = [
    ("tensorflow", "1.15", "3.7", "h5py==2.10.0 numpy==1.18.5 protobuf==3.20.3 pyyaml==6.0.1 scipy==1.7.3"),
    ("tensorflow", "2.1", "3.7", "h5py==2.10.0 numpy==1.18.5 protobuf==3.20.3 pyyaml==6.0.1 scipy==1.4.1"),
    ("tensorflow", "2.8", "3.8", "h5py==3.11.0 keras==2.8.0 numpy==1.23.5 protobuf==3.19.6 pyyaml==6.0.3 scipy==1.10.1"),
    ("tensorflow", "2.15", "3.11", "h5py==3.16.0 keras==2.15.0 numpy==1.26.4 protobuf==4.25.9 pyyaml==6.0.3 scipy==1.17.1"),
    ("tensorflow", "1.13", "3.6", "h5py==2.10.0 numpy==1.16.6 protobuf==3.17.3 pyyaml==5.4.1 scipy==1.5.4"),
    ("tensorflow", "1.14", "3.6", "h5py==2.10.0 numpy==1.16.6 protobuf==3.17.3 pyyaml==5.4.1 scipy==1.5.4"),
    ("tensorflow", "2.0", "3.7", "h5py==2.10.0 numpy==1.18.5 protobuf==3.20.3 pyyaml==6.0.1 scipy==1.7.3"),
    ("tensorflow", "2.3", "3.8", "h5py==2.10.0 numpy==1.18.5 protobuf==3.19.6 pyyaml==6.0.3 scipy==1.5.4"),
    ("tensorflow", "2.4", "3.8", "h5py==2.10.0 numpy==1.19.5 protobuf==3.19.6 pyyaml==6.0.3 scipy==1.6.3"),
    ("tensorflow", "2.6", "3.8", "h5py==3.1.0 keras==2.6.0 numpy==1.19.5 protobuf==3.19.6 pyyaml==6.0.3 scipy==1.6.3"),
    ("tensorflow", "2.10", "3.9", "h5py==3.14.0 keras==2.10.0 numpy==1.23.5 protobuf==3.19.6 pyyaml==6.0.3 scipy==1.13.1"),
    ("tensorflow", "2.11", "3.9", "h5py==3.14.0 keras==2.11.0 numpy==1.23.5 protobuf==3.19.6 pyyaml==6.0.3 scipy==1.13.1"),
    ("tensorflow", "2.12", "3.10", "h5py==3.16.0 jax==0.4.30 keras==2.12.0 numpy==1.23.5 protobuf==4.25.9 pyyaml==6.0.3 scipy==1.15.3"),
    ("tensorflow", "2.13", "3.10", "h5py==3.16.0 keras==2.13.1 numpy==1.24.3 protobuf==4.25.9 pyyaml==6.0.3 scipy==1.15.3"),
    ("tensorflow", "2.16", "3.11", "h5py==3.16.0 keras==3.3.3 numpy==1.26.4 protobuf==4.25.9 pyyaml==6.0.3 scipy==1.17.1"),
    ("tensorflow", "2.18", "3.12", "h5py==3.16.0 keras==3.6.0 numpy==2.0.2 protobuf==5.29.6 pyyaml==6.0.3 scipy==1.18.1"),
    ("tensorflow", "2.21", "3.11", "h5py==3.14.0 keras==3.15.1 numpy==2.4.6 protobuf==7.36.2 pyyaml==6.0.3 scipy==1.17.1"),
    ("tensorflow", "1.0", "3.6", "h5py==2.10.0 numpy==1.16.6 protobuf==3.17.3 pyyaml==5.4.1 scipy==1.5.4"),
    ("tensorflow", "1.4", "3.6", "h5py==2.10.0 numpy==1.16.6 protobuf==3.17.3 pyyaml==5.4.1 scipy==1.5.4"),
    ("tensorflow", "1.8", "3.6", "h5py==2.10.0 numpy==1.16.6 protobuf==3.17.3 pyyaml==5.4.1 scipy==1.5.4"),
    ("tensorflow", "1.12", "3.6", "h5py==2.10.0 numpy==1.16.6 protobuf==3.17.3 pyyaml==5.4.1 scipy==1.5.4"),
    ("keras", "1.2.2", "3.6", "tensorflow==1.0.1 h5py==2.10.0 numpy==1.16.6 protobuf==3.17.3 pyyaml==5.4.1 scipy==1.5.4 theano==1.0.5"),
    ("keras", "2.2.4", "3.6", "tensorflow==1.12.3 h5py==2.10.0 numpy==1.16.6 protobuf==3.17.3 pyyaml==5.4.1 scipy==1.5.4"),
    ("keras", "2.1.6", "3.6", "tensorflow==1.8.0 h5py==2.10.0 numpy==1.16.6 protobuf==3.17.3 pyyaml==5.4.1 scipy==1.5.4"),
    ("keras", "2.3.1", "3.7", "tensorflow==1.15.0 h5py==2.10.0 numpy==1.18.5 protobuf==3.20.3 pyyaml==6.0.1 scipy==1.7.3"),
    ("keras", "3.3.3", "3.11", "tensorflow==2.16.2 h5py==3.16.0 numpy==1.26.4 protobuf==4.25.9 pyyaml==6.0.3 scipy==1.17.1"),
    ("keras", "3.6.0", "3.12", "tensorflow==2.18.0 h5py==3.16.0 numpy==2.0.2 protobuf==5.29.6 pyyaml==6.0.3 scipy==1.18.1"),
    ("keras", "3.10.0", "3.12", "jax==0.12.0.1 h5py==3.16.0 numpy==2.5.5 pyyaml==6.0.3 scipy==1.18.1"),
    ("keras", "3.15.1", "3.11", "tensorflow==2.21.0 h5py==3.14.0 numpy==2.4.6 protobuf==7.36.2 pyyaml==6.0.3 scipy==1.17.1 torch==2.13.0"),
    ("keras", "1.2.2", "2.7", "tensorflow==1.0.1 h5py==2.10.0 numpy==1.16.6 protobuf==3.17.3 pyyaml==3.13 scipy==1.2.3 theano==1.0.5"),
    ("keras", "2.0.8", "2.7", "tensorflow==1.4.1 h5py==2.10.0 numpy==1.16.6 protobuf==3.17.3 pyyaml==3.13 scipy==1.2.3"),
    ("keras", "1.0.8", "2.7", "theano==0.9.0 h5py==2.10.0 numpy==1.11.3 pyyaml==3.13 scipy==0.19.1"),
    ("keras", "1.1.2", "2.7", "tensorflow==0.12.1 h5py==2.10.0 numpy==1.16.6 protobuf==3.17.3 pyyaml==3.13 scipy==1.2.3 theano==1.0.5"),
]  # fmt: skip

# (TensorFlow before this release, limit): seen to break, and not declared by the release.
CAPS = [
    ((2, 4), "numpy<1.19"),  # 1.20: "Cannot convert a symbolic Tensor to a numpy array"
    ((2, 12), "numpy<1.24"),  # np.object and np.bool are gone there
    ((2, 16), "numpy<2"),
    ((2, 2), "gast<0.3"),  # gast.Num and others are gone there
    ((2, 5), "h5py<3"),  # 'str' object has no attribute 'decode'
    ((2, 12), "protobuf<3.21"),  # "Descriptors cannot be created directly"
    ((2, 2), "pyyaml<6"),  # yaml.load asks for a loader there
]

# Installed before anything else: the last that run on that Python and still build the old source archives.
BOOTSTRAP = {
    "virtualenv": {
        "virtualenv": "20.21.1",
        "distlib": "0.4.4",
        "filelock": "3.32.7",
        "platformdirs": "3.11.0",
    },  # makes those of Python 2.7
    "2.7": {"pip": "20.3.4", "setuptools": "44.1.1", "wheel": "0.37.1"},
    "3.5": {"pip": "20.3.4", "setuptools": "50.3.2", "wheel": "0.37.1"},
    "3.6": {"pip": "21.3.1", "setuptools": "59.6.0", "wheel": "0.37.1"},
    "3.7": {"pip": "24.0", "setuptools": "67.8.0", "wheel": "0.42.0"},
    "3.8": {"pip": "24.3.1", "setuptools": "69.5.1", "wheel": "0.45.1"},
    "3.9": {"pip": "24.3.1", "setuptools": "69.5.1", "wheel": "0.45.1"},
    "3.10": {"pip": "25.3", "setuptools": "69.5.1", "wheel": "0.45.1"},
    "3.11": {"pip": "25.3", "setuptools": "69.5.1", "wheel": "0.45.1"},
    "3.12": {"pip": "25.3", "setuptools": "69.5.1", "wheel": "0.45.1"},
    "3.13": {"pip": "25.3", "setuptools": "75.8.0", "wheel": "0.45.1"},
}
# Keras' own packages, from this release of Keras on.
PARTS = [((2, 2, 3), ("1.0.8", "1.1.0")), ((2, 2, 1), ("1.0.4", "1.0.2")), ((2, 2, 0), ("1.0.2", "1.0.1"))]
KERAS_3_NEEDS = ("absl-py", "dm-tree", "markdown-it-py", "mdurl", "ml-dtypes", "namex", "optree", "packaging", "pygments", "rich")
PINS_27 = "h5py==2.10.0 numpy==1.16.6 protobuf==3.17.3 pyyaml==3.13 scipy==1.2.3"
THEANO = {
    "theano 1.0.5 3.6": {"theano": "1.0.5", "h5py": "2.10.0", "numpy": "1.16.6", "pyyaml": "5.4.1", "scipy": "1.5.4", "six": "1.16.0"},
}
UNLOCKED = (
    "tensorflow",
    "tensorflow-cpu",
    "pip",
    "setuptools",
    "wheel",
)  # the release itself is added by its row, the rest is in BOOTSTRAP
ABOUT = "Made by docs/make_releases.py; do not edit. Dates, Pythons and platforms: pypi.org. Locks: see the script."
BINARY = ("numpy", "scipy", "h5py", "grpcio", "protobuf", "jaxlib", "ml-dtypes", "torch", "libclang", "markupsafe")
UV_PYTHONS = ("3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13")


def published(name: str) -> dict:
    """The final releases of a distribution that were not taken back, as PyPI's JSON has them."""
    with urllib.request.urlopen(f"https://pypi.org/pypi/{name}/json") as answer:
        found = json.load(answer)["releases"]
    return {v: files for v, files in found.items() if FINAL.fullmatch(v) and any(not file["yanked"] for file in files)}


def number(version: str) -> tuple:
    return tuple(int(part) for part in version.split("."))


def wheels(files: list) -> tuple:
    """({platform: Pythons with wheels}, {platform: distribution that its wheels are a name for}); the first is empty for pure ones."""
    found: dict = {}
    through = {}
    for file in files:
        match = re.fullmatch(r".*-cp(\d)(\d+)-[^-]+-(.+)\.whl", file["filename"])
        if match:
            for platform, pattern in PLATFORMS.items():
                if pattern.search(match[3]):
                    found.setdefault(platform, set()).add(f"{match[1]}.{match[2]}")
                    if file["size"] < STUB:
                        through[platform] = THROUGH[platform]
    return {platform: sorted(pythons, key=number) for platform, pythons in sorted(found.items())}, through


def rows() -> dict:
    """Every release with its date and wheels."""
    found: dict = {}
    cpu = published("tensorflow-cpu")
    for name, distribution in NAMES.items():
        releases = published(distribution)
        for version in sorted(releases, key=number):
            if number(version)[:2] < FIRST[name]:
                continue
            files = releases[version]
            row = {"date": min(file["upload_time"] for file in files)[:10]}
            if name == "tensorflow":
                row["wheels"], through = wheels(files)
                row.update({"through": through} if through else {})
                if version in cpu:
                    row["cpu"] = wheels(cpu[version])[0].get("linux-x86_64", [])
            else:
                asked = next((file["requires_python"] for file in files if file["requires_python"]), None)
                row["requires_python"] = asked
            found.setdefault(name, {})[version] = row
    return found


def measured(name: str, version: str, python: str) -> dict:
    """Versions that were measured with a release, or with another of its minor, on that Python."""
    exact = {v: pins for n, v, p, pins in MEASURED if n == name and p == python}
    pins = exact.get(version) or exact.get(".".join(version.split(".")[:2]))
    return dict(pin.split("==") for pin in pins.split()) if pins else {}


def tensorflow_of(name: str, version: str, found: dict) -> str:
    """The TensorFlow beside a release of Keras: the measured one, else the newest of its day that it can work with."""
    for n, v, _, pins in MEASURED:
        if n == name and v == version and "tensorflow==" in pins:
            return re.search(r"tensorflow==(\S+)", pins)[1]
    own, date, tensorflow = number(version), found[name][version]["date"], found["tensorflow"]
    if name == "tf_keras" or (name == "keras" and (2, 6) <= own < (3,)):
        return max((v for v in tensorflow if number(v)[:2] == own[:2]), key=number)
    low, high = ((0, 12, 1), (1, 15, 1)) if own < (2, 4) else ((2, 2), (2, 5)) if own < (3,) else ((2, 16), (9,))
    good = [v for v in tensorflow if low <= number(v) < high]
    old = [v for v in good if tensorflow[v]["date"] <= date]
    return max(old, key=number) if old else min(good, key=number)


def representative(version: str, found: dict) -> str:
    """The last of a release's minor: the whole minor has its lock."""
    return max((v for v in found["tensorflow"] if number(v)[:2] == number(version)[:2]), key=number)


def wanted(found: dict) -> Iterator[tuple]:
    """(key, inputs, limits, measured pins, date, Python) of each lock that uv is asked for."""
    rest = ["h5py", "pyyaml", "scipy", "numpy"]
    for version in dict.fromkeys(representative(version, found) for version in found["tensorflow"]):
        row = found["tensorflow"][version]
        limits = [limit for before, limit in CAPS if number(version) < before]
        for python in [p for p in row["wheels"]["linux-x86_64"] if p in UV_PYTHONS]:
            cpu = "-cpu" if python in row.get("cpu", ()) else ""
            pins = measured("tensorflow", version, python)
            yield f"tensorflow {version} {python}", [f"tensorflow{cpu}=={version}", *rest], limits, pins, row["date"], python
    for version in keras_3(found):
        python = "3.12" if number(version) < (3, 14) else "3.13"
        pins = measured("keras", version, python)
        yield f"jax {version} {python}", [f"keras=={version}", "jax", *rest], [], pins, found["keras"][version]["date"], python
    yield "torch 3.15.1 3.11", ["keras==3.15.1", "torch", *rest], [], measured("keras", "3.15.1", "3.11"), "2026-07-29", "3.11"


def keras_3(found: dict) -> list:
    """The last of each minor of Keras 3."""
    last = {number(version)[:2]: version for version in sorted(found["keras"], key=number)}
    return [version for minor, version in last.items() if minor >= (3,)]


def resolve(key: str, inputs: list, limits: list, pins: dict, date: str, python: str) -> dict | None:
    """The complete list of versions, None where nothing fits."""
    day, errors = datetime.date.fromisoformat(date), []
    asked = {re.split("[<=]", line)[0] for line in inputs} | {"protobuf", "keras"}
    pins = {n: v for n, v in pins.items() if n != "tensorflow" and n in asked}
    for chosen in [pins, {}] if pins else [{}]:
        for days in (14, 120, 400, 1500, None):
            until = ["--exclude-newer", str(day + datetime.timedelta(days=days))] if days else []
            allowed = [part for n in chosen for part in ("--exclude-newer-package", f"{n}=2026-11-20")] if until else []
            kept = [limit for limit in limits if re.split("[<=]", limit)[0] not in chosen]
            with tempfile.TemporaryDirectory() as folder:
                (Path(folder) / "in").write_text("\n".join(inputs))
                (Path(folder) / "limits").write_text("\n".join(kept + [f"{n}=={v}" for n, v in chosen.items()]))
                binary = [part for n in BINARY for part in ("--only-binary", n)]
                options = ["--python-version", python, "--python-platform", "x86_64-manylinux_2_28", "--no-header", "--no-annotate", "-q"]
                command = ["uv", "pip", "compile", *options, *until, *allowed, *binary, "-c", f"{folder}/limits", f"{folder}/in"]
                done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"UV_PYTHON_DOWNLOADS": "never"})
            if done.returncode == 0:
                return dict(line.split("==") for line in done.stdout.split("\n") if "==" in line)
            errors.append(done.stderr.strip()[-300:])
    print(f"{key}: nothing fits: {errors[-1]}", file=sys.stderr)
    return None


def installed_27(python: str, name: str, pins: str) -> dict | None:
    """What pip puts beside a distribution on Python 2.7; None where it cannot be installed or imported."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["virtualenv", "-q", "-p", python, folder], check=True)
        pip = [
            f"{folder}/bin/pip",
            "install",
            "-q",
            "--use-deprecated=legacy-resolver",
            "--only-binary",
            "numpy,scipy,h5py,grpcio,protobuf",
            name,
            *pins.split(),
        ]
        module = "theano" if name.startswith("theano") else "tensorflow"
        for command in (pip, [f"{folder}/bin/python", "-c", f"import {module}, h5py, yaml, scipy"]):
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                print(f"{name} 2.7: {done.stderr.strip()[-300:]}", file=sys.stderr)
                return None
        frozen = subprocess.run([f"{folder}/bin/pip", "freeze"], capture_output=True, text=True, check=True).stdout
    pairs = [line.split("==") for line in frozen.split() if "==" in line]
    return {re.sub(r"[-_.]+", "-", n).lower(): v for n, v in pairs}


def wanted_27(found: dict) -> Iterator[tuple]:
    """(key, what is installed, pins) of each lock for Python 2.7; the pins are the measured ones."""
    for version in [version for version in found["tensorflow"] if number(version) < (2,)]:
        last = [
            v
            for v in found["tensorflow"]
            if number(v)[:2] == number(version)[:2] and "2.7" in found["tensorflow"][v]["wheels"]["linux-x86_64"]
        ]
        if last and version == max(last, key=number):
            cpu = "-cpu" if "2.7" in found["tensorflow"][version].get("cpu", ()) else ""
            yield f"tensorflow {version} 2.7", f"tensorflow{cpu}=={version}", PINS_27
    yield "theano 1.0.5 2.7", "theano==1.0.5", PINS_27.replace("protobuf==3.17.3 ", "")
    yield "theano 0.9.0 2.7", "theano==0.9.0", "h5py==2.10.0 numpy==1.11.3 pyyaml==3.13 scipy==0.19.1"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python27", help="a Python 2.7, where locks for it are missing")
    options = parser.parse_args()
    known = {key: dict(pin.split("==") for pin in pins.split()) for key, pins in json.loads(TARGET.read_text())["locks"].items()}
    known |= THEANO
    found = rows()
    todo = [want for want in wanted(found) if want[0] not in known]
    with ThreadPoolExecutor(4) as pool:
        for want, result in zip(todo, pool.map(lambda want: resolve(*want), todo), strict=True):
            print(want[0], "resolved" if result else "has no lock", flush=True)
            known.update({want[0]: result} if result else {})
    for key, name, pins in wanted_27(found):
        if key not in known and options.python27 and (result := installed_27(options.python27, name, pins)):
            print(key, "installed", flush=True)
            known[key] = result
    write(found, known)


def write(found: dict, known: dict) -> None:
    """The table, one line for each release and each lock."""
    for version, row in found["tensorflow"].items():
        row["pythons"] = row["wheels"]["linux-x86_64"]
        minor = number(version)[:2]
        keys = {key.split()[2]: key for key in known if key.startswith("tensorflow ") and number(key.split()[1])[:2] == minor}
        row["locks"] = {"tensorflow": {python: keys[python] for python in row["pythons"] if python in keys}}
        row["python"], row["source"] = preferred("tensorflow", version, list(row["locks"]["tensorflow"]))
    for name in ("keras", "tf_keras"):
        for version, row in found[name].items():
            row.update(companions(name, version, row, found, known))
            del row["requires_python"]
    used = {key for rows in found.values() for row in rows.values() for keys in row["locks"].values() for key in keys.values()}
    locks = {key: " ".join(f"{n}=={v}" for n, v in sorted(known[key].items()) if n not in UNLOCKED) for key in sorted(used)}
    lines = [f' "about": {json.dumps(ABOUT)},', f' "bootstrap": {json.dumps(BOOTSTRAP)},', ' "releases": {']
    for name, table in found.items():
        lines.append(f'  "{name}": {{')
        lines += [f'   "{version}": {json.dumps(row)},' for version, row in table.items()]
        lines[-1] = lines[-1][:-1]
        lines.append("  }," if name != list(found)[-1] else "  }")
    lines += [" },", ' "locks": {', *(f"  {json.dumps(key)}: {json.dumps(pins)}," for key, pins in locks.items())]
    lines[-1] = lines[-1][:-1]
    TARGET.write_text("\n".join(["{", *lines, " }", "}"]) + "\n")


def preferred(name: str, version: str, pythons: list) -> tuple:
    """(the Python that a release is rebuilt with, what its pins rest on)."""
    for python in reversed(pythons):
        if measured(name, version, python):
            series = version if name == "keras" else ".".join(version.split(".")[:2])
            return python, f"installed and used for {name} {series} with Python {python} (Linux x86-64, 2026-11)"
    return (pythons[-1] if pythons else ""), "what PyPI had when it was published, within what it declares"


def companions(name: str, version: str, row: dict, found: dict, known: dict) -> dict:
    """The rest of a row of Keras: its TensorFlow, its own pins over the lock of that, what is added where the lock lacks it, other backends."""
    own, tensorflow = number(version), tensorflow_of(name, version, found)
    beside = found["tensorflow"][tensorflow]
    least = re.search(r">=(\d\.\d+)", row["requires_python"] or "")
    pythons = [p for p in beside["pythons"] if not least or number(p) >= number(least[1])]
    pythons = [p for p in pythons if own >= (2, 4) or number(p) < (3, 8)]
    locks = {"tensorflow": {p: key for p, key in beside["locks"]["tensorflow"].items() if p in pythons}}
    pins, also = {NAMES[name]: version}, {}
    if name == "keras" and (2, 2) <= own < (2, 4):
        applications, preprocessing = next((pair for after, pair in PARTS if own >= after))
        pins |= {"keras-applications": applications, "keras-preprocessing": preprocessing}
    if name == "keras" and own < (2, 4):
        old = own < (1, 1)
        locks["theano"] = {"2.7": "theano 0.9.0 2.7" if old else "theano 1.0.5 2.7"} | ({} if old else {"3.6": "theano 1.0.5 3.6"})
        also["six"] = "1.16.0"
        locks["theano"] = {python: key for python, key in locks["theano"].items() if key in known}
        if old:
            locks = {"theano": locks["theano"], **locks}
    if name == "keras" and own >= (3,):
        minor = version.rpartition(".")[0]
        key = next((key for key in known if key.startswith(f"jax {minor}.")), "")
        also = {n: v for n, v in known.get(key, {}).items() if n in KERAS_3_NEEDS}
        locks["jax"] = {key.split()[2]: key} if key else {}
        locks["torch"] = {"3.11": "torch 3.15.1 3.11"} if "torch 3.15.1 3.11" in known else {}
    locks = {backend: keys for backend, keys in locks.items() if keys}
    python, source = preferred(name, version, list(next(iter(locks.values()))) if locks else [])
    if "installed" not in source and name == "keras" and (2, 6) <= own < (3,):
        python, source = beside["python"], beside["source"]
    more = {"pythons": pythons, "python": python, "tensorflow": tensorflow, "own": pins, "also": also, "locks": locks, "source": source}
    return {key: value for key, value in more.items() if value != {} or key == "locks"}


if __name__ == "__main__":
    main()
