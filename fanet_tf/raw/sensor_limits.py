"""What the terms of a sensor model can be."""


def check(model) -> None:
    """Raises `ValueError` for terms of a `SensorModel` out of range."""
    limits = {
        "pedestal": (1e-6, 1.0),
        "row": (0.0, 10.0),
        "column": (0.0, 10.0),
        "defect_rate": (0.0, 0.25),
        "bright": (1e-6, 1.0),
        "dark": (0.0, 1.0),
        "correlation": (0.0, 1.0),
        "read_factor": (1e-3, 1e3),
    }
    if model.correlation_down is not None:
        limits["correlation_down"] = (0.0, 1.0)
    for name, (least, most) in limits.items():
        low, high = getattr(model, name)
        if not least <= low <= high <= most:
            raise ValueError(
                f"`{name}` must be a range within {least:g} to {most:g}. "
                f"Received: {(low, high)}"
            )
    for name, most in (
        ("terms_share", 1.0),
        ("signed_share", 1.0),
        ("bright_share", 1.0),
        ("pair_share", 1.0),
        ("stuck_share", 1.0),
        ("correlated_share", 1.0),
        ("shading", 0.49),
        ("green_limit", 1.0),
    ):
        value = getattr(model, name)
        if not 0.0 <= value <= most:
            raise ValueError(
                f"`{name}` must be 0 to {most:g}. Received: {value}"
            )
    if not all(0.0 <= value <= 10.0 for value in model.told_deviation):
        raise ValueError(
            "`told_deviation` must be 0 to 10. "
            f"Received: {model.told_deviation}"
        )
    if min(model.told_limit) < 1.0:
        raise ValueError(
            f"`told_limit` must be 1 or more. Received: {model.told_limit}"
        )
    if not all(8 <= bits <= 16 for bits in model.bits):
        raise ValueError(f"`bits` must be 8 to 16. Received: {model.bits}")
    deviations = (*model.black_deviation, model.green[1])
    if min(deviations) < 0.0 or len(model.black_mean) != 4:
        raise ValueError(
            "Deviations must not be negative, and `black_mean` must have four "
            f"planes. Received: {deviations}, {model.black_mean}"
        )
