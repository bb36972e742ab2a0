"""`model.Model`: what `load_model` returns. `report.Report`: what `inspect` returns."""
