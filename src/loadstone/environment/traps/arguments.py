"""Traps of arguments: what a file says of a layer and the library's constructor does not take."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from loadstone.environment.diagnosis import Finding
from loadstone.environment.parts import Part
from loadstone.environment.taken import Library, Signature
from loadstone.environment.traps.classes import own
from loadstone.environment.traps.registry import Case, fix, plain, trap

# What `from_config` of a class takes out of the config before the constructor sees it.
_EATEN = {
    ("tf_keras", "Lambda"): {"module", "function_type", "output_shape_module", "output_shape_type", "mask_module", "mask_type"},
    ("tf_keras", "RNN"): {"num_constants"},
    ("tf_keras", "Bidirectional"): {"num_constants"},
    ("tf_keras", "ClassMethod"): {"cls_symbol"},
    ("tf_keras", "SlicingOpLambda"): {"function"},
    ("keras3", "Bidirectional"): set(),
}
_GROUPED = ("DepthwiseConv", "SeparableConv", "Transpose")
_KERAS_1 = set(
    """
    nb_filter nb_row nb_col filter_length subsample subsample_length border_mode dim_ordering init inner_init W_regularizer b_regularizer
    U_regularizer W_constraint b_constraint U_constraint bias dropout_W dropout_U inner_activation forget_bias_init input_dtype mode sigma p
    pool_length stride concat_axis kernel_dim1 kernel_dim2 kernel_dim3 beta_init gamma_init
    """.split()
)


def refused(case: Case, library: Library) -> Iterator[tuple[Part, list[str]]]:
    """The layers with arguments that the library does not take."""
    if case.stored.kind == "tf_saved_model":
        return  # those are revived from their graphs
    for part in own(case, library):
        signature = library.signature("layers", part.class_name)
        if signature is None or signature.open or not isinstance(part.config, Mapping):
            continue
        eaten = _EATEN.get((library.name, part.class_name), set())
        names = [name for name in part.config if isinstance(name, str) and name not in signature.arguments and name not in eaten]
        if names:
            yield part, names


def _found(case: Case, fits: Callable[[Library, Part, str], bool], title: str, reason: str) -> Iterator[Finding]:
    """One finding for each library, about the first layer that has such an argument."""
    for library in case.libraries:
        for part, names in refused(case, library):
            name = next((name for name in names if fits(library, part, name)), None)
            if name is not None:
                value = plain(part.config[name])
                told = reason.format(layer=part.class_name, name=name, value=value, library=library.title)
                message = f"Unrecognized keyword arguments passed to {part.class_name}: {{'{name}'"
                yield Finding(
                    "error",
                    (library.name,),
                    title.format(layer=part.class_name, name=name),
                    told,
                    fix(case, library.name),
                    part.place,
                    message,
                )
                break


@trap(docs="new-file-old-keras")
def batch_shape_in_keras_2(case: Case) -> Iterator[Finding]:
    """InputLayer(batch_shape=) of Keras 3 is batch_input_shape in Keras 2."""
    yield from _found(
        case,
        lambda library, part, name: library.name == "tf_keras" and name in ("batch_shape", "optional"),
        "{layer} has the argument {name} of Keras 3",
        "{library} calls it batch_input_shape, and refuses {name}={value}.",
    )


@trap(docs="old-arguments")
def groups_of_convolutions(case: Case) -> Iterator[Finding]:
    """tf.keras 2.3 and later wrote `groups` for convolutions that have none; Keras 3 refuses the word."""
    yield from _found(
        case,
        lambda library, part, name: name == "groups" and any(kind in part.class_name for kind in _GROUPED),
        "{layer} has the argument groups",
        "tf.keras 2.3 to 2.15 wrote groups={value} for {layer} although it has no groups; {library} refuses the word.",
    )


@trap(docs="old-arguments")
def time_major(case: Case) -> Iterator[Finding]:
    """Recurrent layers of tf.keras 2 had `time_major`."""
    yield from _found(
        case,
        lambda library, part, name: name == "time_major",
        "{layer} has the argument time_major",
        "Every recurrent layer of tf.keras 2 says time_major={value}; {library} has no such argument.",
    )


@trap(docs="keras-1")
def arguments_of_keras_1(case: Case) -> Iterator[Finding]:
    """Keras 2 renamed most arguments in March 2017, and Keras 3 reads no other names."""
    yield from _found(
        case,
        lambda library, part, name: name in _KERAS_1,
        "{layer} has the argument {name} of Keras 1",
        "{library} reads no argument names of Keras 1: {name}={value}.",
    )


@trap(docs="old-arguments")
def first_layer_with_a_shape(case: Case) -> Iterator[Finding]:
    """`batch_input_shape` of a Sequential's first layer, where the new reader of Keras 3 meets it."""
    yield from _found(
        case,
        lambda library, part, name: library.name == "keras3" and name in ("batch_input_shape", "input_dtype"),
        "{layer} has the argument {name} of Keras 2",
        "Keras 2 keeps the shape of the input in the first layer; {library} refuses {name}={value} in this kind of file.",
    )


