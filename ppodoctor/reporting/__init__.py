"""Everything shown: a Report as plain data, then the terminal, one HTML file and JSON that read it."""
