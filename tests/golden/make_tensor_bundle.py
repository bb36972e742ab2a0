"""Writes tests/golden/tensor_bundle/: checkpoints as TensorFlow writes them, to be compared byte by byte.

    python make_tensor_bundle.py        with a Python that has TensorFlow 2.21

`kinds` has a tensor of each type, `many.index.xz` is the index of so many names that it has several blocks.
"""

import lzma
import os
import tempfile
from pathlib import Path

os.environ.update(CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3")
import numpy as np
import tensorflow as tf

TARGET = Path(__file__).parent / "tensor_bundle"
DTYPES = (
    "float32 float64 int32 uint8 int16 int8 complex64 int64 bool uint16 complex128 float16 uint32 uint64 bfloat16 float8_e5m2 float8_e4m3fn"
)


def save(prefix, tensors):
    names = sorted(tensors)
    tf.raw_ops.SaveV2(prefix=str(prefix), tensor_names=names, shape_and_slices=[""] * len(names), tensors=[tensors[name] for name in names])


def main():
    TARGET.mkdir(exist_ok=True)
    values = np.arange(15, dtype=np.float32).reshape(3, 5)
    kinds = {f"of/{dtype}": tf.cast(values, dtype) for dtype in DTYPES.split()}
    kinds |= {
        "strings": tf.constant([["one", ""], [b"\xff\0x", "long" * 100]]),
        "string": tf.constant("x"),
        "no/strings": tf.zeros([0], tf.string),
    }
    kinds |= {"scalar": tf.constant(3.0), "empty": tf.zeros([0, 4]), "grüße": tf.constant([1])}
    save(TARGET / "kinds", kinds)
    with tempfile.TemporaryDirectory() as folder:
        save(f"{folder}/many", {f"{number % 7}/{'layer' * 30}_{number:05}/kernel": tf.constant(number) for number in range(6000)})
        (TARGET / "many.index.xz").write_bytes(lzma.compress(Path(folder, "many.index").read_bytes()))


if __name__ == "__main__":
    main()