@trap(docs="old-arguments")
def arguments_not_taken(case: Case) -> Iterator[Finding]:
    """Any other argument that went or came with a release."""
    named = {"groups", "time_major", "batch_shape", "optional", "batch_input_shape", "input_dtype"} | _KERAS_1
    yield from _found(
        case,
        lambda library, part, name: name not in named,
        "{layer} has the argument {name}",
        "{library} does not take {name}={value} for {layer}: the release that wrote the file did.",
    )


@trap(docs="keras-1")
def arguments_missing(case: Case) -> Iterator[Finding]:
    """Arguments that the library wants and the file has under an older name."""
    for library in case.libraries:
        for part in own(case, library) if case.stored.kind != "tf_saved_model" else ():
            signature = library.signature("layers", part.class_name)
            if signature is None or not isinstance(part.config, Mapping):
                continue
            missing = [name for name in signature.required if name not in part.config]
            if missing:
                reason = f"{library.title} wants {', '.join(missing)} for {part.class_name}; the file has them under other names."
                message = f"{part.class_name}.__init__() missing {len(missing)} required positional argument"
                yield Finding(
                    "error", (library.name,), f"{part.class_name} lacks {missing[0]}", reason, fix(case, library.name), part.place, message
                )
                break


@trap(docs="old-arguments")
def initializers(case: Case) -> Iterator[Finding]:
    """Initializers, regularizers and constraints: objects with arguments of their own, which tf.keras 1 wrote a `dtype` into."""
    for library in case.libraries:
        found = next(_objects(case, library), None)
        if found is not None:
            part, key, name, wrong = found
            reason = (
                f"{library.title} does not know {name}."
                if not wrong
                else f"{library.title} does not take {', '.join(wrong)} for {name}; files of TensorFlow 1 and of Keras 1 have it."
            )
            yield Finding(
                "error",
                (library.name,),
                f"{key} of {part.class_name} is not understood",
                reason,
                fix(case, library.name),
                part.place,
                f"Error when deserializing class '{part.class_name}'",
            )


_TABLES = (("initializer", "initializers"), ("regularizer", "regularizers"), ("constraint", "constraints"))


def _objects(case: Case, library: Library) -> Iterator[tuple[Part, str, str, list[str]]]:
    """(layer, option, class, arguments that are not taken) of what the library does not make."""
    if case.stored.kind == "tf_saved_model":
        return
    for part in own(case, library):
        for key, value in part.config.items() if isinstance(part.config, Mapping) else ():
            table = next((table for ending, table in _TABLES if isinstance(key, str) and key.endswith(ending)), None)
            if table is None or value is None:
                continue
            name, config = (
                (value, {})
                if isinstance(value, str)
                else (value.get("class_name"), value.get("config"))
                if isinstance(value, Mapping)
                else (None, {})
            )
            if not isinstance(name, str) or case.custom(name):
                continue
            signature = library.signature(table, name)
            if signature is None and name not in library.functions.get(table, ()):
                yield part, key, name, []
            elif signature is not None and isinstance(config, Mapping) and (wrong := _wrong(signature, config)):
                yield part, key, name, wrong


def _wrong(signature: Signature, config: Mapping[str, object]) -> list[str]:
    return [] if signature.open else [name for name in config if name not in signature.arguments]


@trap(docs="mixed-precision")
def dtype_policies(case: Case) -> Iterator[Finding]:
    """A dtype that is an object: a Policy of Keras 2, a DTypePolicy of Keras 3."""
    for library in case.libraries:
        if case.stored.kind == "tf_saved_model":
            continue
        for part in case.parts(library.name):
            policy = part.config.get("dtype") if isinstance(part.config, Mapping) else None
            name = policy.get("class_name") if isinstance(policy, Mapping) else None
            if isinstance(name, str) and name not in library.policies and part.class_name != "InputLayer":
                reason = f"{part.name} has the dtype {name}; {library.title} knows {', '.join(sorted(library.policies)[:3])}."
                message = (
                    "'str' object has no attribute 'quantization_mode'" if library.name == "keras3" else f"Unknown dtype policy: {name}"
                )
                yield Finding(
                    "error", (library.name,), f"the dtype policy {name} is not known", reason, fix(case, library.name), part.place, message
                )
                break


@trap(docs="old-arguments")
def integers_from_a_float_layer(case: Case) -> Iterator[Finding]:
    """Hashing said dtype float32 up to tf.keras 2.7 although it gives integers; Keras 3 holds it to its word."""
    for library in case.libraries:
        if library.name != "keras3":
            continue
        for part in own(case, library):
            config = part.config if isinstance(part.config, Mapping) else {}
            if (
                part.class_name == "Hashing"
                and config.get("output_mode", "int") == "int"
                and _dtype(config) not in ("int32", "int64", None)
            ):
                reason = f"It says dtype {_dtype(config)} and gives integers, which Keras 3 refuses."
                yield Finding(
                    "error",
                    ("keras3",),
                    "Hashing with a dtype that is no integer",
                    reason,
                    fix(case, "keras3"),
                    part.place,
                    'When `output_mode="int"`, `dtype` should be an integer',
                )
                return


def _dtype(config: Mapping[str, object]) -> str | None:
    """The name of a dtype or of a policy."""
    found = config.get("dtype")
    inner = found.get("config") if isinstance(found, Mapping) else None
    name = inner.get("name") if isinstance(inner, Mapping) else found
    return name if isinstance(name, str) else None
