"""Programs for the tables of the documentation, and for figures of the code's wording."""
