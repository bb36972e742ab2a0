"""Functions as Keras users write them into Lambda layers, and every kind of control flow; also valid Python 2.

Each case: a name, the first Python that compiles it, its source, which leaves the function `f`, and the argument lists to call it with.
"""

import json

CASES = []


class Sym(object):
    """A value that records what is done with it, in its text."""

    def __init__(self, text):
        self.text = text

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Sym(self.text + "." + name)

    def __call__(self, *args, **kwargs):
        words = [show(arg) for arg in args] + [name + "=" + show(kwargs[name]) for name in sorted(kwargs)]
        return Sym(self.text + "(" + ", ".join(words) + ")")

    def __getitem__(self, key):
        return Sym(self.text + "[" + show(key) + "]")

    def __iter__(self):
        return iter([self[i] for i in range(4 if "X4" in self.text else 2)])

    def __hash__(self):
        return 1


def _operator(name, text):
    setattr(Sym, "__%s__" % name, lambda self, other: Sym("(%s %s %s)" % (self.text, text, show(other))))
    setattr(Sym, "__r%s__" % name, lambda self, other: Sym("(%s %s %s)" % (show(other), text, self.text)))


for _name, _text in [
    pair.split(":")
    for pair in (
        "add:+ sub:- mul:* truediv:/ div:classic/ floordiv:// mod:% pow:** lshift:<< rshift:>> and:& or:| xor:^ matmul:@ "
        "lt:< le:<= gt:> ge:>= eq:== ne:!="
    ).split()
]:
    _operator(_name, _text)
for _name, _text in [("neg", "-"), ("pos", "+"), ("invert", "~")]:
    setattr(Sym, "__%s__" % _name, lambda self, text=_text: Sym("(%s%s)" % (text, self.text)))


