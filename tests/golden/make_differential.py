"""Makes tests/golden/differential/<release>.tar.xz: the models of recipes.json there, in each of which loadstone and Keras differed once.

`python -m tests.differential` finds them and makes them small. Run this with the Python of each release: what a release refuses is
no case of its. `python make_differential.py [FOLDER [PART OF A NAME ...]]`.
"""

import json
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "differential")]
from building import whole
from golden_cases import case
from golden_files import main


def model_of(recipe):
    model, inputs = whole(recipe)
    model.keeps_weights = True
    return model, inputs


for entry in json.loads((Path(__file__).parent / "differential" / "recipes.json").read_text()):
    case(entry["name"])(lambda recipe=entry["recipe"]: model_of(recipe))

if __name__ == "__main__":
    main("differential")
