"""What each instruction of CPython is in the common vocabulary (see `decode`): a table.

Semantics: Python/ceval.c of 2.7 to 3.11, Python/bytecodes.c of 3.12 and later, Doc/library/dis.rst of each.
"""

from __future__ import annotations

from typing import Any

from loadstone.custom.bytecode import jumps, operations, stack, variables
from loadstone.custom.bytecode.calls import CALLS
from loadstone.custom.bytecode.flow import Flow, Handler
from loadstone.custom.bytecode.opcodes import BINARY_NAMES
from loadstone.custom.bytecode.units import Unit


def handle(flow: Flow, unit: Unit) -> None:
    """Write *unit* in the common vocabulary."""
    handler = HANDLERS.get(unit.name)
    if handler is None:
        flow.unsupported(unit.name)
    else:
        handler(flow, unit)


def _simple(op: str, pops: int, pushes: int, arg: Any = None, inplace: bool = False) -> Handler:
    def handler(flow: Flow, unit: Unit) -> None:
        flow.pop(pops)
        flow.push(pushes)
        flow.emit(op, arg, inplace)

    return handler


def _named(op: str, pops: int, pushes: int) -> Handler:
    def handler(flow: Flow, unit: Unit) -> None:
        flow.pop(pops)
        flow.push(pushes)
        flow.emit(op, flow.raw.names[unit.arg])

    return handler


def _nothing(flow: Flow, unit: Unit) -> None:
    pass


