"""Runs programs: an engine compiles their segments, host calls are Python, state and threads live here."""

from loadstone.runtime.engine import open_engine
from loadstone.runtime.executor import Executor

__all__ = ["Executor", "open_engine"]
