"""`summary()`: the table of layers that Keras users know.

Layout and wording are those of keras/src/utils/summary_utils.py of Keras 3.15, so that what people and scripts look for is where
they expect it. A layer that is not supported, and what comes after it, has the shape `?`.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from loadstone.custom.lambdas import source_of
from loadstone.errors import one_line
from loadstone.ir import Graph, Layer, Node, flatten
from loadstone.ir.records import dataclass
from loadstone.model import graph_summary
from loadstone.model.graph_outline import GraphOutline
from loadstone.model.outline import Outline, Shape, Weight, count

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

NUMBER, NONE, SYMBOL = "color(34)", "color(45)", "color(33)"  # Keras' colours
YES, NO = "bold color(34)", "bold color(9)"


@dataclass(frozen=True)
class Options:
    """The arguments of `summary`, as Keras has them."""

    line_length: int | None = None
    positions: Sequence[float] | None = None
    print_fn: Callable[[str], object] | None = None
    expand_nested: bool = False
    show_trainable: bool = False
    layer_range: Sequence[str] | None = None


def print_summary(outline: Outline, options: Options, compiled: bool = True) -> None:
    """Print the table and the totals; hand them to `print_fn` as one text where there is one.

    compiled: count the optimizer's variables too.
    """
    from rich.console import Console

    width = max(options.line_length or 0, shutil.get_terminal_size().columns)
    if options.print_fn is None:
        _render(Console(highlight=False, width=None if not options.line_length else width), outline, options, compiled)
    else:
        options.print_fn(text(outline, options, compiled))


def text(outline: Outline, options: Options, compiled: bool = True) -> str:
    """The summary without colours."""
    from rich.console import Console

    width = max(options.line_length or 0, shutil.get_terminal_size().columns)
    console = Console(highlight=False, force_terminal=False, color_system=None, width=width)
    with console.capture() as capture:
        _render(console, outline, options, compiled)
    return capture.get()


def _render(console: Console, outline: Outline, options: Options, compiled: bool) -> None:
    from rich.text import Text

    console.print(Text(f'Model: "{one_line(outline.root.name)}"', "bold"))
    if isinstance(outline, GraphOutline):
        for table in graph_summary.tables(outline):
            console.print(table)
        parameters, bytes_ = graph_summary.totals(outline)
        console.print(Text.assemble((" Total params: ", "bold"), (f"{parameters:,}", NUMBER), f" ({size(bytes_)})"))
        return
    console.print(_table(outline, options))
    weights = outline.weights()
    trainable, rest = [w for w in weights if w.trainable], [w for w in weights if not w.trainable]
    optimizer = [Weight("", tensor, False) for tensor in outline.optimizer()] if compiled else []
    totals = [("Total", weights + optimizer), ("Trainable", trainable), ("Non-trainable", rest)]
    for title, group in totals + ([("Optimizer", optimizer)] if optimizer else []):
        line = Text.assemble((f" {title} params: ", "bold"), (f"{count(group):,}", NUMBER), f" ({size(sum(w.bits for w in group) / 8)})")
        console.print(line)


def _table(outline: Outline, options: Options) -> RenderableType:
    from rich.table import Column, Table

    chain = outline.root.class_name != "Functional" or is_chain(outline.graph)
    titles = ["Layer (type)", "Output Shape", "Param #"] + ([] if chain else ["Connected to"])
    justify = ["left", "left", "right"] + ([] if chain else ["left"])
    length = 88 if chain else 108
    positions = list(options.positions or ([0.45, 0.80, 1.0] if chain else [0.3, 0.56, 0.74, 1.0]))
    if options.show_trainable:
        length += 12
        positions = [p * 0.90 for p in positions] + [1.0]
        titles, justify = [*titles, "Trainable"], [*justify, "center"]
    length = options.line_length or min(length, shutil.get_terminal_size().columns - 4)
    widths = _widths(positions, length)
    columns = [Column(title, justify=side, width=width) for title, side, width in zip(titles, justify, widths, strict=True)]  # type: ignore[arg-type]
    table = Table(*columns, width=length, show_lines=True)
    first, last = _range([layer.name for layer in outline.layers], options.layer_range)
    for layer in outline.layers[first:last]:
        for row in _rows(layer, outline, options, chain):
            table.add_row(*row)
    return table


def _widths(positions: Sequence[float], length: int) -> list[int]:
    widths: list[int] = []
    for position in positions:
        widths.append(int(position * length) - sum(widths))
        if widths[-1] < 4:
            raise ValueError(f"a line of {length} characters is too short for the summary; line_length= makes it longer")
    return widths


def _rows(layer: Layer, outline: Outline, options: Options, chain: bool, level: int = 0) -> Iterator[list[Text]]:
    """The row of a layer, and with `expand_nested` those of the layers inside."""
    from rich.text import Text

    prefix = "   " * level + "└ " if level else ""
    weights = outline.weights(layer)
    row = [
        Text.assemble(f"{prefix}{one_line(layer.name)} (", (one_line(layer.class_name), SYMBOL), ")"),
        _shapes(outline.output_shapes(layer)),
        Text(f"{count(weights):,}" if layer.domain == "keras" else "0", NUMBER),
    ]
    if not chain:
        row.append(_connections([] if level else outline.nodes.get(id(layer), [])))
    if options.show_trainable:
        row.append(Text("Y" if layer.trainable else "N", YES if layer.trainable else NO) if weights else Text("-", "bold"))
    for line in source_of(layer).splitlines() if options.expand_nested else ():
        row[0].append(f"\n{'   ' * (level + 1)}{one_line(line)}", "dim")
    yield row
    if options.expand_nested and layer.graph is not None:
        inner = outline.nested(layer)
        for nested in inner.layers:
            if nested.domain == "keras":
                yield from _rows(nested, inner, options, chain, level + 1)


def _shapes(shapes: list[Shape | None] | None) -> Text:
    from rich.text import Text

    if shapes is None:
        return Text("?")
    parts = [_shape(shape) for shape in shapes]
    return parts[0] if len(parts) == 1 else Text.assemble("[", Text(", ").join(parts), "]")


def _shape(shape: Shape | None) -> Text:
    from rich.text import Text

    if shape is None:
        return Text("?")
    return Text.assemble("(", Text(", ").join(Text(str(dim), NONE if dim is None else NUMBER) for dim in shape), ")")


def _connections(calls: list[Node]) -> Text:
    """Every tensor that the layer was called on: layer[call][tensor]."""
    from rich.text import Text

    parts = [
        Text.assemble(f"{one_line(output.node.name)}[", (str(output.node.index), NUMBER), "][", (str(output.index), NUMBER), "]")
        for node in calls
        for output in node.outputs_used()
    ]
    return Text(", ").join(parts) if parts else Text("-")


def is_chain(graph: Graph) -> bool:
    """True where each layer is called once, on the one tensor before it; then nobody needs to be told what is connected."""
    levels = sorted(_depths(graph).values())
    alone = len(set(levels)) == len(levels)
    return (
        alone
        and all(len(list(node.outputs_used())) <= 1 for node in graph.nodes)
        and len({id(n.layer) for n in graph.nodes}) == len(graph.nodes)
    )


def _depths(graph: Graph) -> dict[Node, int]:
    """How far each node is from the end, as keras/src/ops/function.py counts; what leads to no output is left out."""
    depths = {output.node: 0 for output in flatten(graph.outputs)}
    for node in reversed(graph.nodes):
        if node in depths:
            for output in node.outputs_used():
                depths[output.node] = max(depths.get(output.node, 0), depths[node] + 1)
    return depths | {node: 0 for node in graph.inputs if node not in depths}


def _range(names: list[str], layer_range: Sequence[str] | None) -> tuple[int, int]:
    """First and one past the last of the layers to show: two names or regular expressions, in any order."""
    if layer_range is None:
        return 0, len(names)
    if len(layer_range) != 2 or not all(isinstance(part, str) for part in layer_range):
        raise ValueError(f"layer_range is two names of layers, not {layer_range!r}")
    ends = [[i for i, name in enumerate(names) if re.match(pattern, name)] for pattern in layer_range]
    if not all(ends):
        raise ValueError(f"layer_range {tuple(layer_range)!r} does not match the layers {names}")
    first, last = ends
    return (min(last), max(first) + 1) if min(first) > max(last) else (min(first), max(last) + 1)


def size(count: float) -> str:
    """Bytes for people: "1.50 KB"."""
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if count < 1024:
            return f"{count:.2f} {unit}"
        count /= 1024
    return f"{count:.2f} PB"
