"""Products of matrices in every type and form, and sums of products by equations of letters."""


def cases(tf, np):
    raw = tf.raw_ops
    rng = np.random.default_rng(7)

    def real(*shape, dtype="float32"):
        kind = tf.as_dtype(dtype).as_numpy_dtype
        return rng.standard_normal(shape).astype(kind) if "float" in dtype else rng.integers(0, 9, shape).astype(kind)

    def usable(function, *arrays):
        try:
            function(*(tf.constant(a) for a in arrays))
        except Exception:  # no kernel
            return False
        return True

    for d in "float16 bfloat16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64".split():
        a, c = real(3, 4, dtype=d), real(4, 2, dtype=d)
        if usable(lambda a, c: raw.MatMul(a=a, b=c), a, c):
            yield f"matmul_{d}", lambda a, c: raw.MatMul(a=a, b=c), [a, c], [(None, 4), (4, None)]
        a, c = real(2, 3, 4, dtype=d), real(2, 4, 2, dtype=d)
        if usable(lambda a, c: raw.BatchMatMulV2(x=a, y=c), a, c):
            yield f"batch_{d}", lambda a, c: raw.BatchMatMulV2(x=a, y=c), [a, c]
        if usable(lambda a, c: tf.einsum("bij,bjk->bik", a, c), a, c):
            yield f"einsum_{d}", lambda a, c: tf.einsum("bij,bjk->bik", a, c), [a, c]
    for ta in (False, True):
        for tb in (False, True):
            a, c = real(*((4, 3) if ta else (3, 4))), real(*((2, 4) if tb else (4, 2)))
            yield f"flags_{ta}_{tb}", lambda a, c, ta=ta, tb=tb: raw.MatMul(a=a, b=c, transpose_a=ta, transpose_b=tb), [a, c]
            yield (f"batch_flags_{ta}_{tb}", lambda a, c, ta=ta, tb=tb: raw.BatchMatMulV2(x=a, y=c, adj_x=ta, adj_y=tb),
                   [a[None], np.stack([c, c])])  # fmt: skip
    yield "gradient", lambda a, c: raw.MatMul(a=a, b=c, grad_a=True), [real(3, 4), real(4, 2)]
    for x, y, out in (("int8", "int8", "int32"), ("uint8", "int8", "int32"), ("float32", "float32", "float32"), ("int8", "int8", "int8"),
                      ("int32", "int32", "int32"), ("bfloat16", "bfloat16", "float32")):  # fmt: skip
        a, c = real(2, 3, 4, dtype=x), real(4, 2, dtype=y)
        if usable(lambda a, c, o=out: raw.BatchMatMulV3(x=a, y=c, Tout=o), a, c):
            yield f"third_{x}_{y}_{out}", lambda a, c, o=out: raw.BatchMatMulV3(x=a, y=c, Tout=o), [a, c]
    yield "third_flags", lambda a, c: raw.BatchMatMulV3(x=a, y=c, Tout="float32", adj_x=True, adj_y=True), [real(2, 4, 3), real(2, 2, 4)]
    sparse = np.where(rng.random((3, 4)) > 0.5, real(3, 4), 0).astype(np.float32)
    yield "sparse", lambda a, c: raw.SparseMatMul(a=a, b=c, a_is_sparse=True), [sparse, real(4, 2)]
    yield "sparse_half", lambda a, c: raw.SparseMatMul(a=a, b=c, transpose_b=True), [real(3, 4, dtype="bfloat16"), real(2, 4)]
    yield "spread", lambda a, c: tf.matmul(a, c), [real(2, 1, 3, 4), real(5, 4, 2)], [(None, None, 3, 4), (None, 4, 2)]
    yield "nothing", lambda a, c: tf.matmul(a, c), [real(3, 0), real(0, 2)], [(None, None), (None, 2)]
    yield "no_rows", lambda a, c: tf.matmul(a, c), [real(0, 3), real(3, 2)], [(None, 3), (3, 2)]
    yield "wide", lambda a, c: tf.matmul(a, c), [np.array([[2**40, 1]]), np.array([[2**20], [7]])]
    yield "matvec", lambda a, c: tf.linalg.matvec(a, c), [real(2, 3, 4), real(2, 4)]
    yield "tensordot", lambda a, c: [tf.tensordot(a, c, 1), tf.tensordot(a, c, [[0, 2], [1, 0]])], [real(2, 3, 4), real(4, 2)]

    pairs = {
        "ij,jk->ik": ((3, 4), (4, 2)),
        "ij,ij->": ((3, 4), (3, 4)),
        "i,j->ij": ((3,), (4,)),
        "bij,bkj->bik": ((2, 3, 4), (2, 5, 4)),
        "bhqd,bhkd->bhqk": ((2, 2, 3, 4), (2, 2, 5, 4)),
        "abc,cd->abd": ((2, 3, 4), (4, 5)),
        "abc,cde->abde": ((2, 3, 4), (4, 5, 2)),
        "...ij,...jk->...ik": ((2, 3, 4), (4, 2)),
        "...ij,jk->i...k": ((2, 5, 3, 4), (4, 2)),
        "a...b,b...->a...": ((3, 2, 4), (4, 2)),
        "...i,...i->...": ((1, 2, 3), (4, 1, 3)),
        "ii,ij->j": ((3, 3), (3, 2)),
        "iij,ji->": ((3, 3, 2), (2, 3)),
        "ijk,l->": ((2, 3, 4), (5,)),
        "Ab,bC->AC": ((3, 4), (4, 2)),
    }
    for i, (equation, (p, q)) in enumerate(pairs.items()):
        yield f"equation_{i}", lambda a, c, e=equation: raw.Einsum(inputs=[a, c], equation=e), [real(*p), real(*q)]
        if i % 3 == 0:
            free = [tuple(None for _ in s) for s in (p, q)]
            yield f"equation_free_{i}", lambda a, c, e=equation: raw.Einsum(inputs=[a, c], equation=e), [real(*p), real(*q)], free
    free = [(None, None, None)] * 2
    yield "equation_spread_free", lambda a, c: raw.Einsum(inputs=[a, c], equation="...i,...i->..."), [real(1, 2, 3), real(4, 1, 3)], free
    ones = {"ij->ji": (3, 4), "ij->": (3, 4), "ii->i": (3, 3), "ii->": (3, 3), "ij->j": (3, 4), "...ij->...ji": (2, 3, 4), "iji->ji": (3, 4, 3),
            "i->ii": (3,), "ij->iji": (2, 3), "a...->...": (2, 3, 4)}  # fmt: skip
    for i, (equation, p) in enumerate(ones.items()):
        yield f"one_{i}", lambda a, e=equation: raw.Einsum(inputs=[a], equation=e), [real(*p)]
    yield "three", lambda a, c, d: tf.einsum("ij,jk,kl->il", a, c, d), [real(2, 3), real(3, 4), real(4, 2)]
