"""Faces, siamese networks, triplets, capsules: distances, norms and what stands around them."""

from .world import K, np, on, tf


def euclidean_distance(vects):
    x, y = vects
    sum_square = K.sum(K.square(x - y), axis=1, keepdims=True)
    return K.sqrt(K.maximum(sum_square, K.epsilon()))


def eucl_dist_output_shape(shapes):
    shape1, shape2 = shapes
    return (shape1[0], 1)


def cosine_distance(vests):
    x, y = vests
    x = K.l2_normalize(x, axis=-1)
    y = K.l2_normalize(y, axis=-1)
    return -K.mean(x * y, axis=-1, keepdims=True)


def cos_dist_output_shape(shapes):
    shape1, shape2 = shapes
    return (shape1[0], 1)


def scaling(x, scale):
    return x * scale


def triplet_loss(x, alpha=0.2):
    anchor, positive, negative = x
    pos_dist = tf.reduce_sum(tf.square(tf.subtract(anchor, positive)), axis=-1)
    neg_dist = tf.reduce_sum(tf.square(tf.subtract(anchor, negative)), axis=-1)
    basic_loss = tf.add(tf.subtract(pos_dist, neg_dist), alpha)
    return tf.maximum(basic_loss, 0.0)


def triplet_loss_k(inputs, dist="sqeuclidean", margin="maxplus"):
    anchor, positive, negative = inputs
    positive_distance = K.square(anchor - positive)
    negative_distance = K.square(anchor - negative)
    if dist == "euclidean":
        positive_distance = K.sqrt(K.sum(positive_distance, axis=-1, keepdims=True))
        negative_distance = K.sqrt(K.sum(negative_distance, axis=-1, keepdims=True))
    elif dist == "sqeuclidean":
        positive_distance = K.sum(positive_distance, axis=-1, keepdims=True)
        negative_distance = K.sum(negative_distance, axis=-1, keepdims=True)
    loss = positive_distance - negative_distance
    if margin == "maxplus":
        loss = K.maximum(0.0, 1 + loss)
    elif margin == "softplus":
        loss = K.log(1 + K.exp(loss))
    return K.mean(loss, axis=1, keepdims=True)


def bpr_triplet_loss(X):
    positive_item_latent, negative_item_latent, user_latent = X
    loss = 1.0 - K.sigmoid(
        K.sum(user_latent * positive_item_latent, axis=-1, keepdims=True)
        - K.sum(user_latent * negative_item_latent, axis=-1, keepdims=True)
    )
    return loss


def squash(vectors, axis=-1):
    s_squared_norm = K.sum(K.square(vectors), axis, keepdims=True)
    scale = s_squared_norm / (1 + s_squared_norm) / K.sqrt(s_squared_norm + K.epsilon())
    return scale * vectors


def squash_half(x, axis=-1):
    s_squared_norm = K.sum(K.square(x), axis, keepdims=True) + K.epsilon()
    scale = K.sqrt(s_squared_norm) / (0.5 + s_squared_norm)
    return scale * x


def squash_tf(vectors, axis=-1):
    s_squared_norm = tf.reduce_sum(tf.square(vectors), axis, keep_dims=True)
    scale = s_squared_norm / (1 + s_squared_norm) / tf.sqrt(s_squared_norm + K.epsilon())
    return scale * vectors


def length(inputs):
    return K.sqrt(K.sum(K.square(inputs), -1) + K.epsilon())


def capsule_mask(inputs):
    x = K.sqrt(K.sum(K.square(inputs), -1))
    mask = K.one_hot(indices=K.argmax(x, 1), num_classes=5)
    return K.batch_flatten(inputs * K.expand_dims(mask, -1))


def capsule_mask_true(inputs):
    inputs, mask = inputs
    return K.batch_dot(inputs, mask, 1)


def routing_inside(u_hat, routings=3):
    def squash_in(x):
        n = K.sum(K.square(x), -1, keepdims=True)
        return n / (1 + n) / K.sqrt(n + 1e-7) * x

    b = K.zeros_like(u_hat[:, :, :, 0])
    for i in range(routings):
        c = K.softmax(b)
        outputs = K.sum(K.expand_dims(c) * u_hat, 2)
        outputs = squash_in(outputs)
        if i < routings - 1:
            b = b + K.sum(K.expand_dims(outputs, 2) * u_hat, -1)
    return outputs


def pairwise(embeddings):
    dot_product = tf.matmul(embeddings, tf.transpose(embeddings))
    square_norm = tf.linalg.diag_part(dot_product)
    distances = tf.expand_dims(square_norm, 0) - 2.0 * dot_product + tf.expand_dims(square_norm, 1)
    distances = tf.maximum(distances, 0.0)
    mask = tf.cast(tf.equal(distances, 0.0), tf.float32)
    distances = distances + mask * 1e-16
    return tf.sqrt(distances) * (1.0 - mask)


def arcface(inputs, m=0.5, s=30.0):
    cos_t, labels = inputs
    cos_t = K.clip(K.l2_normalize(cos_t, axis=1), -1.0 + K.epsilon(), 1.0 - K.epsilon())
    theta = tf.acos(cos_t)
    target = tf.cos(theta + m)
    one = K.one_hot(labels[:, 0], 8)
    return s * (cos_t * (1 - one) + target * one)


