"""Walks all paths of a function with a stack of places, and writes each instruction of a release in the common vocabulary.

A place is a value or something that the common stack does not have: CPython's NULL beside a callable, names of keyword arguments, the saved
variable of an inlined comprehension. Where two paths meet their stacks must agree; a stack that runs empty, grows past what the code
object says or disagrees means that another release wrote the code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

from loadstone.custom.bytecode.lines import handlers
from loadstone.custom.bytecode.marshal import RawCode
from loadstone.custom.bytecode.opcodes import Release
from loadstone.custom.bytecode.units import Unit
from loadstone.errors import CorruptFile
from loadstone.ir.records import dataclass, field

VALUE, NULL = ("value", -1), ("null", -1)
Place = tuple[Any, ...]  # VALUE, NULL, ("const", unit), ("name", unit) or ("saved", variable, unit)
Emitted = tuple[str, Any, bool]  # op, arg, whether it may change its left operand in place
LOOP_ENDS = {(3, 12): ("END_FOR",), (3, 13): ("END_FOR", "POP_TOP"), (3, 14): ("END_FOR", "POP_ITER")}  # where FOR_ITER jumps to


@dataclass(frozen=True)
class Local:
    """A variable by its index, within the inlined comprehension that saved it at the unit `region`, if any."""

    index: int
    region: int | None


@dataclass
class State:
    """What is on the stack, and the loops around (to Python 3.7: where each ends, and the height of its stack)."""

    stack: list[Place] = field(default_factory=list)
    loops: list[tuple[int, int]] = field(default_factory=list)


Handler = Callable[["Flow", Unit], None]


class Flow:
    """The walk of one function. After `run`, `emitted` has what each unit that can be reached becomes."""

    def __init__(self, raw: RawCode, release: Release, units: Sequence[Unit]) -> None:
        self.raw, self.release, self.units = raw, release, units
        self.names: set[int] = set()  # units whose constant is a name for the instruction that takes it, and no value
        self.nested_regions: set[int] = set()  # variables that a comprehension saves within another that has saved it
        self.tries = self._tries() if release >= (3, 11) else set()
        ends = len(LOOP_ENDS.get(release, ()))
        self.in_loops = _in_loops(units)
        self.leaders = {unit.target + (ends if unit.name == "FOR_ITER" else 0) for unit in units if unit.target is not None}
        self.begin()

    def begin(self) -> None:
        self.emitted: dict[int, list[Emitted]] = {}
        self.known: dict[int, State] = {}
        self.budget = 10 * len(self.units) + 10_000  # steps taken and written: paths that meet are walked again only where places change
        self.waiting: list[int] = []
        self.state = State()
        self.at = 0
        self.keywords: tuple[str, ...] = ()
        self.through = True  # whether the next unit follows

    def run(self, handle: Handler) -> dict[int, list[Emitted]]:
        """Walk until nothing changes; *handle* (flow, unit) writes one unit."""
        for _ in range(3):
            before = len(self.names)
            self.begin()
            self.enter(0)
            while self.waiting:
                self._line(self.waiting.pop(), handle)
            if len(self.names) == before:
                return self.emitted
        raise CorruptFile("names of keyword arguments move on the stack")

    def _line(self, at: int, handle: Handler) -> None:
        """From one meeting point to the next."""
        known = self.known[at]
        self.state = State(list(known.stack), list(known.loops))
        self.keywords, self.through = (), True
        while True:
            self.spend()
            self.at, unit = at, self.units[at]
            self.out: list[Emitted] = []
            if at in self.tries:
                self.unsupported("SETUP_FINALLY")
            else:
                handle(self, unit)
            if len(self.state.stack) > self.raw.stacksize:
                raise CorruptFile(f"the stack is higher than {self.raw.stacksize} at {unit.name}")
            self.emitted[at] = self.out
            if not self.through:
                return
            at += 1
            if at >= len(self.units):
                raise CorruptFile("the code does not end with a return")
            if at in self.leaders:
                self.enter(at)
                return

    def _tries(self) -> set[int]:
        """Units that exception handlers of the source protect; those that the compiler adds by itself are passed over."""
        at = {unit.offset: index for index, unit in reversed(list(enumerate(self.units)))}
        found = set()
        for start, handler in handlers(self.raw):
            if start not in at or handler not in at:
                raise CorruptFile("an exception handler begins where no instruction does")
            if self.units[at[handler]].name == "PUSH_EXC_INFO":
                found.add(at[start])
        return found

    # What handlers of instructions use

    def enter(self, target: int, stack: list[Place] | None = None) -> None:
        """Another path reaches *target*: the stacks must agree."""
        stack = list(self.state.stack if stack is None else stack)
        loops = list(self.state.loops)
        known = self.known.get(target)
        if known is None:
            self.known[target] = State(stack, loops)
            self.waiting.append(target)
            return
        if len(known.stack) != len(stack) or known.loops != loops:
            raise CorruptFile("two paths meet with stacks of different heights")
        merged = [_meet(one, two) for one, two in zip(known.stack, stack, strict=True)]
        if merged != known.stack:
            known.stack = merged
            self.waiting.append(target)

    def jump(self, target: int | None, stack: list[Place] | None = None) -> None:
        assert target is not None
        self.enter(target, stack)

    def stop(self) -> None:
        self.through = False

    def unsupported(self, name: str) -> None:
        """What the common vocabulary lacks ends the path."""
        self.emit("UNSUPPORTED", name)
        self.stop()

    def emit(self, op: str, arg: Any = None, inplace: bool = False) -> None:
        self.out.append((op, arg, inplace))
        self.spend()

    def spend(self) -> None:
        self.budget -= 1
        if self.budget < 0:
            raise CorruptFile("the paths of a function do not come to an end")

    def push(self, count: int = 1, place: Place = VALUE) -> None:
        self.state.stack.extend([place] * count)

    def take(self, count: int) -> list[Place]:
        stack = self.state.stack
        if count > len(stack):
            raise CorruptFile("the stack runs empty")
        taken = stack[len(stack) - count :]
        del stack[len(stack) - count :]
        return taken

    def pop(self, count: int) -> None:
        """Take values; nothing but values may be there."""
        if not all(is_value(place) for place in self.take(count)):
            raise CorruptFile(f"{self.units[self.at].name} finds no value on the stack")

    def depth(self, raw: int) -> int:
        """How many values the top *raw* places hold; the lowest of them must be one."""
        stack = self.state.stack
        if not 0 < raw <= len(stack) or not is_value(stack[-raw]):
            raise CorruptFile(f"{self.units[self.at].name} reaches no value on the stack")
        return sum(map(is_value, stack[len(stack) - raw :]))

    def constant(self, place: Place) -> Any:
        """The constant that a place holds by name; from now on it is no value."""
        if place[0] not in ("const", "name"):
            raise CorruptFile(f"{self.units[self.at].name} finds no constant on the stack")
        self.names.add(place[1])
        unit = self.units[place[1]]
        return unit.arg if unit.name == "LOAD_SMALL_INT" else self.raw.consts[unit.arg]

    def local(self, index: int) -> Local:
        regions = [place[2] for place in self.state.stack if place[0] == "saved" and place[1] == index]
        if len(regions) > 1:
            self.nested_regions.add(index)
        return Local(index, regions[-1] if regions else None)

    def reorder(self, before: list[Place]) -> None:
        """Emit the swap of the places at the ends of *before*, the top of the stack, as far as they are values."""
        low, high, between = is_value(before[0]), is_value(before[-1]), sum(map(is_value, before[1:-1]))
        if low and high:
            self.emit("SWAP", between + 2)
        elif high:
            self.rotate(between + 1)
        elif low:
            self.unrotate(between + 1)

    def rotate(self, count: int) -> None:
        """The top value goes below the count - 1 others."""
        for depth in range(count, 1, -1):
            self.emit("SWAP", depth)

    def unrotate(self, count: int) -> None:
        """The value below count - 1 others comes to the top."""
        for depth in range(2, count + 1):
            self.emit("SWAP", depth)

    def reverse(self, count: int) -> None:
        """The top values in the opposite order."""
        for near in range(1, count // 2 + 1):
            far = count + 1 - near
            for depth in (near, far, near):
                if depth > 1:
                    self.emit("SWAP", depth)


def is_value(place: Place) -> bool:
    return place[0] in ("value", "const")


def _meet(one: Place, two: Place) -> Place:
    if one == two:
        return one
    if is_value(one) and is_value(two):
        return VALUE
    raise CorruptFile("two paths meet with different stacks")


def _in_loops(units: Sequence[Unit]) -> list[bool]:
    """Which units lie between a jump back and its target."""
    begins = [0] * (len(units) + 1)
    for index, unit in enumerate(units):
        if unit.target is not None and unit.target <= index:
            begins[unit.target] += 1
            begins[index + 1] -= 1
    return [depth > 0 for depth in accumulate(begins[:-1])]
