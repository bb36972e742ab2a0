"""What a file leaves open although it changes numbers, and what is assumed."""

from __future__ import annotations

from collections.abc import Callable

from loadstone.frontends.keras import third_party
from loadstone.ir import Finding, Layer, Producer

UNDATED = "1.0"  # what a file of Keras 1 without a version is taken for: since 1.0.4 architectures name one, since 1.0.8 all files


def doubts(root: Layer, producer: Producer) -> list[Finding]:
    """Warnings about assumptions, at the first layer that depends on each."""
    found = []
    if producer.release < (1,):
        layer = _first(root, lambda layer: layer.class_name.startswith(("Conv", "MaxPooling", "AveragePooling")))
        if layer is not None:
            text = "files of Keras 0 do not name their backend: convolutions and pools are computed as Theano, the usual one, did"
            found.append(Finding("warning", text, layer.path))
    if producer.version == UNDATED:
        layer = _first(root, lambda layer: layer.class_name == "BatchNormalization" and "statistics" not in layer.config)
        if layer is not None:
            text = (
                "the file does not name its release: its moving statistics are read as deviations, as up to Keras 1.0.5, not as variances"
            )
            found.append(Finding("warning", text, layer.path))
    if producer.library == "tf.keras" and producer.release[:3] == (2, 2, 4):
        layer = _first(root, lambda layer: layer.class_name == "UpSampling2D" and "interpolation" not in layer.config)
        if layer is not None:
            text = "TensorFlow 1.13 and 1.14 do not write whether an UpSampling2D is bilinear: it is taken for nearest, the usual one"
            found.append(Finding("warning", text, layer.path))
    for layer in {layer.class_name: layer for layer in reversed(list(root.walk())) if third_party.by_options(layer)}.values():
        package, _, name = layer.class_name.partition(">")
        text = f"the file does not say whose {name} it holds: by its options it is taken for that of {package}"
        found.append(Finding("warning", text, layer.path))
    return found


def _first(root: Layer, fits: Callable[[Layer], bool]) -> Layer | None:
    return next((layer for layer in root.walk() if layer.domain == "keras" and fits(layer)), None)
