"""Traps of compile=True: optimizers, losses and metrics that only training needs and that still end the loading."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from loadstone.environment.diagnosis import Finding
from loadstone.environment.taken import Library, known_to_any
from loadstone.environment.traps.registry import Case, plain, python, trap

_OLD_LOSSES = ("cosine", "cosine_proximity", "logcosh", "kullback_leibler_divergence")
_LEFT = ("accuracy", "acc", "crossentropy", "ce")
_REDUCTIONS = ("sum_over_batch_size", "sum", "none", "mean", "mean_with_sample_weight", None)


def _error(case: Case, library: str, title: str, reason: str, message: str) -> Finding:
    package = "keras" if library == "keras3" else library
    command = python(f"import {package}; {package}.models.load_model({case.stored.path!r}, compile=False)")
    return Finding("error", (library,), title, f"{reason} With compile=False it is not looked at.", command, message=message)


def _config(case: Case, kinds: tuple[str, ...] = ("keras_h5",)) -> Mapping[str, Any]:
    return case.stored.training if isinstance(case.stored.training, Mapping) and case.stored.kind in kinds else {}


@trap(docs="optimizers")
def optimizer_arguments(case: Case) -> Iterator[Finding]:
    """`lr` became learning_rate in Keras 2.3; Keras 3 does not take the old name."""
    optimizer = _config(case).get("optimizer_config")
    name, config = (optimizer.get("class_name"), optimizer.get("config")) if isinstance(optimizer, Mapping) else (None, None)
    if not isinstance(name, str) or not isinstance(config, Mapping):
        return
    for library in case.libraries:
        signature = library.signature("optimizers", name.lower())
        if library.name == "keras3" and signature is not None and not signature.open:
            wrong = [key for key in config if key not in signature.arguments]
            if wrong:
                yield _error(
                    case,
                    "keras3",
                    f"the optimizer {name} has the argument {wrong[0]}",
                    f"It was saved with {wrong[0]}={plain(config[wrong[0]])}.",
                    f"Argument(s) not recognized: {{'{wrong[0]}'",
                )
                continue
        rate = config.get("learning_rate")
        if library.name == "keras3" and signature is not None and isinstance(rate, Mapping) and "module" not in rate:
            yield _error(
                case,
                "keras3",
                "the learning rate is a schedule without a module",
                f"Its class {rate.get('class_name')} is named without its module.",
                f"Could not locate class '{rate.get('class_name')}'",
            )


@trap(docs="optimizers")
def optimizers_not_known(case: Case) -> Iterator[Finding]:
    """Optimizers of other packages, and TensorFlow 1's in a wrapper."""
    optimizer = _config(case).get("optimizer_config")
    name = optimizer.get("class_name") if isinstance(optimizer, Mapping) else None
    if not isinstance(name, str):
        return
    bare = name.rpartition(">")[2]
    config = optimizer.get("config") if isinstance(optimizer, Mapping) else None
    called = config.get("name") if isinstance(config, Mapping) else None
    for library in case.libraries:
        if library.signature("optimizers", bare.lower()) is not None or case.custom(name):
            continue
        if library.name == "keras3" and isinstance(called, str) and library.signature("optimizers", called.lower()) is not None:
            continue  # made by its name instead
        yield _error(
            case,
            library.name,
            f"the optimizer {name} is not known",
            "It belongs to another package or release.",
            f"Unknown optimizer: '{name}'",
        )


@trap(docs="losses-and-metrics")
def losses(case: Case) -> Iterator[Finding]:
    """Losses that are objects: their options changed with Keras 3."""
    for library in case.libraries:
        for loss in _each(_config(case).get("loss")):
            config = loss.get("config") if isinstance(loss, Mapping) else None
            if (
                library.name == "keras3"
                and isinstance(config, Mapping)
                and config.get("reduction") not in _REDUCTIONS
                and library.signature("losses", str(loss.get("class_name")))
            ):
                reason = f"{loss.get('class_name')} was saved with reduction={plain(config.get('reduction'))}, which Keras 3 does not know."
                yield _error(case, "keras3", "the loss has another reduction", reason, "Invalid value for argument `reduction`")
                return


