"""Non-maximum suppression: every version, known and computed limits, ties, missing scores, 16 bits, no boxes."""


def cases(tf, np):
    rng, raw = np.random.default_rng(3), tf.raw_ops
    centres, sizes = rng.random((30, 2)), rng.random((30, 2)) * 0.5
    many = np.concatenate([centres - sizes, centres + sizes], axis=1).astype(np.float32)
    many[::7] = many[::7, [2, 3, 0, 1]]
    many[3] = many[4]
    many[5, 2:] = many[5, :2]
    scores = rng.random(30).astype(np.float32)
    scores[[3, 8, 9]] = scores[4]
    scores[11], scores[12] = np.nan, -np.inf
    numbers = [(None, 4), (None,)]
    yield "nms", lambda at, s: raw.NonMaxSuppression(boxes=at, scores=s, max_output_size=10), [many, scores], numbers
    yield "nms_v2", lambda at, s: raw.NonMaxSuppressionV2(boxes=at, scores=s, max_output_size=40, iou_threshold=0.3), [many, scores]

    def v3(at, s, most, iou, least):
        return raw.NonMaxSuppressionV3(boxes=at, scores=s, max_output_size=most, iou_threshold=iou, score_threshold=least)

    for k, (most, iou, least) in enumerate([(5, 0.5, 0.2), (40, 0.0, 0.0), (40, 1.0, 0.9), (0, 0.5, 0.5), (40, 0.6, -np.inf)]):
        given = [np.int32(most), np.float32(iou), np.float32(least)]
        yield f"nms_v3_{k}", v3, [many, scores, *given], [*numbers, (), (), ()]
        yield (
            f"nms_v3_float16_{k}",
            v3,
            [many.astype(np.float16), scores.astype(np.float16), given[0], *(v.astype(np.float16) for v in given[1:])],
        )
    yield "nms_v3_none", v3, [many[:0], scores[:0], *given], [*numbers, (), (), ()]
    for pad in (True, False):

        def v4(at, s, most, pad=pad):
            return raw.NonMaxSuppressionV4(
                boxes=at, scores=s, max_output_size=most, iou_threshold=0.4, score_threshold=0.3, pad_to_max_output_size=pad
            )

        yield f"nms_v4_{pad}", v4, [many, scores, np.int32(25)], [*numbers, ()]
        yield f"nms_v4_{pad}_few", v4, [many, scores, np.int32(3)], [*numbers, ()]
        yield f"nms_v4_{pad}_known", lambda at, s, v4=v4: v4(at, s, 20), [many, scores]
        for sigma in (0.0, 0.5):

            def v5(at, s, soft=sigma, pad=pad):
                return raw.NonMaxSuppressionV5(
                    boxes=at, scores=s, max_output_size=22, iou_threshold=0.4, score_threshold=0.1, soft_nms_sigma=soft,
                    pad_to_max_output_size=pad,
                )  # fmt: skip

            yield f"nms_v5_{pad}_{sigma}", v5, [many, scores], numbers
            yield f"nms_v5_{pad}_{sigma}_computed", v5, [many, scores, np.float32(sigma)], [*numbers, ()]
        yield f"nms_v5_{pad}_float16", v5, [many.astype(np.float16), scores.astype(np.float16)]
    table = rng.random((30, 30)).astype(np.float32)

    def overlaps(table, s):
        return raw.NonMaxSuppressionWithOverlaps(overlaps=table, scores=s, max_output_size=12, overlap_threshold=0.8, score_threshold=0.2)

    yield "nms_overlaps", overlaps, [table, scores], [(None, None), (None,)]
    of_classes = rng.random((2, 12, 3)).astype(np.float32)
    corners = np.stack([many[:12], many[12:24]])[:, :, None, :]
    for classes in (1, 3):
        at = np.repeat(corners, classes, axis=2) + rng.random((2, 12, classes, 4)).astype(np.float32) * 0.2
        for pad in (True, False):
            for clip in (True, False):

                def combined(at, s, most, pad=pad, clip=clip):
                    return raw.CombinedNonMaxSuppression(
                        boxes=at, scores=s, max_output_size_per_class=4, max_total_size=most, iou_threshold=0.4, score_threshold=0.3,
                        pad_per_class=pad, clip_boxes=clip,
                    )  # fmt: skip

                given = [at.astype(np.float32), of_classes, np.int32(20)]
                yield f"nms_combined_{classes}_{pad}_{clip}", combined, given, [(None, None, None, 4), (None, None, None), ()]
        yield f"nms_combined_{classes}_known", lambda at, s, f=combined: f(at, s, 5), given[:2]
