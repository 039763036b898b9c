"""Datasets to batches of (noisy, a, b, clean)."""
