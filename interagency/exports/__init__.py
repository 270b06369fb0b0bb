"""What leaves the house: workbook, reading it back, external editions."""
