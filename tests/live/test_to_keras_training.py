"""A step of `fit` after `to_keras` gives the weights that the release which saved the file got by its own next step."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

import loadstone
from tests.live.libraries import LIBRARIES

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Keras' own
FILES = sorted((Path(__file__).parents[1] / "golden" / "training").glob("*.npz"))
# What Nadam of tf.keras 2.11 to 2.15 has multiplied is in no file.
NADAM = ("tf.keras-2.15", "nadam")


def cases():
    for path in FILES:
        for name in np.load(path).files:
            odd = (path.stem, name.partition(".")[0].removesuffix("_saved_model")) == NADAM
            if " " not in name and not odd:
                for library in LIBRARIES:
                    if library == "tf_keras" and path.stem == "keras-3.15" and name.startswith(("nadam", "accumulated")):
                        continue
                    yield pytest.param(path, name, library, id=f"{path.stem}-{name}-{library}")


@pytest.mark.parametrize(("path", "name", "library"), list(cases()))
def test_the_next_step_is_the_one_that_the_file_would_have_taken(path, name, library, tmp_path):
    arrays = np.load(path)
    case = name.partition(".")[0].removesuffix("_saved_model")
    source = arrays[name].tobytes()
    if name.endswith("_saved_model"):
        zipfile.ZipFile(io.BytesIO(source)).extractall(tmp_path)
        source = tmp_path
    xs, ys, after = (
        [arrays[key] for key in sorted(arrays.files, key=len) if key.startswith(f"{case} {kind}")] for kind in ("x", "y", "after")
    )
    live = loadstone.load_model(source).to_keras(library=library)
    live.fit(xs if len(xs) > 1 else xs[0], ys if len(ys) > 1 else ys[0], batch_size=12, shuffle=False, verbose=0, epochs=1)
    if f"{case} after.h5" in arrays:
        after = loadstone.load_model(arrays[f"{case} after.h5"].tobytes()).get_weights()
    got = live.get_weights()
    assert [w.shape for w in got] == [w.shape for w in after]
    for number, (one, other) in enumerate(zip(got, after, strict=True)):
        if path.stem in ("keras-2.1", "keras-2.3") and len(got) == 10 and number == 5:
            continue  # the moving variance, which standalone Keras 2 made of unbiased ones
        np.testing.assert_allclose(one, other, rtol=2e-4, atol=2e-6)
