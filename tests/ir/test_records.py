"""Records are what the standard dataclasses are: each fact here is checked of both."""

import copy
import dataclasses
import importlib
import inspect
import pickle  # noqa: TID251 - of our own, by users
import pkgutil
import sys
import threading
from typing import ClassVar

import pytest

import loadstone
from loadstone.ir import records
from loadstone.ir.records import field


class Makers:
    """The same classes made by a decorator."""

    def __init__(self, dataclass):
        @dataclass(frozen=True)
        class Point:
            """A place."""

            x: int
            y: int = 2
            names: "list[str]" = field(default_factory=list, repr=False)
            note: "str | None" = field(default=None, compare=False)
            origin: ClassVar[int] = 0

        @dataclass
        class Counter:
            count: int
            seen: list = field(default_factory=list)
            doubled: int = 0

            def __post_init__(self):
                self.doubled = 2 * self.count

        @dataclass(eq=False)
        class Named:
            name: str
            size: int = 0

        @dataclass(eq=False)
        class Sized(Named):
            size: int = 7
            unit: str = "m"

        @dataclass(frozen=True)
        class Key:
            name: str

            def __hash__(self):
                return 5

            def __repr__(self):
                return "a key"

        @dataclass(frozen=True)
        class Nothing:
            pass

        self.Point, self.Counter, self.Named, self.Sized, self.Key, self.Nothing = Point, Counter, Named, Sized, Key, Nothing


@pytest.fixture(params=[dataclasses.dataclass, records.dataclass], ids=["standard", "record"])
def made(request):
    return Makers(request.param)


@records.dataclass(frozen=True)
class Pair:
    """Two things."""

    first: object
    second: object = None


def test_arguments_by_place_and_name(made):
    point = made.Point(1, names=["a"])
    assert (point.x, point.y, point.names, point.note) == (1, 2, ["a"], None)
    with pytest.raises(TypeError, match=r"Point\.__init__\(\) missing 1 required positional argument: 'x'"):
        made.Point()
    with pytest.raises(TypeError, match="unexpected keyword argument 'z'"):
        made.Point(1, z=3)


def test_a_factory_makes_a_value_for_each(made):
    assert made.Counter(1).seen is not made.Counter(1).seen


def test_defaults_stand_in_the_class(made):
    assert made.Point.y == 2
    assert made.Point.note is None
    assert not hasattr(made.Point, "names")
    assert made.Point.origin == 0


def test_post_init_runs_last(made):
    assert made.Counter(3).doubled == 6


def test_fields_of_bases_come_first_and_are_replaced_in_place(made):
    assert [f.name for f in dataclasses.fields(made.Sized)] == ["name", "size", "unit"]
    assert vars(made.Sized("a")) == {"name": "a", "size": 7, "unit": "m"}
    assert vars(made.Named("a")) == {"name": "a", "size": 0}


def test_a_plain_class_on_a_record_has_its_init(made):
    class Plain(made.Sized):
        def __init__(self):
            super().__init__("plain", 1)

    assert vars(Plain()) == {"name": "plain", "size": 1, "unit": "m"}


def test_equal_are_those_of_one_class_with_equal_values(made):
    point = made.Point(1, note="a")
    assert point == made.Point(1, note="b")
    assert point != made.Point(2)
    assert point != (1, 2, [], None)
    assert made.Counter(1) == made.Counter(1)
    assert made.Nothing() == made.Nothing()
    assert made.Named("a") != made.Named("a")  # by identity, as asked for


def test_frozen_ones_have_a_hash(made):
    assert hash(made.Point(1, names=())) == hash(made.Point(1, names=(), note="b"))
    assert len({made.Nothing(), made.Nothing()}) == 1
    assert hash(made.Key("a")) == 5
    assert len({made.Named("a"), made.Named("a")}) == 2
    with pytest.raises(TypeError, match="unhashable"):
        hash(made.Counter(1))


def test_repr(made):
    assert repr(made.Point(1)).endswith("Point(x=1, y=2, note=None)")
    assert repr(made.Key("a")) == "a key"
    counter = made.Counter(1)
    counter.seen.append(counter)
    assert repr(counter).endswith("Counter(count=1, seen=[...], doubled=2)")


