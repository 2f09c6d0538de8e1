"""The forms in which NumPy lets a function be called, as text: `np.sum(x, axis=(0, 1), keepdims=True)`.

`FORMS` holds pairs of an expression and the text of its arguments x, y, w.  `X` and `U` make arrays of
distinct numbers, away from kinks; a case that starts with "@" is the body of a function.
"""

FORMS: list[tuple[str, tuple[str, ...]]] = []


def form(expression, *args):
    FORMS.append((expression, args))


def joined(*parts):
    return ", ".join(part for part in parts if part)


# ── reductions ───────────────────────────────────────────────────────────────────────────────────

AXES = ("", "axis=0", "axis=-1", "axis=None", "axis=(0, 1)", "axis=(-1,)")
LAYOUTS = ("X(1, 1)", "X(3, 2).T", "X(4, 6)[::2, ::-2]", "X(2, 3).astype('f4')")
MEANS = ("sum", "prod", "mean", "var", "std")
REDUCTIONS = (*MEANS, "max", "min", "ptp", "median", "average")

for name in (*REDUCTIONS, *("nan" + r for r in (*MEANS, "max", "min", "median"))):
    for axis in AXES:
        form(f"np.{name}({joined('x', axis)})", "X(2, 3)")
        form(f"np.{name}({joined('x', axis, 'keepdims=True')})", "X(2, 3)")
    for x in ("0.7", "np.array(0.7)", "X(1)"):
        form(f"np.{name}(x)", x)
    for layout in LAYOUTS:
        form(f"np.{name}(x, axis=0)", layout)
    form(f"np.{name}(x, axis=(2, 0), keepdims=True)", "X(2, 3, 2)")
    form(f"np.{name}(x, 1)", "X(2, 3)")
    form(f"np.{name}(a=x, axis=0)", "X(2, 3)")
    form(f"np.{name}([x, y])", "0.7", "1.3")
    form(f"np.{name}([x, y], axis=0)", "X(3)", "X(3)")
for name in (*MEANS, "max", "min"):
    for axis in (*AXES, "1", "axis=1, keepdims=True"):
        form(f"x.{name}({axis})", "X(2, 3)")
    form(f"x.{name}()", "np.array(0.7)")
    form(f"x.{name}()", "np.float64(0.7)")
    form(f"np.{name}(x, axis=0, out=None)", "X(2, 3)")
    form(f"np.{name}(x, axis=0, out=np.zeros(3))", "X(2, 3)")
    form(f"x.{name}(axis=0, out=np.zeros(3))", "X(2, 3)")
for name in (*MEANS, *("nan" + m for m in MEANS)):
    form(f"np.{name}(x, axis=1, dtype=float)", "X(2, 3)")
    for where in ("MASK3", "MASK", "x > 0.5"):
        form(f"np.{name}(x, axis=1, where={where})", "X(2, 3)")
        form(f"np.{name}(x, where={where}, keepdims=True)", "X(2, 3)")
for name in ("var", "std", "nanvar", "nanstd"):
    for divisor in ("ddof=1", "ddof=0.5", "correction=1"):
        form(f"np.{name}(x, axis=1, {divisor})", "X(2, 3)")
    form(f"np.{name}(x, axis=0, mean=y, keepdims=True)", "X(2, 3)", "X(1, 3)")
for name in ("sum", "prod", "max", "min", "nansum", "nanprod", "nanmax", "nanmin"):
    form(f"np.{name}(x, initial=y)", "X(2, 3)", "0.9")
    form(f"np.{name}(x, axis=1, initial=0.3, where=MASK)", "X(2, 3)")
for name in ("sum", "prod", "cumsum", "cumprod"):
    form(f"np.{name}(x)", "np.zeros(0)")
    form(f"np.{name}(x, axis=1)", "np.zeros((0, 3))")
form("np.max(x, axis=0, initial=1.0)", "np.zeros((0, 3))")
for weights in ("weights=y", "1, y", "axis=1, weights=y, keepdims=True", "axis=1, weights=y, returned=True"):
    form(f"np.average(x, {weights})" if "1" in weights else "np.average(x, weights=y)", "X(2, 3)", "X(2, 3)")
