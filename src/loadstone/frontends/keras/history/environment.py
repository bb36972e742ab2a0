"""What configs of Keras 1 and 2 on TensorFlow 1, Theano and CNTK leave to the program around them, told from the whole model.

`floatx`: up to standalone Keras 2.3 a layer named its dtype only where it had the input's shape; all others had that of
`keras.backend.floatx()`. The backend: Theano and CNTK pad and convolve in ways of their own. Keras on TensorFlow 1 resized from the corners
of pixels. (So did tf.keras of 1.13 and 1.14, which did not write how; all that say "bilinear" resize from the middles.)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loadstone.frontends.keras.history import Config
from loadstone.frontends.keras.history.sequences import of_sequences
from loadstone.ir import Producer, dtypes
from loadstone.ir.records import dataclass

_SPATIAL = ("Conv", "SeparableConv", "DepthwiseConv", "MaxPooling", "AveragePooling", "LocallyConnected", "UpSampling")


@dataclass(frozen=True)
class Environment:
    """Options of our own that a config gets: the dtype of layers that name none, the backend, and where bilinear resizing begins.

    layout: where `keras.backend` had the channels of images, by what all layers of images say; None where they do not agree.
    producer: whose wrappers of sequences did otherwise than today's.
    """

    floatx: str | None = None
    backend: str | None = None
    coordinates: str | None = None
    release: tuple[int, ...] = ()
    layout: str | None = "channels_last"
    producer: Producer | None = None

    def completed(self, class_name: str, config: Config) -> Config:
        """The config with what it leaves out; the argument is left as it is."""
        added: Config = {} if self.producer is None else of_sequences(class_name, config, self.producer)
        if class_name == "BatchNormalization" and config.get("trainable") is False and self.producer is not None:
            added.update(_frozen(self.producer))
        if self.floatx is not None and config.get("dtype") is None and class_name != "InputLayer":
            added["dtype"] = self.floatx
        if self.backend is not None and class_name.startswith(_SPATIAL):
            if self.backend == "cntk" or class_name.startswith(("SeparableConv", "DepthwiseConv")):
                added["backend"] = self.backend  # an option that no rule knows
            elif config.get("padding") == "same":
                added.update(self.halves(class_name, config))
        if self.coordinates is not None and class_name == "UpSampling2D" and config.get("interpolation") == "bilinear":
            added["coordinates"] = self.coordinates
        return {**config, **added}

    def halves(self, class_name: str, config: Config) -> Config:
        """Theano's "same". Up to Keras 1.1.0 a Conv3D padded as TensorFlow does; up to 1.2 that depended on the release of Theano.

        The two differ for windows of even length.
        """
        plain = class_name == "Conv3D" and self.release < (2,)
        if plain and not all(size % 2 for size in config["kernel_size"]):
            return {} if self.release < (1, 1, 1) else {"backend": "theano"}
        if class_name in ("AveragePooling1D", "AveragePooling2D") and (2, 0, 4) <= self.release < (2, 1, 5):
            return {"padding": "half", "counts_padding": True}  # their means took the zeros around for elements
        return {"padding": "half"}


def _frozen(producer: Producer) -> Config:
    """A frozen BatchNormalization called with training=True takes its moving statistics since TensorFlow 2.0; before, those of the batch."""
    if producer.library == "tf.keras" and producer.release[:3] == (2, 2, 4):
        return {"frozen": "unknown"}  # TensorFlow 1.13 to 2.1
    return {"frozen": "computes"} if producer.release and (producer.library != "tf.keras" or producer.release < (2, 2, 4)) else {}


def environment(config: Any, producer: Producer) -> Environment:
    """What a model's config says of the program that saved it."""
    layout = _layout(config, producer)
    if producer.release >= (2, 4):
        return Environment(layout=layout)
    if producer.library == "tf.keras":
        return Environment(layout=layout, producer=producer)
    stated = {str(inner["config"].get("dtype")) for inner in _layers(config)} & set(dtypes.FLOATS)
    backend = producer.backend if producer.backend in ("theano", "cntk") else None
    return Environment(stated.pop() if len(stated) == 1 else None, backend, "asymmetric", producer.release, layout, producer)


def _layout(config: Any, producer: Producer) -> str | None:
    """Keras 1 kept it in a file of the user's, with another default for each backend; later it is "channels_last" unless somebody changed it."""
    layers = [inner for inner in _layers(config) if "1D" not in str(inner["class_name"])]  # which had a default of their own
    stated = {inner["config"].get("data_format") for inner in layers} & {"channels_first", "channels_last"}
    if not stated and producer.release >= (2,):
        return "channels_last"
    return str(stated.pop()) if len(stated) == 1 else None


def _layers(config: Any) -> Iterator[dict[str, Any]]:
    """Every {"class_name", "config"} inside."""
    if isinstance(config, dict):
        if isinstance(config.get("config"), dict) and "class_name" in config:
            yield config
        for part in config.values():
            yield from _layers(part)
    elif isinstance(config, list):
        for part in config:
            yield from _layers(part)
