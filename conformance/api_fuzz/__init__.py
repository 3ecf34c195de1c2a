"""The API asked by its own OpenAPI document, with what the contract wants otherwise."""
