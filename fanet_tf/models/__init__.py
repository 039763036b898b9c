"""The networks, built of `layers`."""
