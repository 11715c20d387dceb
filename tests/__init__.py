"""The tests of wkasim; the folders mirror the package."""
