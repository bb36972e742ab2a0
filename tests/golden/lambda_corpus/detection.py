"""Detectors: YOLO v1 to v4, SSD, RetinaNet, Faster and Mask R-CNN, EAST, CenterNet, CornerNet."""

from .world import K, np, on, tf


def space_to_depth_x2(x):
    """Thin wrapper for Tensorflow space_to_depth with block_size=2."""
    # Import currently required to make Lambda work.
    # See: https://github.com/fchollet/keras/issues/5088#issuecomment-273851273
    import tensorflow as tf

    return tf.space_to_depth(x, block_size=2)


def space_to_depth_x2_output_shape(input_shape):
    return (
        (input_shape[0], input_shape[1] // 2, input_shape[2] // 2, 4 * input_shape[3])
        if input_shape[1]
        else (input_shape[0], None, None, 4 * input_shape[3])
    )


def space_to_depth_x2_nn(x):
    import tensorflow as tf

    return tf.nn.space_to_depth(x, block_size=2)


def yolo_head(feats, anchors=None, num_classes=2):
    num_anchors = len(anchors)
    anchors_tensor = K.reshape(K.variable(anchors), [1, 1, 1, num_anchors, 2])
    conv_dims = K.shape(feats)[1:3]
    conv_height_index = K.arange(0, stop=conv_dims[0])
    conv_width_index = K.arange(0, stop=conv_dims[1])
    conv_height_index = K.tile(conv_height_index, [conv_dims[1]])
    conv_width_index = K.tile(K.expand_dims(conv_width_index, 0), [conv_dims[0], 1])
    conv_width_index = K.flatten(K.transpose(conv_width_index))
    conv_index = K.transpose(K.stack([conv_height_index, conv_width_index]))
    conv_index = K.reshape(conv_index, [1, conv_dims[0], conv_dims[1], 1, 2])
    conv_index = K.cast(conv_index, K.dtype(feats))
    feats = K.reshape(feats, [-1, conv_dims[0], conv_dims[1], num_anchors, 2])
    conv_dims = K.cast(K.reshape(conv_dims, [1, 1, 1, 1, 2]), K.dtype(feats))
    box_xy = K.sigmoid(feats[..., :2])
    box_xy = (box_xy + conv_index) / conv_dims
    return K.concatenate([box_xy, K.exp(feats[..., 0:2]) * anchors_tensor / conv_dims])


def yolo3_head(feats, anchors, num_classes, input_shape):
    """Convert final layer features to bounding box parameters."""
    num_anchors = len(anchors)
    anchors_tensor = K.reshape(K.constant(anchors), [1, 1, 1, num_anchors, 2])
    grid_shape = K.shape(feats)[1:3]
    grid_y = K.tile(K.reshape(K.arange(0, stop=grid_shape[0]), [-1, 1, 1, 1]), [1, grid_shape[1], 1, 1])
    grid_x = K.tile(K.reshape(K.arange(0, stop=grid_shape[1]), [1, -1, 1, 1]), [grid_shape[0], 1, 1, 1])
    grid = K.concatenate([grid_x, grid_y])
    grid = K.cast(grid, K.dtype(feats))
    feats = K.reshape(feats, [-1, grid_shape[0], grid_shape[1], num_anchors, num_classes + 5])
    box_xy = (K.sigmoid(feats[..., :2]) + grid) / K.cast(grid_shape[::-1], K.dtype(feats))
    box_wh = K.exp(feats[..., 2:4]) * anchors_tensor / K.cast(input_shape[::-1], K.dtype(feats))
    box_confidence = K.sigmoid(feats[..., 4:5])
    box_class_probs = K.sigmoid(feats[..., 5:])
    return K.concatenate([box_xy, box_wh, box_confidence, box_class_probs], axis=-1)


def yolo_boxes(pred, anchors=((1.0, 2.0), (2.0, 1.0)), classes=2):
    grid_size = tf.shape(pred)[1]
    pred = tf.reshape(pred, (-1, grid_size, grid_size, len(anchors), 4))
    box_xy, box_wh = tf.split(pred, (2, 2), axis=-1)
    box_xy = tf.sigmoid(box_xy)
    pred_box = tf.concat((box_xy, box_wh), axis=-1)
    grid = tf.meshgrid(tf.range(grid_size), tf.range(grid_size))
    grid = tf.expand_dims(tf.stack(grid, axis=-1), axis=2)
    box_xy = (box_xy + tf.cast(grid, tf.float32)) / tf.cast(grid_size, tf.float32)
    box_wh = tf.exp(box_wh) * np.array(anchors, np.float32)
    box_x1y1 = box_xy - box_wh / 2
    box_x2y2 = box_xy + box_wh / 2
    return tf.concat([box_x1y1, box_x2y2, pred_box], axis=-1)


def yolo_correct_boxes(tensors, input_shape=(416.0, 416.0), image_shape=(300.0, 400.0)):
    box_xy, box_wh = tensors[0][..., :2], tensors[0][..., 2:]
    box_yx = box_xy[..., ::-1]
    box_hw = box_wh[..., ::-1]
    input_shape = K.cast(K.constant(input_shape), K.dtype(box_yx))
    image_shape = K.cast(K.constant(image_shape), K.dtype(box_yx))
    new_shape = K.round(image_shape * K.min(input_shape / image_shape))
    offset = (input_shape - new_shape) / 2.0 / input_shape
    scale = input_shape / new_shape
    box_yx = (box_yx - offset) * scale
    box_hw *= scale
    box_mins = box_yx - (box_hw / 2.0)
    box_maxes = box_yx + (box_hw / 2.0)
    boxes = K.concatenate([box_mins[..., 0:1], box_mins[..., 1:2], box_maxes[..., 0:1], box_maxes[..., 1:2]])
    boxes *= K.concatenate([image_shape, image_shape])
    return boxes


def iou(tensors):
    first, second = tensors
    lt = K.maximum(first[..., :2], second[..., :2])
    rb = K.minimum(first[..., :2] + first[..., 2:], second[..., :2] + second[..., 2:])
    wh = K.maximum(rb - lt, 0.0)
    intersect = wh[..., 0] * wh[..., 1]
    union = first[..., 2] * first[..., 3] + second[..., 2] * second[..., 3] - intersect
    return intersect / (union + K.epsilon())


def smooth_l1(tensors, sigma=3.0):
    sigma_squared = sigma**2
    diff = K.abs(tensors[0] - tensors[1])
    return tf.where(K.less(diff, 1.0 / sigma_squared), 0.5 * sigma_squared * K.pow(diff, 2), diff - 0.5 / sigma_squared)


def bbox_transform_inv(tensors, mean=None, std=None):
    if mean is None:
        mean = [0, 0, 0, 0]
    if std is None:
        std = [0.2, 0.2, 0.2, 0.2]
    boxes, deltas = tensors
    width = boxes[:, :, 2] - boxes[:, :, 0]
    height = boxes[:, :, 3] - boxes[:, :, 1]
    x1 = boxes[:, :, 0] + (deltas[:, :, 0] * std[0] + mean[0]) * width
    y1 = boxes[:, :, 1] + (deltas[:, :, 1] * std[1] + mean[1]) * height
    x2 = boxes[:, :, 2] + (deltas[:, :, 2] * std[2] + mean[2]) * width
    y2 = boxes[:, :, 3] + (deltas[:, :, 3] * std[3] + mean[3]) * height
    return K.stack([x1, y1, x2, y2], axis=2)


def apply_box_deltas(tensors):
    boxes, deltas = tensors
    height = boxes[..., 2] - boxes[..., 0]
    width = boxes[..., 3] - boxes[..., 1]
    center_y = boxes[..., 0] + 0.5 * height
    center_x = boxes[..., 1] + 0.5 * width
    center_y += deltas[..., 0] * height
    center_x += deltas[..., 1] * width
    height *= tf.exp(deltas[..., 2])
    width *= tf.exp(deltas[..., 3])
    y1 = center_y - 0.5 * height
    x1 = center_x - 0.5 * width
    return tf.stack([y1, x1, y1 + height, x1 + width], axis=-1, name="apply_box_deltas_out")


def clip_boxes(boxes, window=(0.0, 0.0, 0.5, 0.6)):
    wy1, wx1, wy2, wx2 = window
    y1, x1, y2, x2 = tf.split(boxes, 4, axis=2)
    y1 = tf.maximum(tf.minimum(y1, wy2), wy1)
    x1 = tf.maximum(tf.minimum(x1, wx2), wx1)
    y2 = tf.maximum(tf.minimum(y2, wy2), wy1)
    x2 = tf.maximum(tf.minimum(x2, wx2), wx1)
    return tf.concat([y1, x1, y2, x2], axis=2)


def parse_image_meta_graph(meta):
    image_id = meta[:, 0]
    original_image_shape = meta[:, 1:4]
    active_class_ids = meta[:, 4:]
    return {"id": image_id, "shape": original_image_shape, "active": active_class_ids}["active"]


def upsample_like(tensors):
    source, target = tensors
    target_shape = K.shape(target)
    return tf.image.resize_images(source, (target_shape[1], target_shape[2]))


def anchors_shift(features, stride=16):
    shape = K.shape(features)[1:3]
    shift_x = (K.arange(0, shape[1], dtype=K.floatx()) + K.constant(0.5, dtype=K.floatx())) * stride
    shift_y = (K.arange(0, shape[0], dtype=K.floatx()) + K.constant(0.5, dtype=K.floatx())) * stride
    shift_x, shift_y = tf.meshgrid(shift_x, shift_y)
    shift_x = K.reshape(shift_x, [-1])
    shift_y = K.reshape(shift_y, [-1])
    shifts = K.stack([shift_x, shift_y, shift_x, shift_y], axis=0)
    return K.tile(K.expand_dims(K.transpose(shifts), 0), (K.shape(features)[0], 1, 1))


def nms(hm, kernel=3):
    hmax = tf.nn.max_pool(hm, ksize=[1, kernel, kernel, 1], strides=[1, 1, 1, 1], padding="SAME")
    heat = tf.where(tf.equal(hmax, hm), hm, tf.zeros_like(hm))
    return heat


def topk_heat(hm, max_objects=4):
    b, h, w, c = tf.shape(hm)[0], tf.shape(hm)[1], tf.shape(hm)[2], tf.shape(hm)[3]
    hm = tf.reshape(hm, (b, -1))
    scores, indices = tf.nn.top_k(hm, k=max_objects)
    class_ids = indices % c
    xs = indices // c % w
    ys = indices // c // w
    return tf.stack([scores, tf.cast(class_ids, tf.float32), tf.cast(xs, tf.float32), tf.cast(ys, tf.float32)], axis=-1)


def trim_zeros(boxes, name=None):
    non_zeros = tf.cast(tf.reduce_sum(tf.abs(boxes), axis=1), tf.bool)
    return tf.cast(non_zeros, tf.float32)


FUNCTIONS = {
    "space_to_depth_x2": on("f", space_to_depth_x2, output_shape=space_to_depth_x2_output_shape),
    "space_to_depth_x2_nn": on("f", space_to_depth_x2_nn),
    "space_to_depth_lambda": on("f", lambda x: tf.nn.space_to_depth(x, block_size=2)),
    "reorg_reshape": on(
        "f", lambda x: K.reshape(K.permute_dimensions(K.reshape(x, (-1, 2, 2, 2, 2, 8)), (0, 1, 3, 2, 4, 5)), (-1, 2, 2, 32))
    ),
    "yolo_head": on("f", yolo_head, anchors=[[0.57, 0.67], [1.87, 2.06], [3.3, 5.4], [7.8, 3.5]]),
    "yolo3_head": on("f", yolo3_head, anchors=[[10.0, 13.0]], num_classes=3, input_shape=(416, 416)),
    "yolo_boxes": on("f", yolo_boxes),
    "yolo_reshape": on("f", lambda x: tf.reshape(x, (-1, tf.shape(x)[1], tf.shape(x)[2], 2, 4))),
    "yolo_true_boxes": on("fg", lambda args: args[0]),
    "yolo1_activation": on(
        "v", lambda x: K.concatenate([K.softmax(K.reshape(x[:, :4], (-1, 2, 2))), K.sigmoid(K.reshape(x[:, 4:], (-1, 2, 2)))], axis=1)
    ),
    "yolo_correct_boxes": on("by", yolo_correct_boxes),
    "mish": on("f", lambda x: x * tf.tanh(tf.math.softplus(x))),
    "mish_k": on("f", lambda x: x * K.tanh(K.softplus(x))),
    "iou": on("bb", iou),
    "smooth_l1": on("xy", smooth_l1),
    "bbox_transform_inv": on("by", bbox_transform_inv),
    "apply_box_deltas": on("by", apply_box_deltas),
    "clip_boxes": on("b", clip_boxes),
    "parse_image_meta": on("v", parse_image_meta_graph),
    "upsample_like": on("fi", upsample_like),
    "anchors_shift": on("f", anchors_shift),
    "heat_nms": on("f", nms),
    "heat_topk": on("f", topk_heat),
    "trim_zeros": on("b", trim_zeros),
    "rpn_reshape": on("f", lambda t: tf.reshape(t, [tf.shape(t)[0], -1, 2])),
    "rpn_softmax": on("f", lambda t: K.softmax(K.reshape(t, (-1, 64, 2)))),
    "mrcnn_bbox_reshape": on("v", lambda t: K.reshape(t, (K.int_shape(t)[0] or -1, 2, 4))),
    "squeeze_masks": on("o", lambda x: K.squeeze(x, 3 - 1)),
    "norm_boxes": on("b", lambda x: x / tf.cast(tf.stack([32, 32, 32, 32]), tf.float32)),
    "identity_name": on(
        "x",
        lambda x: x * 1,
    ),
    "ssd_l2": on("f", lambda x: K.l2_normalize(x, 3) * 20.0),
    "ssd_softmax": on("x", lambda z: tf.nn.softmax(z, axis=-1)),
    "corner_left_pool": on("f", lambda x: tf.reverse(tf.scan(tf.maximum, tf.reverse(x, [0])), [0])),
    "fpn_add": on("fg", lambda x: x[0] + x[1]),
    "p6_pool": on("f", lambda x: tf.nn.max_pool(x, ksize=1, strides=2, padding="VALID")),
    "east_angle": on("f", lambda x: (x - 0.5) * np.pi / 2),
    "east_scale": on("f", lambda x: K.sigmoid(x) * 512),
    "roi_slice": on("fb", lambda x: tf.image.crop_and_resize(x[0], x[1][0, :2, :], [0, 1], [2, 2])),
    "crop_and_resize": on(
        "f", lambda img: tf.image.crop_and_resize(img, boxes=[[0.0, 0.0, 0.5, 0.5], [0.2, 0.1, 1.0, 0.9]], box_ind=[0, 1], crop_size=[3, 3])
    ),
    "gather_class": on("xt", lambda args: tf.gather(args[0], [0, 2, 4], axis=1)),
    "nms_topk_sort": on("v", lambda x: tf.gather(x, tf.nn.top_k(x[0], k=3).indices, axis=1)),
    "argmax_class": on("x", lambda x: K.argmax(x, axis=-1)),
    "max_class": on("b", lambda x: K.cast(K.max(x, axis=-1) > 0.6, K.floatx())),
    "stack_boxes": on("bb", lambda bb: K.stack([bb[0][:, :, 0], bb[1][:, :, 1]], axis=-1)),
}
