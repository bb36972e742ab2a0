"""HDF5 files of Keras: whole models, weights, and the weights of the v3 format (keras/src/legacy/saving/legacy_h5_format.py, saving_lib.py).

Models name their Keras since 1.0, weights alone since 2.0, as both do the backend; the v3 weights name nothing, but their groups do.
h5py before 3.0 let HDF5 note when each dataset was written.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from loadstone.containers import hdf5, hdf5_times
from loadstone.containers.hdf5_tree import Group
from loadstone.containers.source import Source
from loadstone.environment import of_configs, of_functions, said
from loadstone.environment.evidence import Clues


def add(clues: Clues, source: Source) -> None:
    """Evidence from a file of HDF5, whatever it holds."""
    tree = hdf5.read(source)
    groups = [tree, *(tree.groups[name] for name in ("model_weights",) if name in tree.groups)]
    version = next((text for group in groups if (text := group.text("keras_version"))), None)
    backend = next((text for group in groups if (text := group.text("backend"))), None)
    if version is not None:
        said.keras(clues, version, "its HDF5 attributes")
    if backend is not None:
        said.backend(clues, backend, "an HDF5 attribute")
    names = set(tree.names)
    if version is None:
        _undated(clues, tree, names, backend)
    config, training = (_json(tree.text(name)) for name in ("model_config", "training_config"))
    if config is not None:
        of_configs.add(clues, config, training)
        of_functions.add(clues, config)
    seconds = hdf5_times.newest(source)
    if seconds:
        when = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        clues.of_date(when, "HDF5 notes it for a dataset, as h5py before 3.0 has it", "implied")
        clues.add("h5py", "datasets have times, which h5py 3.0 leaves out", None, (2,))


def _undated(clues: Clues, tree: Group, names: set[str], backend: str | None) -> None:
    """What a file without a version is by its groups and attributes."""
    listed = "layer_names" in tree.attributes or "layer_names0" in tree.attributes
    if "nb_layers" in tree.attributes or names == {"graph"}:
        clues.of_library("keras", "weights are numbered, as Keras 0 has them")
        clues.add("keras", "its weights are numbered ('nb_layers'), as Keras 0 writes them", None, (0, 3))
    elif listed and backend is None:
        clues.of_library("keras", "weights by names of layers without a version")
        clues.add("keras", "its weights have names of layers and no 'keras_version', which Keras 2.0 brought", (1, 0, 0), (1, 2))
    elif "_layer_checkpoint_dependencies" in names:
        clues.of_library("tf.keras", "the group '_layer_checkpoint_dependencies'")
        clues.add("keras", "it has the group '_layer_checkpoint_dependencies', which Keras 2.12 to 2.14 wrote", (2, 12, 0), (2, 14))
        clues.add("tensorflow", "it has the group '_layer_checkpoint_dependencies', which Keras 2.12 to 2.14 wrote", (2, 12, 0), (2, 14))
    elif {"layers", "vars", "optimizer"} & names:
        clues.add("keras", "it has the groups of the v3 format ('vars'), which Keras 2.12 brought", (2, 12, 0))
        if any(group.path.rpartition("/")[2] == "seed_generator" for group in tree.walk()):
            clues.of_library("keras", "the group 'seed_generator' of Keras 3")
            clues.add("keras", "it has a group 'seed_generator', which Keras 3.0 brought", (3, 0, 0))


def _json(text: str | None) -> Any:
    try:
        return None if text is None else json.loads(text)
    except (ValueError, RecursionError):  # evidence less; who reads the model says what is damaged
        return None