HANDLERS: dict[str, Handler] = {
    **{f"BINARY_{name}": _simple("BINARY", 2, 1, op) for name, op in BINARY_NAMES.items()},
    **{f"INPLACE_{name}": _simple("BINARY", 2, 1, op, inplace=True) for name, op in BINARY_NAMES.items() if op != "[]"},
    **{f"{form}SLICE+{ends}": operations.slices for form in ("", "STORE_", "DELETE_") for ends in range(4)},
    **dict.fromkeys(("NOP", "RESUME", "NOT_TAKEN", "COPY_FREE_VARS", "GEN_START", "PRECALL", "EXTENDED_ARG"), _nothing),
    **CALLS,
    "BINARY_OP": operations.binary_op,
    "BINARY_SLICE": operations.slices,
    "BREAK_LOOP": jumps.break_loop,
    "BUILD_CONST_KEY_MAP": operations.const_key_map,
    "BUILD_LIST": operations.build("list"),
    "BUILD_LIST_UNPACK": operations.unpack_into("list", "LIST_EXTEND"),
    "BUILD_MAP": operations.build_map,
    "BUILD_MAP_UNPACK": operations.unpack_into("dict", "DICT_UPDATE"),
    "BUILD_MAP_UNPACK_WITH_CALL": operations.unpack_into("dict", "DICT_UPDATE"),
    "BUILD_SET": operations.build("set"),
    "BUILD_SET_UNPACK": operations.unpack_into("set", "SET_UPDATE"),
    "BUILD_SLICE": operations.build_slice,
    "BUILD_STRING": operations.build("string"),
    "BUILD_TUPLE": operations.build("tuple"),
    "BUILD_TUPLE_UNPACK": operations.unpack_into("tuple", "LIST_EXTEND"),
    "BUILD_TUPLE_UNPACK_WITH_CALL": operations.unpack_into("tuple", "LIST_EXTEND"),
    "CALL_INTRINSIC_1": operations.intrinsic,
    "COMPARE_OP": operations.compare,
    "CONTAINS_OP": operations.is_or_contains,
    "CONVERT_VALUE": operations.convert_value,
    "COPY": stack.copy_value,
    "DELETE_FAST": variables.delete_fast,
    "DELETE_SUBSCR": _simple("DELETE_SUBSCR", 2, 0),
    "DICT_MERGE": operations.add("DICT_UPDATE"),
    "DICT_UPDATE": operations.add("DICT_UPDATE"),
    "DUP_TOP": stack.copy_value,
    "DUP_TOPX": stack.dup_topx,
    "DUP_TOP_TWO": stack.dup_topx,
    "FORMAT_SIMPLE": operations.format_simple,
    "FORMAT_VALUE": operations.format_value,
    "FORMAT_WITH_SPEC": _simple("FORMAT", 2, 1, ("", True)),
    "FOR_ITER": jumps.for_iter,
    "GET_ITER": _simple("GET_ITER", 1, 1),
    "IMPORT_FROM": variables.import_from,
    "IMPORT_NAME": variables.do_import,
    "IS_OP": operations.is_or_contains,
    "JUMP_ABSOLUTE": jumps.jump,
    "JUMP_BACKWARD": jumps.jump,
    "JUMP_BACKWARD_NO_INTERRUPT": jumps.jump,
    "JUMP_FORWARD": jumps.jump,
    "JUMP_IF_FALSE_OR_POP": jumps.jump_if_or_pop("false"),
    "JUMP_IF_TRUE_OR_POP": jumps.jump_if_or_pop("true"),
    "LIST_APPEND": operations.add("LIST_APPEND"),
    "LIST_EXTEND": operations.add("LIST_EXTEND"),
    "LIST_TO_TUPLE": _simple("LIST_TO_TUPLE", 1, 1),
    "LOAD_ASSERTION_ERROR": variables.assertion_error,
    "LOAD_ATTR": variables.load_attr,
    "LOAD_CLOSURE": variables.free("LOAD_CLOSURE"),
    "LOAD_COMMON_CONSTANT": variables.load_common,
    "LOAD_CONST": variables.constant,
    "LOAD_DEREF": variables.free("LOAD_FREE"),
    "LOAD_FAST": variables.load_fast,
    "LOAD_FAST_AND_CLEAR": variables.load_fast_and_clear,
    "LOAD_GLOBAL": variables.load_global,
    "LOAD_METHOD": variables.load_attr,
    "LOAD_NAME": _named("LOAD_GLOBAL", 0, 1),
    "LOAD_SMALL_INT": variables.constant,
    "MAKE_CELL": variables.make_cell,
    "MAP_ADD": operations.add("MAP_ADD", 2),
    "POP_BLOCK": jumps.pop_block,
    "POP_ITER": stack.pop_top,
    "POP_TOP": stack.pop_top,
    "PUSH_NULL": stack.push_null,
    "RAISE_VARARGS": jumps.do_raise,
    "RETURN_CONST": jumps.return_constant,
    "RETURN_GENERATOR": stack.push_null,  # the generator, which the next instruction drops
    "RETURN_VALUE": jumps.do_return,
    "ROT_FOUR": stack.rotate,
    "ROT_N": stack.rotate,
    "ROT_THREE": stack.rotate,
    "ROT_TWO": stack.rotate,
    "SETUP_LOOP": jumps.setup_loop,
    "SET_ADD": operations.add("SET_ADD"),
    "SET_UPDATE": operations.add("SET_UPDATE"),
    "STORE_ATTR": _named("STORE_ATTR", 2, 0),
    "STORE_DEREF": variables.free("STORE_FREE"),
    "STORE_FAST": variables.store_fast,
    "STORE_GLOBAL": _named("STORE_GLOBAL", 1, 0),
    "STORE_MAP": operations.store_map,
    "STORE_SLICE": operations.slices,
    "STORE_SUBSCR": _simple("STORE_SUBSCR", 3, 0),
    "SWAP": stack.swap,
    "TO_BOOL": operations.to_bool,
    "UNARY_INVERT": _simple("UNARY", 1, 1, "~"),
    "UNARY_NEGATIVE": _simple("UNARY", 1, 1, "-"),
    "UNARY_NOT": _simple("UNARY", 1, 1, "not"),
    "UNARY_POSITIVE": _simple("UNARY", 1, 1, "+"),
    "UNPACK_EX": operations.unpack_ex,
    "UNPACK_SEQUENCE": operations.unpack,
    "YIELD_VALUE": _simple("YIELD", 1, 1),
    **{f"POP_JUMP_IF_{word.upper().replace(' ', '_')}": jumps.jump_if(word) for word in ("true", "false", "none", "not none")},
    **{
        f"POP_JUMP_{way}_IF_{word.upper().replace(' ', '_')}": jumps.jump_if(word)
        for word in ("true", "false", "none", "not none")
        for way in ("FORWARD", "BACKWARD")
    },
}
