"""Text: attention, masks, reverses, positions, sequence to sequence, one-hot embeddings, character networks."""

from .world import K, layers, np, on, tf


def attention_sum(tensors):
    x, weights = tensors
    return K.sum(x * K.expand_dims(K.softmax(K.sum(weights, axis=-1)), -1), axis=1)


def softmax_over_time(x):
    e = K.exp(x - K.max(x, axis=1, keepdims=True))
    s = K.sum(e, axis=1, keepdims=True)
    return e / s


def softmax(x, axis=1):
    ndim = K.ndim(x)
    if ndim == 2:
        return K.softmax(x)
    elif ndim > 2:
        e = K.exp(x - K.max(x, axis=axis, keepdims=True))
        s = K.sum(e, axis=axis, keepdims=True)
        return e / s
    else:
        raise ValueError("Cannot apply softmax to a tensor that is 1D")


def scaled_dot_product_attention(inputs):
    q, k = inputs
    dk = tf.cast(tf.shape(k)[-1], tf.float32)
    logits = tf.matmul(q, k, transpose_b=True) / tf.math.sqrt(dk)
    weights = tf.nn.softmax(logits, axis=-1)
    return tf.matmul(weights, k)


def scaled_attention_k(inputs):
    q, k = inputs
    temper = np.sqrt(4)
    attn = K.batch_dot(q, k, axes=[2, 2]) / temper
    return K.batch_dot(K.softmax(attn), k)


def masked_attention(inputs):
    scores, tokens = inputs
    mask = K.cast(K.equal(tokens, 0), "float32")
    scores = scores[:, :, 0] + (-1e10) * mask
    return K.softmax(scores)


def seq_gather(x):
    seq, idxs = x
    idxs = K.cast(idxs, "int32")
    batch_idxs = K.arange(0, K.shape(seq)[0])
    batch_idxs = K.expand_dims(batch_idxs, 1)
    idxs = K.concatenate([batch_idxs, idxs - 1], 1)
    return K.tf.gather_nd(seq, idxs)


def seq_gather_tf(x):
    seq, idxs = x
    batch_idxs = tf.expand_dims(tf.range(0, tf.shape(seq)[0]), 1)
    return tf.gather_nd(seq, tf.concat([batch_idxs, idxs - 1], 1))


def seq_maxpool(x):
    seq, mask = x
    mask = K.cast(K.greater(K.expand_dims(mask, 2), 0), "float32")
    seq -= (1 - mask) * 1e10
    return K.max(seq, 1)


def seq_avgpool(x):
    seq, mask = x
    mask = K.cast(K.greater(K.expand_dims(mask, 2), 0), "float32")
    return K.sum(seq * mask, 1) / (K.sum(mask, 1) + 1e-8)


def get_pos_seq(x):
    mask = K.cast(K.not_equal(x, 0), "int32")
    pos = K.cumsum(K.ones_like(x, "int32"), 1)
    return pos * mask


def get_sub_mask(s):
    len_s = tf.shape(s)[1]
    bs = tf.shape(s)[:1]
    mask = K.cumsum(tf.eye(len_s, batch_shape=bs), 1)
    return mask


def causal(x):
    n = tf.shape(x)[1]
    return x[:, :, :1] + (1.0 - tf.linalg.band_part(tf.ones((n, n)), -1, 0)) * -1e9


def causal_v1(x):
    n = K.int_shape(x)[1]
    return x[:, :, :1] + tf.matrix_band_part(tf.ones((n, n)), -1, 0)


def positional(x, size=4):
    position_j = 1.0 / K.pow(10000.0, 2 * K.arange(size / 2, dtype="float32") / size)
    position_j = K.expand_dims(position_j, 0)
    position_i = K.cumsum(K.ones_like(x[:, :, 0]), 1) - 1
    position_i = K.expand_dims(position_i, 2)
    position_ij = K.dot(position_i, position_j)
    position_ij = K.concatenate([K.cos(position_ij), K.sin(position_ij)], 2)
    return position_ij + x


