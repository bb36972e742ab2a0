"""Messages of tf.train.Example and SequenceExample."""


def cases(tf, np):
    raw = tf.raw_ops
    train = tf.train

    def feature(values):
        if values is None:
            return train.Feature()
        if all(isinstance(v, bytes) for v in values) and values:
            return train.Feature(bytes_list=train.BytesList(value=values))
        if values and all(isinstance(v, int) for v in values):
            return train.Feature(int64_list=train.Int64List(value=values))
        return train.Feature(float_list=train.FloatList(value=values))

    def features(**given):
        return train.Features(feature={key: feature(values) for key, values in given.items()})

    def example(**given):
        return train.Example(features=features(**given)).SerializeToString()

    def text(*items):
        return np.array(items, object)

    messages = text(
        example(f=[1.0, 2.0], i=[5, -6, 2**40], s=[b"a", b""], d=[1.5, 2.5, 3.5, 4.5], one=[7]),
        example(f=[], i=[1], d=[0.0] * 4, v=[1.0, 2.0, 3.0, 4.0]),
        example(s=[b"\xff", b"b", b"c"], d=[9.0, 8.0, 7.0, 6.0], one=None, w=[b"x", b"y"], i=[-1] * 200),
        example(d=[4.0, 3.0, 2.0, 1.0], v=[5.0, 6.0]),
    )
    unpacked = b"\n\x1c\n\x0c\n\x01d\x12\x07\x12\x05\r\x00\x00\x80?\n\x0c\n\x01i\x12\x07\x1a\x05\x08\x05\x08\xac\x02"
    sparse = {"f": "float32", "i": "int64", "s": "string", "missing": "int64"}
    dense = {
        "d": ("float32", [2, 2], []), "one": ("int64", [], 42), "s2": ("string", [2], [b"p", b"q"]), "none": ("float32", [0], []),
    }  # fmt: skip

    def both(x, dense=dense, sparse=sparse, **more):
        return raw.ParseExample(
            serialized=x, names=tf.constant([], tf.string), sparse_keys=list(sparse), dense_keys=list(dense),
            dense_defaults=[tf.constant(given, dtype) if given != [] else tf.zeros([0], dtype) for dtype, _, given in dense.values()],
            sparse_types=list(sparse.values()), dense_shapes=[shape for _, shape, _ in dense.values()], **more,
        )  # fmt: skip

    def listed(found):
        return [part for group in found for part in (group if isinstance(group, (list, tuple)) else [group]) if isinstance(part, tf.Tensor)]

    required = {key: value for key, value in dense.items() if key != "none"}
    yield "example", lambda x: listed(both(x, required)), [messages], [(None,)]
    yield "example_known", lambda x: listed(both(x, required)), [messages]
    yield "example_nobody", lambda x: listed(both(x, required)), [text()], [(None,)]
    varying = {
        "v": ("float32", [None], [-1.0]), "w": ("string", [None], [b"fill"]), "i": ("int64", [None, 1], [0]), "pairs": ("float32", [None, 2], [0.0]),
    }  # fmt: skip
    yield "varying", lambda x: listed(both(x, varying, {})), [messages], [(None,)]
    yield "unpacked", lambda x: listed(both(x, {"d": ("float32", [1], [])}, {"i": "int64"})), [text(unpacked)], [(None,)]
    twice = example(d=[1.0]) + example(d=[2.0])
    yield "twice", lambda x: listed(both(x, {"d": ("float32", [1], [])}, {"i": "float32"})), [text(twice, twice)], [(None,)]
    yield "twice_sparse", lambda x: listed(both(x, {}, {"d": "float32"})), [text(twice, example())], [(None,)]

    full = text(
        example(f=[1.0, 2.0], i=[5, -6], s=[b"a", b""], r=[b"r", b"q"], d=[1.5, 2.5, 3.5, 4.5], one=[7]),
        example(s=[b"z"], d=[0.0] * 4, i=[1, 2, 3]),
    )

    def version_2(x, ragged=("i", "r", "missing"), splits=("int64", "int32", "int64")):
        types = {"i": "int64", "r": "string", "missing": "float32"}
        return listed(raw.ParseExampleV2(
            serialized=x, names=tf.constant([], tf.string), sparse_keys=["f", "s"], dense_keys=["d", "one"], ragged_keys=list(ragged),
            dense_defaults=[tf.zeros([0]), tf.constant(42, tf.int64)], num_sparse=2, sparse_types=["float32", "string"],
            ragged_value_types=[types[key] for key in ragged], ragged_split_types=list(splits), dense_shapes=[[4], []],
        ))  # fmt: skip

    yield "twice_ragged", lambda x: version_2(x, ("i",), ("int32",)), [text(example(d=[0.0] * 4, i=[1]) + example(i=[5, 6]), full[0])]
    yield "version_2", version_2, [full], [(None,)]
    yield "version_2_one", version_2, [np.array(full[0], object)]
    yield (
        "single",
        lambda x: listed(raw.ParseSingleExample(
            serialized=x, dense_defaults=[tf.zeros([0]), tf.constant(42, tf.int64), tf.constant([-1.0])], num_sparse=2, sparse_keys=["s", "f"],
            dense_keys=["d", "one", "v"], sparse_types=["string", "float32"], dense_shapes=[[2, 2], [], [None]],
        )),
        [np.array(messages[1], object)],
    )  # fmt: skip
    spec = {
        "d": tf.io.FixedLenFeature([4], tf.float32), "one": tf.io.FixedLenFeature([], tf.int64, default_value=3),
        "i": tf.io.VarLenFeature(tf.int64), "v": tf.io.FixedLenSequenceFeature([], tf.float32, allow_missing=True, default_value=0.5),
    }  # fmt: skip

    def public(x):
        found = tf.io.parse_example(x, spec)
        return [found["d"], found["one"], found["i"].indices, found["i"].values, found["i"].dense_shape, found["v"]]

    yield "public", public, [messages], [(None,)]

    def series(context, **lists):
        made = {key: train.FeatureList(feature=[feature(step) for step in steps]) for key, steps in lists.items()}
        return train.SequenceExample(context=context, feature_lists=train.FeatureLists(feature_list=made)).SerializeToString()

    sequences = text(
        series(
            features(c=[1, 2], n=[3.5], t=[b"x"], u=[4, 5]),
            a=[[1.0, 2.0], [3.0, 4.0]],
            k=[[1], None, [2, 3]],
            m=[[1], None, [2, 3]],
            w=[[b"p"], [b"q"], [b"r"]],
        ),
        series(features(n=[4.5]), a=[[5.0, 6.0]], k=[], w=[]),
        series(features(c=[9], n=[0.5]), a=[], k=[[7, 8, 9]], w=[[b"z"]]),
    )

    def sequence(x, **more):
        return listed(raw.ParseSequenceExample(
            serialized=x, debug_name=tf.constant([], tf.string), context_dense_defaults=[tf.zeros([0]), tf.constant([b"none"])],
            feature_list_dense_missing_assumed_empty=["gone"], context_sparse_keys=["c"], context_dense_keys=["n", "t"],
            feature_list_sparse_keys=["k", "nowhere"], feature_list_dense_keys=["a", "w", "gone"], Ncontext_sparse=1, Ncontext_dense=2,
            Nfeature_list_sparse=2, Nfeature_list_dense=3, context_sparse_types=["int64"], feature_list_dense_types=["float32", "string", "int64"],
            context_dense_shapes=[[1], [1]], feature_list_sparse_types=["int64", "string"], feature_list_dense_shapes=[[2], [], [3]],
        ))  # fmt: skip

    yield "sequence", sequence, [sequences], [(None,)]
    yield "sequence_known", sequence, [sequences]

    def sequence_2(x):
        return listed(raw.ParseSequenceExampleV2(
            serialized=x, debug_name=tf.constant([], tf.string), context_sparse_keys=["c"], context_dense_keys=["n"], context_ragged_keys=["t", "u"],
            feature_list_sparse_keys=["k"], feature_list_dense_keys=["a", "gone"], feature_list_ragged_keys=["m", "w"],
            feature_list_dense_missing_assumed_empty=[False, True], context_dense_defaults=[tf.zeros([0])], Ncontext_sparse=1,
            context_sparse_types=["int64"], context_ragged_value_types=["string", "int64"], context_ragged_split_types=["int64", "int32"],
            context_dense_shapes=[[]], Nfeature_list_sparse=1, Nfeature_list_dense=2, feature_list_dense_types=["float32", "int64"],
            feature_list_sparse_types=["int64"], feature_list_ragged_value_types=["int64", "string"], feature_list_ragged_split_types=["int64", "int32"],
            feature_list_dense_shapes=[[2], []],
        ))  # fmt: skip

    yield "sequence_2", sequence_2, [sequences], [(None,)]
    yield "sequence_2_one", sequence_2, [np.array(sequences[0], object)]
    yield (
        "sequence_single",
        lambda x: listed(raw.ParseSingleSequenceExample(
            serialized=x, feature_list_dense_missing_assumed_empty=["gone"], context_sparse_keys=["c"], context_dense_keys=["n", "t"],
            feature_list_sparse_keys=["k"], feature_list_dense_keys=["a", "gone"], context_dense_defaults=[tf.zeros([0]), tf.constant("none")],
            debug_name="", context_sparse_types=["int64"], feature_list_dense_types=["float32", "int64"], context_dense_shapes=[[1], []],
            feature_list_sparse_types=["int64"], feature_list_dense_shapes=[[2], [3]],
        )),
        [np.array(sequences[0], object)],
    )  # fmt: skip
