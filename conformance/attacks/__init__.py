"""Attacks on a real service, each with its bound: `make attacks`."""
