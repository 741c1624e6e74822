"""Who carries out the steps of a plan: this process, several, a cluster. One file each."""
