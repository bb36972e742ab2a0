"""From Keras 1 to Keras 2.0 (March 2017): names of layers and of their arguments, and how models are put together.

The configs of layers: keras/legacy/interfaces.py of 2.2.4 has the same table, from the other side. Some layers of Keras 1 lived on in
Keras 2 up to 2.2 (keras/legacy/layers.py) in their old spelling: they are upgraded in its files too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from loadstone.errors import ModelError, UnsupportedAttribute
from loadstone.frontends.keras.history import Config
from loadstone.frontends.keras.history.keras_1_models import flattened_sequence, graph_model
from loadstone.frontends.keras.names import KERAS_1, LAYERS
from loadstone.ir import Producer, dtypes
from loadstone.ir.records import dataclass

Stored = dict[str, Any]  # {"class_name", "config"} with what a Functional config has beside them

_LEGACY_MARKS = frozenset({"mode_type", "W_regularizer"})  # what Keras 2 wrote for them; a class of the user's may have the same name

# Class: its name since 2.0, and its arguments' names; an argument that is here nowhere has the same name still.
_DENSE = {"output_dim": "units", "bias": "use_bias"}
_RECURRENT = {
    "output_dim": "units", "inner_activation": "recurrent_activation", "inner_init": "recurrent_initializer",
    "dropout_W": "dropout", "dropout_U": "recurrent_dropout",
}  # fmt: skip
_CONVOLUTION = {
    "nb_filter": "filters", "border_mode": "padding", "subsample": "strides", "dim_ordering": "data_format", "bias": "use_bias",
    "atrous_rate": "dilation_rate", "filter_length": "kernel_size", "subsample_length": "strides",
    "inner_activation": "recurrent_activation", "inner_init": "recurrent_initializer",
    "dropout_W": "dropout", "dropout_U": "recurrent_dropout",
}  # fmt: skip
_POOLING = {"pool_length": "pool_size", "stride": "strides", "border_mode": "padding", "dim_ordering": "data_format"}
_SPACE = {"dim_ordering": "data_format"}
_RENAMED: dict[str, tuple[str, dict[str, str]]] = {
    "Dense": ("Dense", _DENSE),
    "TimeDistributedDense": ("Dense", _DENSE),
    "MaxoutDense": ("MaxoutDense", _DENSE),
    "Highway": ("Highway", _DENSE),
    "SimpleRNN": ("SimpleRNN", _RECURRENT),
    "LSTM": ("LSTM", _RECURRENT),
    "GRU": ("GRU", _RECURRENT),
    "Embedding": ("Embedding", {"init": "embeddings_initializer", "W_regularizer": "embeddings_regularizer"}),
    "Convolution1D": ("Conv1D", _CONVOLUTION),
    "Convolution2D": ("Conv2D", _CONVOLUTION),
    "Convolution3D": ("Conv3D", _CONVOLUTION),
    "AtrousConvolution1D": ("Conv1D", _CONVOLUTION),
    "AtrousConvolution2D": ("Conv2D", _CONVOLUTION),
    "AtrousConv1D": ("Conv1D", _CONVOLUTION),
    "AtrousConv2D": ("Conv2D", _CONVOLUTION),
    "Deconvolution2D": ("Conv2DTranspose", _CONVOLUTION),
    "Deconv2D": ("Conv2DTranspose", _CONVOLUTION),
    "SeparableConvolution2D": ("SeparableConv2D", _CONVOLUTION),
    "LocallyConnected1D": ("LocallyConnected1D", _CONVOLUTION),
    "LocallyConnected2D": ("LocallyConnected2D", _CONVOLUTION),
    "ConvLSTM2D": ("ConvLSTM2D", _CONVOLUTION),
    **{f"{kind}Pooling{n}D": (f"{kind}Pooling{n}D", _POOLING) for kind in ("Max", "Average") for n in (1, 2, 3)},
    **{f"Global{kind}Pooling{n}D": (f"Global{kind}Pooling{n}D", _SPACE) for kind in ("Max", "Average") for n in (1, 2, 3)},
    "UpSampling1D": ("UpSampling1D", {"length": "size"}),
    **{f"UpSampling{n}D": (f"UpSampling{n}D", _SPACE) for n in (2, 3)},
    **{f"{kind}{n}D": (f"{kind}{n}D", _SPACE) for kind in ("ZeroPadding", "Cropping") for n in (1, 2, 3)},
    **{f"SpatialDropout{n}D": (f"SpatialDropout{n}D", {"p": "rate", **_SPACE}) for n in (1, 2, 3)},
    "Dropout": ("Dropout", {"p": "rate"}),
    "GaussianDropout": ("GaussianDropout", {"p": "rate"}),
    "GaussianNoise": ("GaussianNoise", {"sigma": "stddev"}),
    "InputLayer": ("InputLayer", {"input_dtype": "dtype"}),
}

# Arguments of every layer that only training needs, under their names since 2.0; those without one are dropped.
_TRAINING = {
    "init": "kernel_initializer", "W_regularizer": "kernel_regularizer", "U_regularizer": "recurrent_regularizer",
    "b_regularizer": "bias_regularizer", "W_constraint": "kernel_constraint", "U_constraint": "recurrent_constraint",
    "b_constraint": "bias_constraint",
}  # fmt: skip
_GONE = frozenset(
    "activity_regularizer b_learning_rate_multiplier cache_enabled consume_less forget_bias_init init_alpha input_dim input_dtype"
    " input_length transform_bias truncate_gradient W_learning_rate_multiplier alpha_init beta_init t_left_init a_left_init"
    " t_right_init a_right_init weights".split()
)
_MARKS = frozenset("nb_filter border_mode dim_ordering inner_activation input_dtype concat_axis W_regularizer nb_feature".split())
_INITIALIZERS = {"zero": "zeros", "one": "ones", "normal": "random_normal", "uniform": "random_uniform"}
_SIZES = {"nb_row": 0, "nb_col": 1, "kernel_dim1": 0, "kernel_dim2": 1, "kernel_dim3": 2}
_SPATIAL = frozenset(f"{kind}{n}D" for kind in ("UpSampling", "ZeroPadding", "Cropping") for n in (2, 3))  # their configs name no ordering
_FORMATS = {"th": "channels_first", "tf": "channels_last"}
_MERGED = {"sum": "Add", "mul": "Multiply", "ave": "Average", "max": "Maximum", "concat": "Concatenate"}


def upgraded_model(stored: Any, producer: Producer) -> Any:
    """A model's config of Keras 1, or of a Keras 2 that holds layers of it, in the spelling of Keras 2; any other as it is."""
    if not isinstance(stored, dict) or not producer.release:
        return stored
    orderings = {str(value) for key, value in _options(stored) if key == "dim_ordering"} & set(_FORMATS)
    numbers = {str(value) for key, value in _options(stored) if key == "input_dtype"} & set(dtypes.FLOATS)
    return _Upgrade(producer, orderings.pop() if len(orderings) == 1 else None, numbers.pop() if len(numbers) == 1 else None).layer(stored)


