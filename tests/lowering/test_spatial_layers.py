"""Convolutions, pools, normalizations, padding, cropping, upsampling and image preprocessing against what each release gave."""

from __future__ import annotations

import numpy as np
import pytest

from tests.lowering.golden_layers import Case, cases, run

# What a release computes in half precision it rounds at other places than we do; float32 sums differ in their order.
TOLERANCE = {"float16": 1e-2, "bfloat16": 3e-2, "float32": 1e-4, "float64": 1e-5}


@pytest.mark.parametrize("case", list(cases("spatial.npz")), ids=lambda case: case.title)
def test_layer_gives_what_keras_gave(case: Case) -> None:
    result = run(case)
    assert result.dtype.name == case.what["result"]
    policy = str(case.what["config"].get("dtype"))
    dtype = next((name for name in ("bfloat16", "float16") if name in policy), case.what["result"])
    tolerance = TOLERANCE.get(dtype, 0)
    np.testing.assert_allclose(
        result.astype(np.float64), case.output, rtol=tolerance, atol=tolerance if "float16" in dtype else tolerance / 10
    )
