"""Geometry of what pages draw as SVG."""
