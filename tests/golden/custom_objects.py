"""The user's code behind the models of make_custom.py, for any Keras from tf.keras 2.3 to Keras 3: `get(keras)`."""


def get(keras):
    """Custom objects by name, made of the classes and functions of this Keras."""
    layers = keras.layers
    ops = getattr(keras, "ops", None) or keras.backend
    matmul = keras.ops.matmul if hasattr(keras, "ops") else keras.backend.batch_dot
    register = (keras.saving if hasattr(keras, "ops") else keras.utils).register_keras_serializable

    def sigmoid(x):
        return keras.activations.sigmoid(x)

    def bent(x):
        """An activation."""
        return x * sigmoid(1.5 * x) + 0.1

    def double(x):
        """The function of a Lambda layer."""
        return 2.0 * x + 1.0

    def my_loss(y_true, y_pred):
        return ops.mean(ops.square(y_true - y_pred), axis=-1)

    def my_metric(y_true, y_pred):
        return ops.mean(ops.abs(y_true - y_pred), axis=-1)

    @register("my_package")
    class Scale(layers.Layer):
        """x * scale + offset * factor; scale is trainable, offset is not."""

        def __init__(self, factor=1.0, **kwargs):
            super().__init__(**kwargs)
            self.factor = factor

        def build(self, input_shape):
            length = int(input_shape[-1])
            self.offset = self.add_weight(name="offset", shape=(length,), initializer="zeros", trainable=False)
            self.scale = self.add_weight(name="scale", shape=(length,), initializer="ones")
            self.built = True

        def call(self, inputs):
            return inputs * self.scale + self.offset * self.factor

        def compute_output_shape(self, input_shape):
            return input_shape

        def get_config(self):
            config = super().get_config()
            config.update(factor=self.factor)
            return config

    class Gate(layers.Layer):
        """Layers inside, one as an attribute and two in a list; the mask goes on behind it."""

        def __init__(self, units=3, kernel_initializer="glorot_uniform", **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.kernel_initializer = keras.initializers.get(kernel_initializer)
            self.supports_masking = True
            self.gate = layers.Dense(units, activation="sigmoid", kernel_initializer=self.kernel_initializer)
            self.steps = [layers.Dense(units, activation=bent), layers.Dense(units, use_bias=False)]
            self.drop = layers.Dropout(0.5)

        def call(self, inputs, training=None):
            x = self.drop(inputs, training=training)
            return self.gate(x) * self.steps[1](self.steps[0](x))

        def get_config(self):
            config = super().get_config()
            config.update(units=self.units, kernel_initializer=keras.initializers.serialize(self.kernel_initializer))
            return config

    class MaskedMean(layers.Layer):
        """The mean of the steps that the mask keeps; the mask ends here."""

        def call(self, inputs, mask=None):
            if mask is None:
                return ops.mean(inputs, axis=1)
            keep = ops.expand_dims(ops.cast(mask, "float32"), -1)
            return ops.sum(inputs * keep, axis=1) / ops.sum(keep, axis=1)

        def compute_mask(self, inputs, mask=None):
            return None

    class Attend(layers.Layer):
        """Two inputs in a list, two outputs: what is looked up, and how much of each."""

        def build(self, input_shape):
            self.kernel = self.add_weight(name="kernel", shape=(int(input_shape[0][-1]), int(input_shape[1][-1])))
            self.built = True

        def call(self, inputs):
            query, value = inputs
            query = keras.ops.matmul(query, self.kernel) if hasattr(keras, "ops") else ops.dot(query, self.kernel)
            turned = keras.ops.transpose(value, (0, 2, 1)) if hasattr(keras, "ops") else ops.permute_dimensions(value, (0, 2, 1))
            weights = keras.activations.softmax(matmul(query, turned))
            return [matmul(weights, value), weights]

        def compute_output_shape(self, input_shape):
            query, value = input_shape
            return [(query[0], query[1], value[2]), (query[0], query[1], value[1])]

    class Net(keras.Model):
        """A subclassed model: layers as attributes and in a list, and a weight of its own."""

        def __init__(self, units=3, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.entry = layers.Dense(units, activation=bent, name="entry")
            self.norm = layers.BatchNormalization(name="norm")
            self.blocks = [layers.Dense(units, activation="tanh", name="block_%d" % i) for i in range(2)]
            self.end = layers.Dense(2, name="end")

        def call(self, x, training=False):
            y = self.norm(self.entry(x), training=training)
            for block in self.blocks:
                y = y + block(y)
            return self.end(y)

        def get_config(self):
            return {"units": self.units}

        @classmethod
        def from_config(cls, config, custom_objects=None):
            return cls(**config)

    found = {"bent": bent, "double": double, "my_loss": my_loss, "my_metric": my_metric}
    found.update(Gate=Gate, MaskedMean=MaskedMean, Attend=Attend, Scale=Scale, Net=Net)
    return found
