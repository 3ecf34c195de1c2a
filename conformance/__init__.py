"""Checks of the product from outside: by other programs, by public files, by damaged ones."""
