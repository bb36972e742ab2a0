"""Tables of frozen graphs: what fills them stands in the graph, and nothing says that it runs first."""

import numpy as np
import pytest

import loadstone
from loadstone.errors import MissingWeights

TABLE = """
node { name: "table" op: "HashTableV2" attr { key: "key_dtype" value { type: DT_INT64 } } attr { key: "value_dtype" value { type: DT_FLOAT } } }
node { name: "default" op: "Const" attr { key: "dtype" value { type: DT_FLOAT } } attr { key: "value" value { tensor { dtype: DT_FLOAT
  tensor_shape { } float_val: -1 } } } }
node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_INT64 } } attr { key: "shape" value { shape { dim { size: -1 } } } } }
node { name: "y" op: "LookupTableFindV2" input: "table" input: "x" input: "default" attr { key: "Tin" value { type: DT_INT64 } }
  attr { key: "Tout" value { type: DT_FLOAT } } }
"""
KEYS = """
node { name: "keys" op: "Const" attr { key: "dtype" value { type: DT_INT64 } } attr { key: "value" value { tensor { dtype: DT_INT64
  tensor_shape { dim { size: 2 } } int64_val: 5 int64_val: 7 } } } }
"""
GIVEN_KEYS = """
node { name: "keys" op: "Placeholder" attr { key: "dtype" value { type: DT_INT64 } } attr { key: "shape" value { shape { dim { size: 2 } } } } }
"""
FILL = """
node { name: "values" op: "Const" attr { key: "dtype" value { type: DT_FLOAT } } attr { key: "value" value { tensor { dtype: DT_FLOAT
  tensor_shape { dim { size: 2 } } float_val: 0.5 float_val: 0.25 } } } }
node { name: "fill" op: "LookupTableImportV2" input: "table" input: "keys" input: "values" attr { key: "Tin" value { type: DT_INT64 } }
  attr { key: "Tout" value { type: DT_FLOAT } } }
"""


def test_a_table_is_filled_by_the_graph_that_holds_it():
    model = loadstone.load_model((TABLE + KEYS + FILL).encode(), inputs=["x:0"], outputs=["y:0"])
    (y,) = model({"x:0": np.int64([7, 6, 5])})
    assert y.tolist() == [0.25, -1, 0.5]


@pytest.mark.parametrize("rest", ["", GIVEN_KEYS + FILL], ids=["nothing fills it", "an input fills it"])
def test_a_table_that_no_constants_fill_is_an_error(rest):
    with pytest.raises(MissingWeights, match="the table 'table' is empty"):
        loadstone.load_model((TABLE + rest).encode(), inputs=["x:0"], outputs=["y:0"])