def manhattan(tensors):
    left, right = tensors
    return K.exp(-K.sum(K.abs(left - right), axis=1, keepdims=True))


def contrastive_merge(tensors, margin=1):
    d = K.sqrt(K.maximum(K.sum(K.square(tensors[0] - tensors[1]), axis=1, keepdims=True), K.epsilon()))
    return K.square(K.maximum(margin - d, 0))


FUNCTIONS = {
    # FaceNet
    "l2_normalize": on("v", lambda x: K.l2_normalize(x, axis=1)),
    "l2_normalize_neg": on("x", lambda x: K.l2_normalize(x, axis=-1)),
    "l2_all": on("v", lambda x: K.l2_normalize(x)),
    "tf_l2": on("v", lambda x: tf.nn.l2_normalize(x, dim=1)),
    "tf_l2_axis": on("v", lambda x: tf.math.l2_normalize(x, axis=1)),
    "l2_epsilon": on("v", lambda x: tf.nn.l2_normalize(x, 1, epsilon=1e-10, name="embeddings")),
    "inception_residual": on("fg", lambda inputs, scale: inputs[0] + inputs[1] * scale, scale=0.17),
    "scaling": on("f", scaling, scale=0.1),
    "scaling_lambda": on("f", lambda x, scale=0.2: x * scale),
    "lrn": on("f", lambda x: tf.nn.lrn(x, alpha=1e-4, beta=0.75)),
    "lrn_k": on("f", lambda x: tf.nn.local_response_normalization(x, 2, 1.0, 0.0001, 0.75)),
    "sqrt_sum": on("f", lambda x: K.sqrt(K.sum(K.square(x), axis=(1, 2)))),
    # siamese
    "euclidean": on("vw", euclidean_distance, output_shape=eucl_dist_output_shape),
    "cosine": on("vw", cosine_distance, output_shape=cos_dist_output_shape),
    "abs_difference": on("vw", lambda x: K.abs(x[0] - x[1])),
    "abs_tensors": on("vw", lambda tensors: K.abs(tensors[0] - tensors[1]), output_shape=lambda s: s[0]),
    "python_abs": on("vw", lambda tensors: abs(tensors[0] - tensors[1])),
    "manhattan": on("vw", manhattan, output_shape=lambda x: (x[0][0], 1)),
    "manhattan_lambda": on("vw", lambda x: K.exp(-K.sum(K.abs(x[0] - x[1]), axis=1, keepdims=True))),
    "squared": on("vw", lambda tensors: K.square(tensors[0] - tensors[1])),
    "product": on("vw", lambda x: x[0] * x[1]),
    "cosine_dot": on(
        "vw",
        lambda x: (
            K.sum(x[0] * x[1], axis=-1, keepdims=True)
            / K.sqrt(K.sum(x[0] ** 2, axis=-1, keepdims=True) * K.sum(x[1] ** 2, axis=-1, keepdims=True))
        ),
    ),
    "batch_dot_cosine": on("vw", lambda x: K.batch_dot(K.l2_normalize(x[0], 1), K.l2_normalize(x[1], 1), axes=1)),
    "batch_dot_11": on("vw", lambda x: K.batch_dot(x[0], x[1], axes=[1, 1])),
    "contrastive": on("vw", contrastive_merge),
    "tf_norm": on("vw", lambda t: tf.norm(t[0] - t[1], axis=1, keepdims=True)),
    "tf_norm_ord": on("vw", lambda t: tf.norm(t[0] - t[1], ord=1, axis=-1)),
    "tf_euclid": on("vw", lambda t: tf.sqrt(tf.reduce_sum(tf.square(t[0] - t[1]), 1, keepdims=True))),
    "tf_distance_keep": on("vw", lambda t: tf.sqrt(tf.reduce_sum(tf.square(t[0] - t[1]), 1, keep_dims=True))),
    # triplets
    "triplet": on("vwu", triplet_loss),
    "triplet_k": on("vwu", triplet_loss_k),
    "triplet_euclidean": on("vwu", triplet_loss_k, dist="euclidean", margin="softplus"),
    "bpr": on("vwu", bpr_triplet_loss),
    "triplet_stack": on("vwu", lambda vects: K.stack(vects, axis=1)),
    "triplet_concat": on("vwu", lambda x: K.concatenate([K.expand_dims(v, 1) for v in x], axis=1)),
    "pairwise": on("v", pairwise),
    "arcface": on("vn", arcface),
    # capsules
    "squash": on("x", squash),
    "squash_half": on("x", squash_half),
    "squash_tf": on("x", squash_tf),
    "squash_lambda": on("x", lambda x: K.sum(K.square(x), -1, keepdims=True) / (1 + K.sum(K.square(x), -1, keepdims=True)) * x),
    "length": on("x", length),
    "length_lambda": on("x", lambda z: K.sqrt(K.sum(K.square(z), 2))),
    "capsule_mask": on("x", capsule_mask),
    "capsule_mask_true": on("xa", capsule_mask_true),
    "routing": on("f", routing_inside),
    "capsule_reshape": on("f", lambda x: K.reshape(x, (-1, 4 * 4 * 2, 4))),
    "norm_softmax": on("x", lambda x: K.softmax(K.sqrt(K.sum(K.square(x), -1)))),
    "capsule_expand": on("x", lambda x: K.tile(K.expand_dims(K.expand_dims(x, 1), -1), [1, 2, 1, 1, 1])),
}
