"""Sound: spectrograms, cepstral coefficients, WAV files."""

import io
import wave


def cases(tf, np):
    generator = np.random.RandomState(0)
    sound = (generator.rand(1200, 2) - 0.5).astype("float32")
    for squared in (True, False):
        yield (
            f"spectrogram_{squared}",
            lambda x, squared=squared: tf.raw_ops.AudioSpectrogram(input=x, window_size=300, stride=128, magnitude_squared=squared),
            [sound],
            [(None, 2)],
        )
    yield "spectrogram_short", lambda x: tf.raw_ops.AudioSpectrogram(input=x, window_size=2000, stride=128), [sound]
    yield "spectrogram_power_of_two", lambda x: tf.raw_ops.AudioSpectrogram(input=x, window_size=256, stride=100), [sound[:, :1]]

    def coefficients(x, rate):
        return tf.raw_ops.Mfcc(
            spectrogram=tf.raw_ops.AudioSpectrogram(input=x, window_size=480, stride=160, magnitude_squared=True), sample_rate=rate
        )

    yield "mfcc", coefficients, [sound, np.int32(16000)], [(None, 2), ()]
    yield (
        "mfcc_options",
        lambda p: tf.raw_ops.Mfcc(
            spectrogram=p,
            sample_rate=8000,
            upper_frequency_limit=3500.0,
            lower_frequency_limit=0.0,
            filterbank_channel_count=20,
            dct_coefficient_count=10,
        ),
        [generator.rand(1, 4, 129).astype("float32")],
    )
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(generator.randint(-32768, 32767, (50, 2)).astype("<i2").tobytes())
    data = np.array(buffer.getvalue(), object)
    for name, channels, samples in (("as_it_is", -1, -1), ("longer", 1, 80), ("shorter", 3, 20)):
        yield (
            f"decode_wav_{name}",
            lambda s, channels=channels, samples=samples: list(
                tf.raw_ops.DecodeWav(contents=s, desired_channels=channels, desired_samples=samples)
            ),
            [data],
        )
