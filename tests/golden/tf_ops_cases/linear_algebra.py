"""Decompositions, functions of matrices and systems of equations: real and complex, stacked, of free sizes."""


def cases(tf, np):
    raw, linalg = tf.raw_ops, tf.linalg
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
    for name, x in kinds.items():
        y = real(*x.shape[:-1], 2).astype(x.dtype)
        yield f"inverse_{name}", lambda x: [linalg.inv(x), linalg.inv(x, adjoint=True)], [x]
        yield f"determinant_{name}", lambda x: [linalg.det(x), *raw.LogMatrixDeterminant(input=x)], [x]
        yield f"cholesky_{name}", lambda x: linalg.cholesky(x), [definite(x)]
        yield f"qr_{name}", lambda x: linalg.qr(x), [x]
        yield f"eigen_{name}", lambda x: raw.SelfAdjointEigV2(input=x, compute_v=False)[0], [definite(x)]
        yield f"singular_{name}", lambda x: linalg.svd(x, compute_uv=False), [x]
        yield f"lu_{name}", lambda x: linalg.lu(x), [x]
        yield f"solve_{name}", lambda x, y: [linalg.solve(x, y), linalg.solve(x, y, adjoint=True)], [x, y]
        yield (f"triangular_{name}", lambda x, y: [linalg.triangular_solve(x, y, lower=lo, adjoint=ad) for lo in (True, False)
                                                   for ad in (True, False)], [x, y])  # fmt: skip
        yield f"least_{name}", lambda x, y: linalg.lstsq(x, y, fast=True), [x, y]
        if x.dtype.kind == "c":
            yield f"logarithm_{name}", lambda x: linalg.logm(x), [x]
        yield f"root_{name}", lambda x: linalg.sqrtm(x), [definite(x)]
        yield f"tridiagonal_{name}", lambda d, y: linalg.tridiagonal_solve(d, y, "compact"), [x + np.array([[0], [5], [0]], x.dtype), y]
    free = [(None, None, None)]
    x, y = kinds["single"], real(2, 3, 2)
    yield "inverse_free", lambda x: linalg.inv(x), [x], free
    yield "determinant_free", lambda x: [linalg.det(x), linalg.logdet(linalg.matmul(x, x, transpose_b=True))], [x], free
    yield "qr_full", lambda x: [*linalg.qr(x, full_matrices=True), *linalg.qr(x)], [real(2, 4, 3)], free
    yield "qr_broad", lambda x: [*linalg.qr(x, full_matrices=True), *linalg.qr(x)], [real(2, 5)]
    yield "eigen", lambda x: linalg.eigh(x), [definite(real(2, 4, 4))]
    yield "eigen_free", lambda x: linalg.eigh(x), [definite(real(1, 3, 3))], free
    yield (
        "eigen_again",
        lambda x: (lambda e, v: linalg.matmul(v * e[..., tf.newaxis, :], v, adjoint_b=True))(*linalg.eigh(x)),
        [definite(whole(3, 3))],
    )
    for shape in ((3, 5), (5, 3), (2, 20)):
        for full in (True, False):
            a = real(*shape, dtype=np.float64)

            def again(x, full=full):
                s, u, v = linalg.svd(x, full_matrices=full)
                n = s.shape[0]
                return [s, linalg.matmul(u[:, :n] * s, v[:, :n], adjoint_b=True), linalg.matmul(u, u, adjoint_a=True)]

            yield f"svd_{shape[0]}_{shape[1]}_{full}", again, [a]
    for shape in ((2, 4, 3), (3, 5), (1, 4), (6, 6), (9, 2)):
        yield f"svd_signs_{len(shape)}_{shape[-1]}", lambda x: linalg.svd(x), [real(*shape)]
    yield "svd_signs_double", lambda x: [*linalg.svd(x, full_matrices=True)], [real(2, 5, 3, dtype=np.float64)], free
    yield "svd_signs_complex", lambda x: linalg.svd(x), [whole(3, 4, dtype=np.complex128)]
    yield "svd_nothing", lambda x: linalg.svd(x), [np.zeros((3, 3), np.float32)]
    yield "svd_free", lambda x: linalg.svd(x, compute_uv=False), [real(2, 4, 3)], free
    yield "pseudo_inverse", lambda x: linalg.pinv(x), [real(5, 3)]
    yield "eig_values", lambda x: tf.sort(tf.math.real(linalg.eigvals(x))), [definite(real(3, 3))]
    yield "eig", lambda x: (lambda e, v: linalg.matmul(tf.cast(x, e.dtype), v) - v * e)(*linalg.eig(x)), [real(3, 3)]
    yield "solve_spread", lambda x, y: linalg.triangular_solve(x, y), [x, y[:1]]
    yield "solve_free", lambda x, y: [linalg.solve(x, y), linalg.triangular_solve(x, y)], [x, y], free * 2
    yield "cholesky_solve", lambda x, y: linalg.cholesky_solve(linalg.cholesky(x), y), [definite(x), y]
    yield "lu_solve", lambda x, y: linalg.lu_solve(*linalg.lu(x), y), [x[0], y[0]]
    for name, a, z in (("tall", real(5, 3), real(5, 2)), ("broad", real(3, 5), real(3, 2))):
        yield f"least_{name}", lambda a, z: [linalg.lstsq(a, z, 0.5), linalg.lstsq(a, z, fast=False)], [a, z]
    bands = (real(3, 4) + np.array([[3], [0], [0]])).astype(np.float32)
    yield "banded", lambda d, y: linalg.banded_triangular_solve(d, y), [bands, real(4, 2)]
    yield "banded_adjoint", lambda d, y: linalg.banded_triangular_solve(d, y, adjoint=True), [bands, real(4, 2)]
    yield "banded_upper", lambda d, y: linalg.banded_triangular_solve(d, y, lower=False), [bands[::-1].copy(), real(4, 2)]
    yield "tridiagonal_product", lambda a, c, d, x: raw.TridiagonalMatMul(superdiag=a, maindiag=c, subdiag=d, rhs=x), [
        real(2, 1, 4), real(2, 1, 4), real(2, 1, 4), real(2, 4, 3)]  # fmt: skip
    yield "tridiagonal_pivotless", lambda d, y: linalg.tridiagonal_solve(d, y, "compact", partial_pivoting=False), [
        (real(2, 3, 4) + np.array([[0], [5], [0]])).astype(np.float32), real(2, 4, 1)]  # fmt: skip
    yield "cross", lambda a, b: linalg.cross(a, b), [real(2, 3), real(2, 3)], [(None, 3)] * 2
    yield "cross_int", lambda a, b: linalg.cross(a, b), [np.array([1, 2, 3]), np.array([4, -5, 6])]
    yield "empty", lambda x: [linalg.inv(x), linalg.det(x), linalg.cholesky(x)], [np.zeros((0, 3, 3), np.float32)], [(None, 3, 3)]
