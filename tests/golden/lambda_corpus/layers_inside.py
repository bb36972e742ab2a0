"""Layers without weights that functions call, as one calls them where one does not think of what a Lambda keeps."""

from .world import K, keras, layers, np, on, tf


def relu_inside(x):
    import keras

    return keras.layers.Activation("relu")(x)


def tf_layer_inside(x):
    from tensorflow.keras.layers import Activation, Flatten

    return Flatten()(Activation("tanh")(x))


def keras_layer_imported(x):
    from keras.layers import Activation, Flatten

    return Flatten()(Activation("tanh")(x))


def pool_and_flatten(x):
    x = layers.GlobalAveragePooling2D()(x)
    return layers.Reshape((2, 4))(x)


def several(x):
    x = layers.ZeroPadding2D((1, 1))(x)
    x = layers.MaxPooling2D(pool_size=(2, 2), strides=2, padding="same")(x)
    x = layers.Permute((3, 1, 2))(x)
    return layers.Flatten()(x)


def merge_layers(tensors):
    a, b = tensors
    return layers.Concatenate(axis=-1)([layers.Add()([a, b]), layers.Multiply()([a, b]), layers.Subtract()([a, b])])


def dense_inside(x):
    return layers.Dense(3)(x)


def dropout_layer(x):
    return layers.Dropout(0.5)(x)


FUNCTIONS = {
    "activation": on("x", lambda x: layers.Activation("relu")(x)),
    "activation_keras": on("x", lambda x: keras.layers.Activation("sigmoid")(x)),
    "activation_tf_keras": on("x", lambda x: tf.keras.layers.Activation("softmax")(x)),
    "activation_import": on("x", relu_inside),
    "tf_layers_import": on("x", tf_layer_inside),
    "keras_layers_import": on("x", keras_layer_imported),
    "softmax": on("x", lambda x: layers.Softmax(axis=1)(x)),
    "tf_softmax": on("x", lambda x: tf.keras.layers.Softmax()(x)),
    "relu": on("x", lambda x: tf.keras.layers.ReLU(6.0)(x)),
    "leaky": on("x", lambda x: layers.LeakyReLU(0.1)(x)),
    "leaky_named": on("x", lambda x: layers.LeakyReLU(alpha=0.1)(x)),
    "elu": on("x", lambda x: layers.ELU(0.5)(x)),
    "flatten": on("f", lambda x: tf.keras.layers.Flatten()(x)),
    "reshape": on("f", lambda x: layers.Reshape((16, 8))(x)),
    "reshape_keras": on("f", lambda x: keras.layers.Reshape((-1, 4))(x)),
    "permute": on("x", lambda x: layers.Permute((2, 1))(x)),
    "repeat": on("v", lambda x: layers.RepeatVector(3)(x)),
    "concatenate": on("fg", lambda x: keras.layers.concatenate(x, axis=3)),
    "concatenate_layers": on("fg", lambda x: layers.concatenate([x[0], x[1]])),
    "add": on("fg", lambda x: layers.add(x)),
    "tf_add": on("fg", lambda x: tf.keras.layers.Add()([x[0], x[1]])),
    "multiply": on("fg", lambda x: layers.multiply([x[0], x[1]])),
    "average": on("fg", lambda x: layers.average(x)),
    "maximum": on("fg", lambda x: layers.Maximum()(x)),
    "dot": on("vw", lambda x: layers.dot(x, axes=-1, normalize=True)),
    "dot_layer": on("xy", lambda x: layers.Dot(axes=2)(x)),
    "global_pool": on("f", lambda x: layers.GlobalAveragePooling2D()(x)),
    "global_max_1d": on("x", lambda x: layers.GlobalMaxPooling1D()(x)),
    "max_pool": on("f", lambda x: layers.MaxPooling2D()(x)),
    "avg_pool": on("f", lambda x: tf.keras.layers.AveragePooling2D(pool_size=(2, 2), strides=1, padding="same")(x)),
    "up": on("f", lambda x: layers.UpSampling2D(size=(2, 2))(x)),
    "up_bilinear": on("f", lambda x: layers.UpSampling2D(2, interpolation="bilinear")(x)),
    "pad": on("f", lambda x: layers.ZeroPadding2D(1)(x)),
    "crop": on("f", lambda x: layers.Cropping2D(((1, 0), (0, 1)))(x)),
    "pad_1d": on("x", lambda x: layers.ZeroPadding1D((1, 2))(x)),
    "pool_flatten": on("f", pool_and_flatten),
    "several": on("f", several),
    "merge_layers": on("xy", merge_layers),
    "dropout_layer": on("v", dropout_layer),
    "lambda_in_lambda": on("x", lambda x: layers.Lambda(lambda y: y * 2.0)(x) + 1.0),
    "k_activation": on("x", lambda x: keras.activations.relu(x, alpha=0.2)),
    "activations_get": on("x", lambda x: keras.activations.get("tanh")(x)),
    "activations_tf": on("x", lambda x: tf.keras.activations.softmax(x, axis=1)),
    "tf_k": on("x", lambda x: tf.keras.backend.mean(x, axis=-1, keepdims=True)),
    "keras_k": on("x", lambda x: keras.backend.l2_normalize(x, axis=-1)),
    "layer_norm_inside": on("x", lambda x: layers.LayerNormalization(center=False, scale=False)(x)),
    "unit_norm": on("x", lambda x: layers.UnitNormalization()(x)),
    "rescaling": on("i", lambda x: layers.Rescaling(1.0 / 127.5, offset=-1)(x)),
    "resizing": on("i", lambda x: layers.Resizing(4, 4)(x)),
    "losses": on("vw", lambda x: keras.losses.mean_squared_error(x[0], x[1])),
    "losses_object": on("vw", lambda x: tf.keras.losses.cosine_similarity(x[0], x[1], axis=-1)),
}