def test_frozen_ones_refuse_assignments(made):
    point = made.Point(1)
    for attempt in (lambda: setattr(point, "x", 2), lambda: setattr(point, "other", 2), lambda: delattr(point, "x")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            attempt()
    assert point.x == 1


def test_a_plain_class_on_a_frozen_one_may_have_attributes_of_its_own(made):
    class Plain(made.Point):
        pass

    plain = Plain(1)
    plain.other = 2
    del plain.other
    with pytest.raises(dataclasses.FrozenInstanceError):
        plain.x = 2


def test_what_the_dataclasses_module_does(made):
    point = made.Point(1)
    assert dataclasses.is_dataclass(point)
    assert dataclasses.is_dataclass(made.Point)
    assert dataclasses.replace(point, y=5) == made.Point(1, 5)
    assert dataclasses.asdict(point) == {"x": 1, "y": 2, "names": [], "note": None}
    assert dataclasses.astuple(made.Sized("a")) == ("a", 7, "m")
    assert [(f.name, f.type, f.repr) for f in dataclasses.fields(point)][2] == ("names", "list[str]", False)
    with pytest.raises(TypeError):
        dataclasses.replace(point, z=1)


def test_a_standard_dataclass_may_build_on_a_frozen_one(made):
    @dataclasses.dataclass(frozen=True)
    class More(made.Point):
        z: int = 3

    assert (More(1).y, More(1).z) == (2, 3)
    assert More(1) == More(1)
    with pytest.raises(TypeError, match="non-frozen"):
        dataclasses.dataclass(type("Thawed", (made.Point,), {}))


def test_patterns_match_in_order(made):
    match made.Point(1, 5):
        case made.Point(x, y):
            assert (x, y) == (1, 5)
        case _:
            pytest.fail("no match")


def test_the_signature_is_useful(made):
    assert str(inspect.signature(made.Sized)) in {
        "(name: str, size: int = 7, unit: str = 'm') -> None",
        "(name: 'str', size: 'int' = 7, unit: 'str' = 'm') -> None",
    }
    assert "names: 'list[str]' = <factory>" in str(inspect.signature(made.Point))
    assert made.Point.__doc__ == "A place."


def test_records_are_copied_and_pickled():
    pair = Pair(1, [2])
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(pair, protocol)) == pair
    assert copy.copy(pair).second is pair.second
    deep = copy.deepcopy(pair)
    assert deep == pair
    assert deep.second is not pair.second
    if sys.version_info >= (3, 13):
        assert copy.replace(pair, second=3) == Pair(1, 3)


def test_a_record_that_was_only_unpickled_is_whole():
    @records.dataclass(frozen=True)
    class Fresh:
        x: int

    fresh, other = object.__new__(Fresh), object.__new__(Fresh)  # what unpickling does
    vars(fresh)["x"] = vars(other)["x"] = 1
    assert fresh == other
    assert hash(fresh) == hash(other)
    with pytest.raises(dataclasses.FrozenInstanceError):
        fresh.x = 2


def test_threads_may_make_the_first_one_together():
    for _ in range(20):
        made = Makers(records.dataclass)
        start, found = threading.Barrier(4), []

        def make(made=made, start=start, found=found):
            start.wait()
            found.append(dataclasses.replace(made.Point(1), y=3))

        threads = [threading.Thread(target=make) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [made.Point(1, 3)] * 4


def test_what_records_do_not_have_is_refused():
    with pytest.raises(TypeError, match="slots"):
        records.dataclass(slots=True)


OPTIONAL = {"openvino", "click", "rich", "keras", "tf_keras", "yaml", "re2", "PIL"}


def ours():
    """Every record of the package."""
    for module in pkgutil.walk_packages(loadstone.__path__, "loadstone."):
        if module.name.endswith("__main__"):
            continue
        try:
            found = importlib.import_module(module.name)
        except ImportError as error:
            if error.name and error.name.partition(".")[0] in OPTIONAL:
                continue
            raise
        yield from (c for c in vars(found).values() if isinstance(c, type) and "__record__" in vars(c) and c.__module__ == module.name)


def test_the_standard_decorator_accepts_every_record_of_ours():
    """Defaults in order, none that can change, no field that a record cannot have."""
    classes = list(ours())
    assert len(classes) > 100
    for cls in classes:
        for f in dataclasses.fields(cls):
            assert f.init and not f.kw_only and f.hash is None, f"{cls.__qualname__}.{f.name}"
            assert not isinstance(f.type, dataclasses.InitVar)
        assert list(inspect.signature(cls).parameters) == [f.name for f in dataclasses.fields(cls)]
