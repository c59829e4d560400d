"""Units and their conversion: what the server is for, and what the tests hold."""

from fractions import Fraction

UNITS = {
    "length": {
        "mm": Fraction(1, 1000),
        "cm": Fraction(1, 100),
        "m": Fraction(1),
        "km": Fraction(1000),
        "in": Fraction("0.0254"),
        "ft": Fraction("0.3048"),
        "mi": Fraction("1609.344"),
    },
    "mass": {
        "g": Fraction(1, 1000),
        "kg": Fraction(1),
        "t": Fraction(1000),
        "oz": Fraction("0.028349523125"),
        "lb": Fraction("0.45359237"),
    },
}
"""By quantity: how much of the basic unit each unit is, exactly."""


class UnknownUnitError(ValueError):
    """A word that is no unit here, or two units of different quantities."""


def convert(value, source, target):
    """A value in another unit: `convert("10", "km", "mi")` is 6.213711922373339."""
    quantity = next((units for units in UNITS.values() if source in units), None)
    if quantity is None:
        raise UnknownUnitError(f"there is no unit {source}")
    if target not in quantity:
        raise UnknownUnitError(f"{source} cannot become {target}: {', '.join(quantity)}")
    try:
        amount = Fraction(value)
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"{value} is no number") from None
    return float(amount * quantity[source] / quantity[target])
