"""Packages that own ops which TensorFlow itself does not have, for messages: whose op is it that a graph needs?"""

from __future__ import annotations

from loadstone.ir import tf_ops

_PREFIXES = {
    "Addons>": "tensorflow_addons",
    "SimpleML": "tensorflow_decision_forests",
    "TFText>": "tensorflow_text",
    "IO>": "tensorflow_io",
    "Horovod": "horovod",
    "Sentencepiece": "tensorflow_text",
    "TFLite_": "TensorFlow Lite",
    "TFRA>": "tensorflow_recommenders_addons",
}
_NAMES = {
    "tensorflow_text": """
        CaseFoldUTF8 NormalizeUTF8 NormalizeUTF8WithOffsetsMap FindSourceOffsets WhitespaceTokenizeWithOffsets WhitespaceTokenizeWithOffsetsV2
        UnicodeScriptTokenizeWithOffsets WordpieceTokenizeWithOffsets FastWordpieceTokenizeWithOffsets FastWordpieceDetokenize
        FastBertNormalize TFText>FastBertNormalize SplitMergeTokenizeWithOffsets SplitMergeFromLogitsTokenizeWithOffsets RegexSplitWithOffsets
        ConstrainedSequence RougeL NgramsStringJoin SentenceFragments SentenceFragmentsV2 PhraseTokenize Utf8Binarize BytesSplit
    """,
}
_OWNERS = {op: package for package, ops in _NAMES.items() for op in ops.split()}


def owner(op: str) -> str | None:
    """The package of an op that no release of TensorFlow has; None where it is not known. TensorFlow's own ops have none."""
    if tf_ops.definition(op) is not None:
        return None
    return _OWNERS.get(op) or next((package for prefix, package in _PREFIXES.items() if op.startswith(prefix)), None)


def foreign(op: str) -> str:
    """What to say of an op that TensorFlow does not have; nothing of its own."""
    if tf_ops.definition(op) is not None:
        return ""
    package = owner(op)
    return f"an op of {package}" if package else "no release of TensorFlow has it"
