"""Convolutions and pools of `keras.backend`.

Semantics: keras/backend/tensorflow_backend.py of Keras 1.2.2 to 2.3.1, keras/backend.py of 2.15. Keras 1 said border_mode for padding and
dim_ordering for data_format, whose "th" has kernels with their filters first as well.
"""

from __future__ import annotations

from typing import Any

from loadstone.errors import UnsupportedAttribute
from loadstone.ir import Layer
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.functions.era import Era, agreed
from loadstone.lowering.functions.formats import chosen, comes_first
from loadstone.lowering.keras.local_convolution import locally_connected
from loadstone.lowering.tensorflow.symbols import Operand, alike, enter, number, rule, tensor, tf


def _one(given: Any, old: Any, default: Any) -> Any:
    return old if old is not None else default if given is None else given


def _conv(rank: int) -> Any:
    def function(
        b: Builder, x: Operand, kernel: Operand, strides: Operand = None, padding: str | None = None, data_format: str | None = None,
        dilation_rate: Operand = None, stride: Operand = None, border_mode: str | None = None, dim_ordering: str | None = None,
        filter_dilation: Operand = None, image_shape: Any = None, filter_shape: Any = None, volume_shape: Any = None,
        *, era: Era | None = None,
    ) -> Any:  # fmt: skip
        """x (batch, space..., channels) with kernels (window..., channels, filters); "causal" pads the start alone."""
        y, weights = _operands(b, x, kernel, era)
        if rank == 1 and data_format is None and era is not None and (2,) <= era.version < (2, 1) and not era.tf:
            raise UnsupportedAttribute("keras.backend.conv1d of Keras 2.0 without a data_format, which had its channels first")
        old = rank == 1 and era is not None and era.version < (2,)  # which had its channels last
        form = "channels_last" if old else chosen(data_format, dim_ordering, era)
        how = str(_one(padding, border_mode, "valid")).lower()
        dilation = number(_one(dilation_rate, filter_dilation, 1), "dilation_rate")
        if dim_ordering == "th" or data_format == "th":
            weights = _turned(b, weights)
        if how == "causal" and rank == 1:
            reach = weights.shape[0]
            by = dilation[0] if isinstance(dilation, list) else dilation
            if reach is None or comes_first(form):
                raise UnsupportedAttribute(f"keras.backend.conv1d with padding='causal' and a kernel of shape {weights.shape}")
            y, how = b.pad(y, [1], [by * (reach - 1)], [0]), "valid"
        return rule("nn.convolution").function(b, y, weights, _one(strides, stride, 1), how.upper(), form, dilation)

    return function


for _rank in (1, 2, 3):
    enter(_conv(_rank), f"keras.backend.conv{_rank}d")


def _operands(b: Builder, x: Operand, kernel: Operand, era: Era | None) -> list[Value]:
    values = alike(b, x, kernel)
    if era is not None and era.backend == "theano":
        raise UnsupportedAttribute("a convolution of keras.backend with Theano, which turned kernels in some releases")
    if values[0].dtype == "float64" and (era is None or not era.tf):
        raise UnsupportedAttribute("a convolution of float64, which Keras makes float32 with some releases of TensorFlow")
    return values


def _turned(b: Builder, kernel: Value) -> Value:
    """(filters, channels, window...) as (window..., channels, filters)."""
    return b.transpose(kernel, [*range(2, kernel.rank), 1, 0])


@tf("keras.backend.atrous_conv2d")
def atrous_conv2d(
    b: Builder, x: Operand, kernel: Operand, rate: Operand = 1, border_mode: str = "valid", dim_ordering: str | None = None,
    image_shape: Any = None, filter_shape: Any = None, *, era: Era | None = None,
) -> Any:  # fmt: skip
    """conv2d whose windows leave `rate` - 1 elements out (Keras 1)."""
    return _conv(2)(b, x, kernel, 1, border_mode, None, rate, dim_ordering=dim_ordering, era=era)


@tf("keras.backend.depthwise_conv2d")
def depthwise_conv2d(
    b: Builder, x: Operand, depthwise_kernel: Operand, strides: Operand = (1, 1), padding: str = "valid", data_format: str | None = None,
    dilation_rate: Operand = (1, 1), *, era: Era | None = None,
) -> Any:  # fmt: skip
    """Each channel with kernels of its own: (height, width, channels, multiplier)."""
    y, kernel = _operands(b, x, depthwise_kernel, era)
    return rule("nn.depthwise_conv2d").function(b, y, kernel, strides, padding.upper(), chosen(data_format, None, era), dilation_rate)


def _separable(rank: int) -> Any:
    def function(
        b: Builder, x: Operand, depthwise_kernel: Operand, pointwise_kernel: Operand, strides: Operand = 1, padding: str | None = None,
        data_format: str | None = None, dilation_rate: Operand = 1, border_mode: str | None = None, dim_ordering: str | None = None,
        *, era: Era | None = None,
    ) -> Any:  # fmt: skip
        """A depthwise convolution, then one of windows of 1."""
        y, deep = _operands(b, x, depthwise_kernel, era)
        flat, form = tensor(b, pointwise_kernel), chosen(data_format, dim_ordering, era)
        if "th" in (dim_ordering, data_format):
            deep, flat = _turned(b, deep), _turned(b, flat)
        pad = str(_one(padding, border_mode, "valid")).upper()
        if rank == 2:
            return rule("nn.separable_conv2d").function(b, y, deep, flat, strides, pad, form, dilation_rate)
        step, dilation = ([1, *_listed(number(v, "strides"))] for v in (strides, dilation_rate))
        if pad == "CAUSAL":
            reach = deep.shape[0]
            if reach is None or comes_first(form):
                raise UnsupportedAttribute(f"keras.backend.separable_conv1d with padding='causal' and a kernel of shape {deep.shape}")
            y, pad = b.pad(y, [1], [dilation[1] * (reach - 1)], [0]), "VALID"
        if step[1] != 1:
            step[0] = step[1]  # as Keras has it: both strides are one
        at = 2 if comes_first(form) else 1
        y = rule("nn.separable_conv2d").function(
            b, b.unsqueeze(y, at), b.unsqueeze(deep, 0), b.unsqueeze(flat, 0), step, pad, form, dilation
        )
        return b.squeeze(y, at)

    return function


