"""HDF5 as a tree: groups, attributes and lazy tensors; and the writing of one. The only home of h5py.

The usual file is read by `hdf5_headers`, any other by h5py. The whole tree is read once and the file closed again; tensors that lie
contiguous are read from the source itself, the rest (filtered, chunked, compact, strings) opens the file for the one read. So no
handle is kept, threads share nothing, and a forked process needs no repair.

Refused: soft and external links, external and virtual storage (UnsafeContent); sizes that the file cannot hold (CorruptFile).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from loadstone.containers import hdf5_headers
from loadstone.containers.hdf5_tree import MAX_DEPTH, MAX_OBJECTS, Group
from loadstone.containers.hdf5_values import Unusual
from loadstone.containers.source import Source
from loadstone.errors import CorruptFile, LoadstoneError, UnsafeContent, UnsupportedVersion
from loadstone.ir import Tensor, dtypes

if TYPE_CHECKING:
    import h5py

SIGNATURE = b"\x89HDF\r\n\x1a\n"
MAX_ATTRIBUTE = 64_000  # bytes of one that HDF5 keeps in the header of its group
UNSTORED = 64 << 20  # bytes that fill values and compression may add to any file
EXPANSION = 1032  # more than deflate can do
_FILTERS = {1: "deflate", 2: "shuffle", 3: "fletcher32", 4: "szip", 5: "nbit", 6: "scaleoffset", 32000: "lzf"}
_LINKS = {1: "a soft link", 64: "an external link"}


def read(source: Source) -> Group:
    """The tree of an HDF5 file, or of a range of one file that holds another."""
    try:
        return hdf5_headers.tree(source, lambda path, dtype: lambda: _load(source, path, dtype))
    except Unusual:
        return _read(source)


def _read(source: Source) -> Group:
    with _opened(source) as file:
        return _Walk(source).group(file["/"].id, "", 0)  # the group: of a File, h5py before 3.12 does not ask in which order it was made


def begins(source: Source) -> bool:
    """True where the signature stands at 0, 512, 1024, ...: before it may be a block of the user's."""
    offset = 0
    while offset + len(SIGNATURE) <= source.size:
        if source.read(offset, len(SIGNATURE)) == SIGNATURE:
            return True
        offset = offset * 2 or 512
    return False


def outline(source: Source) -> Group:
    """The root alone: its attributes and the names in it, without what lies below."""
    try:
        return hdf5_headers.outline(source)
    except Unusual:
        return _outline(source)


def _outline(source: Source) -> Group:
    with _opened(source) as file:
        return Group("", source.name, _Walk(source).attributes(file["/"].id, ""), names=list(file))


class _Kind(NamedTuple):
    """A type of elements: as HDF5 stores it, bytes of one, as numpy has it, and whether both are the same bytes."""

    stored: h5py.h5t.TypeID
    size: int
    dtype: np.dtype
    as_numpy: bool


