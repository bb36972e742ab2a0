"""Variables that a graph makes, fills, changes in some places and reads."""


def cases(tf, np):
    ops = tf.raw_ops

    def changed(kind, slices):
        def of(x, i, u):
            handle = ops.VarHandleOp(dtype=x.dtype, shape=x.shape, shared_name=f"{kind}_{slices}_{x.dtype.name}_{i.shape.rank}")
            ops.AssignVariableOp(resource=handle, value=x)
            if slices:
                getattr(ops, f"ResourceScatterNd{kind}")(ref=handle, indices=i, updates=u)
            else:
                getattr(ops, f"ResourceScatter{kind}")(resource=handle, indices=i, updates=u)
            return ops.ReadVariableOp(resource=handle, dtype=x.dtype)

        return of

    for dtype in ("float32", "int32"):
        x = np.arange(12).reshape(4, 3).astype(dtype)
        for kind in "Update Add Sub Mul Div Min Max".split():
            updates = np.array([[2, -3, 4], [5, 6, -7], [8, 9, 2]], dtype)
            yield f"rows_{kind}_{dtype}", changed(kind, False), [x, np.array([1, 3, 1], np.int32), updates]
            if kind not in ("Mul", "Div"):
                places = np.array([[1, 0], [3, 2], [1, 0]], np.int32)
                yield f"slices_{kind}_{dtype}", changed(kind, True), [x, places, updates[:, 0]]
    yield "rows_of_number", changed("Add", False), [x, np.array([[1, 3]], np.int32), np.int32(10)]
