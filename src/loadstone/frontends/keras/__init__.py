"""Keras configs of every release, read into layers in today's spelling."""
