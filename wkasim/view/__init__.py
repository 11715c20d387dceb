"""A run to look at: space-time diagram in one HTML file, as SVG, for ShiViz, in a terminal; and the lessons."""
