"""RAW files in and out."""
