"""Diagonals and bands of matrices: every alignment, ranges of diagonals, sizes known and free."""


def cases(tf, np):
    raw = tf.raw_ops
    aligns = ("LEFT_LEFT", "LEFT_RIGHT", "RIGHT_LEFT", "RIGHT_RIGHT")
    x = np.arange(1, 25, dtype=np.float32).reshape(2, 3, 4)
    free, known = [(None, None, None)], [(None, 3, 4)]
    for align in aligns:
        for low, high in ((-1, 2), (-2, -1), (1, 3), (0, 0), (-2, 3)):
            for name, shape in (("known", known), ("free", free)):
                if name == "free" and (low, high) != (-1, 2):
                    continue
                yield (f"part_{align}_{low}_{high}_{name}", lambda x, k=(low, high), a=align:
                       raw.MatrixDiagPartV3(input=x, k=k, padding_value=9.0, align=a), [x], shape)  # fmt: skip
        d = np.arange(1, 17, dtype=np.float32).reshape(2, 2, 4)
        for low, high in ((0, 1), (-1, 0), (-3, -2), (2, 3)):
            yield (f"diag_{align}_{low}_{high}", lambda d, k=(low, high), a=align: raw.MatrixDiagV3(
                diagonal=d, k=k, num_rows=-1, num_cols=-1, padding_value=7.0, align=a), [d], [(None, 2, 4)])  # fmt: skip
        m = np.zeros((2, 4, 5), np.float32)
        d = np.arange(1, 25, dtype=np.float32).reshape(2, 3, 4)
        yield f"set_{align}", lambda m, d, a=align: raw.MatrixSetDiagV3(input=m, diagonal=d, k=[-1, 1], align=a), [m, d]
    d = np.arange(1, 7, dtype=np.int32).reshape(2, 3)
    for rows, columns in ((-1, -1), (4, 3), (3, 5), (-1, 5), (4, -1)):
        k = {(4, 3): -1, (3, 5): 0}.get((rows, columns), 0)
        yield (f"diag_{rows}_{columns}", lambda d, k=k, r=rows, c=columns: raw.MatrixDiagV3(
            diagonal=d, k=k, num_rows=r, num_cols=c, padding_value=-1), [d])  # fmt: skip
    yield "diag_free", lambda d: [tf.linalg.diag(d), tf.linalg.diag(d, k=1), tf.linalg.diag(d, k=-2)], [d], [(None, None)]
    yield "diag_old", lambda d: raw.MatrixDiag(diagonal=d), [d]
    yield "diag_second", lambda d: raw.MatrixDiagV2(diagonal=d, k=[0, 1], num_rows=3, num_cols=3, padding_value=0), [d]
    yield "diag_bool", lambda d: tf.linalg.diag(d), [np.array([True, False, True])]
    yield "diag_computed", lambda d, k: tf.linalg.diag(d, k=k), [d, np.int32(1)]
    yield "part_old", lambda x: [raw.MatrixDiagPart(input=x), tf.linalg.trace(x)], [x], known
    yield "part_second", lambda x: raw.MatrixDiagPartV2(input=x, k=[-1, 1], padding_value=0.0), [x]
    yield "part_free", lambda x: [tf.linalg.diag_part(x), tf.linalg.diag_part(x, k=1)], [x], free
    yield "part_computed", lambda x, k: tf.linalg.diag_part(x, k=k), [x, np.int32(-1)]
    two = np.int32([-1, 1])
    yield (
        "part_range_computed",
        lambda x, k: raw.MatrixDiagPartV3(input=x, k=k, padding_value=0.0, align="LEFT_LEFT"),
        [x, two],
        [*free, (2,)],
    )
    wide = np.arange(1, 10, dtype=np.float32).reshape(3, 3)
    yield "diag_range_computed", lambda d, k: raw.MatrixDiagV3(
        diagonal=d, k=k, num_rows=3, num_cols=3, padding_value=5.0, align="LEFT_RIGHT"), [wide, two]  # fmt: skip
    yield "set_range_computed", lambda x, d, k: raw.MatrixSetDiagV3(input=x, diagonal=d, k=k, align="RIGHT_LEFT"), [wide, wide, two]
    yield "part_int", lambda x: tf.linalg.diag_part(x, k=(-1, 1)), [np.arange(12, dtype=np.int64).reshape(3, 4)]
    yield "part_nan", lambda x: tf.linalg.diag_part(x), [np.array([[1, np.nan], [np.inf, 2]], np.float32)]
    one = np.arange(1, 7, dtype=np.float32).reshape(2, 3)
    yield "set_one", lambda x, d: [tf.linalg.set_diag(x, d), raw.MatrixSetDiag(input=x, diagonal=d)], [x, one], [(None, 3, 4), (None, 3)]
    yield "set_above", lambda x, d: tf.linalg.set_diag(x, d, k=1), [x, one]
    yield "set_second", lambda x, d: raw.MatrixSetDiagV2(input=x, diagonal=d, k=[0, 1]), [x, np.ones((2, 2, 3), np.float32)]
    yield "set_int", lambda x, d: tf.linalg.set_diag(x, d), [np.zeros((3, 3), np.int8), np.array([1, 2, 3], np.int8)]
    yield "tensor", lambda d: [raw.Diag(diagonal=d), raw.DiagPart(input=raw.Diag(diagonal=d))], [d]
    yield "tensor_part", lambda x: raw.DiagPart(input=x), [np.arange(36, dtype=np.float32).reshape(2, 3, 2, 3)], [(None, 3, None, 3)]
    for lower, upper in ((1, 0), (-1, 0), (0, -1), (-1, -1), (2, 1)):
        yield f"band_{lower}_{upper}", lambda x, lo=lower, up=upper: tf.linalg.band_part(x, lo, up), [x], free
    yield "band_computed", lambda x, lo, up: tf.linalg.band_part(x, lo, up), [x, np.int32(1), np.int32(-1)], [*free, (), ()]
    yield "band_wide", lambda x, lo, up: tf.linalg.band_part(x, lo, up), [x, np.int64(0), np.int64(1)]
    for d in ("bool", "int8", "int32", "float16", "float64"):
        yield f"band_{d}", lambda x: tf.linalg.band_part(x, 1, 0), [x[0].astype(d)]
    yield (
        "complex",
        lambda z: [tf.linalg.diag(z), tf.linalg.band_part(z, 0, -1), tf.linalg.diag_part(z, k=(-1, 0))],
        [(x + 1j).astype(np.complex64)],
    )
    yield "empty", lambda x: [tf.linalg.diag_part(x), tf.linalg.band_part(x, 0, 0)], [np.zeros((0, 3, 3), np.float32)], [(None, 3, 3)]
