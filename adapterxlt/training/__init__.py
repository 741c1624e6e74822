"""One Trainer for adapters and full fine-tunes; batches by length; exact resume."""
