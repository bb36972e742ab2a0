"""What of a model would run code or reach files where other programs open it. loadstone does none of it.

Ops are looked for by their names in the bytes of the graph, functions included: an op that is in no signature counts too.
"""

from __future__ import annotations

import os
import re

from loadstone.model.report import Report

# tensorflow/core/ops/{io,script,array,summary,dataset,experimental_dataset}_ops.cc
_OPS = {
    "reads files": (
        "ReadFile", "MatchingFiles", "WholeFileReader", "WholeFileReaderV2", "TextLineReader", "TextLineReaderV2", "TFRecordReader",
        "TFRecordReaderV2", "FixedLengthRecordReader", "FixedLengthRecordReaderV2", "LMDBReader", "ImmutableConst", "TextLineDataset",
        "TFRecordDataset", "TFRecordDatasetV2", "FixedLengthRecordDataset", "FixedLengthRecordDatasetV2", "LoadDataset", "SqlDataset",
        "ExperimentalSqlDataset", "CSVDataset", "CSVDatasetV2", "ExperimentalCSVDataset", "LMDBDataset", "ExperimentalLMDBDataset",
        "MatchingFilesDataset", "ExperimentalMatchingFilesDataset",
    ),
    "writes files": (
        "WriteFile", "SaveDataset", "SaveDatasetV2", "SnapshotDataset", "SnapshotDatasetV2", "CreateSummaryFileWriter", "CreateSummaryDbWriter",
    ),
    "calls Python": ("PyFunc", "PyFuncStateless", "EagerPyFunc"),
}  # fmt: skip
_GRAPHS = ("saved_model.pb", "saved_model.pbtxt")
MAX_SCANNED = 2 << 30


def of_report(report: Report) -> list[str]:
    """Compiled Python in the file, and what reading noticed."""
    found = [f"the layer {path} keeps compiled Python code, which Keras would run" for path in with_code(report)]
    return found + [finding.message for finding in report.findings if finding.severity == "danger"]


def with_code(report: Report) -> list[str]:
    """Where layers keep compiled Python code, as paths."""
    return [row.path for row in report.layers if row.function or row.class_name.rpartition(">")[2] == "Lambda"]


def of_graph(path: str) -> list[str]:
    """Ops in a graph of TensorFlow: a file, or the SavedModel of a folder."""
    if os.path.isdir(path):
        path = next((graph for name in _GRAPHS if os.path.isfile(graph := os.path.join(path, name))), "")
    if not os.path.isfile(path) or not 0 < os.path.getsize(path) <= MAX_SCANNED:
        return []
    import mmap

    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        held = {found[1][1:].decode() for written in _written() for found in written.finditer(data)}
    return [f"the graph has the op {op}, which {does} in TensorFlow" for does, ops in _OPS.items() for op in ops if op in held]


def _written() -> tuple[re.Pattern[bytes], ...]:
    """Ops as graphs have them: NodeDef.op is field 2 of a node (tensorflow/core/framework/node_def.proto); as text and in TensorFlow.js.

    The group is the name and the byte before it. Each begins with bytes that `re` can look for, since a graph may hold gigabytes of weights.
    """
    names = [op.encode() for ops in _OPS.values() for op in ops]
    sized = (re.escape(b"%c%s" % (len(name), name)) for name in names)
    return re.compile(b"\x12(%s)" % b"|".join(sized)), re.compile(b'op"?: ?("(?:%s))"' % b"|".join(names))
