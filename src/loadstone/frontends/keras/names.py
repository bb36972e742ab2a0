"""Names of the layer classes that some release of Keras has: any other class is the user's own.

Collected from `keras.layers` of Keras 3.0 to 3.16 and `tf.keras.layers` (with `experimental.preprocessing`) of 2.3 to 2.15,
and the classes of Keras 1 that later releases dropped; operations from `keras.src.ops` of Keras 3.0, 3.6 and 3.15.
"""

from __future__ import annotations

LAYERS = frozenset(
    """
    AbstractRNNCell Activation ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D
    AdaptiveAveragePooling3D AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D Add AdditiveAttention
    AlphaDropout AtrousConvolution1D AtrousConvolution2D Attention AugMix AutoContrast Average AveragePooling1D
    AveragePooling2D AveragePooling3D AvgPool1D AvgPool2D AvgPool3D BatchNormalization Bidirectional CLAHE
    CategoryCrossing CategoryEncoding CenterCrop ClassMethod Concatenate ContrastLimitedAdaptiveHistogramEqualization
    Conv1D Conv1DTranspose Conv2D Conv2DTranspose Conv3D Conv3DTranspose ConvLSTM1D ConvLSTM2D ConvLSTM3D Convolution1D
    Convolution1DTranspose Convolution2D Convolution2DTranspose Convolution3D Convolution3DTranspose Cropping1D
    Cropping2D Cropping3D CuDNNGRU CuDNNLSTM CustomScaleLayer CutMix Deconvolution2D Deconvolution3D Dense DenseFeatures
    DepthwiseConv1D DepthwiseConv2D Discretization Dot Dropout DynamicEmbedding DynamicLookup ELU EinsumDense Embedding
    Equalization Flatten FlaxLayer Functional GRU GRUCell GaussianDropout GaussianNoise GlobalAveragePooling1D
    GlobalAveragePooling2D GlobalAveragePooling3D GlobalAvgPool1D GlobalAvgPool2D GlobalAvgPool3D GlobalMaxPool1D
    GlobalMaxPool2D GlobalMaxPool3D GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D GroupNormalization
    GroupQueryAttention GroupedQueryAttention HashedCrossing Hashing Highway Identity InputLayer InstanceMethod
    InstanceProperty IntegerLookup JaxLayer LSTM LSTMCell Lambda LayerNormalization LayerScale LeakyReLU LinearModel
    LocallyConnected1D LocallyConnected2D Masking MaxNumBoundingBoxes MaxPool1D MaxPool2D MaxPool3D MaxPooling1D
    MaxPooling2D MaxPooling3D Maximum MaxoutDense MelSpectrogram Merge Minimum MixUp Model Mosaic MultiHeadAttention
    Multiply Normalization PReLU ParametricSoftplus Permute Pipeline PreprocessingLayer RMSNormalization RNN RandAugment RandomBrightness
    RandomColorDegeneration RandomColorJitter RandomContrast RandomCrop RandomElasticTransform RandomErasing RandomFlip
    RandomFourierFeatures RandomGaussianBlur RandomGrayscale RandomHeight RandomHue RandomInvert RandomPerspective
    RandomPosterization RandomRotation RandomSaturation RandomSharpness RandomShear RandomTranslation RandomWidth
    RandomZoom ReLU RepeatVector Rescaling Reshape Resizing ReversibleEmbedding STFTSpectrogram SeparableConv1D
    SeparableConv2D SeparableConvolution1D SeparableConvolution2D Sequential SimpleRNN SimpleRNNCell SlicingOpLambda
    Softmax Solarization SpatialDropout1D SpatialDropout2D SpatialDropout3D SpectralNormalization StackedRNNCells SReLU
    StochasticDepth StringLookup Subtract SyncBatchNormalization TFDConcat TFDIdentity TFOpLambda TFSMLayer TensorFlowOpLayer TernaryDense
    TextVectorization ThresholdedReLU TimeDistributed TimeDistributedDense TimeDistributedMerge TorchModuleWrapper UnitNormalization
    UpSampling1D UpSampling2D UpSampling3D WideDeepModel Wrapper ZeroPadding1D ZeroPadding2D ZeroPadding3D
    """.split()
)

