"""Writes src/loadstone/environment/taken.json: what today's Keras and tf_keras take when they load a file.

python docs/make_taken.py, with TensorFlow, Keras and tf_keras installed. For each library: its classes by kind with the arguments of their
constructors (tried one by one, since many are taken out of **kwargs), the functions that a config may name, and what a module that a
config names holds.
"""

import importlib
import inspect
import json
import os
import pkgutil
import re
import warnings
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf
import tf_keras

TARGET = Path(__file__).parents[1] / "src" / "loadstone" / "environment" / "taken.json"

# Values that let a class be made, by the name of a required argument.
VALUES = {
    "activation": "relu", "axes": -1, "bin_boundaries": [1.0], "cell": None, "cells": None, "cropping": 1, "data_format": None, "depth": 4,
    "dims": [1], "equation": "ab,bc->ac", "factor": 0.1, "filters": 2, "function": None, "groups": 1, "head_dim": 2, "height": 4, "input_dim": 4,
    "kernel_size": 1, "key_dim": 2, "kernel": None, "layer": None, "n": 2, "num_bins": 3, "num_heads": 2,
    "num_key_value_heads": 1, "num_query_heads": 2,
    "num_tokens": 4, "output_dim": 2, "output_shape": 2, "output_size": 2, "padding": 1, "pool_size": 2, "rate": 0.1, "scale": 1.0, "shape": [2],
    "size": 2, "stddev": 0.1, "target_shape": [1], "units": 2, "width": 4, "value_range": [0, 1], "vocabulary_size": 5, "sequence_length": 4,
    "crop_to_aspect_ratio": False, "bounding_box_format": "xyxy", "source": "xyxy", "target": "xyxy", "mode": "fan_in", "l1": 0.1, "ord": 2,
    "learning_rate": 0.01, "recall": 0.5, "precision": 0.5, "specificity": 0.5, "sensitivity": 0.5, "num_classes": 2, "target_class_ids": [0],
    "fn": None, "value": 0.0, "initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5, "boundaries": [1], "values": [0.1, 0.2],
    "filepath": "x", "num_frequency_bands": 2,
}  # fmt: skip
MORE = {  # what else a class wants before it can be made
    "CategoryEncoding": {"num_tokens": 4},
    "Discretization": {"num_bins": 3},
    "RandomPosterization": {"factor": 4},
    "IndexLookup": {"max_tokens": 4, "num_oov_indices": 1, "mask_token": None, "oov_token": "x", "vocabulary_dtype": "string"},
    "LossScaleOptimizer": {"inner_optimizer": "sgd"},
    "InstanceProperty": {"attr_name": "shape"},
    "InstanceMethod": {"attr_name": "shape"},
    "TensorFlowOpLayer": {"node_def": 'name: "x" op: "Abs" input: "y" attr { key: "T" value { type: DT_FLOAT } }', "name": "x"},
}
# Names that files of some release hold and that no signature of today's shows.
HISTORIC = set(
    """
    nb_filter nb_row nb_col nb_dim1 nb_dim2 nb_dim3 filter_length subsample subsample_length border_mode dim_ordering init inner_init W_regularizer
    b_regularizer U_regularizer W_constraint b_constraint U_constraint bias p dropout_W dropout_U inner_activation forget_bias_init output_dim
    input_dim input_length input_dtype batch_input_shape batch_shape input_shape batch_size mode sigma dropout beta_init gamma_init mask_zero
    pool_length stride concat_axis merge_mode weights implementation time_major unroll reset_after go_backwards stateful return_state
    return_sequences zero_output_for_mask use_legacy_config causal score_mode seed noise_shape alpha negative_slope max_value threshold theta
    alpha_initializer interpolation data_format groups num_constants constants ragged sparse optional type_spec expects_training_arg
    experimental_autocast autocast fused renorm renorm_clipping renorm_momentum virtual_batch_size adjustment synchronized axis mean variance
    decay lr schedule_decay epsilon name learning_rate clipnorm clipvalue global_clipnorm use_ema ema_momentum ema_overwrite_frequency
    jit_compile is_legacy_optimizer loss_scale_factor gradient_accumulation_steps weight_decay amsgrad centered rho momentum nesterov
    initial_accumulator_value
    use_locking dtype trainable reduction from_logits label_smoothing fn max_tokens oov_token mask_token num_oov_indices invert vocabulary
    vocabulary_size idf_weights encoding output_mode pad_to_max_tokens pad_to_max_values standardize split ngrams output_sequence_length bins num_bins
    bin_boundaries salt mask_value value_range crop_to_aspect_ratio function_type module output_shape output_shape_type output_shape_module
    arguments node_def rank lora_rank lora_alpha quantization_config flash_attention gate activity_regularizer dynamic build_config
    registered_name shared_object_id inbound_nodes kernel_initializer lambda_ power_iterations rms_scaling recurrent_dropout dropout_seed
    query_shape key_shape value_shape use_bias fill_mode fill_value num_spatial_dims conv_op stddev distribution scale minval maxval gain
    """.split()
)
REFUSED = re.compile(
    r"unexpected keyword|Unrecognized keyword|not understood|multiple values|not recognized|[Ii]nvalid keyword|Unexpected keyword|takes no arguments"
)


