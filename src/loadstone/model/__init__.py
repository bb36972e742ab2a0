"""Model: what `load_model` returns. Report: what `inspect` returns."""

from loadstone.model.layers import LayerView
from loadstone.model.model import Compilation, Model
from loadstone.model.outline import Weight
from loadstone.model.report import LayerRow, Report, report_on

__all__ = ["Compilation", "LayerRow", "LayerView", "Model", "Report", "Weight", "report_on"]
