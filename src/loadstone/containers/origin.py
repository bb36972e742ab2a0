"""What a graph of TensorFlow was read from, kept so that it can be written back as it was."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from loadstone.containers.graph_proto import GraphDef
from loadstone.containers.saved_model_folder import SavedModelFolder
from loadstone.containers.saved_model_proto import MetaGraph
from loadstone.ir import Tensor
from loadstone.ir.records import dataclass, field


@dataclass(frozen=True, eq=False)
class Origin:
    """A graph as a file has it: read, and as a message that is made when it is asked for.

    meta is what belongs to it in a SavedModel or beside a checkpoint, variables the tensors of the checkpoint, folder that of a SavedModel.
    served is true for the graph that is used where nobody names tags, layers the `ir.Layer` that was made of a SavedModel of tf.keras.
    """

    graph: GraphDef
    message: Callable[[], memoryview]
    meta: MetaGraph | None = None
    variables: Mapping[str, Tensor] = field(default_factory=dict)
    folder: SavedModelFolder | None = None
    served: bool = True
    layers: Any = None
