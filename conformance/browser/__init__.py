"""Chromium as the judge: files that browsers show, beside their PNG results."""
