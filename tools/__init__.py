"""What made the bundled data and the bundled backbone; part of a checkout, not of the package."""
