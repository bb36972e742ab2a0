"""Lists that loops and conditions change: read, made longer or shorter, written in one branch alone, parts of different lengths."""


def cases(tf, np):
    raw = tf.raw_ops
    x = np.arange(12, dtype=np.float32).reshape(3, 4) / 7 - 0.5
    forms = (("", None), ("_free", [(None, 4)]), ("_all", [(None, None)]))

    def each(name, function):
        for end, shapes in forms:
            yield name + end, function, [x], *([shapes] if shapes else [])

    def array(size, **attributes):
        return tf.TensorArray(tf.float32, size, **attributes)

    def of_the_one_before(x):
        start = array(4, clear_after_read=False, element_shape=[4]).write(0, x[0])
        return tf.while_loop(lambda i, t: i < 4, lambda i, t: (i + 1, t.write(i, t.read(i - 1) * 2 + 1)), [1, start])[1].stack()

    def behind_the_last(x):
        start = array(0, dynamic_size=True, clear_after_read=False)
        found = tf.while_loop(lambda i, t: i < 3, lambda i, t: (i + 1, t.write(t.size(), x[i] * 2)), [0, start])[1]
        return [found.stack(), found.size()]

    def in_one_branch(x):
        def body(i, t):
            return i + 1, tf.cond(x[i, 0] > 0, lambda: t.write(t.size(), x[i]), lambda: t)

        return tf.while_loop(lambda i, t: i < 3, body, [0, array(0, dynamic_size=True)])[1].stack()

    def in_both_branches(x):
        def body(i, t):
            return i + 1, tf.cond(tf.equal(i % 2, 0), lambda: t.write(i, x[i]), lambda: t.write(i, x[i] * 10))

        return tf.while_loop(lambda i, t: i < 3, body, [0, array(3, element_shape=[4])])[1].stack()

    def partly_in_a_loop_inside(x):
        def rows(i, t):
            return i + 1, tf.while_loop(lambda j, u: j < 3 - i, lambda j, u: (j + 1, u.write(j, x[i] + x[j])), [0, t])[1]

        return tf.while_loop(lambda i, t: i < 3, rows, [0, array(3, element_shape=[4])])[1].stack()

    def empty():
        return raw.EmptyTensorList(element_shape=[4], max_num_elements=-1, element_dtype=tf.float32)

    def stacked(found):
        return raw.TensorListStack(input_handle=found, element_shape=[4], element_dtype=tf.float32)

    def as_long_as_it_is_short(x):
        def body(t):
            return (raw.TensorListPushBack(input_handle=t, tensor=x[raw.TensorListLength(input_handle=t)]),)

        return stacked(tf.while_loop(lambda t: raw.TensorListLength(input_handle=t) < 3, body, [empty()])[0])

    def pushed_and_popped(x):
        full = tf.while_loop(lambda i, t: i < 3, lambda i, t: (i + 1, raw.TensorListPushBack(input_handle=t, tensor=x[i])), [0, empty()])[1]

        def body(t, total):
            t, last = raw.TensorListPopBack(input_handle=t, element_shape=[4], element_dtype=tf.float32)
            return t, total * 2 + last

        return tf.while_loop(lambda t, _: raw.TensorListLength(input_handle=t) > 0, body, [full, tf.zeros([4])])[1]

    def one_list_behind_another(x):
        one = raw.TensorListFromTensor(tensor=x, element_shape=[4])
        return stacked(raw.TensorListConcatLists(input_a=one, input_b=one, element_dtype=tf.float32))

    def parts_of_different_lengths(x):
        parts = array(2, infer_shape=False).split(x, [1, 2])
        return [parts.read(0), parts.read(1), parts.concat()]

    yield from each("of_the_one_before", of_the_one_before)
    yield from each("behind_the_last", behind_the_last)
    yield from each("in_one_branch", in_one_branch)
    yield from each("in_both_branches", in_both_branches)
    yield from each("partly_in_a_loop_inside", partly_in_a_loop_inside)
    yield from each("as_long_as_it_is_short", as_long_as_it_is_short)
    yield from each("pushed_and_popped", pushed_and_popped)
    yield from each("one_list_behind_another", one_list_behind_another)
    yield from each("parts_of_different_lengths", parts_of_different_lengths)
    yield from each("scan", lambda x: tf.scan(lambda a, v: a * 0.5 + v, x))

    def parts_of_computed_lengths(x, sizes):
        parts = raw.TensorListSplit(tensor=x, element_shape=[-1, 4], lengths=sizes)
        return raw.TensorListConcatV2(
            input_handle=parts, element_shape=[-1, 4], leading_dims=tf.zeros([0], tf.int64), element_dtype=tf.float32
        )

    yield "parts_of_computed_lengths", parts_of_computed_lengths, [x, np.int64([1, 2])]
    for holds in (True, False):
        yield f"longer_in_one_branch_{holds}", lambda x, p: stacked(
            tf.cond(p, lambda: raw.TensorListPushBack(input_handle=empty(), tensor=x[0]), empty)
        ), [x, np.asarray(holds)]  # fmt: skip

    for dtype in ("string", "bool", "int8", "complex64"):
        y = np.asarray([b"a", b"", b"cd"], object) if dtype == "string" else np.asarray([1, 0, 3]).astype(dtype)

        def partly_written(y):
            start = tf.TensorArray(y.dtype, 5, element_shape=[])
            return tf.while_loop(lambda i, t: i < 2, lambda i, t: (i + 1, t.write(i, y[i])), [0, start])[1].stack()

        yield f"partly_written_{dtype}", partly_written, [y], [(None,)]

    def of_free_kernels(x, cell, w):
        none = tf.zeros([2])
        return raw.BlockLSTMV2(
            seq_len_max=tf.cast(tf.shape(x)[0], tf.int64),
            x=x,
            cs_prev=cell,
            h_prev=cell,
            w=w,
            wci=none,
            wcf=none,
            wco=none,
            b=tf.zeros([8]),
        )[6]

    arrays = [x[:, None, :3], np.zeros((1, 2), np.float32), np.arange(40, dtype=np.float32).reshape(5, 8) / 40 - 0.5]
    yield "kernels_of_free_lengths", of_free_kernels, arrays, [(None, None, None), (None, 2), (None, None)]
