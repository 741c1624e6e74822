"""Trains the small multilingual backbone that is bundled as `mini`: see README.md."""
