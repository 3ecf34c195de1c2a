"""The engine beside libvips and ImageMagick."""
