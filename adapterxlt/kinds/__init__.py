"""Kinds of tasks; each has a folder with everything that the project knows about it.

A folder's `__init__` says what an example is and describes the kind; that much needs no torch.
Its other files hold the workings: how examples become inputs, the head, the loss, what is read
off the outputs, and the metrics.
"""
