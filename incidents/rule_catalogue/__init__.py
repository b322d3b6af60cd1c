"""The catalogue of rules as pages, and thresholds changed here."""
