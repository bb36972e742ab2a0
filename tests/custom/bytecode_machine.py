"""A small interpreter of the common vocabulary, so that tests can compare what decoded functions do with what the real ones did."""

import builtins
import operator

from loadstone.custom.bytecode import Code

BINARY = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv, "%": operator.mod,
    "**": operator.pow, "@": operator.matmul, "<<": operator.lshift, ">>": operator.rshift, "&": operator.and_, "|": operator.or_,
    "^": operator.xor, "[]": operator.getitem,
}  # fmt: skip
COMPARE = {
    "<": operator.lt, "<=": operator.le, "==": operator.eq, "!=": operator.ne, ">": operator.gt, ">=": operator.ge, "is": operator.is_,
    "is not": operator.is_not, "in": lambda a, b: a in b, "not in": lambda a, b: a not in b,
}  # fmt: skip
UNARY = {"-": operator.neg, "+": operator.pos, "~": operator.invert, "not": operator.not_}
HOLDS = {"true": bool, "false": operator.not_, "none": lambda x: x is None, "not none": lambda x: x is not None}
MAX_STEPS = 100_000


class Cell:
    pass


def classic(a, b):
    if hasattr(a, "__div__"):
        return a.__div__(b)
    if hasattr(b, "__rdiv__"):
        return b.__rdiv__(a)
    return a // b if isinstance(a, int) and isinstance(b, int) else a / b


class Function:
    """A callable of a Code."""

    def __init__(self, code, names, defaults=(), kwdefaults=None, closure=()):
        self.code, self.names, self.defaults, self.kwdefaults, self.closure = code, names, defaults or (), kwdefaults or {}, closure

    def bind(self, args, kwargs):
        code = self.code
        positional, keyword = code.arguments[: code.positional], code.arguments[code.positional : code.positional + code.keyword_only]
        rest = list(code.arguments[code.positional + code.keyword_only :])
        bound = dict(zip(positional[len(positional) - len(self.defaults) :], self.defaults, strict=True)) | self.kwdefaults
        bound |= dict(zip(positional, args, strict=False))
        if code.has_varargs:
            bound[rest.pop(0)] = tuple(args[len(positional) :])
        known = {name: value for name, value in kwargs.items() if name in positional or name in keyword}
        bound |= known
        if code.has_varkeywords:
            bound[rest.pop(0)] = {name: value for name, value in kwargs.items() if name not in known}
        assert set(bound) == set(code.arguments), (set(bound), code.arguments)
        return bound

    def __call__(self, *args, **kwargs):
        code = self.code
        frame = {"locals": self.bind(args, kwargs), "cells": dict(zip(code.free, self.closure, strict=True)), "yields": []}
        for name in code.cells:
            cell = frame["cells"][name] = Cell()
            if name in frame["locals"]:
                cell.value = frame["locals"][name]
        result = run(code, frame, self.names)
        return iter(frame["yields"]) if code.is_generator else result


def run(code, frame, names):
    stack, at = [], 0
    for _ in range(MAX_STEPS):
        step = code.instructions[at]
        at += 1
        op, arg = step.op, step.arg
        if op == "RETURN":
            return stack.pop()
        if op == "JUMP":
            at = arg
        elif op == "JUMP_IF":
            at = arg[1] if HOLDS[arg[0]](stack.pop()) else at
        elif op == "JUMP_IF_OR_POP":
            if HOLDS[arg[0]](stack[-1]):
                at = arg[1]
            else:
                stack.pop()
        elif op == "FOR_ITER":
            try:
                stack.append(next(stack[-1]))
            except StopIteration:
                stack.pop()
                at = arg
        else:
            STEPS[op](stack, arg, frame, names)
    raise AssertionError("too many steps")


def take(stack, count):
    taken = stack[len(stack) - count :]
    assert len(taken) == count
    del stack[len(stack) - count :]
    return taken


def cell(frame, name):
    found = frame["cells"]
    return found[name] if name in found else found.setdefault(name, found.get(name) or Cell())


def build(stack, arg, frame, names):
    kind, count = arg
    items = take(stack, 2 * count if kind == "dict" else count)
    make = {"tuple": tuple, "list": list, "set": set, "string": "".join, "slice": lambda ends: slice(*ends)}
    stack.append(dict(zip(items[::2], items[1::2], strict=True)) if kind == "dict" else make[kind](items))


def const_key_dict(stack, arg, frame, names):
    *values, keys = take(stack, arg + 1)
    stack.append(dict(zip(keys, values, strict=True)))


def make_format(stack, arg, frame, names):
    value, spec = take(stack, 2) if arg[1] else (stack.pop(), "")
    stack.append(format({"": lambda x: x, "s": str, "r": repr, "a": ascii}[arg[0]](value), spec))


def unpack(stack, arg, frame, names):
    items = list(stack.pop())
    assert len(items) == arg
    stack += items[::-1]


