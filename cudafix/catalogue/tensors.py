"""The functions of torch and the methods of tensors by what they do with a device."""

from __future__ import annotations

FACTORIES = frozenset((
    "arange", "empty", "eye", "full", "linspace", "logspace", "ones", "rand", "randint", "randn", "randperm", "tensor",
    "zeros", "as_tensor", "from_numpy", "complex", "tril_indices", "triu_indices",
))  # fmt: skip
"""The functions of torch that make a tensor where `device` says."""

SAME_DEVICE = frozenset((
    "bfloat16", "bool", "clone", "contiguous", "detach", "double", "expand", "flatten", "float", "half", "int", "long",
    "permute", "repeat", "reshape", "squeeze", "t", "transpose", "tril", "triu", "type_as", "unsqueeze", "view",
))  # fmt: skip
"""The methods whose result is on the device of the tensor."""

MEETINGS = frozenset((
    "add", "bmm", "cat", "concat", "div", "dot", "eq", "ge", "gt", "hstack", "le", "lt", "matmul", "maximum", "minimum",
    "mm", "mul", "ne", "stack", "sub", "vstack", "where",
))  # fmt: skip
"""The functions of torch whose tensors must be on one device."""

METHODS = MEETINGS | {
    "add_", "div_", "gather", "index_select", "masked_fill", "masked_fill_", "masked_select", "mul_", "sub_",
}  # fmt: skip
"""The methods whose tensors must be on one device."""

OF_TENSORS = frozenset((
    "masked_fill", "new_empty", "new_full", "new_ones", "new_tensor", "new_zeros", "size", "type_as", "unsqueeze",
))  # fmt: skip
"""The methods that tensors have, and arrays of numpy or numbers have not."""

DTYPES = {
    "BFloat16": "bfloat16", "Bool": "bool", "Byte": "uint8", "Char": "int8", "Double": "float64", "Float": "float32",
    "Half": "float16", "Int": "int32", "Long": "int64", "Short": "int16",
}  # fmt: skip
"""The kinds of `torch.cuda.FloatTensor` and its kin, and the dtypes that they stand for."""
