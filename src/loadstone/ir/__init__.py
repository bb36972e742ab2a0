"""The neutral description that readers write and lowering reads. numpy only."""

from loadstone.ir.graph import Graph, Layer, MaskRules, Node, Output, Policy, Spec, Structure, flatten, leaves, map_structure
from loadstone.ir.model import Finding, Model, Producer
from loadstone.ir.module import FunctionName, Module
from loadstone.ir.tensor import Region, Tensor

__all__ = [
    "Finding",
    "FunctionName",
    "Graph",
    "Layer",
    "MaskRules",
    "Model",
    "Module",
    "Node",
    "Output",
    "Policy",
    "Producer",
    "Region",
    "Spec",
    "Structure",
    "Tensor",
    "flatten",
    "leaves",
    "map_structure",
]