form("np.average(x, axis=1, weights=y)", "X(2, 3)", "X(3)")
form("np.average(x, axis=(1, 0), weights=y)", "X(2, 3, 2)", "X(3, 2)")

# ── running sums, differences ────────────────────────────────────────────────────────────────────

for name in ("cumsum", "cumprod", "nancumsum", "nancumprod"):
    for axis in ("", "axis=0", "axis=-1", "axis=None"):
        form(f"np.{name}({joined('x', axis)})", "X(2, 3)")
        if "nan" not in name:
            form(f"x.{name}({axis})", "X(2, 3)")
    form(f"np.{name}(x)", "np.array(0.7)")
    form(f"np.{name}(x, axis=0, out=np.zeros((2, 3)))", "X(2, 3)")
for name in ("cumulative_sum", "cumulative_prod"):
    for options in ("axis=0", "axis=-1", "axis=1, include_initial=True"):
        form(f"np.{name}(x, {options})", "X(2, 3)")
    form(f"np.{name}(x, include_initial=True)", "X(3)")
for options in ("", "n=2", "axis=0", "n=2, axis=-1", "n=0", "1, 0", "n=4", "prepend=0.0", "prepend=x[:, :1], append=0.4"):
    form(f"np.diff({joined('x', options)})", "X(2, 3)")
form("np.ediff1d(x, to_end=y, to_begin=0.3)", "X(3)", "X(2)")
form("np.ediff1d(x)", "X(1)")
for options in ("", "0.5", "0.5, axis=0", "axis=(0, 1)", "0.5, 2.0", "edge_order=2"):
    form(f"np.gradient({joined('x', options)})", "X(4, 3)")
form("np.gradient(x, y)", "X(4)", "np.array([0.0, 1.0, 1.5, 3.0])")
form("np.gradient(x, y, edge_order=2)", "X(4)", "np.array([0.0, 1.0, 1.5, 3.0])")
form("np.gradient(x, y, 0.5)", "X(4, 3)", "np.array([0.0, 1.0, 1.5, 3.0])")
form("np.gradient(x, y, axis=-1)", "X(2, 4)", "np.array([0.0, 1.0, 1.5, 3.0])")
form("np.gradient(x, y, w)", "X(4, 3)", "0.4", "0.6")
for options in ("", "dx=0.5", "axis=0", "None, 0.5, 0"):
    form(f"np.trapezoid({joined('x', options)})", "X(2, 3)")
form("np.trapezoid(x, y)", "X(2, 3)", "np.array([0.0, 1.0, 1.5])")

# ── ufuncs ───────────────────────────────────────────────────────────────────────────────────────

UNARY = """sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arctanh exp exp2 expm1 log log2 log10 log1p sqrt cbrt
    square reciprocal negative positive absolute fabs deg2rad degrees sign conjugate floor ceil""".split()
for name in (*UNARY, "arccosh"):
    x = "x + 1.0" if name == "arccosh" else "x"
    for arg in ("U(2, 3)", "0.4", "np.array(0.4)", "np.zeros((0, 2)) + 0.5", "U(3, 2).T", "U(3).astype('f4')",
                "np.float32(0.4)"):  # fmt: skip
        form(f"np.{name}({x}) * 1.0", arg)
    for options in ("out=np.zeros(3)", "np.zeros(3)", "out=None", "out=(np.zeros(3),)", "where=True", "dtype=np.float64",
                    "casting='same_kind', order='K', subok=True", "where=MASK3, out=np.ones(3)"):  # fmt: skip
        form(f"np.{name}({x}, {options})", "U(3)")
form("@y = np.ones(3); np.log(x, where=x > 0.0, out=y); return y", "np.array([0.5, -1.0, 2.0])")
form("@y = np.zeros(3); np.divide(2.0, x, where=x != 0.0, out=y); return y", "np.array([0.5, -1.0, 2.0])")
form("@y = np.ones(3); np.add(y, x, out=y, where=x > 0.7); return y", "X(3)")
form("@a, b = np.zeros(3), np.zeros(3); np.divmod(x, 0.31, a, b); return b", "X(3)")
form("@a, b = np.zeros(3), np.zeros(3); np.modf(x, out=(a, b)); return a", "X(3)")

