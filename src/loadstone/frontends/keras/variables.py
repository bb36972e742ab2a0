"""The variables that each built-in layer owns: names, shapes, and where `.keras` files keep them.

`variables(layer)` answers for one layer, its children apart: they are layers with variables of their own. A row of the
registry is one class: a function from the layer to its variables in the order of today's Keras, which is also the order
in which `vars/0`, `vars/1`, ... of a `.keras` file are counted unless a path says otherwise. Classes of every release from
tf.keras 2.3 to Keras 3.15 are here, older ones in `variables_elsewhere` and those of other packages in
`variables_third_party`; a class that has no row and is not in `WITHOUT` is unknown (None): a user's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from loadstone.errors import ModelError
from loadstone.frontends.keras import names
from loadstone.frontends.keras.quantized import EMBEDDINGS, LINEAR, quantized
from loadstone.frontends.keras.variable import Shape, Variable, below, given, labelled, numbered
from loadstone.ir import Layer

Schema = Callable[[Layer], list[Variable] | None]
_SCHEMAS: dict[str, Schema] = {}


def variables(layer: Layer) -> list[Variable] | None:
    """The layer's own variables in today's order; None for a class that only the user knows.

    Raises ModelError where the config lacks what they depend on.
    """
    if layer.domain != "keras" or layer.graph is not None:
        return []
    if layer.given is not None or layer.class_name not in known() or _holds_variables(layer):
        return None
    schema = _SCHEMAS.get(layer.class_name)
    try:
        found = schema(layer) if schema else []
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ModelError(
            f"the config of a {layer.class_name} does not tell its weights: {error!r}", where=layer.path or layer.name
        ) from error
    return None if found is None else numbered(found)


def _holds_variables(layer: Layer) -> bool:
    """A Lambda of TensorFlow 1.15 keeps the variables that its function makes; files of 1.13 to 2.1 state one release."""
    producer = getattr(layer.function, "producer", None)
    return layer.class_name == "Lambda" and producer is not None and producer.library == "tf.keras" and producer.release < (2, 3)


def known() -> frozenset[str]:
    """Every class that this module answers for."""
    return frozenset(_SCHEMAS) | WITHOUT | names.THIRD_PARTY


def schema(*class_names: str) -> Callable[[Schema], Schema]:
    """Decorator: the function gives the variables of layers of these classes."""

    def register(function: Schema) -> Schema:
        for name in class_names:
            assert name in names.LAYERS and name not in _SCHEMAS, name
            _SCHEMAS[name] = function
        return function

    return register


def _rank(value: Any, rank: int) -> tuple[int, ...]:
    """A kernel size, one number or one per axis."""
    return (int(value),) * rank if isinstance(value, int) else tuple(int(part) for part in value)


def _input_shape(layer: Layer) -> Shape | None:
    """The shape that the layer was built with, where the file says (Keras 3 and tf.keras from 2.12)."""
    shape = layer.build_config.get("input_shape")
    if isinstance(shape, (list, tuple)) and all(isinstance(size, (int, type(None))) for size in shape):
        return tuple(shape)
    return None


def input_size(layer: Layer, axis: int = -1) -> int | None:
    """The length of an axis of the input that the layer was built with, where the file says."""
    shape = _input_shape(layer)
    return shape[axis] if shape is not None and -len(shape) <= axis < len(shape) else None


def _channels(layer: Layer) -> int | None:
    return input_size(layer, 1 if layer.config.get("data_format") == "channels_first" else -1)


def _times(*sizes: int | None) -> int | None:
    product = 1
    for size in sizes:
        if size is None:
            return None
        product *= size
    return product


# core


@schema("Dense", "TernaryDense")
def _dense(layer: Layer) -> list[Variable] | None:
    units = layer.config["units"]
    kernel = Variable("kernel", (input_size(layer), units))
    plain = given((True, kernel), (layer.config.get("use_bias", True), Variable("bias", (units,))))
    return _quantized(layer, plain, LINEAR, {"kernel_scale": (units,)})


@schema("EinsumDense")
def _einsum_dense(layer: Layer) -> list[Variable] | None:
    """The kernel has the axes of the second operand: "ab,bc->ac" gives (b, c)."""
    operand = layer.config["equation"].partition(",")[2].partition("->")[0].strip().replace("...", "")
    axes = layer.config.get("bias_axes")
    plain = given((True, Variable("kernel", (None,) * len(operand))), (bool(axes), Variable("bias")))
    return _quantized(layer, plain, LINEAR, {})


@schema("Embedding", "ReversibleEmbedding")
def _embedding(layer: Layer) -> list[Variable] | None:
    rows, columns = layer.config["input_dim"], layer.config["output_dim"]
    plain = [Variable("embeddings", (rows, columns))]
    if layer.class_name == "ReversibleEmbedding" and not layer.config.get("tie_weights", True):
        plain.append(Variable("reverse_embeddings", (columns, rows)))
    return _quantized(layer, plain, EMBEDDINGS, {"embeddings_scale": (rows,), "reverse_embeddings_scale": (rows,)})


def _quantized(layer: Layer, plain: list[Variable], specs: Mapping[str, str], scales: Mapping[str, Shape]) -> list[Variable] | None:
    """The plain variables, or what a quantized layer has in their place."""
    return plain if layer.policy.quantization is None else quantized(plain, layer.policy, specs, scales)


@schema("PReLU")
def _prelu(layer: Layer) -> list[Variable]:
    shape = _input_shape(layer)
    shared = layer.config.get("shared_axes") or ()
    return [Variable("alpha", None if shape is None else tuple(1 if i in shared else size for i, size in enumerate(shape) if i))]


@schema("LayerScale")
def _layer_scale(layer: Layer) -> list[Variable]:
    """Nameless in Keras 3 and in TensorFlow 2.10: `variable`, `Variable`."""
    return [Variable("gamma", (layer.config["projection_dim"],), spellings=("variable", "Variable"))]


# convolutions


@schema("Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose")
def _convolution(layer: Layer) -> list[Variable]:
    """Kernel (*window, channels / groups, filters); a transposed one (*window, filters, channels)."""
    config, filters = layer.config, layer.config["filters"]
    window = _rank(config["kernel_size"], int(layer.class_name[4]))
    channels = _channels(layer)
    if layer.class_name.endswith("Transpose"):
        kernel: Shape = (*window, filters, channels)
    else:
        kernel = (*window, None if channels is None else channels // (config.get("groups") or 1), filters)
    return given((True, Variable("kernel", kernel)), (config.get("use_bias", True), Variable("bias", (filters,))))


@schema("DepthwiseConv1D", "DepthwiseConv2D")
def _depthwise(layer: Layer) -> list[Variable]:
    """Kernel (*window, channels, multiplier), called `depthwise_kernel` by tf.keras."""
    config, channels = layer.config, _channels(layer)
    multiplier = config.get("depth_multiplier", 1)
    kernel = (*_rank(config["kernel_size"], int(layer.class_name[13])), channels, multiplier)
    return given(
        (True, Variable("kernel", kernel, spellings=("depthwise_kernel",))),
        (config.get("use_bias", True), Variable("bias", (_times(channels, multiplier),))),
    )


@schema("SeparableConv1D", "SeparableConv2D")
def _separable(layer: Layer) -> list[Variable]:
    config, rank, channels = layer.config, int(layer.class_name[13]), _channels(layer)
    multiplier = config.get("depth_multiplier")  # not written by TensorFlow 1.4 to 1.11
    return given(
        (True, Variable("depthwise_kernel", (*_rank(config["kernel_size"], rank), channels, multiplier))),
        (True, Variable("pointwise_kernel", (*(1,) * rank, _times(channels, multiplier), config["filters"]))),
        (config.get("use_bias", True), Variable("bias", (config["filters"],))),
    )


@schema("LocallyConnected1D", "LocallyConnected2D")
def _locally_connected(layer: Layer) -> list[Variable]:
    """The kernel's layout depends on `implementation`; the bias has one value for each place and filter."""
    rank = int(layer.class_name[16])
    return given(
        (True, Variable("kernel")), (layer.config.get("use_bias", True), Variable("bias", (*(None,) * rank, layer.config["filters"])))
    )


