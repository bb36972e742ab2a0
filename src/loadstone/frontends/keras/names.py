"""Names of the layer classes that some release of Keras has: any other class is the user's own.

Collected from `keras.layers` of Keras 3.0 to 3.16 and `tf.keras.layers` (with `experimental.preprocessing`) of 2.3 to 2.15,
and the classes of Keras 1 that later releases dropped.
"""

from __future__ import annotations

LAYERS = frozenset(
    """
    AbstractRNNCell Activation ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D
    AdaptiveAveragePooling3D AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D Add AdditiveAttention
    AlphaDropout AtrousConvolution1D AtrousConvolution2D Attention AugMix AutoContrast Average AveragePooling1D
    AveragePooling2D AveragePooling3D AvgPool1D AvgPool2D AvgPool3D BatchNormalization Bidirectional CLAHE
    CategoryCrossing CategoryEncoding CenterCrop ClassMethod Concatenate ContrastLimitedAdaptiveHistogramEqualization
    Conv1D Conv1DTranspose Conv2D Conv2DTranspose Conv3D Conv3DTranspose ConvLSTM1D ConvLSTM2D ConvLSTM3D
    Convolution1D Convolution1DTranspose Convolution2D Convolution2DTranspose Convolution3D Convolution3DTranspose
    Cropping1D Cropping2D Cropping3D CuDNNGRU CuDNNLSTM CutMix Deconvolution2D Deconvolution3D Dense DenseFeatures
    DepthwiseConv1D DepthwiseConv2D Discretization Dot Dropout DynamicEmbedding DynamicLookup ELU EinsumDense
    Embedding Equalization Flatten FlaxLayer Functional GRU GRUCell GaussianDropout GaussianNoise
    GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D GlobalAvgPool1D GlobalAvgPool2D
    GlobalAvgPool3D GlobalMaxPool1D GlobalMaxPool2D GlobalMaxPool3D GlobalMaxPooling1D GlobalMaxPooling2D
    GlobalMaxPooling3D GroupNormalization GroupQueryAttention GroupedQueryAttention HashedCrossing Hashing Highway
    Identity InputLayer InstanceMethod InstanceProperty IntegerLookup JaxLayer LSTM LSTMCell Lambda LayerNormalization
    LeakyReLU LinearModel LocallyConnected1D LocallyConnected2D Masking MaxNumBoundingBoxes MaxPool1D MaxPool2D
    MaxPool3D MaxPooling1D MaxPooling2D MaxPooling3D Maximum MaxoutDense MelSpectrogram Merge Minimum MixUp Model
    MultiHeadAttention Multiply Normalization PReLU Permute Pipeline PreprocessingLayer RMSNormalization RNN
    RandAugment RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast RandomCrop
    RandomElasticTransform RandomErasing RandomFlip RandomFourierFeatures RandomGaussianBlur RandomGrayscale
    RandomHeight RandomHue RandomInvert RandomPerspective RandomPosterization RandomRotation RandomSaturation
    RandomSharpness RandomShear RandomTranslation RandomWidth RandomZoom ReLU RepeatVector Rescaling Reshape Resizing
    ReversibleEmbedding STFTSpectrogram SeparableConv1D SeparableConv2D SeparableConvolution1D SeparableConvolution2D
    Sequential SimpleRNN SimpleRNNCell SlicingOpLambda Softmax Solarization SpatialDropout1D SpatialDropout2D
    SpatialDropout3D SpectralNormalization StackedRNNCells StringLookup Subtract SyncBatchNormalization TFOpLambda
    TFSMLayer TensorFlowOpLayer TernaryDense TextVectorization ThresholdedReLU TimeDistributed TimeDistributedDense
    TorchModuleWrapper UnitNormalization UpSampling1D UpSampling2D UpSampling3D WideDeepModel Wrapper ZeroPadding1D
    ZeroPadding2D ZeroPadding3D
    """.split()
)

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
    "Model": "Functional",
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
}

ACTIVATIONS = frozenset(
    """
    celu elu exponential gelu glu hard_shrink hard_sigmoid hard_sigmoid_2 hard_silu hard_swish hard_tanh leaky_relu linear log_sigmoid
    log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign sparse_plus sparse_sigmoid sparsemax
    squareplus swish tanh tanh_shrink threshold
    """.split()
)
