"""What the user supplies for a file: resolution of names, and the report of what is missing."""

from loadstone.custom.objects import CustomObjects, Given, Missing

__all__ = ["CustomObjects", "Given", "Missing"]