BINARY = """add subtract multiply divide power float_power maximum minimum fmax fmin hypot arctan2 logaddexp logaddexp2
    copysign""".split()
for name in BINARY:
    for x, y in (("X(2, 3)", "U(3)"), ("0.7", "X(2, 3)"), ("X(2, 1)", "U(1, 3)"), ("np.array(0.7)", "U(3)"),
                 ("X(2, 3)", "2"), ("0.7", "0.4"), ("X(0, 3)", "U(3)"), ("X(3).astype('f4')", "U(3).astype('f4')"),
                 ("X(3).astype('f4')", "0.5")):  # fmt: skip
        form(f"np.{name}(x, y) * 1.0", x, y)
    for options in ("out=np.zeros((2, 3))", "np.zeros((2, 3))", "where=MASK, out=np.zeros((2, 3))", "dtype=np.float64"):
        form(f"np.{name}(x, y, {options})", "X(2, 3)", "U(3)")
    form(f"np.{name}(x, [0.41, 0.5, 0.6])", "X(3)")
    form(f"np.{name}.outer(x, y)", "X(2, 2)", "U(3)")
    form(f"np.{name}.outer([x, y], [y, x])", "0.4", "0.6")
for method in ("add.reduce", "multiply.reduce", "maximum.reduce", "minimum.reduce", "logaddexp.reduce", "hypot.reduce",
               "add.accumulate", "multiply.accumulate", "maximum.accumulate", "logaddexp.accumulate"):  # fmt: skip
    for axis in ("", "axis=1", "-1"):
        form(f"np.{method}({joined('x', axis)})", "X(2, 3)")
form("np.multiply.reduce([x, y])", "0.8", "0.3")
form("np.add.reduceat(x, [0, 2], axis=1)", "X(2, 4)")
for options in ("0.6, 1.2", "None, 1.2", "a_min=0.6, a_max=1.2", "min=0.6, max=1.2", "y, y + 0.5", "max=y"):
    form(f"np.clip(x, {options})", "X(2, 3)", "0.71")
    if "a_" not in options:
        form(f"x.clip({options})", "X(2, 3)", "0.71")

# ── shapes ───────────────────────────────────────────────────────────────────────────────────────

