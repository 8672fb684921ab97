"""The runtimes that networks are measured on, in one form."""
