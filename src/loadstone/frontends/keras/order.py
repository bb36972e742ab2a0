"""The order in which Keras runs the calls of a Functional model.

By depth, the number of calls between a call and the outputs; calls of one depth as a search from the outputs meets them
(`map_graph` in keras/src/ops/function.py, `_map_graph_network` in keras/engine/functional.py of tf.keras 2). It matters where a
call changes something that others use: the masks of its inputs, or a layer's state.
"""

from __future__ import annotations

from collections.abc import Iterator

from loadstone.ir import Node, Structure, leaves


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
