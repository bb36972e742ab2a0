"""Makes tests/golden/signals/<release>.npz: Fourier transforms as operations of Functional models, and spectrogram layers (Keras 3 alone).

Run it with the Python of each release: `python make_signals.py [FOLDER [PART OF A NAME ...]]`.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import numpy as np
from golden_cases import K, L, calls, case, grid, main, numbers

O = K.ops  # noqa: E741
FLOATS = ["float32", "float64"]


def op(name, *operands, **kwargs):
    """A model of one function of one tensor, or of a real and an imaginary part; numbers are options."""
    function = getattr(O, name)
    rest = [x for x in operands if not isinstance(x, np.ndarray)]

    def call(starts):
        y = function(tuple(starts) if isinstance(starts, list) else starts, *rest, **kwargs)
        return list(y) if isinstance(y, (list, tuple)) else y

    return calls(call, *[x for x in operands if isinstance(x, np.ndarray)])


def parts(*shape, dtype="float32"):
    return numbers(*shape, seed=1, dtype=dtype), numbers(*shape, seed=2, dtype=dtype)


# -- transforms --------------------------------------------------------------------------------------------------------

grid("fft", lambda shape, dtype: op("fft", *parts(*shape, dtype=dtype)), shape=[(2, 8), (2, 3, 7), (2, 1)], dtype=FLOATS)
grid("fft2", lambda name, shape, dtype: op(name, *parts(*shape, dtype=dtype)), name=[n for n in ("fft2", "ifft2") if hasattr(O, n)], shape=[(2, 4, 3), (2, 2, 1, 5)], dtype=FLOATS)  # fmt: skip
grid("rfft", lambda length, dtype, n: op("rfft", numbers(2, n, dtype=dtype), fft_length=length), length=[None, 1, 5, 12], dtype=FLOATS, n=[8, 7])  # fmt: skip
grid("irfft", lambda length, n: op("irfft", *parts(2, n), fft_length=length), length=[None, 1, 5, 8, 12], n=[5, 6, 2])
grid("irfft64", lambda length: op("irfft", *parts(2, 5, dtype="float64"), fft_length=length), length=[None, 9])
OTHERS = [(8, 4, 8), (5, 3, 8), (4, 1, 7), (3, 5, 4), (1, 2, 2)]
grid("stft", lambda how, window, center: op("stft", numbers(2, 20), how[0], how[1], how[2], window=window, center=center), how=OTHERS, window=["hann", "hamming", None], center=[True, False])  # fmt: skip
grid("istft", lambda how, window, center: op("istft", *parts(2, 4, how[2] // 2 + 1), how[0], how[1], how[2], window=window, center=center), how=OTHERS, window=["hann", None], center=[True, False])  # fmt: skip
grid("istft_length", lambda length, center: op("istft", *parts(2, 2, 4, 5), 6, 3, 8, length=length, center=center), length=[3, 30], center=[True, False])  # fmt: skip
case("stft_window")(lambda: op("stft", numbers(2, 2, 20), 3, 2, 6, window=[1.0, 0.5, 2.0]))
case("istft_window")(lambda: op("istft", *parts(2, 3, 4), 3, 2, 6, window=[0.0, 0.5, 2.0]))
case("stft64")(lambda: op("stft", numbers(2, 20, dtype="float64"), 5, 3, 8))
case("stft_too_short")(lambda: op("stft", numbers(2, 4), 8, 3, 8, center=False))
case("istft64")(lambda: op("istft", *parts(2, 3, 5, dtype="float64"), 5, 3, 8))
case("round_trip")(lambda: calls(lambda x: O.istft(O.stft(x, 6, 2, 8), 6, 2, 8), numbers(2, 20)))
grid("sequences", lambda dtype, how: op("extract_sequences", numbers(2, 2, 9, dtype=dtype), *how), dtype=["float32", "int32", "float16"], how=[(4, 2), (3, 3), (1, 5), (9, 1)])  # fmt: skip
case("sequences_of_unknown_length")(lambda: (K.Model(x := K.Input((None,)), O.extract_sequences(x, 4, 3)), [numbers(2, 11)]))
case("stft_of_unknown_length")(lambda: (K.Model(x := K.Input((None,)), list(O.stft(x, 4, 3, 6))), [numbers(2, 11)]))
case("rfft_of_unknown_length")(lambda: (K.Model(x := K.Input((None,)), list(O.rfft(x))), [numbers(2, 11)]))

# -- layers ------------------------------------------------------------------------------------------------------------

SMALL = {"fft_length": 16, "sequence_stride": 6, "num_mel_bins": 5}


def mel(x, **options):
    return calls(L.MelSpectrogram(**{**SMALL, **options}), x)


if hasattr(L, "MelSpectrogram"):
    OPTIONS = [
        {}, {"sequence_length": 11}, {"window": "hamming"}, {"power_to_db": False}, {"top_db": 10.0}, {"mag_exp": 1.0, "power_to_db": False},
        {"min_power": 1e-2, "ref_power": 3.0}, {"min_freq": 500, "max_freq": 3000}, {"sampling_rate": 8000}, {"ref_power": -2},
        {"mag_exp": 3, "num_mel_bins": 3}, {"fft_length": 15}, {"sequence_stride": 20},
    ]  # fmt: skip
    grid("mel", lambda options: mel(numbers(2, 40), **options), options=OPTIONS)
    grid("mel_of", lambda x, dtype: mel(numbers(2, 40, dtype=x), dtype=dtype), x=["float32", "int32", "float16", "float64", "uint8"], dtype=["float32", "float16", "mixed_float16"])  # fmt: skip
    case("mel64")(lambda: mel(numbers(2, 40, dtype="float64"), dtype="float64", power_to_db=False))
    case("mel_defaults")(lambda: calls(L.MelSpectrogram(), numbers(1, 1100)))
    case("mel_one_signal")(lambda: (K.Model(x := K.Input(batch_shape=(40,)), L.MelSpectrogram(**SMALL)(x)), [numbers(40)]))
    case("mel_silence")(lambda: mel(np.zeros((2, 40), "float32")))
    case("mel_of_unknown_length")(lambda: (K.Model(x := K.Input((None,)), L.MelSpectrogram(**SMALL)(x)), [numbers(2, 33)]))


def stft(x, **options):
    return calls(L.STFTSpectrogram(**{"frame_length": 6, **options}), x)


def drawn(x, **options):
    """The same with the kernels that the layer is made with."""
    model, inputs = stft(x, **options)
    model.keeps_weights = True
    return model, inputs


if hasattr(L, "STFTSpectrogram"):
    MODES = ["log", "magnitude", "psd", "real", "imag", "angle", "stft"]
    grid("spectrogram", lambda mode, form, expand: stft(numbers(2, 20, 3) if form == "channels_last" else numbers(2, 3, 20), mode=mode, data_format=form, expand_dims=expand), mode=MODES, form=["channels_last", "channels_first"], expand=[False, True])  # fmt: skip
    MORE = [
        {"padding": "same"}, {"frame_step": 1}, {"frame_step": 5, "padding": "same"}, {"fft_length": 9}, {"fft_length": 16, "window": "hamming"},
        {"periodic": True}, {"scaling": "spectrum"}, {"scaling": None}, {"frame_length": 1, "frame_step": 1}, {"window": "blackman"},
    ]  # fmt: skip
    grid("spectrogram_of", lambda options: drawn(numbers(2, 20, 2), **options), options=MORE)
    grid("spectrogram_modes", lambda mode: drawn(numbers(2, 20, 1), mode=mode), mode=MODES)
    grid("spectrogram_dtype", lambda x, dtype: drawn(numbers(2, 20, 2, dtype=x), mode="psd", dtype=dtype), x=["float32", "float16", "float64"], dtype=["float32", "float16", "float64", "mixed_float16"])  # fmt: skip
    case("spectrogram_angle64")(lambda: drawn(numbers(2, 20, 2, dtype="float64"), mode="angle", dtype="float64"))
    grid("spectrogram_unknown", lambda expand: (K.Model(x := K.Input((None, 2)), L.STFTSpectrogram(frame_length=6, mode="stft", expand_dims=expand)(x)), [numbers(2, 17, 2)]), expand=[False, True])  # fmt: skip

if __name__ == "__main__":
    main("signals")
