"""`Model`: what `load_model` returns, with the methods that a Keras user's hands look for.

It predicts, describes itself and can be cut; it does not train. Everything that knows how stands beside this module: `inputs` and
`batches` take data, `outline` and `summary` describe, `cut` makes submodels, `evaluation` has losses and metrics.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from loadstone.custom.hosting import Host
from loadstone.errors import InferenceError, InputMismatch
from loadstone.ir import Finding, Producer, Spec, map_structure
from loadstone.ir import Model as Description
from loadstone.ir.records import dataclass, field
from loadstone.model import batches
from loadstone.model.inputs import GraphInputs, Inputs, counted
from loadstone.model.names import Names
from loadstone.model.outline import Outline, Weight, count
from loadstone.model.progress import Progress, Verbose
from loadstone.runtime.executor import Executor, rows_of
from loadstone.runtime.process import Store

if TYPE_CHECKING:
    from loadstone.export.onnx_file import OnnxFile
    from loadstone.lowering.onnx_file import OnnxOptions
    from loadstone.model.comparison import Conversion
    from loadstone.model.knowing import KnowingExecutor
    from loadstone.model.layers import LayerView
    from loadstone.model.signatures import Signatures

Arrays = Any  # an array, or a structure of arrays as the model's own `predict` takes and returns them
Verb = Verbose | str


@dataclass(frozen=True)
class Compilation:
    """How a description becomes a program that runs, and how to make the model again in another process.

    host lowers layers that the caller supplied. compiled is False where `load_model` was told not to look at the training
    config. again is a function and its arguments; it returns an equal Model.
    """

    engine: str = "onnxruntime"
    threads: int | None = None
    host: Host | None = None
    compiled: bool = True
    again: tuple[Callable[..., Any], tuple[Any, ...]] | None = field(default=None, repr=False)


class Model:
    """A loaded model. It may be used by any number of threads; a model with state runs one call after the other."""

    def __init__(self, description: Description, compilation: Compilation | None = None) -> None:
        """Compile a description; raises everything that stands in the way."""
        self._description = description
        self._compilation = compilation or Compilation()
        self._outline = _outline(description, self._compilation.host)
        store = Store()
        self._executor = _executor(description, self._compilation, store)
        self._store = store
        self._program = program = self._executor.program
        self._inputs = (
            GraphInputs.of(description.graph, program.inputs)
            if description.graph is not None
            else Inputs(program.inputs, counted(self._outline.graph.input_structure))
        )
        self._check_unchanged()

    # -- prediction -----------------------------------------------------------------------------------------------

    def predict(self, x: Any, batch_size: int | None = None, verbose: Verb = "auto", steps: int | None = None) -> Arrays:
        """Outputs for all samples, as numpy arrays in the structure that the saved model's own `predict` returns.

        x: an array (numpy, or of any package), nested lists, a DataFrame; a list or a dict of those where the model has several
        inputs; or batches: a generator, an iterable or an indexable sequence of x, (x, y) or (x, y, sample_weight).
        batch_size: 32, or what the model is made for. steps: how many batches to take at most. verbose: "auto" shows progress
        on a terminal when it takes long. Raises InputMismatch.
        """
        self._check_unchanged()
        if batches.is_batched(x):
            return self._answer(self._predict_batches(x, verbose, steps))
        arrays = self._inputs.samples(x)
        rows = next((len(array) for array in arrays if array.ndim), None)
        if rows is None:
            raise InputMismatch("the model takes no samples, only single values", hint="call it: model(x)")
        size = self._batch_size(batch_size, rows, steps)
        if steps is not None and steps * size < rows:
            rows = steps * size
            arrays = rows_of(arrays, 0, rows)
        bar = Progress(verbose, math.ceil(rows / size))
        outputs = self._executor.predict(arrays, size, lambda done, rows: bar.update(math.ceil(done / size)))
        bar.finish()
        return self._answer(outputs)

    def predict_on_batch(self, x: Any) -> Arrays:
        """Outputs for one batch, computed at once."""
        return self(x)

    def __call__(self, x: Any, training: bool | None = None, mask: Any = None) -> Arrays:
        """Outputs for one batch, computed at once. training=True is refused: a loaded model does not train."""
        if training:
            raise NotImplementedError("loadstone runs models for inference; model.to_keras() gives one that trains")
        if mask is not None:
            raise NotImplementedError("a mask cannot be given to the whole model; its own Masking and Embedding layers make theirs")
        self._check_unchanged()
        return self._answer(self._executor.run(self._inputs.one_batch(x)))

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Verb = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        return_dict: bool = False,
    ) -> Any:
        """Loss and metrics that the file was compiled with: a number, a list in the order of `metrics_names`, or a dict.

        x and y as for `predict`, or batches that hold both. Raises ModelError where the file has no training config, or one
        with losses or metrics that are not built in; the message names them.
        """
        from loadstone.model.evaluation import evaluate

        results = evaluate(
            self, x, y, sample_weight, batch_size, steps, Progress(verbose, batches.length(x, steps) if batches.is_batched(x) else None)
        )
        if return_dict:
            return results
        return list(results.values()) if len(results) > 1 else results["loss"]

    def reset_states(self) -> None:
        """Set the states of stateful layers back to what they were when the model was loaded."""
        self._executor.reset_states()

    # -- description ----------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return self._outline.root.name

    @property
    def inputs(self) -> list[Spec]:
        """Name, shape (None where free) and dtype of each input."""
        return self._outline.specs()[0]

    @property
    def outputs(self) -> list[Spec]:
        """Name, shape (None where free) and dtype of each output."""
        return list(self._program.outputs) if self._outline.free else self._outline.specs()[1]

    @property
    def input_names(self) -> list[str]:
        return [spec.name for spec in self.inputs]

    @property
    def output_names(self) -> list[str]:
        return [spec.name for spec in self.outputs]

    @property
    def input_shape(self) -> Any:
        """The shape of the input; a list where there are several."""
        return _alone([spec.shape for spec in self.inputs])

    @property
    def output_shape(self) -> Any:
        """The shape of the output; a list where there are several."""
        return _alone([spec.shape for spec in self.outputs])

    @property
    def layers(self) -> list[LayerView]:
        """The model's layers, in the order of the file."""
        from loadstone.model.layers import views

        return views(self._outline)

    def get_layer(self, name: str | None = None, index: int | None = None) -> LayerView:
        """A layer by its name or by its place among `layers`."""
        from loadstone.model.layers import find

        return find(self.layers, name, index)

    @property
    def weights(self) -> list[Weight]:
        """All weights in Keras' order, unread until their values are asked for."""
        return self._outline.weights()

    @property
    def trainable_weights(self) -> list[Weight]:
        return [weight for weight in self.weights if weight.trainable]

    @property
    def non_trainable_weights(self) -> list[Weight]:
        return [weight for weight in self.weights if not weight.trainable]

    def get_weights(self) -> list[np.ndarray]:
        """The values of all weights, in the order of `weights`."""
        self._check_unchanged()
        return [weight.numpy() for weight in self.weights]

    def count_params(self) -> int:
        """Number of parameters."""
        return count(self.weights)

    def summary(
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn: Callable[[str], object] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Sequence[str] | None = None,
    ) -> None:
        """Print the table of layers, shapes and sizes that Keras prints. print_fn gets it as one text instead."""
        from loadstone.model import summary

        options = summary.Options(line_length, positions, print_fn, expand_nested, show_trainable, layer_range)
        summary.print_summary(self._outline, options, self._compilation.compiled)

    @property
    def training_config(self) -> dict[str, Any] | None:
        """What `compile` was given, as the file has it; None where there is none."""
        return self._description.training_config or None  # Keras 3 writes an empty one for a model that was not compiled

    @property
    def producer(self) -> Producer:
        """Who saved the file."""
        return self._description.producer

    @property
    def findings(self) -> list[Finding]:
        """What reading the file noticed."""
        return list(self._description.findings)

    @cached_property
    def signatures(self) -> Signatures:
        """The signatures of a SavedModel by name, which always run its graph; other files have none."""
        from loadstone.model.signatures import Signatures

        return Signatures(self._description, self._compilation.engine, self._compilation.threads, self._store)

    def get_config(self) -> dict[str, Any]:
        """The model's config as today's Keras would write it, whatever the release that saved the file."""
        from loadstone.model.config import model_config

        return model_config(self._outline)["config"]  # type: ignore[no-any-return]

    def to_json(self, **options: Any) -> str:
        """The model's architecture as JSON, as today's Keras would write it; options are those of `json.dumps`."""
        import json

        from loadstone.model.config import model_config

        return json.dumps(model_config(self._outline), **options)

    # -- parts ----------------------------------------------------------------------------------------------------

    def submodel(self, outputs: Names | None = None, inputs: str | Sequence[str] | None = None) -> Model:
        """A model that ends (or begins) at other layers: `submodel("block5_conv3")` gives that layer's output.

        outputs: a layer's name, or a list or dict of names, and the new model gives its outputs in that structure. inputs: names
        of layers whose outputs are to be given from outside. Weights are shared.
        """
        again = (_submodel, (self, outputs, inputs))
        compilation = Compilation(self._compilation.engine, self._compilation.threads, self._compilation.host, False, again)
        from loadstone.model.cut import cut

        return Model(cut(self._description, inputs, outputs), compilation)

    # -- what only a living Keras model can do ----------------------------------------------------------------------

    def fit(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Not here: loadstone runs models, Keras trains them."""
        raise NotImplementedError("loadstone runs models and does not train them; model.to_keras() gives one that trains")

    def compile(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Not here: loadstone runs models, Keras trains them."""
        raise NotImplementedError("loadstone runs models and does not train them; model.to_keras() gives one that can be compiled")

    def to_keras(self, compile: bool = True, *, library: str | None = None, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """A real `keras.Model` of the Keras that is installed, with these layers, weights and, compiled, the state of the optimizer.

        compile: True compiles it with the loss, metrics, weights of losses and optimizer that the file was saved with, and gives the
        optimizer its iterations and slots back, so that `fit` goes on; a model that was never compiled stays so. library: "keras" (3 on
        whichever backend it runs, or 2), "tf_keras" or "tf.keras"; by default the one that the process has imported, else what
        `TF_USE_LEGACY_KERAS` says, else the first that is installed of keras, tf_keras. custom_objects: in addition to those that
        `load_model` was given; classes are made by their own `from_config` and must belong to that library.

        The live model is compared with this one on random data before it is returned. Raises LoweringError for a graph without layers,
        UnsupportedOps for layers that the library has no form for, MissingCustomObjects with all that only training needs and that was
        not given (unless compile is False), ModelError where the numbers differ, MissingDependency without a Keras.
        """
        from loadstone.model.living import to_keras

        return to_keras(self, compile, library, custom_objects)

    def save(
        self,
        filepath: str | os.PathLike[str],
        overwrite: bool = True,
        save_format: str | None = None,
        include_optimizer: bool = True,
        signatures: Any = None,
        zipped: bool = True,
        **options: Any,
    ) -> Conversion:
        """Write the model into a file or folder: see `loadstone.save_model`, which takes the same arguments and `options`."""
        from loadstone.model.saving import ONNX, Wishes, save

        version = options.pop("version", None)
        onnx = {name: options.pop(name) for name in ONNX if name in options}
        wishes = Wishes(include_optimizer, signatures, zipped, onnx=onnx, **options)
        return save(self, filepath, overwrite, save_format, version, wishes)

    def save_weights(self, filepath: str | os.PathLike[str], overwrite: bool = True) -> Conversion:
        """Write the weights alone: `.weights.h5`, `.safetensors`, or a `.h5` file in the older layout, which Keras 2 reads too."""
        from loadstone.model.saving import save

        return save(self, filepath, overwrite, "weights")

    def export(
        self, filepath: str | os.PathLike[str], format: str = "tf_saved_model", overwrite: bool = True, **options: Any
    ) -> Conversion:
        """Write what predicts, without layers: a SavedModel, or for format "onnx" an ONNX file. options: as for `save`."""
        kinds = {"tf_saved_model": "tf", "onnx": "onnx"}
        if format not in kinds:
            raise ValueError(f"format={format!r}; known are {', '.join(map(repr, kinds))}")
        return self.save(filepath, overwrite, kinds[format], **options)

    def onnx_file(self, name: str, options: OnnxOptions | None = None, beside: bool | None = None) -> OnnxFile:
        """The model as an ONNX file of this name, not written yet. beside: whether weights lie in a file of their own; where they are large.

        Raises UnsupportedOps or LoweringError where ONNX cannot hold it.
        """
        from loadstone.export.onnx_file import onnx_file

        return onnx_file(self._description, self._compilation.host, name, options, beside)

    # -- life -----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Free the engine's memory. The model cannot predict any more."""
        self._executor.close()

    def __enter__(self) -> Model:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        if self._compilation.again is None:
            raise TypeError("this model was not made from a file and cannot be pickled")
        return self._compilation.again

    def __repr__(self) -> str:
        shapes = f"{self.input_shape} -> {self.output_shape}"
        return f"<loadstone.Model '{self.name}' from {self._description.source}: {shapes}, {self.count_params():,} parameters>"

    def _repr_html_(self) -> str:
        from html import escape

        from loadstone.model import summary

        table = summary.text(self._outline, summary.Options(), self._compilation.compiled)
        return f'<pre style="line-height: 1.2">{escape(table)}</pre>'

    # -- inside ---------------------------------------------------------------------------------------------------

    def _check_unchanged(self) -> None:
        if self._description.unchanged is not None:
            self._description.unchanged()

    def _batch_size(self, asked: int | None, rows: int, steps: int | None) -> int:
        if asked is not None:
            if asked < 1:
                raise ValueError(f"batch_size is {asked}; it must be 1 or more")
            return asked
        if self._inputs.batch_size is not None:
            return self._inputs.batch_size
        return max(1, math.ceil(rows / steps)) if steps else 32

    def _predict_batches(self, x: Any, verbose: Verb, steps: int | None) -> list[np.ndarray]:
        bar = Progress(verbose, batches.length(x, steps))
        parts: list[list[np.ndarray]] = []
        for data, _, _ in batches.batches(x, steps):
            parts.append(self._executor.run(self._inputs.samples(data)))
            bar.update(len(parts))
        bar.finish()
        return [_joined(spec, list(column)) for spec, column in zip(self._program.outputs, zip(*parts, strict=True), strict=True)]

    def _answer(self, outputs: Sequence[np.ndarray]) -> Arrays:
        return map_structure(lambda i: outputs[i], self._program.output_structure)


def _outline(description: Description, host: Host | None) -> Outline:
    """What is known of a description without compiling it."""
    if description.root is not None:
        return Outline(description, host)
    from loadstone.model.graph_outline import GraphOutline

    return GraphOutline(description)


def _executor(description: Description, how: Compilation, store: Store) -> Executor | KnowingExecutor:
    """What runs a description."""
    if description.root is None:
        from loadstone.model.knowing import open_graph

        return open_graph(description, how.engine, how.threads, store)
    from loadstone.lowering.lower import lower

    return Executor(lower(description, how.host), how.engine, how.threads, store)


def _joined(spec: Spec, parts: list[np.ndarray]) -> np.ndarray:
    """One output of all batches along the first axis."""
    if parts[0].ndim == 0:
        return np.stack(parts)
    if len({part.shape[1:] for part in parts}) > 1:
        shapes = ", ".join(str(shape) for shape in dict.fromkeys(part.shape for part in parts))
        raise InferenceError(
            f"the batches of output '{spec.name}' have shapes {shapes} and do not fit into one array", hint="call the model on each batch"
        )
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _alone(shapes: list[Any]) -> Any:
    return shapes[0] if len(shapes) == 1 else shapes


def _submodel(model: Model, outputs: Names | None, inputs: str | Sequence[str] | None) -> Model:
    """For pickle."""
    return model.submodel(outputs, inputs)
