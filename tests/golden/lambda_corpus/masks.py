"""Functions beside masks: those that take one, those that make one, and layers that stop it."""

from .world import K, layers, np, on, tf


def embedded(x):
    return layers.Embedding(5, 3, mask_zero=True)(x)


def masking(x):
    return layers.Masking(0.0)(x)


def recurrent(x):
    return layers.LSTM(2)(x)


def masked_mean(x, mask=None):
    mask = K.cast(mask, K.floatx())
    mask = K.expand_dims(mask, -1)
    return K.sum(x * mask, axis=1) / K.sum(mask, axis=1)


def masked_mean_none(x, mask=None):
    if mask is not None:
        mask = K.repeat(K.cast(mask, "float32"), K.int_shape(x)[-1])
        mask = K.permute_dimensions(mask, (0, 2, 1))
        x = x * mask
        return K.sum(x, axis=1) / K.sum(mask, axis=1)
    return K.mean(x, axis=1)


def kept(inputs, mask=None):
    return mask


def none(inputs, mask=None):
    return None


FUNCTIONS = {
    "masked_mean": on("t", masked_mean, before=embedded),
    "masked_mean_none": on("t", masked_mean_none, before=embedded),
    "masked_lambda": on("t", lambda x, mask: K.sum(x * K.cast(mask, "float32")[:, :, None], axis=1), before=embedded),
    "mask_kept": on("t", lambda x: x * 2.0, mask=kept, before=embedded, after=recurrent),
    "mask_lambda": on("t", lambda x: x[:, ::-1], mask=lambda inputs, mask: mask[:, ::-1], before=embedded, after=recurrent),
    "mask_none": on("t", lambda x: x + 1.0, mask=none, before=embedded, after=recurrent),
    "mask_ends": on("t", lambda x: x, before=embedded, after=recurrent),
    "mask_made": on("x", lambda x: x * 1.0, mask=lambda x, m=None: K.any(K.not_equal(x, 0.0), axis=-1), after=recurrent),
    "non_masking": on("t", lambda x: K.mean(x, axis=1), before=embedded),
}
