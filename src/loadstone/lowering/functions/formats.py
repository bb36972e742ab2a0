"""Where the channels of an image are, as a call of `keras.backend` says it or leaves it open."""

from __future__ import annotations

from loadstone.errors import UnsupportedAttribute
from loadstone.lowering.functions.era import Era

_FORMATS = {"tf": "channels_last", "th": "channels_first", "channels_last": "channels_last", "channels_first": "channels_first"}


def chosen(data_format: str | None, dim_ordering: str | None, era: Era | None) -> str:
    """The data_format of a call, by either name. One that is left open is that of the configuration (see `configured`)."""
    given = dim_ordering if dim_ordering is not None else data_format
    if given in (None, "default"):
        return configured(era)
    if given not in _FORMATS:
        raise UnsupportedAttribute(f"data_format={given!r}")
    return _FORMATS[given]


def configured(era: Era | None) -> str:
    """`keras.backend.image_data_format()`: what the layers of the model say, else what Keras has where nobody changed it.

    In Keras 1 that depended on the backend and on when the user's configuration was written: without layers that say it, it is refused.
    """
    if era is None:
        return "channels_last"
    if era.layout is None:
        raise UnsupportedAttribute("a function whose data_format (dim_ordering) is that of the user's configuration, which no layer tells")
    return era.layout


def comes_first(data_format: str) -> bool:
    """Whether the channels come before the space."""
    return data_format == "channels_first"
