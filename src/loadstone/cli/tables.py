"""Data from a file for `predict`: .npy, .npz, JSON or CSV, told apart by their first bytes.

CSV: the first row is a header where a cell of it is not a number. Columns go by input name: `amount` for an input of one
value a row, `image[0]`, `image[1]`.. or `image[0,0]`.. for more; where a model has one input and no column bears its name,
the columns are its values in order. JSON: an array, an object of arrays by input name, or an array of objects, one a row.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar
from zipfile import BadZipFile

import numpy as np

from loadstone.errors import InputMismatch
from loadstone.ir import Spec

T = TypeVar("T")
Array = np.ndarray[Any, Any]
Inputs = Array | dict[str, Array] | list[Array]


def read_inputs(content: bytes, specs: Sequence[Spec], drop: Iterable[str] = ()) -> Inputs:
    """The model's inputs out of the bytes of a data file; the columns or keys in `drop` are left out."""
    if content.startswith(b"\x93NUMPY"):
        return _npy(content)
    if content.startswith(b"PK"):
        return _choose(_npz(content), specs, drop)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputMismatch("the data are neither .npy, .npz nor UTF-8 text (JSON or CSV)", hint="numpy.save writes .npy") from error
    return _json(text, specs, drop) if text.lstrip()[:1] in ("[", "{") else _csv(text, specs, drop)


def _npy(content: bytes) -> Array:
    try:
        return np.asarray(np.load(io.BytesIO(content), allow_pickle=False))
    except (ValueError, OSError) as error:
        raise InputMismatch(f"the data look like a .npy file that cannot be read: {error}") from error


def _npz(content: bytes) -> dict[str, Array]:
    try:
        return dict(np.load(io.BytesIO(content), allow_pickle=False))
    except (ValueError, OSError, BadZipFile) as error:
        raise InputMismatch(f"the data look like a .npz file that cannot be read: {error}") from error


def _json(text: str, specs: Sequence[Spec], drop: Iterable[str]) -> Inputs:
    try:
        data = json.loads(text)
    except ValueError as error:
        raise InputMismatch(f"the data look like JSON that cannot be read: {error}") from error
    if isinstance(data, list) and data and all(isinstance(row, dict) for row in data):
        return _choose(_rows(data), specs, drop)
    if isinstance(data, dict):
        return _choose({name: _array(values, name) for name, values in data.items()}, specs, drop)
    if len(specs) == 1:
        return _array(data, "the data")
    if len(data) != len(specs):
        raise _unnamed(specs)
    return [_array(values, spec.name) for values, spec in zip(data, specs, strict=True)]


def _rows(rows: list[dict[str, Any]]) -> dict[str, Array]:
    """Columns of an array of objects that all have the same keys."""
    for number, row in enumerate(rows):
        if row.keys() != rows[0].keys():
            raise InputMismatch(f"row {number} has the keys {sorted(row)}, row 0 has {sorted(rows[0])}")
    return {name: _array([row[name] for row in rows], name) for name in rows[0]}


def _array(values: Any, name: str) -> Array:
    try:
        return np.asarray(values)
    except ValueError as error:
        raise InputMismatch(f"{name}: the nested lists are not all of one length: {error}") from error


def _csv(text: str, specs: Sequence[Spec], drop: Iterable[str]) -> Inputs:
    rows = [row for row in csv.reader(io.StringIO(text)) if row]
    if not rows:
        raise InputMismatch("the data file is empty")
    header = None if all(_is_number(cell) for cell in rows[0]) else [cell.strip() for cell in rows.pop(0)]
    width = len(header or rows[0])
    for number, row in enumerate(rows):
        if len(row) != width:
            raise InputMismatch(f"row {number} of the CSV has {len(row)} cells, expected {width}")
    cells = {str(name): [row[at] for row in rows] for at, name in enumerate(header or range(width))}
    if len(cells) != width:
        raise InputMismatch(f"the CSV has a column name twice: {header}")
    cells = _without(cells, drop)
    if len(specs) == 1 and not any(_base(name) == specs[0].name for name in cells):
        return _shaped(list(cells.values()), specs[0], list(cells))
    if header is None:
        raise _unnamed(specs)
    return _by_name(cells, specs)


