"""One reader for each official file format; a layout names its reader as its `format`."""