def show(value):
    """A value as text that is the same under every Python."""
    if isinstance(value, Sym):
        return value.text
    if isinstance(value, (list, tuple)):
        return type(value).__name__ + "[" + ", ".join(map(show, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(sorted(show(key) + ": " + show(value[key]) for key in value)) + "}"
    if isinstance(value, (set, frozenset)):
        return "{" + ", ".join(sorted(map(show, value))) + "}"
    if isinstance(value, slice):
        return ":".join(show(end) for end in (value.start, value.stop, value.step))
    if isinstance(value, bool) or value is None or isinstance(value, (float, complex)):
        return repr(value)
    if hasattr(value, "encode"):
        return json.dumps(value)
    return str(value) if hasattr(value, "bit_length") else "function" if callable(value) else type(value).__name__


def world():
    """The globals of every case."""
    names = {name: Sym(name) for name in ("K", "tf", "X", "Y", "Z", "X4")}
    return dict(names, helper=lambda v: v * 10, CONSTANT=7)


def results(function, calls, names):
    """What each call gives, or the name of its error."""
    found = []
    for call in calls:
        try:
            found.append(show(eval("call(%s)" % call, dict(names, call=function))))
        except (AssertionError, ValueError) as error:
            found.append(type(error).__name__)
    return found


def case(name, source, *calls, **options):
    CASES.append((name, options.get("since", (2, 7)), source, calls))


def each(text, since=(2, 7)):
    """Lines of `name | body | arguments; arguments`, each a lambda; - is a call without arguments."""
    for line in text.strip().splitlines():
        name, rest = line.split(" | ", 1)
        source, calls = rest.rsplit(" | ", 1)
        case(
            name,
            "f = " + source + "\n",
            *[call.strip(" -") if call.strip() == "-" else call.strip() for call in calls.split(";")],
            since=since,
        )


each("""
identity | lambda x: x | X
mean | lambda x: K.mean(x, axis=1) | X
mean_keep | lambda x: K.mean(x, axis=-1, keepdims=True) | X
scale | lambda x: x / 255.0 | X
normalize | lambda x: (x / 127.5) - 1.0 | X
norm_mean | lambda x: (x - [103.939, 116.779, 123.68]) / [58.4, 57.1, 57.4] | X
slice_last | lambda x: x[:, -1, :] | X
slice_step | lambda x: x[:, ::2] | X
slice_from | lambda x: x[:, 1:] | X
slice_to | lambda x: x[:-1] | X
slice_all | lambda x: x[:] | X
slice_one | lambda x: x[2:] | X
slice_two | lambda x: x[1:4] | X
slice_names | lambda x, a, b: x[a:b, a:, :b] | X, 1, 2
slice_ellipsis | lambda x: x[..., 0] | X
slice_new_axis | lambda x: x[:, None, tf.newaxis] | X
reverse | lambda x: x[:, ::-1] | X
pair | lambda t: t[0] * t[1] | [X, Y]
unpack_call | lambda t: K.batch_dot(t[0], t[1], axes=[1, 2]) | [X, Y]
abs_difference | lambda tensors: K.abs(tensors[0] - tensors[1]) | [X, Y]
sampling | lambda args: args[0] + K.exp(0.5 * args[1]) * K.random_normal(shape=(K.shape(args[0])[0], 2), mean=0.0, stddev=1.0) | [X, Y]
l2 | lambda x: tf.nn.l2_normalize(x, axis=1) | X
l2_keras | lambda x: K.l2_normalize(x, axis=-1) | X
expand | lambda x: K.expand_dims(x, -1) | X
squeeze | lambda x: tf.squeeze(x, [1, 2]) | X
cast | lambda x: tf.cast(x, tf.float32) / 255 | X
cast_text | lambda x: K.cast(x, 'float32') | X
resize | lambda image: tf.image.resize(image, (299, 299)) | X
transpose | lambda x: K.permute_dimensions(x, (0, 2, 1)) | X
reshape | lambda x: tf.reshape(x, (-1, 28, 28, 1)) | X
reshape_dynamic | lambda x: tf.reshape(x, [tf.shape(x)[0], x.shape[1] * x.shape[2], -1]) | X
concat | lambda x: K.concatenate([x, -x], axis=3) | X
split | lambda x: tf.split(x, num_or_size_splits=2, axis=1)[0] | X
one_hot | lambda x: K.one_hot(K.cast(x, 'int64'), num_classes=10) | X
square_sum | lambda x: K.sqrt(K.maximum(K.sum(K.square(x), axis=1, keepdims=True), K.epsilon())) | X
power | lambda x: x ** 2 + x ** 0.5 | X
many_operators | lambda x, y: ((x + y) * (x - y) / (x // y) % x, x << 1, y >> 2, x & y, x ^ y, x | ~y) | X, Y
precedence | lambda a, b, c: (a + b) * c - a * (b - c) ** -a ** b - (-a) ** b | X, Y, Z
unary | lambda x: (-x, +x, ~x, not x) | 3; 0
left_right | lambda a, b, c: (a - (b - c), (a - b) - c, a / (b / c), a ** (b ** c), (a ** b) ** c) | 2., 3., 2.
negative | lambda x: -1 * x + -2.5 | X
default | lambda x, axis=1: K.mean(x, axis=axis) | X; X, 2
keyword_defaults | lambda x, a=1, b='two', c=None, d=(1, 2): K.f(x, a, b, c=c, d=d) | X; X, 3, b=Y
star | lambda *args: K.stack(args) | X, Y; X
star_star | lambda x, **kwargs: K.f(x, **kwargs) | X, a=1
both_stars | lambda x, *args, **kwargs: K.f(x, *args, **kwargs) | X, Y, a=1; X
call_star | lambda x: K.f(*x) | [X, Y]
call_star_after | lambda x, y: K.f(y, 1, *x) | [X, Y], Z
call_star_keyword | lambda x, y: K.f(y, *x, axis=1) | [X, Y], Z
call_star_both | lambda x, k: K.f(1, *x, axis=1, keep=2, **k) | [X, Y], {'d': 3}
call_star_star | lambda x, k: K.f(x, **k) | X, {'d': 3}
call_keyword_star | lambda x, k: K.f(x, a=x, **k) | X, {'d': 3}
call_call | lambda x: K.f(x)(x)(K.g(x, a=K.h(b=x))) | X
method | lambda x: x.mean().reshape(2, 3) | X
method_keywords | lambda x: x.mean(axis=1).sum(0, keepdims=True) | X
condition | lambda x, training=False: K.dropout(x, 0.5) if training else x | X; X, True
condition_nested | lambda x: 'a' if x > 2 else 'b' if x > 1 else 'c' | 3; 2; 1
condition_in_call | lambda x, y: K.f(x if y else -x, axis=1 if y else 0) | X, 0; X, 1
condition_operand | lambda x, y: (x if y else 2 * x) + 1 | 3, 0; 3, 1
and_or | lambda a, b, c: a and b or c | 0, 2, 3; 1, 2, 3; 1, 0, 3
or_and | lambda a, b, c: (a or b) and c | 0, 2, 3; 0, 0, 3; 1, 0, 3
and_chain | lambda a, b, c: a and b and c | 1, 2, 3; 1, 0, 3; 0, 1, 1
or_chain | lambda a, b, c: a or b or c | 0, 0, 3; 0, 2, 3
not_and | lambda a, b: not (a and b) | 1, 0; 1, 1
and_condition | lambda a, b, c: b if a and c else a | 1, 2, 3; 0, 2, 3; 1, 2, 0
or_condition | lambda a, b, c: b if a or c else a | 1, 2, 3; 0, 2, 3; 0, 2, 0
not_condition | lambda a, b: b if not a else a | 0, 2; 1, 2
mixed_condition | lambda a, b, c, d: 1 if (a and b) or (c and d) else 2 | 1, 1, 0, 0; 1, 0, 1, 1; 1, 0, 1, 0; 0, 1, 0, 1
mixed_condition_2 | lambda a, b, c, d: 1 if (a or b) and (c or d) else 2 | 1, 1, 0, 0; 1, 0, 1, 1; 0, 0, 1, 0; 0, 1, 0, 1
and_in_call | lambda a, b: K.f(a and b, a or b) | 0, 1; 1, 2
chained | lambda x: 0 < x < 10 | 5; 10; -1
chained_long | lambda a, b, c, d: a < b <= c != d | 1, 2, 2, 3; 1, 1, 2, 3; 1, 2, 3, 3
chained_condition | lambda x: 'in' if 0 <= x < 10 else 'out' | 5; 10; -1
chained_and | lambda x, y: x and 0 < x < y | 5, 6; 0, 1; 5, 5
comparisons | lambda a, b: (a < b, a <= b, a == b, a != b, a > b, a >= b) | 1, 2; 2, 2
membership | lambda a, b: (a in b, a not in b, a is b, a is not b) | 1, [1]; 2, [1]
is_none | lambda x, y: y if x is None else x | None, 1; 2, 1
is_not_none | lambda x, y: y if x is not None else x | None, 1; 2, 1
none_and | lambda x, y: 1 if x is None and y is not None else 2 | None, 1; 2, 1; None, None
list_display | lambda x: [x, 1, [x, 'a'], (x,), ()] | X
dict_display | lambda x: {'a': x, 'b': 2, 'c': {'d': x}} | X
dict_names | lambda x, y: {x: y, y: x} | 1, 2
set_display | lambda x: {x, 1} | 2
list_comprehension | lambda xs: [x * 2 for x in xs] | [1, 2]
list_comprehension_if | lambda xs: [x * 2 for x in xs if x > 1] | [1, 2, 3]
list_comprehension_two | lambda xs, ys: [x * y for x in xs for y in ys if x > y] | [1, 2, 3], [1, 2]
list_comprehension_nested | lambda xs: [[y + 1 for y in x] for x in xs] | [[1], [2, 3]]
list_comprehension_pairs | lambda xs: [K.f(a, b) for a, b in xs] | [(1, 2), (3, 4)]
list_comprehension_closure | lambda xs, k: [x * k for x in xs] | [1, 2], 3
list_comprehension_condition | lambda xs: [x if x > 1 else -x for x in xs] | [1, 2, 3]
list_comprehension_two_ifs | lambda xs: [x for x in xs if x > 1 if x < 3] | [1, 2, 3]
list_comprehension_and | lambda xs: [x for x in xs if x > 1 and x < 4 or x == 0] | [0, 1, 2, 3, 4]
dict_comprehension | lambda xs: {x: x * 2 for x in xs} | [1, 2]
set_comprehension | lambda xs: {x // 2 for x in xs} | [1, 2, 3]
generator | lambda xs: K.stack(list(x + 1 for x in xs)) | [1, 2]
generator_if | lambda xs: sum(x for x in xs if x > 1) | [1, 2, 3]
generator_two | lambda xs: list((x, y) for x in xs for y in range(x)) | [1, 2]
comprehension_same_name | lambda x: K.f([x for x in range(x)], x) | 3
comprehension_in_call | lambda xs: K.concatenate([K.f(x, axis=1) for x in xs], axis=-1) | [X, Y]
comprehension_range | lambda x: K.stack([x[:, i] for i in range(3)], axis=1) | X
map_lambda | lambda xs: list(map(lambda x: x + 1, xs)) | [1, 2]
nested_lambda | lambda x: K.map_fn(lambda y: K.f(y, x), x) | X
nested_default | lambda x: K.map_fn(lambda y, k=x: K.f(y, k), x) | X
switch | lambda x: K.switch(K.greater(x, 0), lambda: x, lambda: -x) | X
constants | lambda: (1, -1, 2.5, 'text', None, True, False, (1, (2, 'a')), 1e-07, 10 ** 20, 2j) | -
texts | lambda: ('a"b', "it's", 'new\\nline', 'tab\\t', '') | -
format_percent | lambda x: 'value %d of %s' % (x, 'all') | 3
format_method | lambda x: '{} {a}'.format(x, a=1) | 3
attribute | lambda x: x.shape[1].value | X
modules | lambda x: tf.keras.backend.mean(tf.math.abs(x), 1) | X
""")
each(
    """
matmul | lambda x, y: x @ y | X, Y
star_list | lambda x: [1, *x, 2] | [3, 4]
star_tuple | lambda x, y: (*x, 0, *y) | [3, 4], [5]
star_set | lambda x: {*x, 9} | [3]
star_dict | lambda x: {'a': 1, **x, 'b': 2} | {'c': 3}
call_two_stars | lambda x, y: K.f(*x, 1, *y, a=2) | [X], [Y]
call_two_star_stars | lambda x, y: K.f(1, **x, **y, a=2) | {'c': 3}, {'d': 4}
star_expression | lambda x: K.f(*x[1:], axis=x[0]) | [X, Y]
""",
    since=(3, 6),
)
each(
    """
f_string | lambda x: f'{x}' | 3
f_string_parts | lambda x, y: f'a {x} b {y!r} c' | 3, 'q'
f_string_spec | lambda x: f'{x:.3f} {x!s:>8}' | 2.5
f_string_nested | lambda x, w: f'{x:{w}}|{x + 1:>{w}d}' | 3, 5
""",
    since=(3, 6),
)
each("keyword_only | lambda x, *, axis=1, keep: K.f(x, axis, keep) | X, keep=2; X, axis=3, keep=4", since=(3, 4))
each("positional_only | lambda x, y=2, /, z=3: K.f(x, y, z) | X; X, 1, 4", since=(3, 8))
each("walrus | lambda x: (y := x + 1) * y | 3", since=(3, 8))
case("one_line", "def f(x):\n    return K.mean(x, axis=1)\n", "X")
case("docstring", "def f(x):\n    '''Mean of x.'''\n    return K.mean(x)\n", "X")
case("no_return", "def f(x):\n    x.append(1)\n", "[2]")
case("assign", "def f(x):\n    y = x + 1\n    z = y * 2\n    y = z - y\n    return y\n", "3")
case(
    "unpack",
    "def f(args):\n    mean, log_var = args\n    eps = K.random_normal(shape=K.shape(mean))\n    return mean + K.exp(log_var / 2.0) * eps\n",
    "[X, Y]",
)
case("swap", "def f(a, b):\n    a, b = b, a\n    return a - b\n", "1, 3")
case("swap_three", "def f(a, b, c):\n    a, b, c = c, a, b\n    return (a, b, c)\n", "1, 2, 3")
case("unpack_nested", "def f(x):\n    (a, b), c = x\n    return [a, b, c]\n", "((1, 2), 3)")
case("unpack_four", "def f(a, b, c, d):\n    a, b, c, d = d, c, b, a\n    return (a, b, c, d)\n", "1, 2, 3, 4")
case("assign_two", "def f(x):\n    a = b = x + 1\n    return a * b\n", "3")
case("augmented", "def f(x):\n    x += 1\n    x *= 2\n    x -= 3\n    x //= 2\n    return x\n", "5")
case("augmented_item", "def f(x):\n    x[0] += 1\n    x[1] = x[0] * 2\n    return x\n", "[1, 2]")
case("store_slice", "def f(x):\n    x[1:3] = [9]\n    x[:1] = []\n    del x[-1]\n    return x\n", "[1, 2, 3, 4, 5]")
case("store_attribute", "def f(x):\n    x.scale = 2\n    return x.scale\n", "X")
case("shape_names", "def f(x):\n    b, h, w, c = K.int_shape(X4)\n    return K.reshape(x, (-1, h * w, c))\n", "X")
case("if_return", "def f(x):\n    if x > 0:\n        return x\n    return -x\n", "3", "-3")
case("if_else", "def f(x):\n    if x > 0:\n        y = x\n    else:\n        y = -x\n    return y * 2\n", "3", "-3")
case("if_else_return", "def f(x):\n    if x > 0:\n        return 1\n    else:\n        return 2\n", "3", "-3")
case(
    "if_elif",
    "def f(x):\n    if x == 1:\n        y = 'a'\n    elif x == 2:\n        y = 'b'\n    elif x == 3:\n        y = 'c'\n    else:\n        y = 'd'\n    return y\n",
    "1",
    "2",
    "3",
    "4",
)
case(
    "if_elif_return", "def f(x):\n    if x == 1:\n        return 'a'\n    elif x == 2:\n        return 'b'\n    return 'd'\n", "1", "2", "3"
)
case("if_alone", "def f(x, training=None):\n    if training:\n        x = x * 2\n    return x\n", "3", "3, True")
case("if_not", "def f(x, y):\n    if not x:\n        return y\n    return x\n", "0, 1", "2, 1")
case(
    "if_none",
    "def f(x, y=None):\n    if y is None:\n        y = x\n    if y is not None and x is not None:\n        x = x + y\n    return x\n",
    "1",
    "1, 2",
)
case("if_and", "def f(a, b):\n    if a and b:\n        return 1\n    return 2\n", "1, 1", "1, 0", "0, 1")
case("if_or", "def f(a, b):\n    if a or b:\n        return 1\n    return 2\n", "0, 0", "1, 0", "0, 1")
case(
    "if_and_or",
    "def f(a, b, c):\n    if a and (b or c):\n        x = 1\n    else:\n        x = 2\n    return x\n",
    "1, 0, 1",
    "1, 0, 0",
    "0, 1, 1",
)
case("if_chained", "def f(x):\n    if 0 < x < 5:\n        return 1\n    return 2\n", "1", "0", "5")
case(
    "if_nested",
    "def f(a, b):\n    if a:\n        if b:\n            x = 1\n        else:\n            x = 2\n    else:\n        x = 3\n    return x\n",
    "1, 1",
    "1, 0",
    "0, 0",
)
case("if_pass_through", "def f(a, b):\n    if a:\n        if b:\n            a = 7\n    return a\n", "1, 1", "1, 0", "0, 0")
case("for_sum", "def f(xs):\n    total = 0\n    for x in xs:\n        total += x\n    return total\n", "[1, 2, 3]", "[]")
case("for_range", "def f(x):\n    out = []\n    for i in range(3):\n        out.append(x[i])\n    return K.stack(out)\n", "X")
case("for_pairs", "def f(xs):\n    out = []\n    for i, x in enumerate(xs):\n        out.append(i * x)\n    return out\n", "[1, 2, 3]")
case("for_if", "def f(xs):\n    out = []\n    for x in xs:\n        if x > 1:\n            out.append(x)\n    return out\n", "[1, 2, 3]")
case(
    "for_if_else",
    "def f(xs):\n    n = 0\n    for x in xs:\n        if x > 1:\n            n += x\n        else:\n            n -= x\n    return n\n",
    "[1, 2, 3]",
)
case(
    "for_continue",
    "def f(xs):\n    out = []\n    for x in xs:\n        if x == 2:\n            continue\n        out.append(x)\n    return out\n",
    "[1, 2, 3]",
)
case(
    "for_break",
    "def f(xs):\n    out = []\n    for x in xs:\n        if x == 2:\n            break\n        out.append(x)\n    return out\n",
    "[1, 2, 3]",
)
case("for_return", "def f(xs):\n    for x in xs:\n        if x > 1:\n            return x\n    return None\n", "[1, 2, 3]", "[0]")
case(
    "for_else",
    "def f(xs):\n    for x in xs:\n        if x > 1:\n            break\n    else:\n        x = -1\n    return x\n",
    "[1, 2, 3]",
    "[0]",
)
case(
    "for_nested",
    "def f(xs):\n    n = 0\n    for x in xs:\n        for y in x:\n            n = n * 10 + y\n    return n\n",
    "[[1, 2], [3]]",
)
case(
    "for_nested_break",
    "def f(xs):\n    n = 0\n    for x in xs:\n        for y in x:\n            if y == 2:\n                break\n            n += y\n    return n\n",
    "[[1, 2, 5], [3]]",
)
case("while", "def f(x):\n    while x < 100:\n        x = x * 2\n    return x\n", "3", "200")
case(
    "while_break",
    "def f(x):\n    n = 0\n    while True:\n        x -= 1\n        if x < 0:\n            break\n        n += x\n    return n\n",
    "4",
)
case("while_and", "def f(x, y):\n    while x < 9 and y:\n        x += y\n        y -= 1\n    return (x, y)\n", "0, 5", "0, 2")
case("while_if", "def f(x):\n    n = 0\n    while x > 0:\n        if x % 2:\n            n += 1\n        x //= 2\n    return n\n", "13")
case(
    "while_continue",
    "def f(x):\n    n = 0\n    while x > 0:\n        x -= 1\n        if x == 2:\n            continue\n        n += x\n    return n\n",
    "5",
)
case("import_inside", "def f(x):\n    import math\n    return math.sqrt(x)\n", "2.5")
case("import_as", "def f(x):\n    import os.path as p\n    return p.basename(x)\n", "'a/b'")
case("import_from", "def f(x):\n    from math import sqrt, fabs as up\n    return (sqrt(x), up(x))\n", "2.5")
case("import_dotted", "def f(x):\n    import os.path\n    return os.path.basename(x)\n", "'a/b'")
case("closure", "def make(k):\n    def f(x):\n        return x * k\n    return f\nf = make(3)\n", "2")
case("closure_two", "def make(k, b):\n    return lambda x: K.f(x, k, b=b)\nf = make(3, 'q')\n", "X")
case("inner_function", "def f(x):\n    def g(y, k=2):\n        return y * k + x\n    return g(x) + g(1, k=3)\n", "5")
case("inner_recursive", "def f(x):\n    def g(n):\n        return 1 if n < 2 else n * g(n - 1)\n    return g(x)\n", "5")
case("shared_variable", "def f(x):\n    k = 1\n    g = lambda y: y + k\n    k = x\n    return g(10)\n", "5")
case("global_call", "def f(x):\n    return helper(x) + CONSTANT\n", "5")
case("assertion", "def f(x):\n    assert x > 0\n    assert x < 9, 'large'\n    return x\n", "5", "0", "10")
case("raising", "def f(x):\n    if x > 5:\n        raise ValueError('large')\n    return x\n", "5", "6")
case("list_building", "def f(x):\n    xs = [x]\n    xs += [1, 2]\n    return xs + [K.f(x) for _ in range(2)]\n", "X")
case("comprehension_twice", "def f(xs):\n    a = [x for x in xs]\n    b = [x + 1 for x in a]\n    return (a, b)\n", "[1, 2]")
case("comprehension_shadow", "def f(x):\n    ys = [x * 2 for x in range(3)]\n    return (x, ys)\n", "7", since=(3, 4))
case("comprehension_lambda", "def f(xs):\n    fs = [lambda y, x=x: x + y for x in xs]\n    return [g(1) for g in fs]\n", "[1, 2]")
case("comprehension_cell", "def f(xs):\n    return [(lambda y: x + y)(1) for x in xs]\n", "[1, 2]")
case("comprehension_outer_cell", "def f(xs):\n    k = 2\n    return [x * k for x in xs if x < k] + [(lambda: k)()]\n", "[1, 2]")
case(
    "condition_statement_mix",
    "def f(x, y=None):\n    z = x if y is None else y\n    if z and not x:\n        z = 0\n    elif x or z > 2:\n        z = z + 1\n    return z\n",
    "1",
    "0, 3",
    "2, 5",
)
case(
    "long_body",
    "def f(x):\n    a = x + 1\n    b = a * 2 if a > 3 else a\n    c = [a, b]\n    for i in range(2):\n        c.append(i)\n        while b > 10:\n            b -= 3\n            if b == 11:\n                break\n    d = {'a': a, 'c': c}\n    return (d['c'], b)\n",
    "1",
    "9",
)
case(
    "sampling_function",
    "def f(args):\n    z_mean, z_log_var = args\n    batch = K.shape(z_mean)[0]\n    dim = K.int_shape(z_mean)[1]\n    epsilon = K.random_normal(shape=(batch, dim))\n    return z_mean + K.exp(0.5 * z_log_var) * epsilon\n",
    "[X, Y]",
)
case(
    "euclidean",
    "def f(vects):\n    x, y = vects\n    sum_square = K.sum(K.square(x - y), axis=1, keepdims=True)\n    return K.sqrt(K.maximum(sum_square, K.epsilon()))\n",
    "[X, Y]",
)
case(
    "defaults_function",
    "def f(x, n=4, axis=-1, name='pool'):\n    parts = tf.split(x, n, axis)\n    return tf.concat([tf.reduce_mean(p, axis=axis, keepdims=True) for p in [parts]], axis, name=name)\n",
    "X",
)
case("matrix_case", "def f(x, y):\n    x @= y\n    return x\n", "X, Y", since=(3, 6))
case("keyword_only_function", "def f(x, *, axis=1, **rest):\n    return K.f(x, axis, rest)\n", "X, z=3", since=(3, 4))
case(
    "annotated",
    "def f(x: int, y: 'text' = 2) -> float:\n    def g(a: int, *, b: int = 3) -> int:\n        return a + b + x\n    return g(y)\n",
    "1",
    "1, 5",
    since=(3, 4),
)
case("unpack_star", "def f(x):\n    a, *b, c = x\n    return (a, b, c)\n", "[1, 2, 3, 4]", since=(3, 4))
case(
    "nonlocal",
    "def f(x):\n    n = 0\n    def g():\n        nonlocal n\n        n += x\n        return n\n    g()\n    return g()\n",
    "3",
    since=(3, 4),
)
case(
    "large",
    "def f(x):\n"
    + "".join("    a%d = x[%d] * %d\n" % (i, i + 300, i + 1000) for i in range(300))
    + "    if x:\n        a0 = 5\n    return a0 + a299\n",
    "list(range(700))",
)
