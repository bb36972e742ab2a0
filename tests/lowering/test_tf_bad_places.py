"""Places that do not exist and numbers that do not fit together are errors when a model runs, never other numbers.

The graphs are those of golden/tf_ops; TensorFlow 2.21 raises for each of these inputs too.
"""

import json

import numpy as np
import pytest

import loadstone
from loadstone import InferenceError
from tests.lowering.test_tf_op_goldens import numbered, stored


def loaded(family, name):
    found = stored(family)
    names = json.loads(str(found[f"{name}/names"]))
    model = loadstone.load_model(found[f"{name}/graph"].tobytes(), inputs=names["inputs"], outputs=names["outputs"])
    return model, names["inputs"], numbered(found, name, "in")


CASES = [
    # family, graph, the input that is another one now, and what it is
    ("gathering", "gather_1_float32", 1, [[3, 0]]),
    ("gathering", "gather_1_float32", 1, [[-1, 0]]),
    ("gathering", "gather_1_string", 1, [[-1, 0]]),
    ("gathering", "gather_axis_1_batch_1", 1, [[0], [3]]),
    ("gathering", "gather_axis_1_batch_1", 1, [[0], [-1]]),
    ("gathering", "gather_nd_float32", 1, [[3, 3]]),
    ("gathering", "gather_nd_float32", 1, [[3, -1]]),
    ("partitions", "partition_float32", 1, [0, 3, 0, 0]),
    ("partitions", "partition_float32", 1, [0, -1, 0, 0]),
    ("partitions", "partition_float32", 1, [0, 1]),
    ("partitions", "stitch_float32", 0, [0, -1]),
    ("partitions", "reverse_sequence_float32", 1, [0, 1, 2, 4]),
    ("partitions", "reverse_sequence_float32", 1, [0, 1, 2, -1]),
    ("segments", "sorted_Sum_float32", 1, [0, 0, 1, 0, 3, 3]),
    ("segments", "sorted_Max_float32", 1, [-1, 0, 1, 1, 3, 3]),
    ("segments", "sorted_Mean_float32", 1, [0, 1]),
    ("segments", "unsorted_Sum_float32", 1, [0, 0, 0, 0, 0, 7]),
    ("segments", "unsorted_Sum_float32", 1, [0, 0]),
    ("segments", "gathered_Sum_float32", 1, [5, 0, -1, 3]),
    ("segments", "gathered_Sum_float32", 1, [5, 0, 6, 3]),
    ("segments", "gathered_of_count_Mean_float32", 3, 2),
    ("scattering", "Add_float32", 1, [[3], [0], [-1]]),
    ("scattering", "Update_float32", 1, [[3], [0], [4]]),
    ("scattering", "zeros_float32", 0, [[5], [0]]),
    ("sets", "set_size_int32", 0, [[0, 0, 0], [0, 0, 0], [1, 1, 0], [1, 1, 1]]),
    ("sets", "set_size_int32", 0, [[0, 0, 0], [0, 0, 2], [1, 1, 0], [2, 1, 1]]),
    ("ragged", "gather_float32", 2, [0, 3]),
    ("ragged", "gather_float32", 2, [-1]),
    ("ragged", "to_sparse_float32", 1, [0, 2, 4]),
    ("ragged", "row_ids", 1, [0, 0, 2, 2, 2, 4, 6]),
    ("ragged", "range_int32", 2, [1, 0, 1]),
    ("ragged", "fill_float32", 0, [0, 2, 2, 6]),
    ("sparse", "to_dense_float32", 0, [[0, 1], [0, 2], [2, 0], [3, 4]]),
    ("sparse", "to_dense_float32", 0, [[0, -1], [0, 2], [2, 0], [3, 3]]),
    ("sparse", "times_float32", 0, [[0, 1], [0, 2], [2, 0], [3, 4]]),
    ("sparse", "times_float32", 0, [[0, 1], [0, 2], [2, 0], [5, 3]]),
    ("sparse", "fill_float32", 0, [[0, 1], [0, 2], [2, 0], [5, 3]]),
    ("sparse", "reshape_0", 2, [3, -1]),
    ("random_streams", "between_0_10_int32", 2, 0),
    ("random_streams", "RandomUniform_by_key_float32", 2, 2),
]


@pytest.mark.parametrize(("family", "name", "which", "values"), CASES)
def test_is_an_error(family, name, which, values):
    model, names, inputs = loaded(family, name)
    inputs[which] = np.asarray(values, inputs[which].dtype)
    with pytest.raises(InferenceError):
        model(dict(zip(names, inputs, strict=True)))