for call in """reshape(x, (3, 2))|reshape(x, -1)|reshape(x, (3, 2), order='F')|ravel(x, order='F')|transpose(x, (1, 0))
    transpose(x, axes=(1, 0))|permute_dims(x, (1, 0))|moveaxis(x, 0, -1)|rollaxis(x, 1)|expand_dims(x, (0, 2))
    squeeze(x[None], axis=0)|flip(x)|flip(x, axis=(0, 1))|rot90(x, 3, axes=(1, 0))|roll(x, 1)|roll(x, (1, 2), axis=(0, 1))
    repeat(x, 2)|repeat(x, [1, 2, 0], axis=1)|tile(x, (2, 1, 1))|pad(x, ((1, 0), (0, 2)))|pad(x, 1, mode='edge')
    pad(x, 1, 'reflect')|pad(x, 1, mode='wrap')|pad(x, 1, mode='mean')|pad(x, 1, mode='linear_ramp', end_values=2.0)
    broadcast_to(x, (2, 2, 3))|atleast_3d(x)|tril(x, k=-1)|triu(x, 1)|diag(x, 1)|diagonal(x[None], 0, 1, 2)|trace(x, 1)
    diagflat(x)|split(x, [1], axis=1)|array_split(x, 2, axis=1)|hsplit(x, 3)|unstack(x, axis=1)|concatenate([x, x], axis=None)
    stack((x, 2 * x), -1)|block([[x, x], [x, x]])|append(x, x, axis=0)|insert(x, 1, 0.5, axis=1)|delete(x, [0, 1])
    resize(x, (3, 4))|take(x, [0, 7], mode='wrap')|take_along_axis(x, np.argsort(x, axis=1), axis=1)|choose([0, 1, 0], x)
    compress([True, False, True], x, axis=1)|extract(x > 0.7, x)|sort(x, axis=None)|partition(x, 1, axis=0)|unique(x)
    union1d(x, x)|intersect1d(x, x)|setdiff1d(x, [9.0])|quantile(x, [0.2, 0.7], axis=1)|percentile(x, 30, 1, keepdims=True)
    quantile(x, 0.3, method='hazen')|nanquantile(x, 0.3, axis=1)|vander(x[0], N=3, increasing=True)|where(x > 0.7, x, 0.0)
    select([x > 1.0, x > 0.5], [x, 2 * x], 0.3)|piecewise(x, [x > 1.0, x < 0.5], [lambda v: v * v, 2.0, np.sin])
    cov(x, aweights=[1.0, 2.0, 3.0])|corrcoef(x, rowvar=False)|bincount([0, 1, 1], x[0], minlength=5)
    histogram2d(x[0], x[1], 2, weights=x[0])[0]|interp(x[0], [0.0, 1.0], [2.0, 3.0], left=x[0, 0], right=9.0)
    polyfit([0.0, 1.0, 2.5], x[0], 1)|polyval(x[0], x)|polyint(x[0], m=2, k=[1.0, 2.0])|convolve(x[0], x[1], 'same')
    correlate(x[0], x[1], 'full')|cross(x, x[::-1])|dot(x, 2.0)|tensordot(x, x, axes=([1], [1]))|einsum('ij,ij', x, x)
    einsum(x, [0, 1], [1, 0])|einsum(x, [0, 1], x, [2, 1])|einsum('ij,kj->ik', x, x, optimize=True)|kron(x, x)|r_[x[0], 1.0]
    c_[x[0], x[1]]|r_[0:3, x[0]]|meshgrid(x[0], x[1], indexing='ij')|linalg.norm(x, 3, axis=1)|linalg.norm(x, 'nuc')
    linalg.norm(x, axis=(0, 1), keepdims=True)|linalg.svd(x, full_matrices=False)[1]|linalg.qr(x, mode='r')|linalg.pinv(x)
    linalg.lstsq(x.T, x[0], rcond=None)[0]|linalg.multi_dot([x, x.T, x])|linalg.matrix_power(x[:, :2], -2)
    linalg.eigvals(x[:, :2]).real|fft.fft(x, n=2, axis=0)|fft.irfft(x, n=5)|fft.rfft2(x, s=(3, 4))|fft.fftn(x, s=(2, 2),
    axes=(0, 1))""".replace(",\n   ", ",").replace("\n", "|").split("|"):  # fmt: skip
    form("np." + call.strip(), "X(2, 3)")
for call in """T|mT|real|flat[2]|flat[1:4]|reshape(3, 2)|reshape((3, 2))|ravel('F')|flatten('F')|transpose(1, 0)|squeeze()
    astype(float)|astype('f8', copy=False)|repeat(2, axis=1)|take([0], axis=1)|diagonal(1)|trace()|dot(x.T)|copy()
    tolist()[0][1]|item(0, 1)|view()|conj()""".replace("\n", "|").split("|"):
    form(f"x.{call.strip()} * 1.0", "X(2, 3)")
for call in """full((2, 2), x * y)|linspace(x, y, 4, endpoint=False)|logspace(x, y, 4, base=3.0)|geomspace(x, y, 4)|array([x, 1, y])
    array([[x, y], [y, x]])|asarray([x, y])|full_like(np.zeros(3), x)|r_[x, y]|c_[x, y]|atleast_2d(x, y)|meshgrid(x, y)
    linalg.norm([x, y])|linalg.det([[x, 1.0], [y, 2.0]])|interp(x, [0.0, 1.0, 2.0], [1.0, y, 3.0])""".replace("\n", "|").split("|"):
    form("np." + call.strip(), "0.7", "1.3")

# ── shapes that are known only when the program runs ─────────────────────────────────────────────

