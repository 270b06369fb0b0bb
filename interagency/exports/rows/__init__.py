"""Rows of a workbook as ready XML: what openpyxl would write for the same values, without a cell object for each."""