@trap(docs="losses-and-metrics")
def losses_by_name(case: Case) -> Iterator[Finding]:
    """Losses by names that a library has not, or has and looks up in the wrong place: `loss="mse"` in HDF5 read by Keras 3."""
    for library in case.libraries:
        for loss in _each(_config(case).get("loss")):
            if not isinstance(loss, str) or case.custom(loss):
                continue
            if loss in library.refused_losses:
                reason = f"{library.title} looks for the loss {loss!r} of an HDF5 file among the metrics, where it is not."
                yield _error(case, library.name, f"the loss {loss}", reason, f"Could not deserialize 'keras.metrics.{loss}'")
                break
            if not _known_function(library, loss) and (loss in _OLD_LOSSES or known_to_any("losses", loss)):
                yield _error(
                    case,
                    library.name,
                    f"the loss {loss} is not known",
                    f"{library.title} has no loss of that name.",
                    f"Unknown loss function: '{loss}'",
                )
                break


@trap(docs="losses-and-metrics")
def metrics_named_as_their_function(case: Case) -> Iterator[Finding]:
    """A metric that is a function of the user's: Keras 3 puts the function in the place of the metric's name."""
    for library in case.libraries:
        if library.name != "keras3":
            continue
        for metric in (*_each(_config(case).get("metrics")), *_each(_config(case).get("weighted_metrics"))):
            config = metric.get("config") if isinstance(metric, Mapping) else None
            name = config.get("fn") if isinstance(config, Mapping) else None
            if isinstance(name, str) and name not in _LEFT and not _known_function(library, name):
                reason = f"The metric {name!r} is a function of the user's, and its name is replaced by the function."
                yield _error(
                    case, "keras3", "a metric that is a function of the user's", reason, "'function' object has no attribute 'replace'"
                )
                return


@trap(docs="custom-objects")
def training_objects_of_the_user(case: Case) -> Iterator[Finding]:
    """Losses and metrics of the user's: only training needs them, and load_model asks for them all the same."""
    config = _config(case, ("keras_h5", "keras_v3"))
    found = [item for part in ("loss", "metrics", "weighted_metrics") for item in _each(config.get(part))]
    names = [_function(item) for item in found]
    mine = sorted(
        {name for name in names if name not in ("", *_LEFT, *_OLD_LOSSES) and not any(known_to_any(kind, name) for kind in _KINDS)}
    )
    if mine and case.libraries:
        path = case.stored.path
        reason = (
            f"The file was compiled with {', '.join(mine[:10])}. What follows supposes that they are passed; with compile=False none is."
        )
        command = python(f"import keras; keras.models.load_model({path!r}, compile=False)")
        message = f"Could not locate function '{mine[0]}'" if case.stored.kind == "keras_v3" else f"Unknown metric function: {mine[0]!r}"
        yield Finding("warning", ("keras3", "tf_keras"), f"a loss or metric of the user's: {mine[0]}", reason, command, message=message)


_KINDS = ("losses", "metrics")


def _function(item: Any) -> str:
    """The name of a loss or metric, or of the function inside one."""
    config = item.get("config") if isinstance(item, Mapping) else None
    found = config.get("fn", item["class_name"]) if isinstance(config, Mapping) else item
    found = found.get("config") if isinstance(found, Mapping) else found
    return found if isinstance(found, str) else ""


def _known_function(library: Library, name: str) -> bool:
    return any(name in library.functions[kind] or name in library.tables[kind] for kind in ("losses", "metrics"))


def _each(found: Any) -> Iterator[Any]:
    """The losses or metrics of a config, in lists and dicts of any depth."""
    if isinstance(found, Mapping) and "class_name" in found or isinstance(found, str):
        yield found
    elif isinstance(found, Mapping):
        for value in found.values():
            yield from _each(value)
    elif isinstance(found, list):
        for value in found:
            yield from _each(value)
