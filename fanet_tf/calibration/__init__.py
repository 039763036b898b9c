"""What a sensor's noise is: frames -> (a, b) -> law of the gain -> profile.

`calibrate` is the whole way from the frames of a shoot to a profile and its
page. `dark_terms` measures what dark frames show beyond `(a, b)`, and
`measured_sensor` makes a sensor model to train with of it. `profile` loads,
saves and describes a noise profile; `single_image` estimates `(a, b)` from one
picture when nothing else is known.
"""
