"""What each ONNX op makes of samples: the whole table, for `batch_axis`."""

from loadstone.lowering.passes import batch_elementwise, batch_products, batch_shapes  # noqa: F401  (they fill the table)
from loadstone.lowering.passes.batch_table import RULES

__all__ = ["RULES"]
