"""What a sensor's noise is: `(a, b)` from frames, gain -> `(a, b)`."""