def is_keras_1(stored: Any) -> bool:
    """True for a config with an argument of a layer that Keras 2 has no more."""
    return any(key in _MARKS for key, _ in _options(stored))


@dataclass(frozen=True)
class _Upgrade:
    """One upgrade of a whole model. ordering, floatx: the `dim_ordering` and the dtype of floats that its layers state, where they agree."""

    producer: Producer
    ordering: str | None
    floatx: str | None

    def layer(self, stored: Any) -> Stored:
        """One layer or model, those inside it included."""
        if not isinstance(stored, dict) or "class_name" not in stored:
            raise ModelError(f"{str(stored)[:80]!r} does not describe a layer")
        class_name, config = stored["class_name"], stored.get("config")
        if class_name == "Sequential" and isinstance(config, (list, dict)):
            return {**stored, **self.sequence(stored, config)}
        if class_name == "Graph" and isinstance(config, dict):
            return {**stored, **self.layer(graph_model(config))}
        if not isinstance(config, dict):
            return stored
        if isinstance(config.get("layers"), list) and "input_layers" in config:
            return {**stored, "config": {**config, "layers": [self.layer(inner) for inner in config["layers"]]}}
        if self.producer.release >= (2,) and not (class_name in KERAS_1 and _LEGACY_MARKS & set(config)):
            return {**stored, "config": self.children(config)}
        class_name, config = self.renamed(class_name, self.children(config))
        return {**stored, "class_name": class_name, "config": config}

    def sequence(self, stored: Stored, config: Any) -> Stored:
        """A chain is a dict with a name since 2.2.3; one that begins with a Merge of models is a graph."""
        layers = config if isinstance(config, list) else config.get("layers", [])
        named = {} if isinstance(config, list) else config
        name = named.get("name") or stored.get("name") or "sequential_1"
        if layers and isinstance(layers[0], dict) and layers[0].get("class_name") == "Merge" and layers[0]["config"].get("layers"):
            return self.layer({"class_name": "Model", "config": flattened_sequence(layers, str(name))})
        inside = [self.layer(_named(inner, f"{name}_part_{number}")) for number, inner in enumerate(layers, 1)]
        return {"class_name": "Sequential", "config": {**named, "name": name, "layers": inside}}

    def children(self, config: Config) -> Config:
        """The config with the layers in it upgraded: those of wrappers."""
        return {
            key: self.layer(value) if isinstance(value, dict) and "class_name" in value and key.endswith("layer") else value
            for key, value in config.items()
        }

    def renamed(self, class_name: str, config: Config) -> tuple[str, Config]:
        """Class and config in the spelling of Keras 2."""
        if class_name == "Merge":
            return _merge(config)
        if class_name not in LAYERS and class_name not in _RENAMED:  # a class of the user's, whose options are its own
            return class_name, config
        new_class, names = _RENAMED.get(class_name, (class_name, {}))
        made: Config = {}
        for key, value in config.items():
            if key in names or key in _TRAINING or key not in _GONE or (key == "input_dim" and class_name == "Embedding"):
                made[names.get(key) or _TRAINING.get(key) or key] = value
        if self.floatx and new_class != "InputLayer":
            made["dtype"] = self.floatx
        self.space(class_name, made, config)
        for rewrite in _REWRITES:
            rewrite(new_class, made, self.producer)
        return new_class, made

    def space(self, class_name: str, made: Config, config: Config) -> None:
        """Sizes of windows as one argument; the ordering in today's words, also for layers that did not write it."""
        sizes = sorted((axis, made.pop(key)) for key, axis in _SIZES.items() if key in made)
        if sizes:
            made["kernel_size"] = [size for _, size in sizes]
        if class_name in _SPATIAL and "dim_ordering" not in config:
            made["data_format"] = self.ordering or "unknown"
        if "data_format" in made:
            made["data_format"] = _FORMATS.get(made["data_format"], made["data_format"])