def _by_name(cells: dict[str, list[str]], specs: Sequence[Spec]) -> dict[str, Array]:
    """Columns `name` and `name[i,j]` gathered into one array for each input."""
    columns: dict[str, list[str]] = {}
    for name in sorted(cells, key=_index):
        columns.setdefault(_base(name), []).append(name)
    _same_names(columns, specs)
    for name, parts in columns.items():
        _complete(name, [_index(part) for part in parts])
    given = [spec for spec in specs if spec.name in columns]
    return {spec.name: _shaped([cells[name] for name in columns[spec.name]], spec, columns[spec.name]) for spec in given}


def _complete(name: str, indices: list[tuple[int, ...]]) -> None:
    """Refuse indices with gaps, or of several ranks."""
    sizes = [max(axis) + 1 for axis in zip(*indices, strict=False)]
    if len({len(index) for index in indices}) > 1 or math.prod(sizes) != len(indices) or indices != list(np.ndindex(*sizes)):
        raise InputMismatch(f"the columns of {name!r} are not all of {name}[0] .. without gaps")


def _shaped(columns: list[list[str]], spec: Spec, names: list[str]) -> Array:
    """Columns as (rows, columns), or in the input's own shape where that has as many values a row."""
    string = spec.dtype == "string"
    arrays = [np.array(column, object) if string else _numbers(column, name) for column, name in zip(columns, names, strict=True)]
    values = np.stack(arrays, axis=1)
    dims = [dim for dim in (spec.shape or ())[1:] if dim is not None]
    if spec.shape and len(dims) == len(spec.shape) - 1 and math.prod(dims) == values.shape[1]:
        return values.reshape((len(values), *dims))
    return values


def _numbers(cells: list[str], name: str) -> Array:
    """Whole numbers as int64, others as float64; the model casts them."""
    for kind in (int, float):
        try:
            return np.array([kind(cell) for cell in cells])
        except ValueError:
            continue
    bad = next(cell for cell in cells if not _is_number(cell))
    raise InputMismatch(f"column {name!r} has {bad!r}, which is no number", hint=f"leave the column out: --drop {shlex.quote(name)}")


def _choose(arrays: Mapping[str, Array], specs: Sequence[Spec], drop: Iterable[str]) -> Inputs:
    """Arrays by input name; those that numpy.savez named itself (arr_0..) in order."""
    chosen = _without(arrays, drop)
    if len(chosen) == 1 and len(specs) == 1:
        return next(iter(chosen.values()))
    if set(chosen) == {f"arr_{number}" for number in range(len(specs))}:
        return [chosen[f"arr_{number}"] for number in range(len(specs))]
    _same_names(chosen, specs)
    return chosen


def _same_names(given: Iterable[str], specs: Sequence[Spec]) -> None:
    names, wanted = list(given), [spec.name for spec in specs]
    missing = [spec.name for spec in specs if spec.name not in names and not spec.optional]
    extra = [name for name in names if name not in wanted]
    if missing or extra:
        wrong = " and ".join(part for part in (missing and f"lack {missing}", extra and f"have {extra} besides") if part)
        hint = "leave columns out: " + " ".join(f"--drop {shlex.quote(name)}" for name in extra) if extra and not missing else None
        raise InputMismatch(f"the model's inputs are {wanted}; the data {wrong}", hint=hint)


def _without(columns: Mapping[str, T], drop: Iterable[str]) -> dict[str, T]:
    kept = dict(columns)
    for name in drop:
        if kept.pop(name, None) is None:
            raise InputMismatch(f"nothing named {name!r} to drop; the data have {list(columns)}")
    return kept


def _unnamed(specs: Sequence[Spec]) -> InputMismatch:
    names = [spec.name for spec in specs]
    return InputMismatch(f"the model has {len(specs)} inputs: the data must name them", hint=f"the names are {names}")


def _base(column: str) -> str:
    return column.partition("[")[0]


def _index(column: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", column.partition("[")[2]))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
