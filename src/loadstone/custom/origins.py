"""Where classes of public packages are from, by their name in a file: rows of package and names.

A row is a package, or a repository whose code people copy, that really defines a layer or function of that name. That a name is here
does not say that the file means that one.
"""

from __future__ import annotations

_ROWS = {
    "attention-keras (github.com/thushv89/attention_keras)": "AttentionLayer",
    "bert-for-tf2": "BertModelLayer",
    "deepctr": (
        "AttentionSequencePoolingLayer BiInteractionPooling CIN CrossNet DNN Dice FM FwFMLayer InteractingLayer Linear NoMask "
        "PredictionLayer SENETLayer SequencePoolingLayer"
    ),
    "DenseDepth (github.com/ialhashim/DenseDepth)": "BilinearUpSampling2D",
    "DenseNet-Keras (github.com/flyyufelix/DenseNet-Keras)": "Scale",
    "efficientnet": "FixedDropout swish",
    "faceswap (github.com/deepfakes/faceswap)": "PixelShuffler",
    "kapre": "ApplyFilterbank InverseSTFT Magnitude MagnitudeToDecibel Melspectrogram Normalization2D STFT Spectrogram",
    "keras-deeplab-v3-plus (github.com/bonlime/keras-deeplab-v3-plus)": "BilinearUpsampling",
    "Keras-FCN (github.com/aurora95/Keras-FCN)": "BilinearUpSampling2D",
    "keras-frcnn (github.com/kbardool/keras-frcnn)": "FixedBatchNormalization RoiPoolingConv",
    "keras-gcn (github.com/tkipf/keras-gcn)": "GraphConvolution",
    "keras-mdn-layer": "MDN",
    "keras-retinanet": "Anchors ClipBoxes FilterDetections RegressBoxes UpsampleLike",
    "keras-tcn": "ResidualBlock TCN",
    "keras.applications (Keras 2.0 and 2.1)": "relu6",
    "keras_bert": "Extract MaskedGlobalMaxPool1D TaskEmbedding TokenEmbedding",
    "keras_contrib": (
        "CRF Capsule CosineConv2D CosineConvolution2D CosineDense Deconvolution3D GroupNormalization InstanceNormalization PELU SReLU "
        "SineReLU SubPixelUpscaling Swish"
    ),
    "keras_cv": "DropBlock2D DropPath SqueezeAndExcite2D",
    "keras_hub (keras_nlp)": (
        "AlibiBias CachedMultiHeadAttention FNetEncoder MaskedLMHead PositionEmbedding RotaryEmbedding SinePositionEncoding "
        "TokenAndPositionEmbedding TransformerDecoder TransformerEncoder"
    ),
    "keras_pos_embd": "PositionEmbedding TrigPosEmbedding",
    "keras_self_attention": "ScaledDotProductAttention SeqSelfAttention SeqWeightedAttention",
    "larq": "QuantConv1D QuantConv2D QuantDense QuantDepthwiseConv2D QuantSeparableConv2D",
    "Mask_RCNN (github.com/matterport/Mask_RCNN)": "DetectionLayer DetectionTargetLayer ProposalLayer PyramidROIAlign",
    "spektral": "ARMAConv ChebConv GATConv GCNConv GINConv GlobalAttentionPool GraphSageConv",
    "ssd_keras (github.com/pierluigiferrari/ssd_keras)": "AnchorBoxes DecodeDetections DecodeDetectionsFast L2Normalization",
    "stellargraph": "GraphAttention GraphConvolution MeanAggregator",
    "tensorflow_addons": (
        "AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D AdaptiveMaxPooling1D AdaptiveMaxPooling2D CRF "
        "CorrelationCost ESN EmbeddingBag FilterResponseNormalization GroupNormalization InstanceNormalization Maxout NoisyDense "
        "PolynomialCrossing Sparsemax SpatialPyramidPooling2D SpectralNormalization StochasticDepth TLU WeightNormalization gelu hardshrink "
        "lisht mish rrelu snake softshrink sparsemax tanhshrink"
    ),
    "tensorflow_hub": "KerasLayer",
    "tensorflow_model_optimization": "PruneLowMagnitude QuantizeAnnotate QuantizeLayer QuantizeWrapper QuantizeWrapperV2",
    "tensorflow_probability": (
        "Convolution2DFlipout Convolution2DReparameterization DenseFlipout DenseReparameterization DenseVariational DistributionLambda "
        "IndependentNormal MultivariateNormalTriL"
    ),
    "tensorflow_recommenders": "Cross DotInteraction FactorizedTopK",
    "the Keras code examples (keras.io/examples)": (
        "PatchEncoder Patches PositionalEmbedding Sampling TokenAndPositionEmbedding TransformerBlock TransformerDecoder TransformerEncoder "
        "VectorQuantizer"
    ),
    "the TensorFlow model garden (tf-models-official)": (
        "OnDeviceEmbedding PositionEmbedding RelativePositionEmbedding SelfAttentionMask TransformerEncoderBlock"
    ),
    "transformers": "TFBertMainLayer TFDistilBertMainLayer TFGPT2MainLayer TFRobertaMainLayer",
    "vit-keras": "AddPositionEmbs ClassToken MultiHeadSelfAttention TransformerBlock",
}
_NICKNAMES = {"GroupNorm": "GroupNormalization", "InstanceNorm": "InstanceNormalization"}  # names that people give their copies
_PACKAGES = {
    "Addons": "tensorflow_addons",
    "Vision": "the TensorFlow model garden (tf-models-official)",
    "keras_nlp": "keras_hub (keras_nlp)",
}


def origins(name: str, package: str = "") -> tuple[str, ...]:
    """Packages that define this name, in alphabetical order. package: what stands before ">" in the registered name."""
    if package in _PACKAGES:
        return (_PACKAGES[package],)
    wanted = _NICKNAMES.get(name, name)
    return tuple(sorted((origin for origin, names in _ROWS.items() if wanted in names.split()), key=str.casefold))


def rows() -> dict[str, tuple[str, ...]]:
    """All rows: package -> names."""
    return {origin: tuple(names.split()) for origin, names in _ROWS.items()}
