"""Makes tests/golden/quantized/<release>.tar.xz: quantized layers, adapters (LoRA), dtype policies of one layer inside another.

Run it with the Python of each release: `python make_quantized.py [FOLDER [PART OF A NAME ...]]`.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import numpy as np
from golden_cases import K, L, case, numbers
from golden_files import filled, main

Q = K.quantizers
X, S = numbers(3, 7), numbers(2, 5, 7, seed=1)
IDS = np.array([[3, 1, 0, 4], [0, 5, 2, 0], [1, 1, 0, 0]], "int32")
HAS_BLOCKS, HAS_CONFIGS = hasattr(Q, "Int4QuantizationConfig"), hasattr(Q, "Int8QuantizationConfig")
TERNARY = hasattr(L, "TernaryDense")
REVERSE = hasattr(L, "ReversibleEmbedding")


def there_and_back(**options):
    def make(**policy):
        layer = L.ReversibleEmbedding(6, 5, mask_zero=True, **options, **policy)

        def call(ids):
            y = layer(ids)
            return [y, layer(y, reverse=True), L.GlobalAveragePooling1D()(y)]

        return call

    return make


LAYERS = {
    "dense": (lambda **p: L.Dense(5, activation="relu", **p), X),
    "dense_of_steps": (lambda **p: L.Dense(6, use_bias=False, **p), S),
    "einsum": (lambda **p: L.EinsumDense("abc,cde->abde", (None, 3, 2), bias_axes="de", **p), S),
    "einsum_back": (lambda **p: L.EinsumDense("abcd,cde->abe", (None, 5), **p), numbers(2, 3, 4, 3)),
    "einsum_turned": (lambda **p: L.EinsumDense("abc,cd->adb", (6, None), **p), S),
    "embedding": (lambda **p: L.Embedding(6, 5, **p), IDS),
    "steps": (lambda **p: L.TimeDistributed(L.Dense(5, **p)), S),
    "model": (lambda **p: K.Sequential([L.Dense(8, activation="tanh", **p), L.Dense(4, **p)]), X),
}
if REVERSE:
    LAYERS["tied"] = (there_and_back(), IDS)
    LAYERS["capped"] = (there_and_back(tie_weights=False, logit_soft_cap=2.0, reverse_dtype="float32"), IDS)


def inner(model):
    for layer in list(model._flatten_layers()):
        if layer.built and hasattr(layer, "enable_lora"):
            yield layer


def made(layer, x, policy, mode=None, config=None, rank=0):
    start = K.Input(x.shape[1:], dtype=x.dtype.name)
    model = filled(K.Model(start, layer(dtype=policy)(start)))
    if mode:
        model.quantize(*([mode] if config is None else []), **({} if config is None else {"config": config}))
    if rank:
        for found in inner(model):
            found.enable_lora(rank, lora_alpha=3.0 if TERNARY else None)  # up to 3.15 Keras forgets it when it loads
        for seed, v in enumerate(v for v in model.weights if "lora" in v.path):
            v.assign(np.random.RandomState(seed).randint(-16, 17, v.shape) / 32.0)
    model.keeps_weights = True
    return model, [x]


def cases_of(title, when, **kwargs):
    for key, (layer, x) in LAYERS.items():
        policies = ["float32", "mixed_bfloat16"] if key in ("dense", "einsum", "embedding", "capped") else ["float32"]
        for policy in policies:
            case("%s-%s-%s" % (title, key, policy), when)(lambda layer=layer, x=x, policy=policy: made(layer, x, policy, **kwargs))


cases_of("float", True)
cases_of("int8", True, mode="int8")
cases_of("int4", True, mode="int4")
cases_of("float8", True, mode="float8")
cases_of("lora", True, rank=2)
cases_of("int8_lora", True, mode="int8", rank=2)
cases_of("int4_lora", True, mode="int4", rank=2)
cases_of("ternary", TERNARY, mode="ternary")
if HAS_BLOCKS:
    cases_of("int4_rows", True, mode="int4", config=Q.Int4QuantizationConfig(block_size=-1))
    cases_of("int4_blocks", True, mode="int4", config=Q.Int4QuantizationConfig(block_size=3))
    quantizer = Q.AbsMaxQuantizer(axis=-1)
    cases_of("int4_inputs", True, mode="int4", config=Q.Int4QuantizationConfig(block_size=-1, activation_quantizer=quantizer))
if HAS_CONFIGS:
    cases_of("int8_weights", True, mode="int8", config=Q.Int8QuantizationConfig(activation_quantizer=None))


def calibrated(layer, x, config, bits):
    """The integers that calibration would leave, at random."""
    model, inputs = made(layer, x, "float32")
    mode = "gptq" if isinstance(config, Q.GPTQConfig) else "awq"
    random = np.random.RandomState(3)
    for found in inner(model):
        if type(found) not in (L.Dense, L.EinsumDense):
            continue
        found.quantize(mode, config=config)
        packed = 256 if bits in (2, 4) else 2**bits
        found.quantized_kernel.assign(random.randint(0, packed, found.quantized_kernel.shape).astype("uint8"))
        found.kernel_scale.assign(random.randint(1, 9, found.kernel_scale.shape) / 32.0)
        found.kernel_zero.assign(random.randint(0, 2**bits, found.kernel_zero.shape).astype("uint8"))
        found.g_idx.assign(np.arange(int(found.g_idx.shape[0])) // (3 if config.group_size == 3 else 1000))
        if hasattr(found, "awq_scales"):
            found.awq_scales.assign(random.randint(8, 40, found.awq_scales.shape) / 32.0)
        del found._kernel  # the files of 3.14 and 3.15 lack a tensor, so that no release loads them
        found.calibration_pending = False
    model.keeps_weights = True
    return model, inputs


for key in ("dense", "einsum", "einsum_back"):
    for bits in (2, 3, 4, 8):
        for size in (-1, 3):
            case("gptq-%s-%d-%d" % (key, bits, size), TERNARY)(
                lambda key=key, bits=bits, size=size: calibrated(
                    *LAYERS[key], Q.GPTQConfig(None, None, weight_bits=bits, group_size=size), bits
                )
            )
    case("awq-" + key, TERNARY)(lambda key=key: calibrated(*LAYERS[key], Q.AWQConfig(None, None, group_size=3), 4))

for threshold in (None, 0.0, 0.25):
    for policy in ("float32", "mixed_bfloat16", "float64"):
        for mode in (None, "ternary"):
            case("ternary_dense-%s-%s-%s" % (threshold, policy, mode), TERNARY)(
                lambda threshold=threshold, policy=policy, mode=mode: made(
                    lambda dtype: L.TernaryDense(7, threshold=threshold, activation="tanh", dtype=dtype), S, policy, mode
                )
            )


@case("policy_of_a_projection")
def _():
    policies = K.dtype_policies.DTypePolicyMap(default_policy="float32")
    policies["heads/query"] = K.dtype_policies.DTypePolicy("mixed_bfloat16")
    policies["heads/value"] = K.dtype_policies.QuantizedDTypePolicy("int8", "float32")
    start = K.Input((5, 7))
    return K.Model(start, L.MultiHeadAttention(2, 3, dtype=policies, name="heads")(start, start)), [S]


@case("steps_of_another_policy")
def _():
    start = K.Input((5, 7))
    return K.Model(start, [L.TimeDistributed(L.Dense(4, dtype=policy))(start) for policy in ("float64", "mixed_bfloat16", "float16")]), [S]


if __name__ == "__main__":
    main("quantized")