def signature(cls, stop):
    """The named arguments along the bases that hand **kwargs on, those without a default, whether anything else is handed to the base."""
    found, required, open_ended = {}, None, True
    for base in cls.__mro__:
        init = base.__dict__.get("__init__")
        if init is None or base is object:
            continue
        try:
            parameters = inspect.signature(init).parameters
        except (TypeError, ValueError):
            continue
        named = {n: p for n, p in parameters.items() if n != "self" and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
        found |= {n: p for n, p in named.items() if n not in found}
        if required is None:
            required = [n for n, p in named.items() if p.default is p.empty]
        if not any(p.kind == p.VAR_KEYWORD for p in parameters.values()):
            open_ended = False
            break
        if base is stop:
            break
    return found, required or [], open_ended


def made(cls, required, library, extra=None):
    values = {}
    for name in required:
        value = VALUES.get(name)
        if name in ("layer", "kernel"):
            value = library.layers.LSTM(2) if cls.__name__ == "Bidirectional" else library.layers.Dense(2)
        elif name == "cell":
            value = library.layers.LSTMCell(2)
        elif name == "cells":
            value = [library.layers.LSTMCell(2)]
        elif name in ("function", "fn"):
            value = tf.abs if cls.__name__ == "TFOpLambda" else (lambda *x: x[0])
        elif value is None and name not in VALUES:
            value = 1
        values[name] = value
    if cls.__name__ == "InputLayer":
        values["shape" if library is keras else "input_shape"] = [2]
    for name, value in MORE.get(cls.__name__, {}).items():
        values[name] = library.optimizers.SGD() if value == "sgd" else value
    return cls(**{**values, **(extra or {})})


def eaten(cls, required, library, name, value):
    """Whether `from_config` takes an argument away before the constructor would refuse it."""
    own = next((base for base in cls.__mro__ if "from_config" in base.__dict__), None)
    if own is None or own.__name__ in ("Layer", "Operation", "object", "Optimizer"):
        return False
    if not re.search(rf"\b{name}\b", inspect.getsource(own.from_config)):
        return False
    try:
        config = made(cls, required, library).get_config()
        cls.from_config({**config})
    except Exception:  # noqa: BLE001  (whatever a constructor raises)
        return False
    try:
        cls.from_config({**made(cls, required, library).get_config(), name: value})
    except Exception as error:  # noqa: BLE001  (whatever a constructor raises)
        return not REFUSED.search(str(error).rpartition("encountered:")[2] or str(error))
    return True


def taken(cls, library, stop):
    """Every name that the constructor takes, tried one by one where it can be made at all."""
    found, required, open_ended = signature(cls, stop)
    names = set(found) - {"self", "args", "kwargs"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            made(cls, required, library)
        except Exception as error:  # noqa: BLE001  (whatever a constructor raises)
            print("cannot make", cls.__name__, type(error).__name__, str(error)[:80])
            if open_ended and issubclass(stop, cls.__mro__[-2] if len(cls.__mro__) > 1 else object):
                names |= {"*"}
            return sorted(names), sorted(required)
        extra = set()
        try:
            made(cls, required, library, {"of_no_release": None})
            return sorted(names | {"*"}), sorted(required)
        except Exception as error:  # noqa: BLE001  (whatever a constructor raises)
            if not REFUSED.search(str(error)):
                return sorted(names | {"*"}), sorted(required)
        for name in HISTORIC | names:
            if name in required:
                continue
            value = {"name": "thing", "dtype": "float32", "trainable": True}.get(name)
            if name in ("input_shape", "batch_input_shape"):
                value = [2, 3]
            try:
                made(cls, required, library, {name: value})
            except Exception as error:  # noqa: BLE001  (whatever a constructor raises)
                if REFUSED.search(str(error)) and (name in str(error) or "takes no arguments" in str(error)):
                    names.discard(name)
                    if eaten(cls, required, library, name, value):
                        extra.add(name)
                    continue
                if name not in names:
                    extra.add(name)
                continue
            extra.add(name)
    return sorted(names | extra), sorted(required)


def kind(library, objects, stop):
    """The classes of a table of objects with what they take, and the names of its functions."""
    classes, functions = {}, set()
    for name, value in sorted(objects.items()):
        if inspect.isclass(value):
            arguments, required = taken(value, library, stop)
            entry = " ".join(arguments)
            classes[name] = [entry, " ".join(required)] if required else [entry]
        elif callable(value):
            functions.add(name)
    return classes, sorted(functions)


def homes(package, prefix, kept):
    """The classes and functions that the modules of a package hold under their own names."""
    found = {}
    for module in pkgutil.walk_packages(package.__path__, prefix + "."):
        if re.search(
            r"test|benchmark|applications|datasets|distribute|\.api\b|backend\.(torch|jax|numpy|openvino)|mixed_precision\.test",
            module.name,
        ):
            continue
        try:
            held = importlib.import_module(module.name)
        except Exception:  # noqa: BLE001  (whatever a constructor raises)
            continue
        names = [n for n, v in vars(held).items() if inspect.isclass(v) and issubclass(v, kept) and v.__module__ == module.name]
        if names:
            found[module.name] = " ".join(sorted(names))
    return found


def exported(symbols):
    """What the public modules hold that a config may name: the canonical name of each class, as the library looks it up."""
    found = {}
    for name, symbol in sorted(symbols.items()):
        module, _, last = name.rpartition(".")
        if inspect.isclass(symbol) and re.fullmatch(r"keras(\._legacy)?(\.\w+)?(\.(legacy|experimental|schedules|preprocessing))*", module):
            found.setdefault(module, []).append(last)
    return {
        module: " ".join(names)
        for module, names in found.items()
        if not re.search(r"utils|callbacks|preprocessing|datasets|distribution", module) or "layers" in module
    }


def refused(deserialize, name):
    """Whether a function's name, which the table has, is looked up where it is not."""
    try:
        deserialize(name)
    except ValueError:
        return True
    except TypeError:  # a class that wants arguments
        return False
    return False


def keras_3():
    from keras.src import (
        activations,
        api_export,
        constraints,
        dtype_policies,
        initializers,
        layers,
        losses,
        metrics,
        models,
        optimizers,
        regularizers,
    )
    from keras.src.saving.keras_saveable import KerasSaveable

    space = dict(layers.__dict__) | {"Functional": models.Functional, "Model": models.Model, "Sequential": models.Sequential}
    classes, functions = kind(
        keras,
        {n: v for n, v in space.items() if (inspect.isclass(v) and issubclass(v, layers.Layer)) or inspect.isfunction(v)},
        layers.Layer,
    )
    tables = {"layers": classes, "layers_functions": functions}
    for name, module in (
        ("activations", activations),
        ("initializers", initializers),
        ("regularizers", regularizers),
        ("constraints", constraints),
        ("optimizers", optimizers),
        ("losses", losses),
        ("metrics", metrics),
    ):
        tables[name], tables[name + "_functions"] = kind(keras, module.ALL_OBJECTS_DICT, object)
    tables["losses_refused"] = sorted(
        name for name in losses.ALL_OBJECTS_DICT if isinstance(name, str) and refused(losses.deserialize, name)
    )
    tables["policies"] = sorted(dtype_policies.ALL_OBJECTS_DICT)
    tables["modules"] = exported(api_export.REGISTERED_NAMES_TO_OBJS) | homes(keras.src, "keras.src", KerasSaveable)
    return {"release": keras.__version__} | tables


def keras_2():
    from tensorflow.python.util import tf_export
    from tf_keras.src import activations, constraints, initializers, losses, metrics, optimizers, regularizers
    from tf_keras.src.layers import serialization

    serialization.populate_deserializable_objects()
    from tf_keras.src.engine import base_layer

    classes, functions = kind(tf_keras, serialization.LOCAL.ALL_OBJECTS, base_layer.Layer)
    tables = {"layers": classes, "layers_functions": functions}
    initializers.populate_deserializable_objects()
    tables["initializers"], _ = kind(tf_keras, initializers.LOCAL.ALL_OBJECTS, object)
    tables["activations"] = {}
    tables["activations_functions"] = sorted(n for n, v in vars(activations).items() if callable(v) and not n.startswith("_")) + sorted(
        n for n, v in vars(importlib.import_module("tf_keras.src.layers.activation")).items() if inspect.isclass(v)
    )
    for name, module in (("regularizers", regularizers), ("constraints", constraints), ("losses", losses), ("metrics", metrics)):
        objects = {n: v for n, v in vars(module).items() if callable(v) and not n.startswith("_")}
        tables[name], tables[name + "_functions"] = kind(tf_keras, objects, object)
    made_of = {n.lower(): v for n, v in vars(optimizers).items() if inspect.isclass(v)} | {
        n.lower(): v for n, v in vars(tf_keras.optimizers).items() if inspect.isclass(v)
    }
    tables["optimizers"], _ = kind(tf_keras, made_of, object)
    tables["policies"] = ["Policy", "PolicyV1"]
    tables["modules"] = exported(tf_export._NAME_TO_SYMBOL_MAPPING) | homes(
        tf_keras.src,
        "tf_keras.src",
        (tf.Module, base_layer.Layer, initializers.Initializer, regularizers.Regularizer, constraints.Constraint, losses.Loss),
    )
    return {"release": tf_keras.__version__} | tables


def text(libraries):
    """JSON with a line for each class, so that a new release shows as a small difference."""
    parts = []
    for library, tables in libraries.items():
        rows = []
        for name, table in sorted(tables.items()):
            if isinstance(table, dict):
                inner = ",\n".join(f"   {json.dumps(key)}: {json.dumps(value)}" for key, value in sorted(table.items()))
                rows.append(f"  {json.dumps(name)}: {{\n{inner}\n  }}")
            else:
                rows.append(f"  {json.dumps(name)}: {json.dumps(table)}")
        parts.append(f" {json.dumps(library)}: {{\n" + ",\n".join(rows) + "\n }")
    return "{\n" + ",\n".join(parts) + "\n}"


def main():
    TARGET.write_text(text({"keras3": keras_3(), "tf_keras": keras_2()}) + "\n")


if __name__ == "__main__":
    main()
