"""How bytes are packed: files, folders, zip archives, HDF5 trees, npz. What they mean is for `frontends` and `formats`.

Every reader here checks sizes before it allocates, reads no link that leaves the file and runs nothing.
"""
