"""What `outputs=` takes: a name, or a list or dict of names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Names = str | Sequence[str] | Mapping[str, str]
