"""The conversions."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "app"))

from units import UNITS, UnknownUnitError, convert  # noqa: E402


class TestConvert(unittest.TestCase):
    """Values, and what is refused."""

    def test_known_values(self):
        for value, source, target, result in (
            ("1", "mi", "km", 1.609344),
            ("12", "in", "ft", 1.0),
            ("0.5", "t", "kg", 500.0),
            ("-40", "cm", "mm", -400.0),
            ("16", "oz", "lb", 1.0),
        ):
            with self.subTest(f"{value} {source} in {target}"):
                self.assertEqual(convert(value, source, target), result)

    def test_there_and_back_is_the_same(self):
        for quantity in UNITS.values():
            for source in quantity:
                for target in quantity:
                    there = convert("7", source, target)
                    self.assertAlmostEqual(convert(repr(there), target, source), 7.0)

    def test_units_of_two_quantities_do_not_mix(self):
        with self.assertRaisesRegex(UnknownUnitError, "km cannot become kg: mm, cm, m, km"):
            convert("1", "km", "kg")

    def test_a_word_that_is_no_unit_is_refused(self):
        with self.assertRaisesRegex(UnknownUnitError, "there is no unit parsec"):
            convert("1", "parsec", "km")

    def test_a_word_that_is_no_number_is_refused(self):
        for value in ("", "ten", "1/0"):
            with self.subTest(value), self.assertRaisesRegex(ValueError, "is no number"):
                convert(value, "km", "m")


if __name__ == "__main__":
    unittest.main()
