"""The HTTP service: routes, pages, schemas."""
