"""Layouts of files: chunks, blocks and boxes, read and written without decoding a pixel.

A structure that ends early or contradicts itself is refused here, before a decoder sees it.
"""
