"""Functions that code inside a layer calls beside `tf`: `keras.backend`, `keras.activations`, `keras.ops`, numpy. One module per story."""