def _named(stored: Any, name: str) -> Any:
    """A chain in a chain with a name, which its config did not hold up to 2.2.2; files of weights tell by order which is which."""
    unnamed = isinstance(stored, dict) and stored.get("class_name") == "Sequential" and isinstance(stored.get("config"), list)
    return {"name": name, **stored} if unnamed else stored


def _options(stored: Any) -> Iterator[tuple[str, Any]]:
    """Every key with its value inside."""
    if isinstance(stored, dict):
        for key, value in stored.items():
            yield key, value
            yield from _options(value)
    elif isinstance(stored, list):
        for part in stored:
            yield from _options(part)


# Each takes the class since 2.0, the config so far, which it may change, and who wrote it.
Rewrite = Callable[[str, Config, Producer], None]


def _defaults(class_name: str, config: Config, producer: Producer) -> None:
    """Arguments that came with 2.0, at what Keras 1 did."""
    if class_name in ("SimpleRNN", "LSTM", "GRU", "ConvLSTM2D", "Dense", "Highway", "MaxoutDense") or class_name.startswith(
        ("Conv", "SeparableConv", "LocallyConnected")
    ):
        config.setdefault("use_bias", True)
    if class_name == "GRU":
        config["reset_after"] = False
    if class_name.startswith(("Conv", "SeparableConv")):
        config.setdefault("dilation_rate", 1)
    if class_name in ("Conv1D", "LocallyConnected1D"):
        config.setdefault("data_format", "channels_last")
    if class_name == "ConvLSTM2D":
        config.setdefault("strides", [1, 1])


def _training(class_name: str, config: Config, producer: Producer) -> None:
    """Initializers, regularizers and constraints in the words of 2.0."""
    for key, value in config.items():
        if key.endswith("_initializer") and isinstance(value, str):
            config[key] = _INITIALIZERS.get(value, value)
        elif key.endswith("_regularizer") and isinstance(value, dict):
            config[key] = {"class_name": "L1L2", "config": {"l1": value.get("l1", 0.0), "l2": value.get("l2", 0.0)}}
        elif key.endswith("_constraint") and isinstance(value, dict) and "name" in value:
            options = {"max_value" if option == "m" else option: given for option, given in value.items() if option != "name"}
            config[key] = {"class_name": value["name"], "config": options}