def unpack_ex(stack, arg, frame, names):
    items, (before, after) = list(stack.pop()), arg
    end = len(items) - after
    stack += [*items[:before], items[before:end], *items[end:]][::-1]


def call(stack, arg, frame, names):
    count, keywords = arg
    args = take(stack, count + len(keywords))
    function = stack.pop()
    stack.append(function(*args[:count], **dict(zip(keywords, args[count:], strict=True))))


def call_ex(stack, arg, frame, names):
    kwargs = stack.pop() if arg else {}
    args = stack.pop()
    stack.append(stack.pop()(*args, **kwargs))


def make_function(stack, arg, frame, names):
    code = stack.pop()
    assert isinstance(code, Code)
    closure = stack.pop() if arg[2] else ()
    kwdefaults = stack.pop() if arg[1] else {}
    defaults = stack.pop() if arg[0] else ()
    assert isinstance(closure, tuple) and isinstance(defaults, tuple) and isinstance(kwdefaults, dict)
    stack.append(Function(code, names, defaults, kwdefaults, closure))


def store_subscr(stack, arg, frame, names):
    value, container, index = take(stack, 3)
    container[index] = value


def delete_subscr(stack, arg, frame, names):
    container, index = take(stack, 2)
    del container[index]


def store_attr(stack, arg, frame, names):
    value, target = take(stack, 2)
    setattr(target, arg, value)


def swap(stack, arg, frame, names):
    stack[-1], stack[-arg] = stack[-arg], stack[-1]


def add(method):
    def step(stack, arg, frame, names):
        value = stack.pop()
        getattr(stack[-arg], method)(value)

    return step


def map_add(stack, arg, frame, names):
    key, value = take(stack, 2)
    stack[-arg][key] = value


def do_raise(stack, arg, frame, names):
    raise take(stack, arg)[0]


def binary(stack, arg, frame, names):
    a, b = take(stack, 2)
    stack.append((classic if arg == "classic/" else BINARY[arg])(a, b))


def compare(stack, arg, frame, names):
    stack.append(COMPARE[arg](*take(stack, 2)))


def store_cell(stack, arg, frame, names):
    cell(frame, arg).value = stack.pop()


def do_yield(stack, arg, frame, names):
    frame["yields"].append(stack.pop())
    stack.append(None)


STEPS = {
    "LOAD_CONST": lambda stack, arg, frame, names: stack.append(arg),
    "LOAD_LOCAL": lambda stack, arg, frame, names: stack.append(frame["locals"][arg]),
    "STORE_LOCAL": lambda stack, arg, frame, names: frame["locals"].__setitem__(arg, stack.pop()),
    "DELETE_LOCAL": lambda stack, arg, frame, names: frame["locals"].pop(arg),
    "LOAD_GLOBAL": lambda stack, arg, frame, names: stack.append(names[arg] if arg in names else getattr(builtins, arg)),
    "STORE_GLOBAL": lambda stack, arg, frame, names: names.__setitem__(arg, stack.pop()),
    "LOAD_FREE": lambda stack, arg, frame, names: stack.append(cell(frame, arg).value),
    "STORE_FREE": store_cell,
    "LOAD_CLOSURE": lambda stack, arg, frame, names: stack.append(cell(frame, arg)),
    "LOAD_ATTR": lambda stack, arg, frame, names: stack.append(getattr(stack.pop(), arg)),
    "STORE_ATTR": store_attr,
    "BINARY": binary,
    "STORE_SUBSCR": store_subscr,
    "DELETE_SUBSCR": delete_subscr,
    "UNARY": lambda stack, arg, frame, names: stack.append(UNARY[arg](stack.pop())),
    "COMPARE": compare,
    "BUILD": build,
    "CONST_KEY_DICT": const_key_dict,
    "FORMAT": make_format,
    "UNPACK": unpack,
    "UNPACK_EX": unpack_ex,
    "LIST_EXTEND": add("extend"),
    "LIST_APPEND": add("append"),
    "SET_ADD": add("add"),
    "SET_UPDATE": add("update"),
    "MAP_ADD": map_add,
    "DICT_UPDATE": add("update"),
    "LIST_TO_TUPLE": lambda stack, arg, frame, names: stack.append(tuple(stack.pop())),
    "CALL": call,
    "CALL_EX": call_ex,
    "MAKE_FUNCTION": make_function,
    "POP": lambda stack, arg, frame, names: stack.pop(),
    "COPY": lambda stack, arg, frame, names: stack.append(stack[-arg]),
    "SWAP": swap,
    "GET_ITER": lambda stack, arg, frame, names: stack.append(iter(stack.pop())),
    "YIELD": do_yield,
    "IMPORT": lambda stack, arg, frame, names: stack.append(__import__(arg[0], {}, {}, arg[1] or (), max(arg[2], 0))),
    "IMPORT_FROM": lambda stack, arg, frame, names: stack.append(getattr(stack[-1], arg)),
    "RAISE": do_raise,
}
