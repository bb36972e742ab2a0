"""Python functions that a file stores as compiled code, read as data: what they do and how they look, never run."""

from loadstone.custom.bytecode.decode import Code, Instruction, decode, versions
from loadstone.custom.bytecode.live import of_live
from loadstone.custom.bytecode.marshal import RawCode, read
from loadstone.custom.bytecode.source import source
from loadstone.custom.bytecode.stored import StoredFunction, stored_function

__all__ = ["Code", "Instruction", "RawCode", "StoredFunction", "decode", "of_live", "read", "source", "stored_function", "versions"]
