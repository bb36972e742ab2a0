"""Fourier transforms of all ranks: lengths known and free, given and computed, shorter and longer than the data."""


def cases(tf, np):
    rng = np.random.default_rng(2)
    signal = tf.signal

    def real(*shape, dtype=np.float32):
        return rng.standard_normal(shape).astype(dtype)

    def whole(*shape, dtype=np.complex64):
        return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(dtype)

    for n in (1, 2, 7, 8, 600):
        yield f"fft_{n}", lambda z: [signal.fft(z), signal.ifft(z)], [whole(2, n)]
        yield f"rfft_{n}", lambda x: signal.rfft(x), [real(2, n)]
        yield f"irfft_{n}", lambda z, n=n: signal.irfft(z, [n]), [whole(2, n // 2 + 1)]
    yield "fft_free", lambda z: [signal.fft(z), signal.ifft(z)], [whole(2, 6)], [(None, None)]
    yield "fft_double", lambda z: [signal.fft(z), signal.ifft(z)], [whole(2, 6, dtype=np.complex128)]
    yield "rfft_free", lambda x: signal.rfft(x), [real(2, 6)], [(None, None)]
    yield "rfft_double", lambda x: signal.rfft(x), [real(2, 6, dtype=np.float64)]
    yield "rfft_shorter", lambda x: signal.rfft(x, [5]), [real(2, 8)]
    yield "rfft_longer", lambda x: signal.rfft(x, [12]), [real(2, 8)]
    yield "rfft_longer_free", lambda x: signal.rfft(x, [12]), [real(2, 8)], [(None, None)]
    yield "rfft_computed", lambda x, n: signal.rfft(x, [n]), [real(2, 8), np.int32(6)]
    yield "irfft", lambda z: signal.irfft(z), [whole(3, 5)], [(None, 5)]
    yield "irfft_free", lambda z: signal.irfft(z), [whole(3, 5)], [(None, None)]
    yield "irfft_shorter", lambda z: signal.irfft(z, [4]), [whole(3, 5)]
    yield "irfft_longer", lambda z: signal.irfft(z, [15]), [whole(3, 5)]
    yield "irfft_double", lambda z: signal.irfft(z), [whole(3, 5, dtype=np.complex128)]
    for rank, end in ((2, "2d"), (3, "3d")):
        z, x = whole(2, 3, 4, 5), real(2, 3, 4, 6)
        yield f"fft{end}", lambda z, end=end: [getattr(signal, f"fft{end}")(z), getattr(signal, f"ifft{end}")(z)], [z], [(None, 3, 4, 5)]
        yield f"rfft{end}", lambda x, end=end: getattr(signal, f"rfft{end}")(x), [x], [(None, 3, 4, 6)]
        yield f"rfft{end}_given", lambda x, end=end, rank=rank: getattr(signal, f"rfft{end}")(x, [2, 5, 7][-rank:]), [x]
        yield f"irfft{end}", lambda z, end=end: getattr(signal, f"irfft{end}")(z), [z], [(None, 3, 4, 5)]
        yield f"irfft{end}_given", lambda z, end=end, rank=rank: getattr(signal, f"irfft{end}")(z, [3, 3, 6][-rank:]), [z]
    yield "stft", lambda x: tf.abs(signal.stft(x, 16, 8, 16)), [real(2, 64)], [(None, 64)]
    yield "istft", lambda x: signal.inverse_stft(signal.stft(x, 16, 8, 16), 16, 8, 16), [real(2, 64)]
    yield "dct", lambda x: signal.dct(x), [real(2, 8)]
    yield "power", lambda x: tf.math.log(tf.square(tf.abs(signal.rfft(x))) + 1e-3), [real(2, 8)]
