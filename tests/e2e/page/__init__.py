"""The page in a browser. A package, so that the fixtures of its conftest end with its last test."""
