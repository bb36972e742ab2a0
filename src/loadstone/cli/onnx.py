"""Options of commands that write .onnx: how the file is to look from outside. They reach a command as one dict, `onnx`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def _names(ctx: click.Context, option: click.Parameter, text: str | None) -> list[str] | dict[str, str] | None:
    """`a,b` in order, or `old=new,...`."""
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",")]
    if not any("=" in part for part in parts):
        return parts
    pairs = [part.rpartition("=") for part in parts]
    if not all(old and new for old, _, new in pairs):
        raise click.BadParameter(f"{text!r}: either names in order, or old=new for each", ctx=ctx, param=option)
    return {old: new for old, _, new in pairs}


def _shapes(ctx: click.Context, option: click.Parameter, texts: Sequence[str]) -> dict[str, list[int | None]] | None:
    """`NAME=1,224,224,3`; ? where a length stays free."""
    found: dict[str, list[int | None]] = {}
    for text in texts:
        name, _, lengths = text.rpartition("=")
        try:
            found[name] = [None if part.strip() == "?" else int(part) for part in lengths.split(",")] if lengths else []
        except ValueError:
            name = ""
        if not name or any(length is not None and length < 0 for length in found[name]):
            raise click.BadParameter(f"{text!r} is not NAME=1,224,224,3 (? for a length that stays free)", ctx=ctx, param=option)
    return found or None


_OPTIONS = (
    click.option("--opset", type=int, help="For .onnx: the version of its operators, 13 to 23.  [default: 21]"),
    click.option("--input-names", callback=_names, metavar="NAMES", help="For .onnx: new names of the inputs, in order or as old=new."),
    click.option("--output-names", callback=_names, metavar="NAMES", help="For .onnx: new names of the outputs, in order or as old=new."),
    click.option(
        "--shape", "shapes", multiple=True, callback=_shapes, metavar="NAME=1,224,224,3", help="For .onnx: a fixed shape of an input."
    ),
    click.option("--channels-first", is_flag=True, help="For .onnx: image inputs as (batch, channels, height, width)."),
    click.option("--channels-first-of", metavar="NAMES", help="The same for these inputs and outputs alone."),
    click.option("--external-data/--no-external-data", default=None, help="For .onnx: weights in a file beside.  [default: from 1 GiB on]"),
)


def onnx_options(command: Command) -> Command:
    """The options, for a command that takes `onnx`: what `loadstone.convert` takes by these names, of what was given."""

    @wraps(command)
    def taken(*arguments: Any, channels_first_of: str | None, **options: Any) -> Any:
        names = ("opset", "input_names", "output_names", "shapes", "channels_first", "external_data")
        given = {name: options.pop(name) for name in names}
        if channels_first_of is not None:
            given["channels_first"] = [name.strip() for name in channels_first_of.split(",")]
        if not given["channels_first"]:
            given["channels_first"] = None
        return command(*arguments, **options, onnx={name: value for name, value in given.items() if value is not None})

    for option in reversed(_OPTIONS):
        taken = option(taken)
    return taken  # type: ignore[return-value]  # it is called as the command was
