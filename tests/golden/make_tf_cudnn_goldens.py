"""Writes tests/golden/tf_cudnn.npz: frozen graphs of cuDNN's recurrent ops, and what Keras' layers give with the same weights.

    python make_tf_cudnn_goldens.py      with a Python that has TensorFlow 2.21

TensorFlow runs these ops on GPUs alone, so each graph is only made; a stack of LSTM, GRU or SimpleRNN layers computes the outputs.
"""

import json
from pathlib import Path

import numpy as np
import tensorflow as tf

ORDER = {"lstm": [0, 1, 2, 3], "gru": [1, 0, 2], "rnn_tanh": [0], "rnn_relu": [0]}  # cuDNN's gates of those of Keras


def layer(mode, units, backward):
    options = {"return_sequences": True, "return_state": True, "go_backwards": backward}
    if mode == "lstm":
        return tf.keras.layers.LSTM(units, **options)
    if mode == "gru":
        return tf.keras.layers.GRU(units, reset_after=True, **options)
    return tf.keras.layers.SimpleRNN(units, activation=mode.removeprefix("rnn_"), **options)


def stack(mode, x, h, c, lengths, layers, directions, units, rng):
    """The vector of weights, the output, and the last states of a stack over x (batch, time, n)."""
    kernels, biases, last = [], [], []
    mask = np.arange(x.shape[1])[None] < lengths[:, None]
    for k in range(layers):
        outputs = []
        for way in range(directions):
            cell = layer(mode, units, bool(way))
            place = k * directions + way
            states = [h[place], c[place]] if mode == "lstm" else [h[place]]
            cell.build(x.shape)
            weights = [rng.standard_normal(w.shape).astype(np.float32) * 0.7 for w in cell.get_weights()]
            cell.set_weights(weights)
            y, *after = (v.numpy() for v in cell(tf.constant(x), mask=tf.constant(mask), initial_state=[tf.constant(s) for s in states]))
            y = y[:, ::-1] if way else y
            outputs.append(np.where(mask[..., None], y, 0))
            last.append(after)
            gates = len(ORDER[mode])
            for w in weights[:2]:
                parts = np.split(w, gates, axis=1)
                kernels += [parts[g].T for g in ORDER[mode]]
            if mode == "gru":
                both = weights[2]
            else:  # any two vectors with this sum
                share = rng.standard_normal(weights[2].shape).astype(np.float32)
                both = np.stack([weights[2] - share, share])
            for b in both:
                parts = np.split(b, gates)
                biases += [parts[g] for g in ORDER[mode]]
        x = np.concatenate(outputs, axis=2)
    return kernels, biases, x, [np.stack(part) for part in zip(*last)]


def cases():
    rng = np.random.default_rng(7)
    time, batch, n, units = 5, 3, 4, 2
    raw = tf.raw_ops
    for mode in ORDER:
        for layers, directions in ((1, 1), (2, 2)) if mode in ("lstm", "gru") else ((1, 2),):
            x = rng.standard_normal((batch, time, n)).astype(np.float32)
            h, c = (rng.standard_normal((layers * directions, batch, units)).astype(np.float32) for _ in range(2))
            full, some = np.full(batch, time, np.int32), np.asarray([5, 2, 4], np.int32)
            options = {"rnn_mode": mode, "direction": "bidirectional" if directions == 2 else "unidirectional", "is_training": False}
            sizes = {"num_layers": layers, "num_units": units, "input_size": n}
            name = f"{mode}_{layers}_{directions}"
            for lengths in (full, some):
                kernels, biases, y, last = stack(mode, x, h, c, lengths, layers, directions, units, rng)
                params = np.concatenate([v.reshape(-1) for v in (*kernels, *biases)])
                kept = 3 if mode == "lstm" else 2
                for major in (True, False) if lengths is some else (True,):
                    ins = [np.swapaxes(v, 0, 1) for v in (x,)] if major else [x]
                    ins += [h, c] if major else [np.swapaxes(v, 0, 1) for v in (h, c)]
                    outs = [np.swapaxes(y, 0, 1), *last] if major else [y, *(np.swapaxes(v, 0, 1) for v in last)]

                    def v3(x, h, c, lengths, params=None, major=major, kept=kept, options=options):
                        return list(
                            raw.CudnnRNNV3(
                                input=x, input_h=h, input_c=c, params=params, sequence_lengths=lengths, time_major=major, **options
                            )
                        )[:kept]

                    which = "some" if lengths is some else "full"
                    yield f"v3_{name}_{which}_{major}", v3, [*ins, lengths], {"params": params}, outs
                    if lengths is full and major and layers == 2:
                        for version in ("CudnnRNN", "CudnnRNNV2"):

                            def older(x, h, c, params=None, version=version, kept=kept, options=options):
                                op = getattr(raw, version)
                                return list(op(input=x, input_h=h, input_c=c, params=params, **options))[:kept]

                            yield f"{version}_{name}", older, ins, {"params": params}, outs
            if mode not in ("lstm", "gru") or layers == 1:
                continue
            plain = {key: value for key, value in options.items() if key != "is_training"}

            def apart(params, count=len(kernels), plain=plain, sizes=sizes):
                found = raw.CudnnRNNParamsToCanonicalV2(params=params, num_params_weights=count, num_params_biases=count, **sizes, **plain)
                size = raw.CudnnRNNParamsSize(T=tf.float32, S=tf.int32, **sizes, **plain)
                return [*found.weights, *found.biases, size]

            yield f"apart_{name}", apart, [params], {}, [*kernels, *biases, np.asarray([params.size], np.int32)]

            def together(*parts, count=len(kernels), plain=plain, sizes=sizes):
                return [raw.CudnnRNNCanonicalToParams(weights=parts[:count], biases=parts[count:], **sizes, **plain)]

            yield f"together_{name}", together, [*kernels, *biases], {}, [params]


def main():
    entries = {}
    for name, function, inputs, constants, outputs in cases():
        specs = [tf.TensorSpec(v.shape, tf.as_dtype(v.dtype), name=f"x{i:03}") for i, v in enumerate(inputs)]
        with tf.Graph().as_default() as graph:
            ins = [tf.compat.v1.placeholder(spec.dtype, spec.shape, spec.name) for spec in specs]
            outs = function(*ins, **{key: tf.constant(value) for key, value in constants.items()})
        assert len(outs) == len(outputs), name
        entries[f"{name}/graph"] = np.frombuffer(graph.as_graph_def().SerializeToString(), np.uint8)
        entries[f"{name}/names"] = np.asarray(json.dumps({"inputs": [t.name for t in ins], "outputs": [t.name for t in outs]}))
        entries |= {f"{name}/in_{i}": v for i, v in enumerate(inputs)}
        entries |= {f"{name}/out_{i}": v for i, v in enumerate(outputs)}
    np.savez_compressed(Path(__file__).parent / "tf_cudnn.npz", **entries)
    print(sum(key.endswith("/graph") for key in entries), "cases")


if __name__ == "__main__":
    main()
