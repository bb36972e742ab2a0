"""`verify`: does a model still give the outputs that were kept for it, in its file or in a golden file?"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from loadstone import api
from loadstone.errors import VerificationError
from loadstone.model.examples import Replay, arrays_of, example_in, replay
from loadstone.model.onnx_model import OnnxModel
from loadstone.tools.opening import opened


def verify(
    path: str | os.PathLike[str],
    golden: str | os.PathLike[str] | None = None,
    custom_objects: Mapping[str, Any] | None = None,
    rtol: float | None = None,
    atol: float | None = None,
    **options: Any,
) -> Replay:
    """Replay the example of a golden file (see `model.examples`), or the one that the model's own file keeps; options as for `load_model`.

    rtol, atol: in place of the tolerances of the outputs' types. Raises VerificationError where there is no example, or where outputs
    are others than numbers can be; InputMismatch for a golden file of other inputs; and what `load_model` raises.
    """
    model = opened(path, custom_objects, **options)
    if golden is not None:
        with open(golden, "rb") as file:
            data: bytes | None = file.read()
    else:
        data = model.example if isinstance(model, OnnxModel) else api.stored_example(path)
    if data is None:
        hint = "save_model(..., example=x) keeps one; a golden file beside: --golden golden.npz"
        raise VerificationError("the file holds no example", source=path, hint=hint)
    example = example_in(arrays_of(data), model.inputs, model.output_names)
    return replay(model, model.output_names, example, rtol, atol)
