"""The order and the names of arguments in TensorFlow's own functions, where they are not those of the rule.

Rules take no `name`, and TensorFlow 1 had it in the middle of many functions; several arguments changed their names on the way to
TensorFlow 2. Source: the signatures of `tf` and `tf.compat.v1` in TensorFlow 2.15 and of `tf` in 1.15
(tests/golden/make_signatures.py compares them all).

A row is the order in TensorFlow 2, and behind a bar that in TensorFlow 1 where it is another one. "dim=axis" is the argument `dim`, which
is `axis` for the rule. Names of `tf.math` stand here without "math.".
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

_REDUCED = "input_tensor axis keepdims name | input_tensor axis keepdims name reduction_indices=axis keep_dims=keepdims"
_POOLED = "input ksize strides padding data_format name | value=input ksize strides padding data_format name input"
_TURNED = "input filters output_shape strides padding data_format dilations name | value=input filter=filters output_shape strides padding "
_TURNED += "data_format name input filters dilations"
_SEGMENTS = "data indices segment_ids num_segments name sparse_gradient | data indices segment_ids name num_segments sparse_gradient"
_SEGMENTS_1 = "data indices segment_ids name num_segments"
_BUCKET = "string_tensor num_buckets name input=string_tensor"
_QUANTIZED = "input input_min input_max signed_input num_bits range_given round_mode name narrow_range axis"
_SCATTERED = "tensor indices updates name"
_BY_DEPTH = (
    "input filter strides padding data_format dilations name | input filter strides padding rate=dilations name data_format dilations"
)
_PRODUCT = "a b transpose_a transpose_b adjoint_a adjoint_b a_is_sparse b_is_sparse output_type name"
_NORM = "tensor ord axis keepdims name | tensor ord axis keepdims name keep_dims=keepdims"
_ALONG = "logits axis name | logits axis name dim=axis"
_LARGEST = "input axis output_type name | input axis name dimension=axis output_type"
_BLOCK = "input block_size data_format name | input block_size name data_format"
_NORMALIZED = "x axis epsilon name dim=axis"
_LIKE = "input dtype name layout | tensor=input dtype name optimize"
_CONVOLVED = "input filters strides padding data_format dilations name"
_OF_ONE_METHOD = "images size align_corners name half_pixel_centers"
_NUMBER = "input out_type name | string_tensor=input out_type name input"

_ROWS = {
    "Print": "input_=input data message first_n summarize name",
    "accumulate_n": "inputs shape tensor_dtype name",
    "add_n": "inputs name",
    "argmax": _LARGEST,
    "argmin": _LARGEST,
    "bincount": "arr weights minlength maxlength dtype name axis binary_output | arr weights minlength maxlength dtype",
    "boolean_mask": "tensor mask axis name | tensor mask name axis",
    "broadcast_dynamic_shape": "shape_x=s0 shape_y=s1",
    "cast": "x dtype name",
    "compat.v1.manip.gather_nd": "params indices name batch_dims",
    "compat.v1.sparse_segment_mean": _SEGMENTS_1,
    "compat.v1.sparse_segment_sqrt_n": _SEGMENTS_1,
    "compat.v1.sparse_segment_sum": _SEGMENTS_1,
    "compat.v1.nn.batch_norm_with_global_normalization": "t m v beta gamma variance_epsilon scale_after_normalization name input=t mean=m "
    "variance=v",
    "compat.v1.string_to_hash_bucket": _BUCKET,
    "compat.v1.strings.to_hash_bucket": _BUCKET,
    "compat.v1.substr": "input pos len name unit",
    "compat.v1.verify_tensor_all_finite": "t msg name x=t message=msg",
    "cond": "pred true_fn false_fn name | pred true_fn false_fn strict name fn1 fn2",
    "constant": "value dtype shape name | value dtype shape name verify_shape",
    "convert_to_tensor": "value dtype dtype_hint name | value dtype name preferred_dtype=dtype_hint dtype_hint",
    "count_nonzero": "input axis keepdims dtype name | input_tensor=input axis keepdims dtype name reduction_indices=axis keep_dims=keepdims input",
    "debugging.check_numerics": "tensor=x message name",
    "depth_to_space": "input block_size name data_format",
    "ensure_shape": "x shape name",
    "expand_dims": "input axis name | input axis name dim=axis",
    "extract_image_patches": "images ksizes strides rates padding name sizes=ksizes",
    "fill": "dims value name layout",
    "foldl": "fn elems initializer parallel_iterations back_prop swap_memory name",
    "foldr": "fn elems initializer parallel_iterations back_prop swap_memory name",
    "gather": "params indices validate_indices axis batch_dims name | params indices validate_indices name axis batch_dims",
    "gather_nd": "params indices batch_dims name | params indices name batch_dims",
    "identity": "input name",
    "image.crop_and_resize": "image boxes box_indices crop_size method extrapolation_value name | "
    "image boxes box_ind=box_indices crop_size method extrapolation_value name box_indices",
    "image.extract_image_patches": "images ksizes strides rates padding name sizes=ksizes",
    "image.resize_bicubic": _OF_ONE_METHOD,
    "image.resize_bilinear": _OF_ONE_METHOD,
    "image.resize_nearest_neighbor": _OF_ONE_METHOD,
    "l2_normalize": _NORMALIZED,
    "linalg.adjoint": "matrix=a name",
    "linalg.diag": "diagonal name k num_rows num_cols padding_value align",
    "linalg.diag_part": "input name k padding_value align",
    "linalg.l2_normalize": _NORMALIZED,
    "linalg.matmul": _PRODUCT,
    "linalg.matrix_transpose": "a name conjugate",
    "linalg.matvec": "a b transpose_a adjoint_a a_is_sparse b_is_sparse name",
    "linalg.norm": _NORM,
    "linalg.set_diag": "input diagonal name k align",
    "linspace": "start stop num name axis",
    "log_sigmoid": "x=features name",
    "log_softmax": _ALONG,
    "matmul": _PRODUCT,
    "map_fn": "fn elems dtype parallel_iterations back_prop swap_memory infer_shape name fn_output_signature",
    "nn.avg_pool": _POOLED,
    "nn.avg_pool1d": "input ksize strides padding data_format name",
    "nn.avg_pool2d": _POOLED,
    "nn.avg_pool3d": "input ksize strides padding data_format name",
    "nn.conv1d": "input filters stride=strides padding data_format dilations name | "
    "value=input filters stride=strides padding use_cudnn_on_gpu data_format name input dilations",
    "nn.conv2d": _CONVOLVED + " | input filter=filters strides padding use_cudnn_on_gpu data_format dilations name filters",
    "nn.conv2d_transpose": _TURNED,
    "nn.conv3d": _CONVOLVED + " | input filter=filters strides padding data_format dilations name filters",
    "nn.conv3d_transpose": _TURNED,
    "nn.convolution": _CONVOLVED + " | input filter=filters padding strides dilation_rate=dilations name data_format filters dilations",
    "nn.crelu": "features axis name | features name axis",
    "nn.depth_to_space": _BLOCK,
    "nn.depthwise_conv2d": _BY_DEPTH,
    "nn.dilation2d": "input filters strides padding data_format dilations=rates name | "
    "input filter=filters strides rates padding name filters dilations",
    "nn.embedding_lookup": "params ids max_norm name | params ids partition_strategy name validate_indices max_norm",
    "nn.l2_normalize": _NORMALIZED,
    "nn.log_softmax": _ALONG,
    "nn.max_pool": _POOLED,
    "nn.max_pool1d": "input ksize strides padding data_format name",
    "nn.max_pool2d": "input ksize strides padding data_format name",
    "nn.max_pool3d": "input ksize strides padding data_format name",
    "nn.max_pool_with_argmax": "input ksize strides padding data_format output_dtype include_batch_in_index name | "
    "input ksize strides padding data_format Targmax=output_dtype name output_dtype include_batch_in_index",
    "nn.moments": "x axes shift keepdims name | x axes shift name keep_dims=keepdims keepdims",
    "nn.pool": "input window_shape pooling_type strides padding data_format dilations name | "
    "input window_shape pooling_type padding dilation_rate=dilations strides name data_format dilations",
    "nn.separable_conv2d": "input depthwise_filter pointwise_filter strides padding data_format dilations name | "
    "input depthwise_filter pointwise_filter strides padding rate=dilations name data_format dilations",
    "nn.sigmoid": "x=features name",
    "nn.softmax": _ALONG,
    "nn.softmax_cross_entropy_with_logits": "labels logits axis name",
    "nn.softmax_cross_entropy_with_logits_v2": "labels logits axis name dim=axis",
    "nn.space_to_depth": _BLOCK,
    "norm": _NORM,
    "one_hot": "indices depth on_value off_value axis dtype name",
    "ones": "shape dtype name layout",
    "ones_like": _LIKE,
    "pad": "tensor paddings mode constant_values name | tensor paddings mode name constant_values",
    "parallel_stack": "values name",
    "quantization.quantize_and_dequantize": _QUANTIZED,
    "quantization.quantize_and_dequantize_v2": _QUANTIZED,
    "real": "input=x name",
    "reduce_all": _REDUCED,
    "reduce_any": _REDUCED,
    "reduce_euclidean_norm": "input_tensor axis keepdims name",
    "reduce_logsumexp": _REDUCED,
    "reduce_max": _REDUCED,
    "reduce_mean": _REDUCED,
    "reduce_min": _REDUCED,
    "reduce_prod": _REDUCED,
    "reduce_std": "input_tensor axis keepdims name",
    "reduce_sum": _REDUCED,
    "reduce_variance": "input_tensor axis keepdims name",
    "reverse_sequence": "input seq_lengths seq_axis batch_axis name | "
    "input seq_lengths seq_axis batch_axis name seq_dim=seq_axis batch_dim=batch_axis",
    "scatter_nd": "indices updates shape name",
    "shape": "input out_type name | input name out_type",
    "sigmoid": "x=features name",
    "size": "input out_type name | input name out_type",
    "slice": "input_=input begin size name",
    "softmax": _ALONG,
    "space_to_depth": "input block_size name data_format",
    "sparse.segment_mean": _SEGMENTS,
    "sparse.segment_sqrt_n": _SEGMENTS,
    "sparse.segment_sum": _SEGMENTS,
    "squeeze": "input axis name | input axis name squeeze_dims=axis",
    "stop_gradient": "input name",
    "string_to_number": _NUMBER,
    "strided_slice": "input_=input begin end strides begin_mask end_mask ellipsis_mask new_axis_mask shrink_axis_mask var name",
    "strings.length": "input unit name | input name unit",
    "strings.substr": "input pos len unit name | input pos len name unit",
    "strings.to_number": _NUMBER,
    "tensor_scatter_nd_add": _SCATTERED,
    "tensor_scatter_nd_max": _SCATTERED,
    "tensor_scatter_nd_min": _SCATTERED,
    "tensor_scatter_nd_sub": _SCATTERED,
    "tensor_scatter_nd_update": _SCATTERED,
    "transpose": "a perm conjugate name | a perm name conjugate",
    "tuple": "tensors=input control_inputs name | tensors=input name control_inputs",
    "vectorized_map": "fn elems fallback_to_while_loop warn",
    "while_loop": "cond body loop_vars shape_invariants parallel_iterations back_prop swap_memory maximum_iterations name | "
    "cond body loop_vars shape_invariants parallel_iterations back_prop swap_memory name maximum_iterations return_same_structure",
    "zeros": "shape dtype name layout",
    "zeros_like": _LIKE,
}


def orders(name: str, release: int) -> tuple[str, ...]:
    """The arguments of a function in their order, in TensorFlow 1 or 2; empty where they are those of the rule."""
    found = _ROWS.get(name.removeprefix("math."), "").split(" | ")
    return tuple(word.partition("=")[0] for word in found[-1 if release == 1 else 0].split())


@cache
def spellings(name: str) -> Mapping[str, str]:
    """What the rule calls arguments that have other names."""
    words = _ROWS.get(name.removeprefix("math."), "").split()
    return {spelt: own for spelt, equals, own in (word.partition("=") for word in words) if equals}
