"""Special functions of `tf.math` and `tf.math.special`: Python steps by the series of `special_gammas`, `_bessel` and `_integrals`.

tensorflow/python/ops/special_math_ops.py and gen_special_math_ops. A row is TensorFlow's op, what it computes in double precision, and
the names of the functions.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from loadstone.errors import InferenceError
from loadstone.ir import dtypes
from loadstone.lowering.block import Value
from loadstone.lowering.builder import Builder
from loadstone.lowering.keras.ops_gamma import incomplete_gamma, upper_incomplete_gamma
from loadstone.lowering.shapes import broadcast
from loadstone.lowering.tensorflow import special_bessel as bessel
from loadstone.lowering.tensorflow import special_gammas as gammas
from loadstone.lowering.tensorflow import special_integrals as integrals
from loadstone.lowering.tensorflow.symbols import Operand, alike, enter

Array = np.ndarray[Any, Any]
ONE: dict[str, tuple[Callable[[Array], Array], str]] = {
    "BesselI0": (partial(bessel.bessel_i, 0, False), "math.bessel_i0 math.special.bessel_i0"),
    "BesselI0e": (partial(bessel.bessel_i, 0, True), "math.bessel_i0e math.special.bessel_i0e"),
    "BesselI1": (partial(bessel.bessel_i, 1, False), "math.bessel_i1 math.special.bessel_i1"),
    "BesselI1e": (partial(bessel.bessel_i, 1, True), "math.bessel_i1e math.special.bessel_i1e"),
    "BesselJ0": (partial(bessel.bessel_j, 0), "math.special.bessel_j0"),
    "BesselJ1": (partial(bessel.bessel_j, 1), "math.special.bessel_j1"),
    "BesselK0": (partial(bessel.bessel_k, 0, False), "math.special.bessel_k0"),
    "BesselK0e": (partial(bessel.bessel_k, 0, True), "math.special.bessel_k0e"),
    "BesselK1": (partial(bessel.bessel_k, 1, False), "math.special.bessel_k1"),
    "BesselK1e": (partial(bessel.bessel_k, 1, True), "math.special.bessel_k1e"),
    "BesselY0": (partial(bessel.bessel_y, 0), "math.special.bessel_y0"),
    "BesselY1": (partial(bessel.bessel_y, 1), "math.special.bessel_y1"),
    "Dawsn": (integrals.dawson, "math.special.dawsn"),
    "Digamma": (gammas.digamma, "math.digamma"),
    "Expint": (integrals.exponential_integral, "math.special.expint"),
    "FresnelCos": (lambda x: integrals.fresnel(x)[0], "math.special.fresnel_cos"),
    "FresnelSin": (lambda x: integrals.fresnel(x)[1], "math.special.fresnel_sin"),
    "Lgamma": (gammas.log_gamma, "math.lgamma"),
    "Ndtri": (integrals.ndtri, "math.ndtri"),
    "Spence": (integrals.spence, "math.special.spence"),
}


def step(b: Builder, name: str, function: Callable[..., Array], operands: list[Value]) -> Value:
    """A Python step over float64, rounded to the type of the operands."""
    shape, dtype = broadcast(*(x.shape for x in operands)), operands[0].dtype

    def compute(*arrays: Array) -> tuple[Array]:
        wide = [np.asarray(a, np.float64) for a in arrays]
        lengths = np.broadcast_shapes(*(a.shape for a in wide))
        with np.errstate(all="ignore"):
            return (np.asarray(function(*wide)).astype(dtypes.to_numpy(dtype)).reshape(lengths),)

    try:
        return b.host(name, compute, operands, [(shape, dtype)], pure=True)[0]
    except InferenceError:
        return b.host(name, compute, operands, [(shape, dtype)])[0]


def _one(name: str, function: Callable[[Array], Array]) -> Callable[..., Value]:
    def rule(b: Builder, x: Operand) -> Value:
        return step(b, name, function, alike(b, x))

    return rule


for _name, (_function, _names) in ONE.items():
    enter(_one(_name, _function), f"raw_ops.{_name}", *_names.split())


def igamma(b: Builder, a: Operand, x: Operand) -> Value:
    """The lower incomplete gamma function over the whole one."""
    return step(b, "Igamma", incomplete_gamma, alike(b, a, x))


def igammac(b: Builder, a: Operand, x: Operand) -> Value:
    """The upper incomplete gamma function over the whole one."""
    return step(b, "Igammac", upper_incomplete_gamma, alike(b, a, x))


def polygamma(b: Builder, a: Operand, x: Operand) -> Value:
    """The derivative of that order of digamma."""
    return step(b, "Polygamma", gammas.polygamma, alike(b, a, x))


def zeta(b: Builder, x: Operand, q: Operand) -> Value:
    """Hurwitz' zeta function."""
    return step(b, "Zeta", gammas.zeta, alike(b, x, q))


def betainc(b: Builder, a: Operand, b_: Operand, x: Operand) -> Value:
    """The incomplete beta function over the whole one."""
    return step(b, "Betainc", gammas.incomplete_beta, alike(b, a, b_, x))


enter(igamma, "raw_ops.Igamma", "math.igamma")
enter(igammac, "raw_ops.Igammac", "math.igammac")
enter(polygamma, "raw_ops.Polygamma", "math.polygamma")
enter(zeta, "raw_ops.Zeta", "math.zeta")
enter(betainc, "raw_ops.Betainc", "math.betainc")
