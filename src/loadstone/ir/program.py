"""What lowering hands to the runtime: steps over named arrays.

A program is a short list of steps: a `Segment` is compiled by an engine, a `HostCall` is a Python call over numpy arrays, a `Branch` or
a `Repeat` is control flow that holds a Python call. One segment alone is the usual and fast case. The runtime knows nothing of ONNX:
a segment encodes itself, given a decision of where each weight shall lie.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from loadstone.ir.graph import Spec, Structure
from loadstone.ir.records import dataclass, field
from loadstone.ir.tensor import Tensor


@dataclass(frozen=True)
class External:
    """ONNX external data: where the bytes of a weight lie."""

    location: str
    offset: int = 0
    length: int = 0


Placement = Callable[[str, Tensor], External | None]  # None: inside the model's bytes


@dataclass(eq=False)
class Segment:
    """Compiled by an engine. weights by initializer name; `encode(place)` gives the bytes of an ONNX model.

    encode keeps inside the bytes what engines must read at build time (small integers) and asks `place` for each other weight.
    The encoded model has the inputs and outputs in this order, under names of its own. What numpy or engines' bindings lack crosses
    its border in another type: bfloat16 as float32 (exact both ways), bytes as text of the same code points (latin-1).
    kinds are the ops inside, dtypes the types of all that they take and make; unusual
    are forms of ops that not every engine computes rightly ("LSTM with lengths"), with the layer of the first;
    origins says which layer a node (by its ONNX name) came from. sharding is proof for this segment alone, in a program that has none:
    where all its inputs have as many rows, they may be cut. divisible: a call is long enough to be divided among threads, and its bits are
    the same on any number of them; packed: as long as the engine packs constant matrices when it compiles.
    """

    inputs: tuple[Spec, ...]
    outputs: tuple[Spec, ...]
    weights: Mapping[str, Tensor]
    encode: Callable[[Placement], bytes]
    kinds: frozenset[str] = frozenset()
    dtypes: frozenset[str] = frozenset()
    unusual: Mapping[str, str] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    sharding: Sharding | None = None
    divisible: bool = False
    packed: bool = False


@dataclass(eq=False)
class HostCall:
    """A Python call: arrays under `inputs` in, a tuple of arrays out, kept under `outputs`."""

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    function: Callable[..., Any]


@dataclass(eq=False)
class Body:
    """What a branch or a round of a loop runs: steps over the arrays around it and its own inputs, `feeds` to `fetches`."""

    steps: list[Step]
    feeds: tuple[str, ...]
    fetches: tuple[str, ...]


@dataclass(eq=False)
class Branch:
    """One of two bodies, by the array under `condition`; its results are kept under `outputs`."""

    name: str
    condition: str
    then: Body
    otherwise: Body
    outputs: tuple[str, ...]


@dataclass(eq=False)
class Repeat:
    """A body for as long as it says so: an ONNX Loop.

    The body takes the number of the round, True, and the states, and gives whether to go on, the states, and what is stacked along a new
    first axis (scans are their specs). limit and condition are names of arrays, None where there is no limit or condition.
    """

    name: str
    limit: str | None
    condition: str | None
    states: tuple[str, ...]
    body: Body
    scans: tuple[Spec, ...]
    outputs: tuple[str, ...]


Step = Segment | HostCall | Branch | Repeat


@dataclass(frozen=True)
class State:
    """A tensor of the Model that lives from call to call: read as input `before`, set from output `after`."""

    before: str
    after: str
    initial: Tensor


@dataclass(frozen=True)
class Sharding:
    """Proof that samples are kept apart, and how many rows a micro-batch has.

    Every input of the program carries the samples on axis 0, and so does every output, or else it is not given. cost is an
    estimate in FLOPs a sample, rows what it makes of the best size of a micro-batch.
    """

    rows: int
    cost: float


@dataclass(eq=False)
class Program:
    """Steps in running order.

    inputs and outputs are the model's, in its order; feeds and fetches are the names of their arrays (two outputs may be one
    array, and an output may be an input or a constant). The leaves of output_structure count into outputs. sharding is None
    where samples may see each other or nobody proved that they do not.
    """

    steps: list[Step]
    inputs: tuple[Spec, ...]
    feeds: tuple[str, ...]
    outputs: tuple[Spec, ...]
    fetches: tuple[str, ...]
    output_structure: Structure
    constants: Mapping[str, Tensor] = field(default_factory=dict)
    states: tuple[State, ...] = ()
    sharding: Sharding | None = None
