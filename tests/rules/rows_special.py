"""A row for every rule of scipy.special: see rows.py."""

import numpy as np
from rules.checker import Row
from scipy import special


rng = np.random.default_rng(20240301)
ROWS: list[Row] = []
LOOSE = 2e-5  # of functions that SciPy gives with fewer digits


def row(fn, *args, fixed=(), tol=None, call=None, **kwargs):
    if fn is not None:
        ROWS.append(Row(fn, args, kwargs, fixed, tol, call))


def n(*shape):
    return rng.normal(size=shape)


def u(lo, hi, *shape):
    return rng.uniform(lo, hi, size=shape)


def p(*shape):
    return u(0.5, 2.0, *shape)


def c(*shape):
    return n(*shape) + 1j * n(*shape)


# ── of one number ────────────────────────────────────────────────────────────────────────────────

for f in (special.exp2, special.exp10, special.expm1, special.cosm1, special.exprel, special.expit, special.log_expit,
          getattr(special, "softplus", None), special.erf, special.erfc, special.erfcx, special.erfi, special.dawsn,
          special.ndtr, special.log_ndtr, special.wofz, special.j0, special.j1, special.i0, special.i1, special.i0e,
          special.i1e, special.loggamma, special.wrightomega):  # fmt: skip
    row(f, p(3))
    row(f, 0.7)
    if f in (special.exp2, special.exprel, special.expit, special.erf, special.log_ndtr, special.j0, special.i0e):
        row(f, n(2, 3))
for f in (special.log1p, special.cbrt, special.entr, special.gamma, special.gammaln, special.rgamma, special.digamma,
          special.y0, special.y1, special.k0, special.k1, special.k0e, special.k1e, special.ber, special.bei,
          special.ker, special.kei, special.berp, special.beip, special.kerp, special.keip, special.itstruve0,
          special.exp1, special.expi, special.spence):  # fmt: skip
    row(f, p(3))
    row(f, np.array(1.3))
for f in (special.erf, special.erfcx, special.dawsn, special.wofz, special.loggamma, special.expm1, special.exp1,
          special.wrightomega, special.xlogy):  # fmt: skip
    row(f, *([c(2) + 2.0] * (2 if f is special.xlogy else 1)))
for f in (special.logit, special.ndtri, special.erfcinv, special.ellipk, special.ellipkm1, special.ellipe):
    row(f, u(0.2, 0.8, 3))
row(special.erfinv, u(-0.8, 0.8, 3))
row(special.ndtri_exp, u(-3.0, -0.1, 3))
row(special.ellipk, np.array([0.0, 1e-9, -2.0]))
row(special.ellipe, np.array([0.0, 1e-9, -2.0]))
row(special.ellipkm1, np.array([1e-3, 0.9]), tol=LOOSE)
row(special.spence, np.array([1.0, 0.3, 4.0]))
row(special.gamma, np.array([-0.5, -1.3]))
row(special.zetac, p(3) + 1.0)
row(special.kolmogorov, np.array([0.4, 0.7, 0.999, 1.001, 1.5]))
for f in (special.jve, special.ive, special.yve, special.kve):
    row(f, p(3), p(3) + 0.5)

# ── of two numbers ───────────────────────────────────────────────────────────────────────────────

for f in (special.xlogy, special.xlog1py, special.rel_entr, special.kl_div, special.powm1, special.boxcox,
          special.boxcox1p, special.inv_boxcox, special.inv_boxcox1p, special.pseudo_huber, special.beta, special.betaln,
          special.poch, special.gammainc, special.gammaincc, special.chdtr, special.chdtrc, special.jv, special.yv,
          special.iv, special.kv, special.hankel1, special.hankel2, special.struve, special.modstruve, special.stdtr,
          special.owens_t, special.agm, special.hyp0f1, special.elliprc):  # fmt: skip
    row(f, p(2, 3), p(3) + 0.3)
    row(f, 0.8, 1.7)
    row(f, p(3), np.float64(0.6))
row(special.boxcox, p(3), np.array([0.0, 1e-7, 1e-3]))
row(special.inv_boxcox, p(3), np.array([0.0, 1e-7, 1e-3]))
row(special.huber, p(3), np.array([0.2, 3.0, -4.0]))
row(special.binom, p(3) + 3.0, p(3))
row(special.gammainc, np.array([300.0, 0.05]), np.array([310.0, 0.3]))
row(special.jv, np.array([0.0, -1.5, 30.0]), np.array([1.0, 2.0, 28.0]))
row(special.kv, np.array([0.0, 2.5]), np.array([1.0, 0.1]))
row(special.iv, 1.0, c(2) + 2.0, fixed=(0,))
row(special.jv, 1.0, c(2) + 2.0, fixed=(0,))
row(special.kve, 1.0, c(2) + 2.0, fixed=(0,))
row(special.elliprc, np.array([0.7, 0.7, 1.0]), np.array([0.7, -0.5, 3.0]))
row(special.agm, np.array([1.0, 1.0, 3.0]), np.array([1.0, 1.0 + 1e-9, 0.01]))
for f in (special.gammaincinv, special.gammainccinv):
    row(f, p(2, 3), u(0.2, 0.8, 3))
