"""The account between a file's tensors and a model's weights: everything used, everything filled, shapes equal.

Both ways of assigning weights (`weights_v3`, `weights_h5`) enter what they find here; all problems are raised at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from loadstone.errors import MissingWeights, ModelError
from loadstone.frontends.keras.quantized import unreadable
from loadstone.frontends.keras.variable import Shape, Variable
from loadstone.frontends.keras.variables import variables
from loadstone.ir import Layer, Producer, Tensor, dtypes

MAX_LISTED = 30


class Account:
    """Tensors by their path in the file; which of them were taken, and what went wrong."""

    def __init__(self, tensors: Mapping[str, Tensor], producer: Producer) -> None:
        self.tensors = tensors
        self.producer = producer
        self.taken: set[str] = set()
        self.problems: list[str] = []
        self.missing = False

    def fill(self, layer: Layer, variable: Variable, path: str) -> None:
        """The tensor at a path becomes a weight of the layer."""
        tensor = self.tensors[path]
        self.taken.add(path)
        if not fits(tensor.shape, variable.shape):
            self.problem(layer, variable, f"expected shape {shown(variable.shape)}, found {shown(tensor.shape)} at {path}")
        elif not _is_a(tensor.dtype, variable.dtype):
            self.problem(layer, variable, f"expected {variable.dtype} values, found {tensor.dtype} at {path}")
        elif not variable.copy:
            layer.weights[variable.name] = tensor
            if not variable.trainable:
                layer.non_trainable |= {variable.name}

    def keep(self, layer: Layer, name: str, path: str) -> None:
        """A tensor of a class that only the user knows, under the name that the file gives it."""
        self.taken.add(path)
        layer.weights[name] = self.tensors[path]

    def lacks(self, layer: Layer, variable: Variable, has: Iterable[str]) -> None:
        """A weight that the file does not have; `has` is what it has at that place."""
        self.missing = True
        found = ", ".join(f"{path} {shown(self.tensors[path].shape)}" for path in list(has)[:10]) or "nothing"
        self.problem(layer, variable, f"not in the file, expected shape {shown(variable.shape)}; the file has {found}")

    def problem(self, layer: Layer, variable: Variable | None, what: str) -> None:
        """Something that does not fit, at a layer or one of its weights."""
        place = layer.path or layer.name
        self.problems.append(f"{place}{f'/{variable.label}' if variable else ''}: {what}")

    def check_mode(self, layer: Layer) -> None:
        """A quantized layer whose release laid it out otherwise is a problem."""
        reason = unreadable(layer.policy.quantization, self.producer)
        if reason:
            self.problem(layer, None, reason)

    def check_shapes(self, layer: Layer) -> None:
        """Weights that were brought into today's layout have the shapes that the config gives them."""
        for variable in variables(layer) or ():
            found = layer.weights.get(variable.name)
            if found is not None and not fits(found.shape, variable.shape):
                self.problem(layer, variable, f"expected shape {shown(variable.shape)}, found {shown(found.shape)} at {found.key}")

    def left(self) -> dict[str, Tensor]:
        """The tensors that nobody took."""
        return {path: tensor for path, tensor in self.tensors.items() if path not in self.taken}

    def unused(self, path: str) -> None:
        """A tensor that belongs to nothing in the model."""
        self.problems.append(f"{path}: in the file, {shown(self.tensors[path].shape)}, and no layer has such a weight")

    def settle(self) -> None:
        """Raise all problems at once: MissingWeights where a weight is absent, ModelError otherwise."""
        if not self.problems:
            return
        lines = [f"  {problem}" for problem in self.problems[:MAX_LISTED]]
        if len(self.problems) > MAX_LISTED:
            lines.append(f"  and {len(self.problems) - MAX_LISTED} more")
        kind = MissingWeights if self.missing else ModelError
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        raise kind(
            f"the weights in the file do not fit its model ({count}):\n" + "\n".join(lines),
            hint="the file is damaged or was edited, or the config says less than the model did; nothing was loaded",
        )


def fits(found: tuple[int, ...], expected: Shape | None) -> bool:
    """True where every known size is the same."""
    return expected is None or (len(found) == len(expected) and all(e is None or e == f for f, e in zip(found, expected, strict=True)))


def shown(shape: Shape | None) -> str:
    """A shape for a message, `?` where it is open."""
    if shape is None:
        return "(any)"
    sizes = ["?" if size is None else str(size) for size in shape]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"


def _is_a(found: str, expected: str) -> bool:
    return expected == "any" or (dtypes.is_float(found) if expected == "float" else found == expected)