# normalizations


@schema("BatchNormalization", "SyncBatchNormalization")
def _batch_normalization(layer: Layer) -> list[Variable]:
    config = layer.config
    axis = config.get("axis", -1)
    axis = axis[0] if isinstance(axis, (list, tuple)) and len(axis) == 1 else axis
    shape = (input_size(layer, axis),) if isinstance(axis, int) else None
    renorm = bool(config.get("renorm"))
    return given(
        (config.get("scale", True), Variable("gamma", shape)),
        (config.get("center", True), Variable("beta", shape)),
        (True, Variable("moving_mean", shape, False)),
        (True, Variable("moving_variance", shape, False)),
        (renorm, Variable("moving_stddev", shape, False)),
        (renorm, Variable("renorm_mean", shape, False)),
        (renorm, Variable("renorm_stddev", shape, False)),
    )


@schema("LayerNormalization")
def _layer_normalization(layer: Layer) -> list[Variable]:
    axis = layer.config.get("axis", -1)
    shape = tuple(input_size(layer, i) for i in axis) if isinstance(axis, (list, tuple)) else (input_size(layer, axis),)
    rms = bool(layer.config.get("rms_scaling"))
    return given(
        (layer.config.get("scale", True) or rms, Variable("gamma", shape)),
        (layer.config.get("center", True) and not rms, Variable("beta", shape)),
    )


