"""Files of images as arrays, in numpy: what TensorFlow's decoding ops give for them. Nothing here knows of ONNX."""
