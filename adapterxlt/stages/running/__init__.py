"""What stage kinds share while they run: data, texts that were seen, the run itself."""
