"""One fault a module; each defines `FAULT`."""
