"""The order in which Keras runs the calls of a Functional model.

By depth, the number of calls between a call and the outputs; calls of one depth as a search from the outputs meets them
(`map_graph` in keras/src/ops/function.py, `_map_graph_network` in keras/engine/functional.py of tf.keras 2). It matters where a
call changes something that others use: the masks of its inputs, or a layer's state.
"""

from __future__ import annotations

from collections.abc import Iterator

from loadstone.ir import Graph, Layer, Node, Structure, leaves


def as_keras_runs(nodes: list[Node], outputs: Structure) -> list[Node]:
    """The same calls in Keras' order; those that no output needs come last, as they were."""
    depths: dict[Node, int] = {}
    deepest: dict[int, int] = {}
    for node in reversed(_from_inputs(outputs)):
        owner = id(node.layer) if node.layer is not None else id(node)
        depth = max(depths.setdefault(node, 0), deepest.get(owner, 0))
        deepest[owner] = depths[node] = depth
        for used in node.outputs_used():
            depths[used.node] = max(depth + 1, depths.get(used.node, 0))
    ordered = sorted(depths, key=lambda node: -depths[node])  # stable: within a depth as they were met
    return ordered + [node for node in nodes if node not in depths]


def _from_inputs(outputs: Structure) -> list[Node]:
    """The calls that the outputs need, each after those that it needs itself: as a depth-first search leaves them."""
    done: dict[Node, None] = {}
    for output in leaves(outputs):
        stack = [(output.node, _needed(output.node))]
        while stack:
            node, rest = stack[-1]
            further = next((needed for needed in rest if needed not in done), None)
            if further is not None:
                stack.append((further, _needed(further)))
            else:
                stack.pop()
                done.setdefault(node)
    return list(done)


def _needed(node: Node) -> Iterator[Node]:
    return (used.node for used in node.outputs_used())


def as_keras_lists(graph: Graph) -> list[Layer]:
    """The layers in the order of `model.layers`: by depth, those of one depth as a search from the outputs comes to them first."""
    depths: dict[int, int] = {}
    deepest: dict[Node, int] = {}
    for node in reversed(_from_inputs(graph.outputs)):
        depth = max(deepest.setdefault(node, 0), depths.get(id(node.layer), 0))
        depths[id(node.layer)] = deepest[node] = depth
        for used in node.outputs_used():
            deepest[used.node] = max(depth + 1, deepest.get(used.node, 0))
    met = {id(layer): place for place, layer in enumerate(_as_met(graph.outputs))}
    listed = graph.layers()
    return sorted(listed, key=lambda layer: (-depths.get(id(layer), 0), met.get(id(layer), -1)))


def _as_met(outputs: Structure) -> list[Layer]:
    """The layers in the order in which a depth-first search from the outputs comes to them."""
    met: dict[int, Layer] = {}
    done: set[Node] = set()
    stack = [output.node for output in leaves(outputs)][::-1]
    while stack:
        node = stack.pop()
        if node in done:
            continue
        done.add(node)
        if node.layer is not None:
            met.setdefault(id(node.layer), node.layer)
        stack.extend(list(_needed(node))[::-1])
    return list(met.values())
