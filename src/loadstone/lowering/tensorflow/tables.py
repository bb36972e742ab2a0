"""Lookup tables: tensorflow/core/ops/lookup_ops.cc.

A table is filled before anything else runs, from constants, a checkpoint or a text file beside the model; looking up is a host call.
What a graph inserts when it runs would have to be kept from call to call, and is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from loadstone.errors import LoadstoneError, MissingWeights, ModelError, UnsupportedAttribute
from loadstone.ir import Node, dtypes
from loadstone.ir.records import dataclass
from loadstone.lowering.block import Shape, Value
from loadstone.lowering.tensorflow.text_calls import as_bytes
from loadstone.lowering.tensorflow.walk import GraphWalk, Resource, Thing, graph_op
from loadstone.lowering.text.tables import Entries, Find, TextFile, keyed


@dataclass(eq=False)
class Table(Resource):
    """A table. width is the number of axes of a key, shape that of a value.

    mutable: it may be looked up before it is filled, and be filled again. entries is what it holds; problem says why that is not known.
    """

    name: str
    key_dtype: str
    value_dtype: str
    shape: Shape = ()
    width: int = 0
    mutable: bool = False
    forbidden: frozenset[Any] = frozenset()
    entries: Entries | None = None
    problem: LoadstoneError | None = None
    was_read: bool = False

    def held(self) -> Entries:
        """What is in the table. Raises MissingWeights, ModelError or UnsupportedAttribute."""
        self.was_read = True
        if self.problem is not None:
            raise self.problem
        if self.entries is not None:
            return self.entries
        if not self.mutable:
            raise MissingWeights(f"the table {self.name!r} is empty: nothing that runs before the model fills it")
        keys = np.empty((0,) * (1 + self.width), dtypes.to_numpy(self.key_dtype))
        return Entries({}, keys, np.empty((0, *(d or 0 for d in self.shape)), dtypes.to_numpy(self.value_dtype)), self.forbidden)


_PLAIN = "HashTable HashTableV2 AnonymousHashTable".split()
_MUTABLE = "MutableHashTable MutableHashTableV2 AnonymousMutableHashTable".split()
_OF_TENSORS = "MutableHashTableOfTensors MutableHashTableOfTensorsV2 AnonymousMutableHashTableOfTensors".split()
_DENSE = "MutableDenseHashTable MutableDenseHashTableV2 AnonymousMutableDenseHashTable".split()


@graph_op(*_PLAIN, *_MUTABLE, *_OF_TENSORS, *_DENSE)
def table(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """The table of this node; nodes of one shared name have the same."""
    found = node.attributes
    name = str(found.get("shared_name") or node.name)
    key = f"table/{found.get('container') or ''}/{name}"
    if key in walk.resources and not node.op.startswith("Anonymous"):
        return [_checked(walk.resources[key], node)]
    made = Table(name, found["key_dtype"], found["value_dtype"], mutable=node.op not in _PLAIN)
    if node.op in _OF_TENSORS or node.op in _DENSE:
        made.shape = tuple(found.get("value_shape", []))
    if node.op in _DENSE:
        if any(thing is None or thing.const is None for thing in inputs):
            raise UnsupportedAttribute("a table whose empty key is computed")
        made.width = inputs[0].rank
        made.forbidden = frozenset(key for thing in inputs for key in keyed(thing.array(), made.width))
    if None in made.shape:
        raise ModelError(f"a table of values of shape {made.shape}")
    walk.resources[key] = made
    return [made]


def _checked(found: Any, node: Node) -> Table:
    types = (node.attributes["key_dtype"], node.attributes["value_dtype"])
    if not isinstance(found, Table) or (found.key_dtype, found.value_dtype) != types:
        raise ModelError(f"two tables of one name: {types[0]} to {types[1]}, and {found.key_dtype} to {found.value_dtype}")
    return found


def _table(thing: Thing) -> Table:
    if not isinstance(thing, Table):
        raise ModelError("a table is wanted where there is none")
    return thing


# -- looking up -------------------------------------------------------------------------------------------------------


@graph_op("LookupTableFind", "LookupTableFindV2")
def find(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """The values of keys (...), or of keys (..., width) that are vectors; the default for others."""
    from_, keys, default = _table(inputs[0]), *inputs[1:]
    if keys is None or default is None:
        return [None]
    if (keys.dtype, default.dtype) != (from_.key_dtype, from_.value_dtype):
        raise ModelError(f"keys of {keys.dtype} and a default of {default.dtype} for a table of {from_.key_dtype} to {from_.value_dtype}")
    work = Find(from_.held(), from_.width)
    result = (*keys.shape[: keys.rank - work.width], *from_.shape)
    return list(walk.b.host("LookupTableFind", work, [keys, default], [(result, from_.value_dtype)], pure=True))


@graph_op("LookupTableSize", "LookupTableSizeV2")
def size(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """How many keys there are."""
    return [walk.b.const(len(_table(inputs[0]).held().places), "int64")]


@graph_op("LookupTableExport", "LookupTableExportV2")
def export(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """All keys and values, in the order in which they came; TensorFlow has them in the order of their hashes."""
    from_ = _table(inputs[0])
    if from_.forbidden:
        raise UnsupportedAttribute("the places of a MutableDenseHashTable, which depend on hashes")
    entries = from_.held()
    return [walk.b.const(entries.keys, from_.key_dtype), walk.b.const(entries.values, from_.value_dtype)]


# -- filling ----------------------------------------------------------------------------------------------------------


@graph_op("InitializeTable", "InitializeTableV2")
def initialize(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """Fill a table, unless it is filled."""
    to = _table(inputs[0])
    if to.entries is None:
        _fill(walk, to, *inputs[1:])
    return []


@graph_op("LookupTableImport", "LookupTableImportV2")
def import_(walk: GraphWalk, node: Node, inputs: list[Thing]) -> Sequence[Thing] | None:
    """Fill a table, with what a checkpoint has or with constants; what it held before is gone."""
    to = _table(inputs[0])
    if not walk.starting and to.entries is not None and to.mutable:
        return walk.refuse(node, "it fills a table again whenever the model runs")
    if not walk.starting and to.was_read:
        return walk.refuse(node, "it fills a table that was looked up before")
    _fill(walk, to, *inputs[1:])
    return []


@graph_op("LookupTableInsert", "LookupTableInsertV2")
def insert(walk: GraphWalk, node: Node, inputs: list[Thing]) -> Sequence[Thing] | None:
    """Put more into a table before anything else runs."""
    to = _table(inputs[0])
    if not walk.starting:
        return walk.refuse(node, "it changes a table whenever the model runs")
    before = to.held()
    _fill(walk, to, *inputs[1:])
    if to.entries is not None:
        to.entries = before.joined(to.entries, to.width)
    return []


@graph_op("LookupTableRemoveV2")
def remove(walk: GraphWalk, node: Node, inputs: list[Thing]) -> Sequence[Thing] | None:
    """Nothing is taken out of tables."""
    return walk.refuse(node, "it changes a table whenever the model runs")


def _fill(walk: GraphWalk, to: Table, keys: Value | None, values: Value | None) -> None:
    if keys is None or values is None or keys.const is None or values.const is None:
        why = "the keys or values that fill it are computed or in no checkpoint"
        to.entries, to.problem = None, UnsupportedAttribute(f"the table {to.name!r}: {why}")
        return
    if (keys.dtype, values.dtype) != (to.key_dtype, to.value_dtype):
        raise ModelError(f"{keys.dtype} and {values.dtype} for a table of {to.key_dtype} to {to.value_dtype}")
    told, given = keys.array(), values.array()
    if to.forbidden:  # the places of a dense table come as matrices
        told, given = told.reshape(len(told), *((-1,) if to.width else ())), given.reshape(len(given), *to.shape)
    _hold(to, lambda: (told, given))


def _hold(to: Table, read: Callable[[], tuple[np.ndarray, np.ndarray]]) -> None:
    """Let a table hold keys and values; what is wrong with them is told to who looks something up."""
    to.entries = to.problem = None
    try:
        keys, values = read()
        to.entries = Entries.of(keys, values, to.width, to.forbidden, unique=not to.mutable)
    except LoadstoneError as error:
        to.problem = error if isinstance(error, ModelError) else ModelError(error.message)
        to.problem.message = f"the table {to.name!r}: {to.problem.message}"


@graph_op("InitializeTableFromTextFile", "InitializeTableFromTextFileV2")
def initialize_from_text_file(walk: GraphWalk, node: Node, inputs: list[Thing]) -> list[Thing]:
    """Fill a table with the lines of a file that is kept beside the model."""
    to, path, told = _table(inputs[0]), inputs[1], node.attributes
    if to.entries is not None:
        return []
    asset = walk.module.assets.get(path.const.key) if path is not None and path.const is not None else None
    if asset is None:
        to.problem = MissingWeights(f"the table {to.name!r} is filled from a file that is not part of the model")
        return []
    form = TextFile(
        int(told["key_index"]), int(told["value_index"]), int(told.get("vocab_size", -1)), as_bytes(told.get("delimiter", "\t")),
        int(told.get("offset", 0)),
    )  # fmt: skip
    _hold(to, lambda: form.read(asset(), to.key_dtype, to.value_dtype))
    return []
