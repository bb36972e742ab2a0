"""Golden models as whole files (tests/golden/golden_files.py), and how to check one of them."""

from __future__ import annotations

import io
import json
import tarfile
import warnings
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

import loadstone

GOLDEN = Path(__file__).parents[1] / "golden"
TOLERANCE = {"float64": (1e-9, 1e-9), "float16": (1e-2, 5e-3), "bfloat16": (3e-2, 2e-2)}


@dataclass
class Files:
    """The files of one release and family."""

    path: Path

    @cached_property
    def members(self) -> dict[str, bytes]:
        """All files by name."""
        with tarfile.open(self.path, "r:xz") as tar:
            return {entry.name: file.read() for entry in tar if (file := tar.extractfile(entry))}

    @cached_property
    def index(self) -> dict[str, Any]:
        """What there is of each case."""
        return json.loads(self.members["index.json"])  # type: ignore[no-any-return]

    def check(self, name: str, form: str) -> None:
        """Predict with the file of a case and compare structure, dtypes, shapes and numbers."""
        case = self.index[name]
        arrays = np.load(io.BytesIO(self.members[f"{name}.npz"]))
        given = [arrays[f"input_{i}"].astype(_numpy(dtype)) for i, dtype in enumerate(case["inputs"])]
        feed = dict(zip(case["keys"], given, strict=True)) if case["keys"] else given if len(given) > 1 else given[0]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results = _flat(loadstone.load_model(self.members[f"{name}.{form}"]).predict_on_batch(feed))
        assert [result.dtype.name for result in results] == case["outputs"][form]
        for i, (result, dtype) in enumerate(zip(results, case["outputs"][form], strict=True)):
            expected = arrays[f"{form}_{i}"]
            assert result.shape == expected.shape
            if dtype == "object":
                assert [item if isinstance(item, bytes) else item.encode() for item in result.reshape(-1)] == expected.reshape(-1).tolist()
                continue
            rtol, atol = TOLERANCE.get(dtype, (1e-4, 1e-5) if "float" in dtype else (0, 0))
            np.testing.assert_allclose(result.astype(np.float64), expected.astype(np.float64), rtol, atol)


def families(name: str) -> dict[str, Files]:
    """The files of a family by release."""
    return {path.name.removesuffix(".tar.xz"): Files(path) for path in sorted((GOLDEN / name).glob("*.tar.xz"))}


def cases(name: str) -> list[tuple[str, str, str]]:
    """Release, case and form of everything in a family."""
    return [
        (release, case, form)
        for release, files in families(name).items()
        for case, found in files.index.items()
        for form in found["outputs"]
    ]


def _numpy(dtype: str) -> Any:
    return ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype


def _flat(structure: Any) -> list[np.ndarray]:
    if isinstance(structure, dict):
        return [leaf for key in sorted(structure) for leaf in _flat(structure[key])]
    if isinstance(structure, (list, tuple)):
        return [leaf for part in structure for leaf in _flat(part)]
    return [np.asarray(structure)]
