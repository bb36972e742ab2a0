"""Lines of comma separated values: tensorflow/core/kernels/decode_csv_op.cc, which follows RFC 4180."""

from __future__ import annotations

from loadstone.errors import InputMismatch
from loadstone.ir.records import dataclass

_QUOTE, _ENDS = b'"', (b"\n", b"\r")


@dataclass(frozen=True)
class Csv:
    """How lines are cut; columns are those wanted, in order, all of them where there are none."""

    delimiter: bytes = b","
    quotes: bool = True
    columns: tuple[int, ...] = ()

    def fields(self, line: bytes) -> list[bytes]:
        """The wanted fields of a line. Raises InputMismatch for a line that is no CSV."""
        found: list[bytes] = []
        at = number = 0
        while at < len(line):
            if line[at : at + 1] in _ENDS:
                at += 1
                continue
            quoted = self.quotes and line[at : at + 1] == _QUOTE
            field, at = self._quoted(line, at + 1) if quoted else self._plain(line, at)
            if self._wanted(len(found), number):
                found.append(field)
                if self.columns and len(found) == len(self.columns):
                    return found
            number += 1
        if line.endswith(self.delimiter) and self._wanted(len(found), number):
            found.append(b"")
        return found

    def _wanted(self, count: int, number: int) -> bool:
        return not self.columns or count < len(self.columns) and self.columns[count] == number

    def _plain(self, line: bytes, at: int) -> tuple[bytes, int]:
        end = line.find(self.delimiter, at)
        field = line[at : end if end >= 0 else len(line)]
        if b"\n" in field or b"\r" in field or self.quotes and _QUOTE in field:
            raise InputMismatch(f"a field of CSV with quotes or line ends that is not quoted: {field[:80]!r}")
        return field, at + len(field) + 1

    def _quoted(self, line: bytes, at: int) -> tuple[bytes, int]:
        field = bytearray()
        while at < len(line) - 1 and line[at : at + 2] != _QUOTE + self.delimiter:
            if line[at : at + 1] == _QUOTE:
                if line[at + 1 : at + 2] != _QUOTE:
                    raise InputMismatch("a quote inside a field of CSV that no other quote escapes")
                at += 1
            field += line[at : at + 1]
            at += 1
        if line[at : at + 1] != _QUOTE or at < len(line) - 1 and line[at + 1 : at + 2] != self.delimiter:
            raise InputMismatch("a quoted field of CSV that does not end with a quote")
        return bytes(field), at + 2
