"""Systems of equations in branches of conditions and in loops, where there are no Python steps."""


def cases(tf, np):
    linalg = tf.linalg
    rng = np.random.default_rng(5)

    def real(*shape, dtype=np.float32):
        return rng.standard_normal(shape).astype(dtype)

    def whole(*shape, dtype=np.complex64):
        return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(dtype)

    def definite(x):
        y = x @ np.conj(np.swapaxes(x, -1, -2))
        return (y + 0.5 * np.eye(x.shape[-1])).astype(x.dtype)

    def stable(*shape, dtype=np.float32):
        return (real(*shape) + 3 * np.eye(shape[-1])).astype(dtype)

    kinds = {
        "single": stable(2, 3, 3),
        "double": stable(2, 3, 3, dtype=np.float64),
        "complex": (whole(2, 3, 3) + 3 * np.eye(3)).astype(np.complex64),
        "wide": (whole(3, 3) + 3 * np.eye(3)).astype(np.complex128),
    }

    def inside(function):
        """The function in a branch of a condition."""
        return lambda c, *xs: tf.cond(c, lambda: function(*xs), lambda: xs[-1])

    yes = np.array(True)
    for name, x in kinds.items():
        y = real(*x.shape[:-1], 2).astype(x.dtype)
        yield f"inside_inverse_{name}", inside(lambda x: linalg.inv(x) + linalg.inv(x, adjoint=True)), [yes, x]
        yield f"inside_solve_{name}", inside(lambda x, y: linalg.solve(x, y) + linalg.solve(x, y, adjoint=True)), [yes, x, y]
        if x.dtype.kind == "f":
            yield f"inside_cholesky_{name}", inside(lambda x: linalg.cholesky(x)), [yes, definite(x)]
            yield (
                f"inside_determinant_{name}",
                inside(lambda x: x * linalg.det(x)[..., None, None] + tf.reduce_sum(linalg.slogdet(x)[1])),
                [yes, x],
            )
            yield (
                f"inside_triangular_{name}",
                inside(lambda x, y: linalg.triangular_solve(x, y) + linalg.triangular_solve(x, y, lower=False, adjoint=True)),
                [yes, x, y],
            )
    swap = np.array([[0, 1, 2], [1, 0, 3], [4, -3, 8]], np.float32)
    yield "inside_exchanged", inside(lambda x: linalg.inv(x)), [yes, swap], [(), (3, 3)]
    yield "exponential", lambda x: [linalg.expm(x), linalg.expm(x * 40)], [real(3, 3, dtype=np.float64) * 0.3]
    yield "exponential_complex", lambda x: linalg.expm(x), [whole(2, 3, 3)]

    def filtered(p, steps):
        """A covariance after some rounds of a filter."""

        def round_of(i, p):
            gain = linalg.solve(p + tf.eye(3), p)
            return i + 1, p - linalg.matmul(gain, p) + 0.1 * tf.eye(3)

        return tf.while_loop(lambda i, p: i < steps, round_of, [tf.constant(0), p])[1]

    yield "filter", filtered, [definite(real(3, 3)), np.int32(4)]
