"""What of a model would run code or reach files where other programs open it. loadstone does none of it.

Ops are looked for by their names in the bytes of the graph, functions included: an op that is in no signature counts too.
"""

from __future__ import annotations

import os

from loadstone.model.report import Report

# tensorflow/core/ops/{io,script,dataset,experimental_dataset}_ops.cc
_OPS = {
    "reads files": (
        "ReadFile", "MatchingFiles", "WholeFileReader", "WholeFileReaderV2", "TextLineReader", "TextLineReaderV2", "TFRecordReader",
        "TFRecordReaderV2", "TextLineDataset", "TFRecordDataset", "TFRecordDatasetV2", "FixedLengthRecordDataset",
        "FixedLengthRecordDatasetV2", "LoadDataset", "SqlDataset",
    ),
    "writes files": ("WriteFile", "SaveDataset", "SaveDatasetV2", "SnapshotDataset", "SnapshotDatasetV2"),
    "calls Python": ("PyFunc", "PyFuncStateless", "EagerPyFunc"),
}  # fmt: skip
_GRAPHS = ("saved_model.pb", "saved_model.pbtxt")
MAX_SCANNED = 2 << 30


def of_report(report: Report) -> list[str]:
    """Compiled Python in the file, and what reading noticed."""
    found = [
        f"the layer {row.path} keeps compiled Python code, which Keras would run"
        for row in report.layers
        if row.function or _is_lambda(row.class_name)
    ]
    return found + [finding.message for finding in report.findings if finding.severity == "danger"]


def _is_lambda(class_name: str) -> bool:
    return class_name.rpartition(">")[2] == "Lambda"


def of_graph(path: str) -> list[str]:
    """Ops in a graph of TensorFlow: a file, or the SavedModel of a folder."""
    if os.path.isdir(path):
        path = next((graph for name in _GRAPHS if os.path.isfile(graph := os.path.join(path, name))), "")
    if not os.path.isfile(path) or not 0 < os.path.getsize(path) <= MAX_SCANNED:
        return []
    import mmap

    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        held = {op for ops in _OPS.values() for op in ops if any(data.find(written) >= 0 for written in _written(op))}
    return [f"the graph has the op {op}, which {does} in TensorFlow" for does, ops in _OPS.items() for op in ops if op in held]


def _written(op: str) -> tuple[bytes, ...]:
    """An op as graphs have it: NodeDef.op is field 2 of a node (tensorflow/core/framework/node_def.proto); as text; in TensorFlow.js."""
    return (b"\x12" + bytes([len(op)]) + op.encode(), f'op: "{op}"'.encode(), f'"op":"{op}"'.encode(), f'"op": "{op}"'.encode())
