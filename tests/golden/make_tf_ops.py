"""Writes the table of TensorFlow's ops, src/loadstone/ir/tf_ops.tsv, from the releases that are given one after the other.

python make_tf_ops.py list ops.json          with a Python that has a TensorFlow (2.21, 2.15, 2.3, 1.15): what it registers
python make_tf_ops.py table A.json B.json    the table; where two releases have an op the first counts, with the attributes of all
"""

import json
import sys
from pathlib import Path

TABLE = Path(__file__).parents[2] / "src" / "loadstone" / "ir" / "tf_ops.tsv"


def list_ops(target):
    from tensorflow.core.framework import op_def_pb2, types_pb2

    try:
        from tensorflow.python.client import pywrap_tf_session as session
    except ImportError:
        from tensorflow.python import pywrap_tensorflow as session
    known = op_def_pb2.OpList()
    known.ParseFromString(session.TF_GetBuffer(session.TF_GetAllOpList()))

    def type_name(number):
        name = types_pb2.DataType.Name(number)[3:].lower()
        return {"float": "float32", "double": "float64", "half": "float16"}.get(name, name)

    def shape(value):
        return {"shape": None if value.unknown_rank else [dim.size for dim in value.dim]}

    def plain(kind, value):
        if kind.startswith("list("):
            inner = kind[5:-1]
            field = {"int": "i", "float": "f", "bool": "b", "string": "s", "type": "type", "shape": "shape"}.get(inner)
            items = list(getattr(value.list, field)) if field else []
            return [
                type_name(i) if inner == "type" else i.decode() if inner == "string" else shape(i) if inner == "shape" else i for i in items
            ]
        read = {
            "int": lambda: value.i, "float": lambda: value.f, "bool": lambda: value.b, "string": lambda: value.s.decode(),
            "type": lambda: type_name(value.type), "shape": lambda: shape(value.shape), "tensor": lambda: None, "func": lambda: None,
        }  # fmt: skip
        return read[kind]()

    def arguments(args):
        return [[a.name, a.number_attr or a.type_list_attr, a.type_attr, *([type_name(a.type)] if a.type else [])] for a in args]

    found = {}
    for op in known.op:
        attributes = [[a.name, a.type, *([plain(a.type, a.default_value)] if a.HasField("default_value") else [])] for a in op.attr]
        found[op.name] = [arguments(op.input_arg), arguments(op.output_arg), attributes, int(op.is_stateful)]
    Path(target).write_text(json.dumps(found))


def write_table(sources):
    table = {}
    for source in sources:
        for name, (inputs, outputs, attributes, stateful) in json.loads(Path(source).read_text()).items():
            known = table.setdefault(name, [inputs, outputs, attributes, stateful])
            names = {attribute[0] for attribute in known[2]}
            known[2] = known[2] + [attribute for attribute in attributes if attribute[0] not in names]
    lines = [f"{name}\t{json.dumps(table[name], separators=(',', ':'))}" for name in sorted(table)]
    TABLE.write_text("\n".join(lines) + "\n")
    print(f"{len(lines)} ops")


if __name__ == "__main__":
    if sys.argv[1] == "list":
        list_ops(sys.argv[2])
    else:
        write_table(sys.argv[2:])
