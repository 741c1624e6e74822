"""What a `merge` stage says, what is wrong with it, and how it is carried out."""
