"""The clock and the open month of the monthly cycle serve here too."""

from tests.matrix.conftest import clock, open_month

__all__ = ["clock", "open_month"]