class _Walk:
    """One pass over a file: what was seen, and what may still be allocated.

    It goes through h5py's low-level objects: its groups and datasets take several times as long, and a large model has thousands.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.seen: set[int] = set()
        self.objects = 0
        self.unstored = UNSTORED + EXPANSION * source.size
        self.kinds: list[_Kind] = []

    def group(self, group: h5py.h5g.GroupID, path: str, depth: int) -> Group:
        import h5py

        if depth > MAX_DEPTH:
            raise self.corrupt(f"groups are nested more than {MAX_DEPTH} deep", path)
        address = int(h5py.h5o.get_info(group).addr)
        if address in self.seen:
            raise self.corrupt("a group is linked from two places", path)
        self.seen.add(address)
        found = Group(path, self.source.name, self.attributes(group, path))
        for encoded in list(group):
            try:
                name = encoded.decode("utf8")
            except UnicodeDecodeError as error:
                raise self.corrupt(f"the name {encoded!r} is not UTF-8", path) from error
            inner_path = f"{path}/{name}" if path else name
            with _typed(self.source, inner_path):
                self.object(group, encoded, found, name, inner_path, depth)
        return found

    def object(self, parent: h5py.h5g.GroupID, encoded: bytes, found: Group, name: str, path: str, depth: int) -> None:
        import h5py

        self.objects += 1
        if self.objects > MAX_OBJECTS:
            raise self.corrupt(f"more than {MAX_OBJECTS} objects", path)
        link = parent.links.get_info(encoded).type
        if link != h5py.h5l.TYPE_HARD:
            raise UnsafeContent(
                f"the file holds {_LINKS.get(link, 'a link')} to somewhere else; none is followed", source=self.source.name, where=path
            )
        item = h5py.h5o.open(parent, encoded)
        if isinstance(item, h5py.h5g.GroupID):
            found.groups[name] = self.group(item, path, depth + 1)
            found.names.append(name)
        elif isinstance(item, h5py.h5d.DatasetID):
            found.tensors[name] = self.tensor(item, path)
            found.names.append(name)

    def attributes(self, item: h5py.h5g.GroupID | h5py.h5d.DatasetID, path: str) -> dict[str, Any]:
        import h5py

        found: dict[str, Any] = {}
        if not h5py.h5a.get_num_attrs(item):
            return found
        attributes = (h5py.Group if isinstance(item, h5py.h5g.GroupID) else h5py.Dataset)(item).attrs
        for name in list(attributes):
            with _typed(self.source, f"{path}@{name}"):
                stored = attributes.get_id(name)
                shape, dtype = stored.shape, stored.dtype
                if prod(shape or ()) * stored.get_type().get_size() > self.source.size:
                    raise self.corrupt("an attribute is larger than the file", f"{path}@{name}")
                if shape is not None and dtype.kind == "S":  # lists of names, which are most of them
                    value = np.zeros(shape, dtype)
                    stored.read(value)
                    found[name] = value[()]
                else:
                    found[name] = _plain(attributes[name])
        return found

    def tensor(self, data: h5py.h5d.DatasetID, path: str) -> Tensor:
        import h5py

        properties = data.get_create_plist()
        layout = properties.get_layout()
        if properties.get_external_count():
            raise UnsafeContent("a dataset keeps its values in another file", source=self.source.name, where=path)
        if layout == h5py.h5d.VIRTUAL:
            raise UnsafeContent("a dataset is a view of other files", source=self.source.name, where=path)
        if data.get_space().get_simple_extent_type() == h5py.h5s.NULL:
            raise self.corrupt("a dataset has no shape", path)
        filters = [properties.get_filter(number)[0] for number in range(properties.get_nfilters())]
        if unknown := [number for number in filters if number not in _FILTERS]:
            raise UnsupportedVersion(
                f"a dataset is packed with HDF5 filter {unknown[0]}; read are {', '.join(_FILTERS.values())}",
                source=self.source.name,
                where=path,
            )
        kind, shape = self.kind(data), data.shape
        dtype = self.dtype(data, kind.dtype, path)
        declared, stored = prod(shape) * kind.size, data.get_storage_size()
        contiguous = layout == h5py.h5d.CONTIGUOUS
        if contiguous and stored < declared:
            raise self.corrupt(f"a dataset declares {declared} bytes and stores {stored}", path)
        self.unstored -= max(0, declared - stored)
        if self.unstored < 0:
            raise self.corrupt(f"a dataset declares {declared} bytes and stores {stored}: more than the file can hold", path)
        if contiguous and declared and kind.as_numpy:
            return self.source.tensor(data.get_offset(), shape, kind.dtype, dtype, path)
        source = self.source
        return Tensor.lazy(shape, dtype, lambda: _load(source, path, dtype), key=path)

    def kind(self, data: h5py.h5d.DatasetID) -> _Kind:
        """The type of its elements; those of one file are few."""
        import h5py

        stored = data.get_type()
        for kind in self.kinds:
            if kind.stored == stored:
                return kind
        dtype = data.dtype
        as_numpy = dtype.kind == "V" or (dtype.kind in "fiub" and stored == h5py.h5t.py_create(dtype))
        self.kinds.append(_Kind(stored, stored.get_size(), dtype, as_numpy))
        return self.kinds[-1]

    def dtype(self, data: h5py.h5d.DatasetID, stored: np.dtype, path: str) -> str:
        """The dtype name. ml_dtypes types lie in the file as opaque bytes, whose meaning a `dtype` attribute gives at best."""
        if stored.kind == "V" and stored.names is None:
            said = self.attributes(data, path).get("dtype")
            if said is not None and dtypes.known(str(said)) and dtypes.itemsize(str(said)) == stored.itemsize:
                return str(said)
            if stored.itemsize == 2 and said is None:
                return "bfloat16"  # the only two-byte type that numpy lacks
            raise UnsupportedVersion(f"a dataset holds opaque elements of {stored.itemsize} bytes", source=self.source.name, where=path)
        name = dtypes.of_numpy(stored)
        if not dtypes.known(name) or (stored.kind == "O" and not _is_string(stored)):
            raise UnsupportedVersion(f"a dataset has elements of type {stored}", source=self.source.name, where=path)
        return name

    def corrupt(self, message: str, path: str) -> CorruptFile:
        return CorruptFile(message, source=self.source.name, where=path or None)


@contextmanager
def _opened(source: Source) -> Iterator[h5py.File]:
    import h5py

    with _typed(source, None), source.file() as stream, h5py.File(stream, "r") as file:
        yield file


@contextmanager
def _typed(source: Source, key: str | None) -> Iterator[None]:
    """What h5py raises on a damaged file, as CorruptFile."""
    try:
        yield
    except LoadstoneError:
        raise
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, OverflowError) as error:
        text = " ".join(str(error).split())
        raise CorruptFile(f"the HDF5 structure is damaged or cut off: {text}", source=source.name, where=key) from error


def _load(source: Source, path: str, dtype: str) -> np.ndarray:
    with _typed(source, path), _opened(source) as file:
        values = np.asarray(file[path][()])
    if dtype == "string":
        flat = [item if isinstance(item, bytes) else str(item).encode("utf8") for item in values.reshape(-1).tolist()]
        array = np.empty(len(flat), object)
        array[:] = flat
        return array.reshape(values.shape)
    return values.view(dtypes.to_numpy(dtype)) if values.dtype.kind == "V" else values


def _plain(value: object) -> Any:
    """An attribute as str, bytes, number or array; an empty one is None."""
    import h5py

    return None if isinstance(value, h5py.Empty) else value


def _is_string(dtype: np.dtype) -> bool:
    import h5py

    return h5py.check_string_dtype(dtype) is not None


def write(
    path: str,
    tensors: Mapping[str, Tensor],
    attributes: Mapping[str, Mapping[str, Any]],
    told: Callable[[int], None] = lambda size: None,
) -> None:
    """A new file with these tensors by path, and attributes by the path of their group ("" is the file). One tensor is read at a time.

    Lists of strings that do not fit into one attribute are cut into numbered ones, as Keras reads them. told: is called with the bytes of
    each tensor once it is written.
    """
    import h5py

    with h5py.File(path, "w") as file:
        for name, tensor in tensors.items():
            array = tensor.numpy()
            opaque = array.dtype.isbuiltin == 2  # a type of ml_dtypes
            made = file.create_dataset(name, data=array.view(f"V{array.dtype.itemsize}") if opaque else array)
            if opaque:
                made.attrs["dtype"] = tensor.dtype
            told(tensor.nbytes)
        for place, found in attributes.items():
            group = file.require_group(place) if place else file
            for name, value in found.items():
                for key, part in _parts(name, value):
                    group.attrs[key] = part


def add_bytes(path: str, name: str, data: bytes) -> None:
    """Another dataset of a file that was just written, of uint8."""
    import h5py

    with h5py.File(path, "a") as file:
        file.create_dataset(name, data=np.frombuffer(data, np.uint8))


def _parts(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """A list of strings as one attribute, or as several of less than 64 KB; any other value as it is."""
    if not isinstance(value, list):
        yield name, value
        return
    items = [item.encode("utf8") for item in value]
    width = max((len(item) for item in items), default=1)
    count = -(-len(items) * width // MAX_ATTRIBUTE) if items else 1
    if count == 1:
        yield name, np.array(items, dtype=f"S{width}") if items else np.array([], dtype="S1")
    else:
        size = -(-len(items) // count)
        yield from ((f"{name}{i}", np.array(items[i * size : (i + 1) * size], dtype=f"S{width}")) for i in range(-(-len(items) // size)))
