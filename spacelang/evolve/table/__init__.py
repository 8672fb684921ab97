"""Tables of measured stage architectures: in memory, on disk, imported, and a part of one."""
