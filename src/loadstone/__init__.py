"""loadstone opens saved TensorFlow and Keras models of every version, without TensorFlow, and runs them."""
