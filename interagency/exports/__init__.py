"""What leaves the service: workbook, reading it back, external editions."""
