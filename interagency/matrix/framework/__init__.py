"""The outcome document's chapters and recommendations, the SDGs, countries and regions."""