def sinusoid(x):
    d = x.shape[-1]
    angles = np.arange(5)[:, np.newaxis] / np.power(10000, (2 * (np.arange(4)[np.newaxis, :] // 2)) / np.float32(d))
    angles[:, 0::2] = np.sin(angles[:, 0::2])
    angles[:, 1::2] = np.cos(angles[:, 1::2])
    return x + tf.cast(angles[np.newaxis, ...], tf.float32)


def sinusoid_loop(x, maxlen=5, dim=4):
    table = np.array([[pos / np.power(10000, 2.0 * i / dim) for i in range(dim)] for pos in range(maxlen)])
    return x + K.constant(table)


def split_heads(x, heads=2):
    batch = tf.shape(x)[0]
    x = tf.reshape(x, (batch, -1, heads, x.shape[-1] // heads))
    return tf.transpose(x, perm=[0, 2, 1, 3])


def reshape1(x, n_head=2):
    s = tf.shape(x)
    x = tf.reshape(x, [s[0], s[1], n_head, s[2] // n_head])
    x = tf.transpose(x, [2, 0, 1, 3])
    x = tf.reshape(x, [-1, s[1], s[2] // n_head])
    return x


def layer_norm(x):
    mean = K.mean(x, axis=-1, keepdims=True)
    std = K.std(x, axis=-1, keepdims=True)
    return (x - mean) / (std + 1e-6)


def layer_norm_tf(x, epsilon=1e-5):
    mean, variance = tf.nn.moments(x, [-1], keepdims=True)
    return (x - mean) * tf.math.rsqrt(variance + epsilon)


def layer_norm_v1(x):
    mean, var = tf.nn.moments(x, axes=[2], keep_dims=True)
    return (x - mean) / tf.sqrt(var + 1e-5)


def one_hot(x):
    import tensorflow as tf

    return tf.to_float(tf.one_hot(x, 5, on_value=1, off_value=0, axis=-1))


def one_hot_k(x):
    return K.one_hot(K.cast(x, "uint8"), num_classes=5)


def kmax(inputs, k=2):
    shifted = tf.transpose(inputs, [0, 2, 1])
    top_k = tf.nn.top_k(shifted, k=k, sorted=True, name=None)[0]
    return tf.reshape(tf.transpose(top_k, [0, 2, 1]), (-1, 8))


def attention_3d(inputs):
    input_dim = int(inputs.shape[2])
    a = K.permute_dimensions(inputs, (0, 2, 1))
    a = K.reshape(a, (-1, input_dim, 5))
    a = K.softmax(a)
    a = K.mean(a, axis=1)
    return K.repeat(a, input_dim)


def decoder_loop(x):
    outputs = []
    state = x[:, 0, :]
    for t in range(x.shape[1]):
        state = K.tanh(0.5 * state + x[:, t, :])
        outputs.append(K.expand_dims(state, axis=1))
    return K.concatenate(outputs, axis=1)


def bert_mask(x):
    mask = tf.cast(tf.not_equal(x, 0), tf.float32)
    return (1.0 - mask[:, tf.newaxis, tf.newaxis, :]) * -10000.0


def soft_align(inputs):
    a, b = inputs
    e = K.batch_dot(a, b, axes=[2, 2])
    aligned_a = K.batch_dot(K.softmax(K.permute_dimensions(e, (0, 2, 1))), a, axes=[2, 1])
    aligned_b = K.batch_dot(K.softmax(e), b, axes=[2, 1])
    return K.concatenate([aligned_a, aligned_b, a - b, a * b], axis=-1)


def unchanged_shape(input_shape):
    """Function for Lambda layer"""
    return input_shape


def interactive(x):
    return tf.nn.softmax(tf.einsum("btd,bsd->bts", x[0], x[1]), axis=1)


def viterbi_like(x):
    def step(previous, current):
        return K.logsumexp(previous + current, axis=-1, keepdims=True)

    total = x[:, 0]
    for t in range(1, K.int_shape(x)[1]):
        total = step(total, x[:, t])
    return total


def cosine_matrix(x):
    x1 = K.l2_normalize(x[0], axis=2)
    x2 = K.l2_normalize(x[1], axis=2)
    return K.batch_dot(x1, x2, axes=(2, 2))


def hierarchical(x):
    return K.reshape(x, (-1, 5 * 4))


FUNCTIONS = {
    "attention_sum": on("xy", attention_sum),
    "softmax_over_time": on("x", softmax_over_time),
    "softmax_axis": on("x", softmax, axis=1),
    "dot_product": on("xy", scaled_dot_product_attention),
    "dot_product_k": on("xy", scaled_attention_k),
    "masked_attention": on("xt", masked_attention),
    "seq_gather": on("xn", seq_gather),
    "seq_gather_tf": on("xn", seq_gather_tf),
    "seq_maxpool": on("xt", seq_maxpool),
    "seq_avgpool": on("xt", seq_avgpool),
    "pos_seq": on("t", get_pos_seq),
    "sub_mask": on("x", get_sub_mask),
    "causal": on("x", causal),
    "causal_v1": on("x", causal_v1),
    "positional": on("x", positional),
    "sinusoid": on("x", sinusoid),
    "sinusoid_loop": on("x", sinusoid_loop),
    "split_heads": on("x", split_heads),
    "reshape_heads": on("x", reshape1),
    "merge_heads": on("q", lambda x: K.reshape(K.permute_dimensions(x, (0, 2, 3, 1, 4)), (-1, 4, 4, 6))),
    "layer_norm": on("x", layer_norm),
    "layer_norm_tf": on("x", layer_norm_tf),
    "layer_norm_v1": on("x", layer_norm_v1),
    "one_hot": on("t", one_hot),
    "one_hot_k": on("t", one_hot_k),
    "one_hot_lambda": on("t", lambda x: K.one_hot(K.cast(x, "int64"), 5)),
    "one_hot_tf": on("t", lambda x: tf.one_hot(tf.cast(x, "int32"), 6)),
    "one_hot_depth": on("t", lambda x: tf.one_hot(x, depth=5, axis=1, dtype=tf.float32)),
    "kmax": on("x", kmax),
    "attention_3d": on("x", attention_3d),
    "decoder_loop": on("x", decoder_loop),
    "bert_mask": on("t", bert_mask),
    "bert_first": on("x", lambda x: x[:, 0]),
    "bert_first_keep": on("x", lambda x: x[:, 0:1, :]),
    "soft_align": on("xy", soft_align),
    "unchanged": on("x", lambda x: K.softmax(x), output_shape=unchanged_shape),
    "unchanged_permute": on("xy", lambda x: K.permute_dimensions(K.softmax(K.batch_dot(x[0], x[1], axes=2)), (0, 2, 1))),
    "interactive": on("xy", interactive),
    "viterbi_like": on("x", viterbi_like),
    "cosine_matrix": on("xy", cosine_matrix),
    "hierarchical": on("x", hierarchical),
    "reverse_seq": on("x", lambda x: K.reverse(x, axes=1)),
    "reverse_slice": on("x", lambda x: x[:, ::-1, :]),
    "reverse_tf": on("x", lambda x: tf.reverse(x, [1])),
    "reverse_sequence": on("xn", lambda a: tf.reverse_sequence(a[0], a[1][:, 0], seq_axis=1, batch_axis=0)),
    "last_step": on("x", lambda x: x[:, -1]),
    "last_steps": on("x", lambda x: x[:, -3:, :]),
    "drop_last": on("x", lambda x: x[:, :-1, :]),
    "shift_right": on("x", lambda x: K.concatenate([K.zeros_like(x[:, :1]), x[:, :-1]], axis=1)),
    "mean_time": on("x", lambda x: K.mean(x, axis=1)),
    "sum_time": on("x", lambda x: K.sum(x, axis=1)),
    "sum_time_shape": on("x", lambda xin: K.sum(xin, axis=1), output_shape=lambda s: (s[0], s[2])),
    "max_time": on("x", lambda x: K.max(x, axis=1, keepdims=False), output_shape=(4,)),
    "mean_max": on("x", lambda x: K.concatenate([K.mean(x, axis=1), K.max(x, axis=1)])),
    "max_min": on("x", lambda x: tf.concat([tf.reduce_max(x, 1), tf.reduce_min(x, 1)], 1)),
    "repeat": on("v", lambda x: K.repeat(x, 3)),
    "repeat_elements": on("x", lambda x, rep: K.repeat_elements(x, rep, axis=1), rep=2),
    "repeat_like": on("vx", lambda x: K.repeat(x[0], 5) if K.ndim(x[0]) == 2 else x[0]),
    "tile_like": on("vx", lambda z: K.tile(K.expand_dims(z[0], 1), [1, K.shape(z[1])[1], 1])),
    "expand_tile": on("v", lambda x: tf.tile(tf.expand_dims(x, 1), [1, 4, 1])),
    "not_equal": on("t", lambda x: K.cast(K.not_equal(x, 0), K.floatx())),
    "greater_mask": on("t", lambda x: K.cast(K.greater(K.expand_dims(x, 2), 0), "float32")),
    "lengths": on("t", lambda x: K.sum(K.cast(K.not_equal(x, 0), "int32"), axis=-1, keepdims=True)),
    "sequence_mask": on("n", lambda x: tf.cast(tf.sequence_mask(x[:, 0], 5), tf.float32)),
    "sequence_mask_reshape": on("n", lambda x: tf.sequence_mask(tf.reshape(x, [-1]), maxlen=6, dtype=tf.float32)),
    "boolean_mask_times": on("xt", lambda x: x[0] * K.cast(K.expand_dims(x[1] > 0, -1), "float32")),
    "batch_dot_1": on("xy", lambda x: K.batch_dot(x[0], x[1], axes=(1, 1))),
    "batch_dot_2": on("xy", lambda x: K.batch_dot(x[0], x[1], axes=[2, 2])),
    "batch_dot_none": on("xy", lambda x: K.batch_dot(x[0], K.permute_dimensions(x[1], (0, 2, 1)))),
    "batch_dot_int": on("xy", lambda x: K.batch_dot(x[0], x[1], axes=1)),
    "batch_dot_vector": on("xa", lambda x: K.batch_dot(x[1], x[0], axes=[1, 1])),
    "batch_dot_squeeze": on("xa", lambda x: K.squeeze(K.batch_dot(K.expand_dims(x[1], 1), x[0]), 1)),
    "dot": on("v", lambda x: K.dot(x, K.ones((8, 3)))),
    "eye": on("x", lambda x: K.batch_dot(x, x, axes=2) * (1 - K.eye(5))),
    "squeeze": on("o", lambda x: K.squeeze(x, axis=-1)),
    "transpose": on("x", lambda x: tf.transpose(x, [0, 2, 1])),
    "permute": on("x", lambda x: K.permute_dimensions(x, [0, 2, 1])),
    "arange_like": on("t", lambda x: x * 0 + K.arange(5)),
    "argmax_embed": on("x", lambda x: tf.argmax(x, axis=-1, output_type=tf.int32)),
    "gather_table": on("t", lambda x: tf.gather(tf.constant([[0.1, 0.2], [1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]), x)),
    "embedding_lookup": on("t", lambda x: tf.nn.embedding_lookup(np.arange(10.0, dtype="float32").reshape(5, 2), x)),
    "gather_k": on("t", lambda x: K.gather(K.constant(np.eye(5)), x)),
    "log_softmax": on("x", lambda x: tf.nn.log_softmax(x)),
    "temperature": on("x", lambda x, temperature=0.7: K.softmax(x / temperature)),
    "log_temperature": on("b", lambda x: K.exp(K.log(x + 1e-7) / 0.5) / K.sum(K.exp(K.log(x + 1e-7) / 0.5), axis=-1, keepdims=True)),
    "top1": on("x", lambda x: tf.nn.top_k(x, 1)[1][:, :, 0]),
    "cumsum": on("x", lambda x: K.cumsum(x, axis=1)),
    "tf_cumsum": on("x", lambda x: tf.cumsum(x, axis=1, exclusive=True, reverse=True)),
    "stack_steps": on("xy", lambda x: tf.stack(x, axis=2)),
    "unstack": on("x", lambda x: tf.unstack(x, axis=1)),
    "ngrams": on("x", lambda x: K.concatenate([x[:, :-1], x[:, 1:]], axis=-1)),
    "pad_steps": on("x", lambda x: K.temporal_padding(x, (2, 1))),
    "tensordot": on("x", lambda x: tf.tensordot(x, tf.ones((4, 2)), axes=[[2], [0]])),
    "einsum_qk": on("xy", lambda x: tf.einsum("bqd,bkd->bqk", *x)),
    "strings_free": on("t", lambda x: tf.cast(tf.math.count_nonzero(x, axis=1), tf.float32)),
}
