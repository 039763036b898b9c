"""Trained arrays that ship with the package."""