# Layers of Keras 1 that Keras 2.3 had no more: in later files a class of that name is the user's own.
KERAS_1 = frozenset(
    "AtrousConvolution1D AtrousConvolution2D Highway MaxoutDense Merge ParametricSoftplus SReLU TimeDistributedDense TimeDistributedMerge".split()
)

# Classes of packages around Keras, with the package in front.
THIRD_PARTY = frozenset(
    """
    Addons>AdaptiveAveragePooling1D Addons>AdaptiveAveragePooling2D Addons>AdaptiveAveragePooling3D Addons>AdaptiveMaxPooling1D
    Addons>AdaptiveMaxPooling2D Addons>AdaptiveMaxPooling3D Addons>CRF Addons>CorrelationCost Addons>ESN Addons>ESNCell
    Addons>EmbeddingBag Addons>FilterResponseNormalization Addons>GELU Addons>GroupNormalization Addons>InstanceNormalization
    Addons>LayerNormLSTMCell Addons>LayerNormSimpleRNNCell Addons>MaxUnpooling2D Addons>MaxUnpooling2DV2 Addons>Maxout
    Addons>MultiHeadAttention Addons>NASCell Addons>NetVLAD Addons>NoisyDense Addons>PeepholeLSTMCell Addons>PoincareNormalize
    Addons>PolynomialCrossing Addons>Snake Addons>Sparsemax Addons>SpatialPyramidPooling2D Addons>SpectralNormalization
    Addons>StochasticDepth Addons>TLU Addons>WeightNormalization
    keras_bert>EmbeddingSimilarity keras_bert>Extract keras_bert>Masked keras_bert>MaskedGlobalMaxPool1D keras_bert>TaskEmbedding
    keras_bert>TokenEmbedding keras_contrib>CRF keras_contrib>CosineConvolution2D keras_contrib>CosineDense
    keras_contrib>GroupNormalization keras_contrib>InstanceNormalization keras_contrib>PELU keras_contrib>SReLU keras_contrib>SineReLU
    keras_contrib>SubPixelUpscaling keras_contrib>Swish keras_coordconv>CoordinateChannel1D keras_coordconv>CoordinateChannel2D
    keras_coordconv>CoordinateChannel3D keras_cv>DropBlock2D keras_cv>DropPath keras_cv>SqueezeAndExcite2D keras_cv>StochasticDepth
    keras_embed_sim>EmbeddingRet keras_embed_sim>EmbeddingSim keras_hub>PositionEmbedding
    keras_hub>SinePositionEncoding keras_hub>TokenAndPositionEmbedding keras_hub>TransformerDecoder keras_hub>TransformerEncoder
    keras_layer_normalization>LayerNormalization keras_multi_head>MultiHeadAttention keras_pos_embd>PositionEmbedding
    keras_pos_embd>TrigPosEmbedding keras_position_wise_feed_forward>FeedForward keras_self_attention>ScaledDotProductAttention
    keras_self_attention>SeqSelfAttention keras_self_attention>SeqWeightedAttention densenet_keras>Scale efficientnet>FixedDropout
    keras_hub>AlibiBias keras_hub>CachedMultiHeadAttention keras_hub>FNetEncoder keras_hub>MaskedLMHead keras_hub>ReversibleEmbedding
    keras_hub>RotaryEmbedding keras_resnet>BatchNormalization ssd_keras>L2Normalization qkeras>QActivation qkeras>QAveragePooling2D
    qkeras>QBatchNormalization qkeras>QConv1D qkeras>QConv2D qkeras>QConv2DTranspose qkeras>QDense qkeras>QDepthwiseConv2D
    qkeras>QGlobalAveragePooling2D qkeras>QSeparableConv1D qkeras>QSeparableConv2D qkeras>binary qkeras>binary_sigmoid qkeras>binary_tanh
    qkeras>hard_sigmoid qkeras>hard_tanh qkeras>quantized_bits qkeras>quantized_po2 qkeras>quantized_relu qkeras>quantized_relu_po2
    qkeras>quantized_sigmoid qkeras>quantized_tanh qkeras>smooth_sigmoid qkeras>smooth_tanh qkeras>ternary
    """.split()
)
SAVED_MODELS = frozenset({"KerasLayer", "TFSMLayer"})  # whose computation is a SavedModel; the first is of tensorflow_hub
LAYERS = LAYERS | THIRD_PARTY | SAVED_MODELS

