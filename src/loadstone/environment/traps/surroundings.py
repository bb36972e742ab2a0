"""Traps of the surroundings: the release that saved the file, Python and packages there and here."""

from __future__ import annotations

from collections.abc import Iterator

from loadstone.environment.diagnosis import Finding
from loadstone.environment.targets import TARGETS
from loadstone.environment.traps.registry import Case, trap

_ADDONS = "Addons>"


def _create(case: Case) -> str:
    return f"loadstone env {case.path} --create env"


@trap(docs="environments")
def record_not_read(case: Case) -> Iterator[Finding]:
    """An environment record that is damaged or of a later loadstone: the model loads without it, and who saved it is known less well."""
    if case.stored.kind and case.unread and not case.stored.problem:
        yield Finding("note", TARGETS, "its environment record cannot be read", case.unread)


@trap(docs="environments")
def tensorflow_of_the_file(case: Case) -> Iterator[Finding]:
    """Whether the TensorFlow that saved it is here."""
    wanted, here = case.provenance.tensorflow, case.present.version("tensorflow")
    if not case.stored.kind or not wanted.known:
        return
    if here is None:
        yield Finding(
            "warning",
            ("tensorflow",),
            f"TensorFlow {wanted} is not here",
            "No TensorFlow is installed in this Python; loadstone needs none.",
            _create(case),
        )
    elif not wanted.contains(here):
        words = ".".join(map(str, here))
        yield Finding(
            "warning",
            ("tensorflow",),
            f"TensorFlow {words} is here, {wanted} saved it",
            "Releases differ in what they read.",
            _create(case),
        )


@trap(docs="environments")
def python_of_the_file(case: Case) -> Iterator[Finding]:
    """Whether this Python can run the TensorFlow that saved it."""
    wanted = case.provenance.tensorflow
    if not wanted.known or not case.stored.kind:
        return
    from loadstone.environment.releases import releases

    pythons = {python for release in releases("tensorflow") if wanted.contains(release.version) for python in release.pythons}
    mine = ".".join(case.present.python.split(".")[:2])
    if pythons and mine not in pythons:
        known = ", ".join(sorted(pythons, key=lambda text: tuple(map(int, text.split(".")))))
        reason = f"TensorFlow {wanted} has wheels for Python {known}; this is {mine}."
        yield Finding(
            "warning",
            ("tensorflow",),
            f"Python {mine} has no TensorFlow {wanted}",
            reason,
            _create(case),
            message="No matching distribution found for tensorflow",
        )


@trap(docs="h5py-3")
def strings_of_h5py_3(case: Case) -> Iterator[Finding]:
    """TensorFlow before 2.4 and Keras before 2.4 decode what h5py 3 has decoded already."""
    wanted = case.provenance.tensorflow
    if case.stored.kind == "keras_h5" and wanted.known and wanted.high is not None and wanted.high[:2] < (2, 4):
        reason = "Releases before TensorFlow 2.4 call decode() on text that h5py 3 gives as str."
        yield Finding(
            "note",
            ("tensorflow",),
            "it needs h5py below 3 there",
            reason,
            "pip install 'h5py<3'",
            message="'str' object has no attribute 'decode'",
        )


@trap(docs="protobuf-and-numpy")
def protobuf_and_numpy(case: Case) -> Iterator[Finding]:
    """Old TensorFlow with protobuf 4 or numpy 2 does not even import."""
    wanted = case.provenance.tensorflow
    if not wanted.known or wanted.high is None or not case.stored.kind:
        return
    if wanted.high[:2] < (2, 12):
        yield Finding(
            "note",
            ("tensorflow",),
            "it needs protobuf below 3.21 there",
            "Its generated code is refused by protobuf 4.",
            "pip install 'protobuf<3.21'",
            message="Descriptors cannot be created directly",
        )
    if wanted.high[:2] < (2, 18):
        yield Finding(
            "note",
            ("tensorflow",),
            "it needs numpy below 2 there",
            "It was compiled for numpy 1.",
            "pip install 'numpy<2'",
            message="A module that was compiled using NumPy 1.x cannot be run in NumPy 2",
        )


@trap(docs="custom-objects")
def tensorflow_addons(case: Case) -> Iterator[Finding]:
    """tensorflow_addons ended in May 2024."""
    if any(name.startswith(_ADDONS) for name in case.given) or any(
        str(part.class_name).startswith(_ADDONS) for library in case.libraries for part in case.parts(library.name)
    ):
        reason = "Its layers are registered under Addons>; the package ended in May 2024, and its last release is for TensorFlow 2.15."
        yield Finding("warning", ("keras3", "tf_keras", "tensorflow"), "it uses tensorflow_addons", reason, _create(case))


@trap(docs="optimizers")
def optimizers_of_2_11(case: Case) -> Iterator[Finding]:
    """TensorFlow 2.11 rewrote the optimizers: their state from before is not read back."""
    training = case.stored.training
    release = case.stored.release
    if isinstance(training, dict) and release and (2, 0) <= release < (2, 11) and case.stored.kind == "keras_h5":
        reason = "Optimizers were rewritten in TensorFlow 2.11: the state in the file is left out with a warning, and training begins anew."
        yield Finding(
            "note",
            ("keras3", "tf_keras"),
            "the optimizer's state is from before 2.11",
            reason,
            message="starting with a freshly initialized optimizer",
        )
