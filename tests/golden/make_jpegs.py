"""Writes tests/golden/jpegs.npz: JPEG files with the arrays that TensorFlow decoded.

python make_jpegs.py      with a Python that has TensorFlow 2.21
"""

from pathlib import Path

import numpy as np

if __name__ == "__main__":
    import tensorflow as tf

    down, right = np.mgrid[0:37, 0:45]
    smooth = np.stack([down * 6, right * 5, (down + right) * 3], -1).clip(0, 255)
    image = (smooth + np.random.RandomState(0).randint(-20, 20, smooth.shape)).clip(0, 255).astype(np.uint8)
    found = {}
    for name, options in {
        "color": {},
        "fine": {"quality": 100, "chroma_downsampling": False},
        "coarse": {"quality": 40},
        "progressive": {"progressive": True},
        "gray": {"format": "grayscale"},
    }.items():
        given = image[..., :1] if name == "gray" else image
        data = tf.io.encode_jpeg(given, **options).numpy()
        found[f"{name}/file"] = np.frombuffer(data, np.uint8)
        for channels in (0, 1, 3):
            for ratio in (1, 2, 4, 8) if channels == 0 else (1,):
                for method in ("", "INTEGER_ACCURATE"):
                    decoded = tf.raw_ops.DecodeJpeg(contents=data, channels=channels, ratio=ratio, dct_method=method)
                    found[f"{name}/{channels}/{ratio}/{method or 'INTEGER_FAST'}"] = decoded.numpy()
        found[f"{name}/shape"] = tf.raw_ops.ExtractJpegShape(contents=data).numpy()
        found[f"{name}/crop"] = tf.raw_ops.DecodeAndCropJpeg(
            contents=data, crop_window=[5, 17, 11, 13], dct_method="INTEGER_ACCURATE"
        ).numpy()
    np.savez_compressed(Path(__file__).parent / "jpegs.npz", **found)