form("np.repeat(x, y)", "X(4)", "np.array([1, 0, 2, 3])")
form("np.repeat(x, y).sum() * x", "X(4)", "np.array([1, 2, 2, 3])")
form("np.tile(x, y)", "X(4)", "np.array([2, 3])")
form("np.delete(x, y)", "X(4)", "np.array([1, 1, 2])")
form("np.insert(x, y, 0.5)", "X(4)", "np.array([1, 2])")
form("np.split(x, y)[1]", "X(4)", "np.array([1, 3])")
form("np.pad(x, y)", "X(4)", "np.array([1, 2])")
form("np.nonzero(x > 1.0)[0] * x[0]", "X(4)")
form("x[np.nonzero(x > 1.0)]", "X(4)")
form("np.linalg.lstsq(x, np.array([1.0, 2.0, 5.0]), rcond=None)[1]", "np.array([[1.0, -3.0], [2.0, 0.3], [0.4, 0.5]])")
form("np.linalg.eigvals(x).real", "np.array([[1.0, -3.0], [2.0, 0.3]])")
form("np.roots(x)", "np.array([1.0, -3.0, 2.0, 0.3])")

# ── writes ───────────────────────────────────────────────────────────────────────────────────────

for body in """np.copyto(y, x * x, where=MASK3)|np.copyto(y, 2.0)|y.fill(x[0])|y.sort()|y.partition(1)|np.place(y, x > 0.7, x)
    np.put(y, [0, 2], x[:2])|y.put([0, 2], x[1])|np.put(y, [0, 5], x, mode='wrap')|np.putmask(y, x > 0.7, x * x)
    np.putmask(y, x > 0.7, [x[0], 0.0])|np.add.at(y, [0, 0, 1], x)|np.subtract.at(y, [0, 0, 1], x)|y[[0, 2]] += x[1]
    y[y > 0.7] = 0.0|y[1:] = y[:-1]|np.negative(y, out=y)|np.maximum(x, 0.7, out=y)""".replace("\n", "|").split("|"):
    form(f"@y = x * 1; {body.strip()}; return y", "X(3)")
for body in """np.fill_diagonal(y, x)|np.fill_diagonal(y, x[0])|np.put(y, [1, 7], x[:2])|y.sort(axis=0)
    np.put_along_axis(y, np.array([[0, 1, 2]]), x[None], axis=0)|np.putmask(y, y > 0.7, x)""".replace("\n", "|").split("|"):
    form(f"@y = np.outer(x, x + 1.0); {body.strip()}; return y", "X(3)")

# ── Python ───────────────────────────────────────────────────────────────────────────────────────

for expression in """abs(-x)|max(x, y)|min(x, y, 1.0)|max([x, y])|max(x, y, key=lambda v: -v)|pow(x, y)|round(x) * y|divmod(x, 0.3)
    sum([x, y], start=y)|sorted([x, y], reverse=True)|complex(x, y)|x % y|x // y * x|x**y|2**x|x**0|math.prod([x, y], start=2.0)
    math.fsum([x, y])|math.hypot(x, y, x)|math.dist((x, y), (y, 2 * x))|math.log(x, 10)|math.log(x, y)|math.frexp(x)[0]
    math.fmod(x, 0.3)|math.ldexp(x, 3)|math.copysign(x, -y)|math.lgamma(x)|math.floor(x) * y|abs(complex(x, y))
    cmath.exp(complex(x, y))|cmath.phase(complex(x, y))|cmath.polar(complex(x, y))|cmath.rect(x, y)|x.conjugate()
    complex(x, y).conjugate()|(x + 1j * y) ** 2|x.is_integer() * y""".replace("\n", "|").split("|"):
    form(expression.strip(), "0.7", "1.31")

HEADER = '''import cmath, math
import numpy as np

RNG = np.random.default_rng(3)
MASK = np.array([[True, False, True], [False, True, True]])
MASK3 = np.array([True, False, True])


def X(*shape):
    return RNG.permutation(np.linspace(0.55, 1.35, math.prod(shape)) ** 2).reshape(shape)


def U(*shape):
    return RNG.permutation(np.linspace(0.45, 0.93, math.prod(shape)) ** 2).reshape(shape)


'''


def module_text():
    """The source of a module with a function for each form, and their arguments."""
    lines = [HEADER]
    for k, (expression, args) in enumerate(FORMS):
        lines.append(f"def form_{k}({', '.join('xyw'[: len(args)])}):")
        body = expression[1:].split(";") if expression.startswith("@") else [f"return {expression}"]
        lines += [f"    {statement.strip()}" for statement in body] + ["", ""]
        lines.append(f"ARGS_{k} = lambda: [{', '.join(args)}]\n\n")
    return "\n".join(lines)