@schema("GroupNormalization")
def group_normalization(layer: Layer) -> list[Variable]:
    """gamma and beta, one value a channel."""
    shape = (input_size(layer, layer.config.get("axis", -1)),)
    return given((layer.config.get("scale", True), Variable("gamma", shape)), (layer.config.get("center", True), Variable("beta", shape)))


@schema("RMSNormalization")
def _rms_normalization(layer: Layer) -> list[Variable]:
    axis = layer.config.get("axis", -1)
    return [Variable("scale", tuple(input_size(layer, i) for i in (axis if isinstance(axis, (list, tuple)) else [axis])))]


@schema("SpectralNormalization")
def _spectral_normalization(layer: Layer) -> list[Variable]:
    """The wrapper counts the kernel of the layer inside as its own first variable."""
    return [Variable("kernel", copy=True, required=False), Variable("vector_u", (1, None), False, spellings=("sn_u",))]


@schema("Normalization")
def _normalization(layer: Layer) -> list[Variable]:
    if layer.config.get("mean") is not None:
        return []
    return [Variable("mean", trainable=False), Variable("variance", trainable=False), Variable("count", (), False, "any", required=False)]


# recurrent layers


def _gates(gates: int, bias_rows: int = 1) -> Callable[[Layer], list[Variable]]:
    """Kernel (n, gates x units), recurrent_kernel (units, gates x units), bias (gates x units) or two rows of it."""

    def rows_of(layer: Layer) -> list[Variable]:
        units = layer.config["units"]
        n = gates * units
        rows = bias_rows if layer.config.get("reset_after", True) else 1
        return given(
            (True, Variable("kernel", (input_size(layer), n))),
            (True, Variable("recurrent_kernel", (units, n))),
            (layer.config.get("use_bias", True), Variable("bias", (n,) if rows == 1 else (rows, n))),
        )

    return rows_of


_CELLS = {"SimpleRNN": _gates(1), "LSTM": _gates(4), "GRU": _gates(3, bias_rows=2)}


@schema("SimpleRNNCell", "LSTMCell", "GRUCell")
def _cell(layer: Layer) -> list[Variable]:
    return _CELLS[layer.class_name.removesuffix("Cell")](layer)


@schema("SimpleRNN", "LSTM", "GRU")
def _recurrent(layer: Layer) -> list[Variable]:
    return below(["cell"], _CELLS[layer.class_name](layer))


@schema("CuDNNLSTM", "CuDNNGRU")
def _cudnn(layer: Layer) -> list[Variable]:
    """The layout of cuDNN: two biases in a row."""
    units = layer.config["units"]
    n = units * (4 if layer.class_name == "CuDNNLSTM" else 3)
    return [Variable("kernel", (input_size(layer), n)), Variable("recurrent_kernel", (units, n)), Variable("bias", (2 * n,))]


