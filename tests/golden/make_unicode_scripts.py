"""Writes src/loadstone/lowering/text/scripts.tsv: where in Unicode another script begins, as tf.strings.unicode_script numbers them.

python make_unicode_scripts.py      with a Python that has TensorFlow 2.21
"""

from pathlib import Path

import numpy as np

if __name__ == "__main__":
    import tensorflow as tf

    found = tf.strings.unicode_script(np.arange(0x110000, dtype=np.int32)).numpy()
    starts = [0, *(np.flatnonzero(np.diff(found)) + 1)]
    target = Path(__file__).parents[2] / "src" / "loadstone" / "lowering" / "text" / "scripts.tsv"
    target.write_text("".join(f"{start:X}\t{found[start]}\n" for start in starts))