def _padding(class_name: str, config: Config, producer: Producer) -> None:
    """ZeroPadding2D(padding=(top, bottom, left, right)) or a dict of sides, and ZeroPadding1D's dict, are pairs for each axis."""
    padding = config.get("padding")
    if not class_name.startswith("ZeroPadding"):
        return
    if isinstance(padding, dict):
        sides = (("left_pad", "right_pad"),) if class_name == "ZeroPadding1D" else (("top_pad", "bottom_pad"), ("left_pad", "right_pad"))
        pairs = [[padding.get(side, 0) for side in pair] for pair in sides]
        config["padding"] = pairs[0] if class_name == "ZeroPadding1D" else pairs
    elif class_name == "ZeroPadding2D" and isinstance(padding, (list, tuple)) and len(padding) == 4:
        config["padding"] = [list(padding[:2]), list(padding[2:])]


def _normalization(class_name: str, config: Config, producer: Producer) -> None:
    """BatchNormalization(mode=): 0 as today; 1 normalized each sample, 2 each batch, whatever the phase.

    Where epsilon was added is `deviation`: "inside" the root of the variance as today, "outside" it, or on "both" sides.
    """
    if class_name != "BatchNormalization":
        return
    mode = config.pop("mode", 0)
    config.setdefault("center", True)
    config.setdefault("scale", True)
    if mode == 1:
        config["deviation"] = "both" if producer.release >= (1, 0, 5) else "outside"
    elif mode == 2:
        config["deviation"] = _deviation(producer)
    if mode:
        config["statistics"] = {1: "sample", 2: "batch"}.get(mode, mode)


def _deviation(producer: Producer) -> str:
    """Of a batch: the functions of the backends that BatchNormalization has called since 1.0.6."""
    release = producer.release
    if release < (1, 0, 6) or (release < (1, 0, 7) and producer.backend != "tensorflow"):
        return "both"
    return "outside" if release < (1, 0, 8) and producer.backend != "tensorflow" else "inside"


def _reshaping(class_name: str, config: Config, producer: Producer) -> None:
    """Reshape(dims=) of Keras 0 is target_shape."""
    if class_name == "Reshape" and "dims" in config:
        config["target_shape"] = config.pop("dims")


def _deconvolution(class_name: str, config: Config, producer: Producer) -> None:
    """Deconvolution2D(output_shape=) named the shape of what it gives, channels and batch included; only its space is free."""
    shape = config.pop("output_shape", None) if class_name == "Conv2DTranspose" else None
    if shape is not None:
        config["output_size"] = list(shape[2:] if config.get("data_format") == "channels_first" else shape[1:-1])


def _embedding(class_name: str, config: Config, producer: Producer) -> None:
    """Embedding(dropout=) dropped whole words while training."""
    if class_name == "Embedding":
        config.pop("dropout", None)


_REWRITES: tuple[Rewrite, ...] = (_embedding, _defaults, _training, _padding, _normalization, _reshaping, _deconvolution)


def _merge(config: Config) -> tuple[str, Config]:
    """Merge(mode=) is a class for each mode. A mode of the user's own is what a Lambda is."""
    name = {"name": config["name"]} if config.get("name") else {}
    mode, kind = config.get("mode", "sum"), config.get("mode_type", "raw")
    if kind != "raw":
        return "Lambda", {**name, "function": mode, "function_type": kind, "arguments": config.get("arguments") or {}}
    if mode in ("dot", "cos"):
        axes = config.get("dot_axes", -1)
        if isinstance(axes, list):  # Keras 0 had a list of axes for each tensor
            axes = [axis[0] if isinstance(axis, list) and len(axis) == 1 else axis for axis in axes]
        if not all(isinstance(axis, int) for axis in (axes if isinstance(axes, list) else [axes])):
            raise UnsupportedAttribute(f"a Merge with dot_axes {axes!r}", where=str(config.get("name")))
        return "Merge", {**name, "mode": mode, "dot_axes": axes}
    if mode not in _MERGED:
        raise UnsupportedAttribute(f"a Merge with mode {mode!r}", where=str(config.get("name")))
    return _MERGED[mode], {**name, **({"axis": config.get("concat_axis", -1)} if mode == "concat" else {})}
