"""TensorFlow.js models: `model.json` says what made the model and what converted it (tfjs-core/src/io/types.ts).

`generatedBy` is "keras v2.2.4", a version of TensorFlow, or "TensorFlow.js tfjs-layers v1.2.3"; `convertedBy` the converter. The topology of
a converted model has the `keras_version` and backend of the file that it was.
"""

from __future__ import annotations

import re
from typing import Any

from loadstone.environment import of_architectures, of_configs, said
from loadstone.environment.evidence import STATED, Clues
from loadstone.environment.ranges import numbers


def add(clues: Clues, stored: Any) -> None:
    """Evidence from a model.json (Any: JSON)."""
    generated, converted, form = (str(stored.get(key) or "") for key in ("generatedBy", "convertedBy", "format"))
    topology = stored.get("modelTopology")
    if generated.startswith("TensorFlow.js"):
        clues.of_library("tensorflow.js", f"generatedBy is {generated!r}", STATED)
        found = numbers(generated.rpartition(" ")[2])
        clues.add("tensorflow.js", f"generatedBy is {generated!r}", found, found, STATED)
    elif (keras := re.match(r"keras v(\S+)", generated)) is not None:
        said.keras(clues, keras[1], "generatedBy")
    elif generated[:1].isdecimal():
        clues.of_library("tensorflow", f"generatedBy is {generated!r}", STATED)
        said.tensorflow(clues, generated, None, "generatedBy")
    if converted:
        found = numbers(converted.rpartition(" ")[2])
        clues.add("converter", f"convertedBy is {converted!r}", found, found, STATED)
    if not isinstance(topology, dict):
        return
    if form == "graph-model" or isinstance(topology.get("node"), list):
        _graph(clues, topology)
        return
    _layers(clues, topology)


def _layers(clues: Clues, topology: dict[str, Any]) -> None:
    """A topology is what `to_json` gives, or has it under `model_config`; JavaScript writes keras_version "tfjs-layers 1.2.3"."""
    version = str(topology.get("keras_version") or "")
    if version.startswith("tfjs-layers"):
        found = numbers(version.rpartition(" ")[2])
        clues.of_library("tensorflow.js", f"its keras_version is {version!r}", STATED)
        clues.add("tensorflow.js", f"its keras_version is {version!r}", found, found, STATED)
        return
    if clues.library == "tensorflow.js":
        return
    config = topology.get("model_config")
    if isinstance(config, dict) and version:
        said.keras(clues, version, "modelTopology")
        if isinstance(topology.get("backend"), str):
            said.backend(clues, topology["backend"], "modelTopology")
        of_configs.add(clues, config, topology.get("training_config"))
    else:
        of_architectures.add(clues, topology)


def _graph(clues: Clues, topology: dict[str, Any]) -> None:
    """The version of the graph's format, which converters keep."""
    from loadstone.environment import graph_releases

    versions = topology.get("versions")
    producer = versions.get("producer") if isinstance(versions, dict) else None
    clues.of_library("tensorflow", "a graph of TensorFlow")
    if isinstance(producer, int) and producer > 0:
        low, high = graph_releases.of_producer(producer)
        clues.add("tensorflow", f"its graph has version {producer}", low, high)
