"""Rules for Keras layers and operations, one module a family; `lowering.index` says which module has which."""
