"""What graphs of TensorFlow mean: messages in, `ir.Graph`s out; the frames of TensorFlow 1 become If and While."""
