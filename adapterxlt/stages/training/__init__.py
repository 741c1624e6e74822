"""What the stage kinds that train share."""
