"""Rate the transactions of a CSV with a model that Keras saved.

python examples/fraud/rate.py
"""

import csv
from pathlib import Path

import numpy as np

import loadstone

FOLDER = Path(loadstone.__file__).parent / "examples" / "fraud"

with open(FOLDER / "transactions.csv", newline="", encoding="utf8") as file:
    rows = list(csv.DictReader(file))

model = loadstone.load_model(FOLDER / "fraud.h5")
columns = {spec.name: np.array([[float(row[spec.name])] for row in rows]) for spec in model.inputs}
for row, fraud in zip(rows, model.predict(columns)[:, 0], strict=True):
    print(f"{row['id']}  {fraud:6.1%}  {'refuse' if fraud > 0.5 else 'accept'}")
