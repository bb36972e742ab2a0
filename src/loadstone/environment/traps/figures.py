"""Traps of numbers: models that load without a word and compute something else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from loadstone.environment.diagnosis import Finding
from loadstone.environment.traps.classes import own
from loadstone.environment.traps.registry import Case, fix, trap

_NO_SALT = 956888297470  # that tf.keras 2.3 to 2.5 wrote where there was none


def _before_3(case: Case) -> bool:
    release = case.stored.release
    return bool(release) and release[0] < 3


@trap(docs="silent-differences")
def hard_sigmoid(case: Case) -> Iterator[Finding]:
    """clip(0.2 x + 0.5) up to Keras 2, relu6(x + 3) / 6 since: the same name in an old file is the old function."""
    for library in case.libraries:
        if library.name != "keras3" or not _before_3(case):
            continue
        for part in own(case, library):
            config = part.config if isinstance(part.config, Mapping) else {}
            if "hard_sigmoid" in (config.get("activation"), config.get("recurrent_activation")):
                reason = f"{part.class_name} {part.name!r} means clip(0.2 x + 0.5), and Keras 3 computes relu6(x + 3) / 6 under that name."
                yield Finding(
                    "warning", ("keras3",), "hard_sigmoid is another function", reason, fix(case, "keras3"), part.place, wrong=True
                )
                return


@trap(docs="silent-differences")
def bilinear_upsampling(case: Case) -> Iterator[Finding]:
    """Keras 2.2 and 2.3 on TensorFlow 1 sampled at the corners of pixels, later releases at their centres.

    So did tf.keras up to TensorFlow 1.14, whose files do not say that a layer is bilinear.
    """
    standalone = (2, 2) <= case.stored.release[:2] <= (2, 3) and not str(case.stored.version).endswith(("tf", "tf.keras"))
    for library in case.libraries if standalone else ():
        for part in own(case, library):
            config = part.config if isinstance(part.config, Mapping) else {}
            if part.class_name == "UpSampling2D" and config.get("interpolation") == "bilinear":
                reason = f"{part.name!r} was computed without half-pixel centres; {library.title} has them."
                yield Finding(
                    "warning",
                    (library.name,),
                    "bilinear UpSampling2D is computed otherwise",
                    reason,
                    fix(case, library.name),
                    part.place,
                    wrong=True,
                )
                break


@trap(docs="silent-differences")
def hashes_without_salt(case: Case) -> Iterator[Finding]:
    """Hashing of tf.keras 2.3 to 2.5 noted a salt that it did not use."""
    for library in case.libraries:
        if not _before_3(case) or case.stored.release >= (2, 6):
            continue
        for part in own(case, library):
            config = part.config if isinstance(part.config, Mapping) else {}
            if part.class_name == "Hashing" and config.get("salt") in ([_NO_SALT, _NO_SALT], _NO_SALT):
                reason = f"{part.name!r} hashed without a salt and wrote one down; read again it uses it, and every bin is another."
                yield Finding(
                    "warning",
                    (library.name,),
                    "Hashing uses a salt that it did not have",
                    reason,
                    fix(case, library.name),
                    part.place,
                    wrong=True,
                )
                break
