"""What the SLURM executor is made of: jobs, arrays, the queue, and a look at a node."""
