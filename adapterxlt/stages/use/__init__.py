"""`use`: something trained elsewhere, as a stage."""