def _listed(found: Any) -> list[int]:
    return found if isinstance(found, list) else [found]


enter(_separable(1), "keras.backend.separable_conv1d")
enter(_separable(2), "keras.backend.separable_conv2d")


def _transpose(rank: int, old: bool) -> Any:
    def function(
        b: Builder, x: Operand, kernel: Operand, output_shape: Operand, strides: Operand = 1, padding: str | None = None,
        data_format: str | None = None, dilation_rate: Operand = 1, border_mode: str | None = None, dim_ordering: str | None = None,
        image_shape: Any = None, filter_shape: Any = None, *, era: Era | None = None,
    ) -> Any:  # fmt: skip
        """What a convolution with the kernel (window..., filters, channels) would have made x of."""
        y, weights = _operands(b, x, kernel, era)
        if "th" in (dim_ordering, data_format):
            weights = _turned(b, weights)
        if old:  # deconv2d of Keras 1, whose kernels are (height, width, channels of x, filters)
            weights = b.transpose(weights, [0, 1, 3, 2])
        form, pad = chosen(data_format, dim_ordering, era), str(_one(padding, border_mode, "valid")).upper()
        return rule(f"nn.conv{rank}d_transpose").function(b, y, weights, output_shape, strides, pad, form, dilation_rate)

    return function


enter(_transpose(2, False), "keras.backend.conv2d_transpose")
enter(_transpose(3, False), "keras.backend.conv3d_transpose")
enter(_transpose(2, True), "keras.backend.deconv2d")


def _pool(rank: int) -> Any:
    def function(
        b: Builder, x: Operand, pool_size: Operand, strides: Operand = 1, padding: str | None = None, data_format: str | None = None,
        pool_mode: str = "max", border_mode: str | None = None, dim_ordering: str | None = None, *, era: Era | None = None,
    ) -> Any:  # fmt: skip
        """The largest or ("avg") the mean of each window; padding takes no part."""
        if pool_mode not in ("max", "avg"):
            raise UnsupportedAttribute(f"keras.backend.pool{rank}d with pool_mode={pool_mode!r}")
        form, pad = chosen(data_format, dim_ordering, era), str(_one(padding, border_mode, "valid")).upper()
        return rule(f"nn.{pool_mode}_pool{rank}d").function(b, x, pool_size, strides, pad, form)

    return function


enter(_pool(2), "keras.backend.pool2d")
enter(_pool(3), "keras.backend.pool3d")

# -- kernels of their own for each place ------------------------------------------------------------------------------


@tf("keras.backend.local_conv1d")
def local_conv1d(
    b: Builder, inputs: Operand, kernel: Operand, kernel_size: Any, strides: Any, data_format: str | None = None,
    *, era: Era | None = None,
) -> Value:  # fmt: skip
    """x (batch, steps, channels) with a kernel (places, window * channels, filters).

    Keras of its own has the channels last whatever data_format says; tf.keras heeds it.
    """
    form = chosen(data_format, None, era)
    if comes_first(form) and not agreed("keras.backend.local_conv1d with channels first", era, _heeds_the_format):
        form = "channels_last"
    return _local(b, inputs, kernel, kernel_size, strides, form)


def _heeds_the_format(era: Era) -> bool | None:
    """tf.keras since TensorFlow 1.12 at the latest."""
    return None if era.tf and era.version < (2, 1, 6) else era.tf


@tf("keras.backend.local_conv2d")
def local_conv2d(
    b: Builder, inputs: Operand, kernel: Operand, kernel_size: Any, strides: Any, output_shape: Any = None, data_format: str | None = None,
    *, era: Era | None = None,
) -> Value:  # fmt: skip
    """x (batch, height, width, channels) with a kernel (places, window * channels, filters)."""
    return _local(b, inputs, kernel, kernel_size, strides, chosen(data_format, None, era))


@tf("keras.backend.local_conv")
def local_conv(
    b: Builder, inputs: Operand, kernel: Operand, kernel_size: Any, strides: Any, output_shape: Any, data_format: str | None = None,
    *, era: Era | None = None,
) -> Value:  # fmt: skip
    """The same for one or two axes of space."""
    return _local(b, inputs, kernel, kernel_size, strides, chosen(data_format, None, era))


def _local(b: Builder, inputs: Operand, kernel: Operand, kernel_size: Any, strides: Any, form: str) -> Value:
    x, weights = alike(b, inputs, kernel)
    options = {
        "filters": weights.shape[-1], "kernel_size": list(number(kernel_size, "kernel_size")), "strides": list(number(strides, "strides")),
        "padding": "valid", "data_format": form, "activation": None, "implementation": 1,
    }  # fmt: skip
    return locally_connected(b, Layer("LocallyConnected", "", options), x, weights)
