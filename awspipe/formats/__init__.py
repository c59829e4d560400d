"""Parsers of the files that AWS reads from a source: buildspec and appspec."""
