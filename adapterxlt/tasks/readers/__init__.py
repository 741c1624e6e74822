"""One reader an official file format; a layout names the one it needs as its `format`."""