for f in (special.ellipkinc, special.ellipeinc):
    row(f, np.array([0.5, -1.2, 2.0, 7.0]), u(0.1, 0.7, 4))
    row(f, np.array([0.5, 1.2]), np.array([0.0, -2.0]))
row(special.pdtr, 2, p(3))
row(special.pdtrc, 2, p(3))
row(special.tklmbda, u(-0.5, 0.5, 3), p(3), tol=LOOSE)
row(special.zeta, p(3) + 1.0, p(2, 3))
row(special.zeta, p(3) + 1.0)
row(special.zeta, np.array([30.0, 0.5, -1.5]))
row(special.yn, 2, p(3))
row(special.kn, 2, p(3))
row(special.kn, 0, p(3))
row(special.yn, 0, p(3))
row(special.polygamma, 0, p(3))
row(special.polygamma, 2, p(3))
row(special.expn, 0, p(3))
row(special.expn, 3, p(3))
row(special.lambertw, p(3))
row(special.lambertw, np.array([-0.2, -0.1]), -1)
row(special.lambertw, c(2))
for f in (special.jvp, special.yvp, special.ivp, special.kvp, special.h1vp, special.h2vp):
    row(f, 1.5, p(3), fixed=(0,))
    row(f, 2, p(3), 2)
for f in (special.eval_chebyt, special.eval_chebyu, special.eval_legendre, special.eval_hermite,
          special.eval_hermitenorm, special.eval_laguerre):  # fmt: skip
    for degree in (0, 1, 4):
        row(f, degree, u(0.1, 0.9, 3))
for f in (special.eval_genlaguerre, special.eval_gegenbauer):
    for degree in (0, 1, 4):
        row(f, degree, p(3), u(0.1, 0.9, 3))
row(special.eval_legendre, 1.5, u(0.1, 0.9, 3), fixed=(0,))

# ── of three and four ────────────────────────────────────────────────────────────────────────────

for f in (special.betainc, getattr(special, "betaincc", None), special.betaincinv):
    row(f, p(2, 3), p(3), u(0.2, 0.8, 3))
row(special.betainc, np.array([200.0, 0.1]), np.array([150.0, 3.0]), np.array([0.55, 0.01]))
for f in (special.gdtr, special.gdtrc, special.fdtr, special.fdtrc, special.elliprf, special.elliprd, special.elliprg,
          special.wright_bessel, special.voigt_profile):  # fmt: skip
    row(f, p(3), p(2, 3), p(3))
row(special.nrdtrimn, u(0.2, 0.8, 3), p(3), n(2, 3))
row(special.hyp1f1, n(3), p(3), n(3))
row(special.hyperu, p(3), n(3), p(3), tol=LOOSE)
row(special.hyp2f1, n(3), n(3), p(3) + 0.5, u(-0.6, 0.6, 3))
row(special.elliprj, p(3), p(3), p(3), p(3))
row(special.eval_jacobi, 0, p(3), p(3), u(0.1, 0.9, 3))
row(special.eval_jacobi, 3, p(3), p(2, 3), u(0.1, 0.9, 3))

# ── several results ──────────────────────────────────────────────────────────────────────────────

for f in (special.airy, special.airye, special.kelvin, special.sici, special.shichi, special.fresnel,
          special.iti0k0, special.itj0y0):  # fmt: skip
    row(f, p(3))
    row(f, 0.9)
row(special.itairy, p(3), tol=LOOSE)
row(special.itairy, 0.9, tol=LOOSE)
row(special.airy, np.array([-2.0, 0.5]))
row(special.airy, c(2))
row(special.ellipj, n(3), u(0.1, 0.9, 3))
row(special.ellipj, np.array([4.0, 0.5]), np.array([0.3, 0.01]))

# ── Python functions ─────────────────────────────────────────────────────────────────────────────

for f in (special.spherical_jn, special.spherical_yn, special.spherical_in, special.spherical_kn):
    row(f, 2, p(3))
    row(f, 1, p(3), True)
    row(f, 0, p(3), derivative=True)
row(special.multigammaln, p(3) + 2.0, 3)
row(special.multigammaln, 3.3, 2)
row(special.comb, p(3) + 3.0, p(3))
row(special.comb, p(3) + 3.0, p(3), repetition=True)
row(special.factorial, p(3))
row(special.logsumexp, n(2, 3))
row(special.logsumexp, n(2, 3), 1)
row(special.logsumexp, n(2, 3), axis=(0, 1), keepdims=True)
row(special.logsumexp, n(2, 3), axis=-1, b=p(3))
row(special.logsumexp, n(2, 3), axis=0, b=n(2, 3), return_sign=True)
row(special.logsumexp, np.array([-np.inf, 0.3, 900.0]))
row(special.softmax, n(2, 3))
row(special.softmax, n(2, 3), 1)
row(special.log_softmax, n(2, 3))
row(special.log_softmax, n(2, 3), axis=0)
