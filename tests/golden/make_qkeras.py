"""Makes tests/golden/qkeras/<model>.h5 and .npz: layers of QKeras 0.9 in tf.keras 2.15.

Run it with a Python that has both: `python make_qkeras.py`.
"""

import os
import shutil

os.environ.update(CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3")
import numpy as np
import qkeras as Q
import tensorflow as tf

L = tf.keras.layers
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "qkeras")


def keep(name, shape, *layers, positive=()):
    random = np.random.RandomState(5)
    start = L.Input(shape)
    y = start
    for layer in layers:
        y = layer(y)
    model = tf.keras.Model(start, y)
    for weight in model.weights:
        drawn = random.normal(0, 0.5, weight.shape)
        weight.assign(np.abs(drawn) + 0.1 if "variance" in weight.name else drawn)
    x = random.normal(0, 1.0, (3, *shape)).astype("float32")
    model.save(os.path.join(FOLDER, f"{name}.h5"))
    np.savez(os.path.join(FOLDER, f"{name}.npz"), input=x, out_0=model.predict(x, verbose=0))


def dense(name, *quantizers, activation="linear"):
    keep(
        name,
        (6,),
        *[Q.QDense(5, kernel_quantizer=kernel, bias_quantizer="quantized_bits(6,2,1)", activation=activation) for kernel in quantizers],
    )


shutil.rmtree(FOLDER, ignore_errors=True)
os.makedirs(FOLDER)
dense(
    "bits",
    "quantized_bits(4,0,1)",
    Q.quantized_bits(6, 1, alpha="auto"),
    Q.quantized_bits(3, 0, alpha=1.0),
    "quantized_bits(1,0,keep_negative=False,alpha=1)",
)
dense("binary", Q.binary(), Q.binary(alpha="auto"), Q.binary(use_01=True, alpha=0.5), activation="quantized_tanh(6)")
dense("ternary", Q.ternary(), Q.ternary(alpha="auto"), Q.ternary(alpha=0.7, threshold=0.4), activation=Q.quantized_relu(6, 2))
dense(
    "powers",
    "quantized_po2(4)",
    "quantized_po2(5,2)",
    "quantized_po2(6,quadratic_approximation=True)",
    Q.quantized_po2(4, log2_rounding="floor"),
)
ACTIVATIONS = {
    "relus": ("quantized_relu(4,2)", Q.quantized_relu(6, 1, negative_slope=0.25), "quantized_relu(5,1,1)", Q.quantized_relu(5, 1, 1, 0.5)),
    "relu_powers": (Q.quantized_relu_po2(4), "quantized_relu_po2(4,4)", Q.quantized_relu_po2(5, negative_slope=0.5), Q.quantized_relu_po2(6, quadratic_approximation=True)),
    "curves": ("quantized_sigmoid(5)", Q.quantized_tanh(5, symmetric=True), Q.quantized_sigmoid(6, use_real_sigmoid=True), Q.quantized_tanh(6, use_real_tanh=True)),
    "names": ("hard_sigmoid", "smooth_sigmoid", "hard_tanh", "smooth_tanh", "binary_sigmoid", "binary_tanh", "relu", "softmax"),
    "sharp": (Q.binary(alpha=1.0), "ternary(threshold=0.2)", "quantized_bits(5,2,1)", "ternary()", "binary()", Q.quantized_bits(4, 1, qnoise_factor=0.5)),
}  # fmt: skip
for name, activations in ACTIVATIONS.items():
    start = L.Input((6,))
    parts = [Q.QActivation(activation)(start) for activation in activations]
    model = tf.keras.Model(start, parts)
    x = np.random.RandomState(9).normal(0, 1.5, (4, 6)).astype("float32")
    model.save(os.path.join(FOLDER, f"{name}.h5"))
    np.savez(os.path.join(FOLDER, f"{name}.npz"), input=x, **{f"out_{i}": y for i, y in enumerate(model.predict(x, verbose=0))})
bits = {"kernel_quantizer": "quantized_bits(4,0,1)", "bias_quantizer": "quantized_bits(4)"}
apart = {"depthwise_quantizer": "quantized_bits(5,1,1)", "bias_quantizer": "quantized_bits(4)"}
keep("pictures", (8, 8, 3),
     Q.QConv2D(4, 3, padding="same", activation="quantized_relu(6,2)", **bits), Q.QDepthwiseConv2D(3, strides=(2, 2), **apart),
     Q.QSeparableConv2D(3, 2, pointwise_quantizer="ternary()", **apart), Q.QConv2DTranspose(2, 3, strides=2, **bits),
     Q.QAveragePooling2D(average_quantizer="quantized_bits(8,0,1)", activation="quantized_relu(5)"))  # fmt: skip
keep("lines", (9, 3), Q.QConv1D(4, 3, padding="causal", **bits), Q.QSeparableConv1D(3, 2, pointwise_quantizer="binary()", **apart))
keep("global_mean", (4, 6, 3), Q.QConv2D(4, 1, **bits), Q.QGlobalAveragePooling2D(average_quantizer="quantized_bits(6,0,1)"))
keep(
    "norms",
    (5, 4),
    Q.QBatchNormalization(),
    Q.QBatchNormalization(scale=False, mean_quantizer=None, variance_quantizer=None, beta_quantizer="quantized_bits(5,1,1)"),
)