@schema("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
def _conv_lstm(layer: Layer) -> list[Variable]:
    config, rank = layer.config, int(layer.class_name[8])
    window, filters = _rank(config["kernel_size"], rank), config["filters"]
    channels = input_size(layer, 2 if config.get("data_format") == "channels_first" else -1)
    found = given(
        (True, Variable("kernel", (*window, channels, 4 * filters))),
        (True, Variable("recurrent_kernel", (*window, filters, 4 * filters))),
        (config.get("use_bias", True), Variable("bias", (4 * filters,))),
    )
    return below(["cell"], found)


# attention


def _projections(layer: Layer, private: bool, *inner: str) -> list[Variable]:
    """The EinsumDense layers of an attention layer, which its config does not list.

    Their attributes are `_query_dense` and so on; Keras 3 gives those of MultiHeadAttention public names as well, but for the gate, and its
    files use these.
    """
    use_bias = layer.config.get("use_bias", True)
    found: list[Variable] = []
    for name in inner:
        attribute = f"{name.removeprefix('attention_')}_dense"
        plain = given((True, Variable("kernel")), (use_bias, Variable("bias")))
        places = [f"_{attribute}"] if private or name == "gate" else [attribute, f"_{attribute}"]
        policy = layer.config.get("policies", {}).get(name, layer.policy)
        found += labelled(name, below(places, quantized(plain, policy, LINEAR, {}) or plain))
    return found


@schema("MultiHeadAttention")
def _multi_head_attention(layer: Layer) -> list[Variable]:
    return _projections(layer, False, "query", "key", *_gate(layer), "value", "attention_output")


@schema("GroupQueryAttention")
def _group_query_attention(layer: Layer) -> list[Variable]:
    return _projections(layer, True, "query", "key", *_gate(layer), "value", "attention_output")


def _gate(layer: Layer) -> tuple[str, ...]:
    return ("gate",) if layer.config.get("use_gate") else ()


@schema("Attention")
def _attention(layer: Layer) -> list[Variable]:
    concat = layer.config.get("score_mode", "dot") == "concat"
    return given((bool(layer.config.get("use_scale")), Variable("scale", ())), (concat, Variable("concat_score_weight", ())))


@schema("AdditiveAttention")
def _additive_attention(layer: Layer) -> list[Variable]:
    return given((layer.config.get("use_scale", True), Variable("scale", (None,))))


# preprocessing


@schema("STFTSpectrogram")
def _stft(layer: Layer) -> list[Variable]:
    mode = layer.config.get("mode", "log")
    return given((mode != "imag", Variable("real_kernel")), (mode != "real", Variable("imag_kernel")))


@schema("RandomFourierFeatures")
def _random_fourier(layer: Layer) -> list[Variable]:
    n = layer.config["output_dim"]
    return [
        Variable("kernel_scale", (1,), spellings=("random_features_scale",)),
        Variable("unscaled_kernel", (input_size(layer), n), False),
        Variable("bias", (n,), False),
    ]


@schema("Discretization")
def _discretization(layer: Layer) -> list[Variable]:
    """What `adapt` gathered; the boundaries made of it are in the config."""
    return [Variable("summary", (2, None), False, required=False)]


@schema("StringLookup", "IntegerLookup", "TextVectorization")
def _lookup(layer: Layer) -> list[Variable]:
    """The vocabulary (an asset of a `.keras` file) and the weights of its terms (tf_idf)."""
    inner = [""] if layer.class_name != "TextVectorization" else ["_lookup_layer/", ""]
    weighted = layer.config.get("output_mode") in ("tf_idf", "tf-idf")
    asset = Variable("vocabulary", (None,), False, "string", paths=tuple(f"{place}vocabulary.txt" for place in inner), required=False)
    idf = [f"{place}vars/{key}" for place in inner for key in ("idf_weights", "0")]
    return given(
        (True, asset), (weighted, Variable("idf_weights", (None,), False, spellings=("Variable",), paths=tuple(idf), required=False))
    )


WITHOUT = frozenset(
    """
    Activation ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D
    AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D Add AlphaDropout AugMix AutoContrast Average
    AveragePooling1D AveragePooling2D AveragePooling3D Bidirectional CLAHE CategoryCrossing CategoryEncoding CenterCrop
    Concatenate ContrastLimitedAdaptiveHistogramEqualization Cropping1D Cropping2D Cropping3D CustomScaleLayer CutMix Dot Dropout ELU
    Equalization Flatten Functional GaussianDropout GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D
    GlobalAveragePooling3D GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D HashedCrossing Hashing Identity
    InputLayer Lambda LeakyReLU Masking MaxNumBoundingBoxes MaxPooling1D MaxPooling2D MaxPooling3D Maximum MelSpectrogram Merge
    Minimum MixUp Mosaic Multiply Permute Pipeline RNN RandAugment RandomBrightness RandomColorDegeneration RandomColorJitter
    RandomContrast RandomCrop RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale
    RandomHeight RandomHue RandomInvert RandomPerspective RandomPosterization RandomRotation RandomSaturation
    RandomSharpness RandomShear RandomTranslation RandomWidth RandomZoom ReLU RepeatVector Rescaling Reshape Resizing
    Sequential SlicingOpLambda Softmax Solarization SpatialDropout1D SpatialDropout2D SpatialDropout3D StackedRNNCells
    StochasticDepth Subtract TFDConcat TFDIdentity TFOpLambda TensorFlowOpLayer ThresholdedReLU TimeDistributed TimeDistributedMerge UnitNormalization
    UpSampling1D UpSampling2D UpSampling3D WideDeepModel Wrapper
    ZeroPadding1D ZeroPadding2D ZeroPadding3D
    """.split()
)

from loadstone.frontends.keras import variables_elsewhere, variables_third_party  # noqa: E402,F401  (they fill the registry)
