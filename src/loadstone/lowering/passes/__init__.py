"""Passes over a block after the rules have run."""
