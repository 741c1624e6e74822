"""`use`: a model that was trained elsewhere, as a stage."""