# Functions of tensorflow_addons: as Keras has them, or under names that are nobody's.
ADDONS_ACTIVATIONS = {
    "gelu": "gelu_tanh",
    "hardshrink": "hard_shrink",
    "lisht": "addons_lisht",
    "mish": "mish",
    "rrelu": "addons_rrelu",
    "snake": "addons_snake",
    "softshrink": "soft_shrink",
    "sparsemax": "sparsemax",
    "tanhshrink": "tanh_shrink",
}

# Layers that `keras.applications` defines for itself, with the options that they write. No other spelling of theirs is Keras' own:
# the names are common, and HDF5 files do not say which module a class is from.
APPLICATIONS: dict[str, frozenset[str]] = {
    "CustomScaleLayer": frozenset({"scale"}),
    "LayerScale": frozenset({"init_values", "projection_dim"}),
    "StochasticDepth": frozenset({"drop_path_rate"}),
}

# Second names that Keras writes for one class.
ALIASES = {
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Convolution3D": "Conv3D",
    "Convolution1DTranspose": "Conv1DTranspose",
    "Convolution2DTranspose": "Conv2DTranspose",
    "Convolution3DTranspose": "Conv3DTranspose",
    "SeparableConvolution1D": "SeparableConv1D",
    "SeparableConvolution2D": "SeparableConv2D",
    "AvgPool1D": "AveragePooling1D",
    "AvgPool2D": "AveragePooling2D",
    "AvgPool3D": "AveragePooling3D",
    "MaxPool1D": "MaxPooling1D",
    "MaxPool2D": "MaxPooling2D",
    "MaxPool3D": "MaxPooling3D",
    "GlobalAvgPool1D": "GlobalAveragePooling1D",
    "GlobalAvgPool2D": "GlobalAveragePooling2D",
    "GlobalAvgPool3D": "GlobalAveragePooling3D",
    "GlobalMaxPool1D": "GlobalMaxPooling1D",
    "GlobalMaxPool2D": "GlobalMaxPooling2D",
    "GlobalMaxPool3D": "GlobalMaxPooling3D",
    "GroupedQueryAttention": "GroupQueryAttention",
    "ReloadedLayer": "TFSMLayer",  # tf_keras
    "Model": "Functional",
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
}

# The classes' own names where `keras.layers` has them under another one.
WRITTEN = {"GroupQueryAttention": "GroupedQueryAttention"}

ACTIVATIONS = frozenset(
    """
    addons_lisht addons_rrelu addons_snake celu crelu elu exponential gelu gelu_tanh glu hard_shrink hard_sigmoid hard_sigmoid_2
    hard_silu hard_swish hard_tanh leaky_relu linear log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax
    softplus softsign sparse_plus sparse_sigmoid sparsemax sparsemax_3 squareplus swish tanh tanh_shrink threshold
    """.split()
)

# Classes of `keras.ops` operations, as Functional models of Keras 3.0 to 3.15 write them.
OPERATIONS = frozenset(
    """
    Abs Absolute AdaptiveAveragePool AdaptiveMaxPool Add AffineTransform All AllClose Amax Amin Angle Any Append
    Arange Arccos Arccosh Arcsin Arcsinh Arctan Arctan2 Arctanh Argmax Argmin Argpartition Argsort Array ArraySplit
    AssociativeScan Average AveragePool BatchNorm BinaryCrossentropy Bincount BitwiseAnd BitwiseInvert
    BitwiseLeftShift BitwiseNot BitwiseOr BitwiseRightShift BitwiseXor BroadcastTo CDist CTCDecode CTCLoss Cast
    CategoricalCrossentropy Cbrt Ceil Celu Cholesky CholeskyInverse Clip ColumnStack Concatenate Cond Conj Conjugate Conv
    ConvTranspose ConvertToTensor Copy Copysign Corrcoef Correlate Cos Cosh CountNonzero Cov CropImages Cross CtcLoss Cumprod
    Cumsum Deg2rad DepthToSpace DepthwiseConv Det Diag Diagflat Diagonal Diff Digitize Divide DivideNoNan Dot
    DotProductAttention Dsplit Dstack Eig Eigh Einsum ElasticTransform Elu Empty EmptyLike Equal Erf Erfc Erfinv Exp
    Exp2 ExpandDims Expm1 ExtractPatches ExtractPatches3D ExtractSequences Eye FFT FFT2 Fabs Flip Fliplr Flipud FloatPower Floor FloorDivide Fmax
    Fmin Fmod Fold ForiLoop Full FullLike Function Gammainc GaussianBlur Gcd Gelu Geomspace GetItem Glu Greater
    GreaterEqual HSVToRGB HardShrink HardSigmoid HardSilu HardTanh Heaviside Histogram Hsplit Hstack Hypot I0 IFFT2
    IRFFT ISTFT Identity Imag InTopK Inner Inv IsIn Isclose Isfinite Isinf Isnan Isneginf Isposinf Isreal JVP Kron
    LayerNorm Lcm Ldexp LeakyRelu LeftShift Less LessEqual Lgamma Linspace Log Log10 Log1p Log2 LogSigmoid LogSoftmax
    Logaddexp Logaddexp2 Logdet LogicalAnd LogicalNot LogicalOr LogicalXor Logspace Logsumexp Lstsq LuFactor Map
    MapCoordinates Matmul MatrixPower MatrixRank Max MaxPool Maximum Mean Median Meshgrid Min Minimum Mish Mod Moments
    Moveaxis MultiHot Multiply NanToNum Nanargmax Nanargmin Nancumprod Nancumsum Nanmax Nanmean Nanmedian Nanmin
    Nanpercentile Nanprod Nanquantile Nanstd Nansum Nanvar Ndim Negative Nextafter Nonzero Norm Normalize NotEqual
    OneHot Ones OnesLike Outer PSNR Pad PadImages Percentile PerspectiveTransform Pinv Polar Power Prod Ptp Qr
    Quantile RFFT RGBToGrayscale RGBToHSV RMSNorm Rad2deg Ravel ReLU Real Rearrange Reciprocal ReconstructPatches Relu
    Relu6 Repeat Reshape Resize RightShift Roll Rot90 Round Rsqrt SSIM STFT SVD SaturateCast ScaleAndTranslate Scan
    Scatter ScatterUpdate SearchSorted SegmentMax SegmentMin SegmentProd SegmentReduction SegmentSum Select Selu
    SeparableConv Sigmoid Sign Signbit Silu Sin Sinc Sinh Size Slice SliceUpdate Slogdet SobelEdges SoftShrink Softmax
    Softplus Softsign Solve SolveTriangular Sort SpaceToDepth SparseCategoricalCrossentropy SparsePlus SparseSigmoid
    Sparsemax Split Sqrt Square Squareplus Squeeze Stack Std StopGradient Subtract Sum Swapaxes Switch Take
    TakeAlongAxis Tan Tanh TanhShrink Tensordot Threshold Tile TopK Trace Transpose Trapezoid Tri Tril Triu TrueDivide
    Trunc Unfold Unique UnravelIndex Unstack Vander Var Vdot VectorizedMap View ViewAsComplex ViewAsReal Vsplit Vstack
    Where WhileLoop Zeros ZerosLike
    """.split()
)
