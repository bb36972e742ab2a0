"""Special functions over their domains, at their edges and outside of them, in all floating types."""


def cases(tf, np):
    raw = tf.raw_ops
    line = np.concatenate([np.linspace(-12.3, 12.3, 60), [-50.5, -31, 31, 100.25, 1e-8, -1e-8, 1e-3, 0, np.inf, -np.inf, np.nan, 300]])
    above = np.concatenate([np.geomspace(1e-6, 300, 60), [1, 2, 5, 29.9, 30.1, 0.0, -1, np.inf, np.nan]])
    share = np.concatenate([np.linspace(-0.1, 1.1, 25), [1e-30, 1e-10, 1 - 1e-7, 0.02, 0.03, 0.5, 0, 1]])
    everywhere = "BesselI0e BesselI1e BesselJ0 BesselJ1 Dawsn FresnelCos FresnelSin Lgamma"
    domains = {
        **dict.fromkeys(everywhere.split(), line),
        **dict.fromkeys("BesselK0 BesselK0e BesselK1 BesselK1e BesselY0 BesselY1 Expint Spence".split(), above),
        "BesselI0": line[np.abs(line) < 60],
        "BesselI1": line[np.abs(line) < 60],
        "Digamma": np.append(line[np.abs(line) < 1e3], [-1, -2, -2.5, 0.5, 1e6]),
        "BesselY1": above[above != 0],  # where the float32 kernel gives NaN
        "Ndtri": share,
    }
    for name, numbers in domains.items():
        function = getattr(raw, name)
        for dtype in ("float32", "float64"):
            yield f"{name}_{dtype}", lambda x, f=function: f(x=x), [numbers.astype(dtype)], [(None,)]
    half = np.linspace(0.5, 6, 12)
    for name in ("Lgamma", "Digamma", "BesselI0e"):
        x = half.astype(np.float16)
        yield f"{name}_half", lambda x, f=getattr(raw, name): f(x=x), [x]
    grid = np.array([0.1, 0.5, 1, 2.5, 10, 50, 200])
    a, x = (v.reshape(-1) for v in np.meshgrid(grid, np.append(grid, [0, -1, 150])))
    for dtype in ("float32", "float64"):
        p, q = a.astype(dtype), x.astype(dtype)
        yield f"igamma_{dtype}", lambda a, x: [raw.Igamma(a=a, x=x), raw.Igammac(a=a, x=x)], [p, q], [(None,)] * 2
        n, y = (v.reshape(-1).astype(dtype) for v in np.meshgrid([0, 1, 2, 3, 5], [0.2, 1, 2.5, 7, 40, -0.5, -3.25]))
        yield f"polygamma_{dtype}", lambda a, x: raw.Polygamma(a=a, x=x), [n, y]
        s, r = (v.reshape(-1).astype(dtype) for v in np.meshgrid([1.1, 2, 3.5, 10, 1, 0.5], [0.2, 1, 2.5, 40]))
        yield f"zeta_{dtype}", lambda x, q: raw.Zeta(x=x, q=q), [s, r]
        u, v, w = (m.reshape(-1).astype(dtype) for m in np.meshgrid([0.3, 1, 4, 30], [0.5, 2, 20], [0, 0.1, 0.5, 0.9, 1]))
        yield f"betainc_{dtype}", lambda a, b, x: raw.Betainc(a=a, b=b, x=x), [u, v, w]
    yield "zeta_below", lambda x, q: raw.Zeta(x=x, q=q), [np.array([2, 3, 2, 3, 2.5]), np.array([-0.5, -1.5, -1, -1, -0.5])]
    yield "spread", lambda a, x: [tf.math.igamma(a, x), tf.math.zeta(a, x)], [np.float32([[1.5], [2.5]]), np.float32([1, 2, 3])]
    yield "empty", lambda x: [tf.math.lgamma(x), tf.math.digamma(x), tf.math.special.bessel_j0(x)], [np.zeros((0, 2), np.float32)]
    yield "scalar", lambda x: [tf.math.lgamma(x), tf.math.ndtri(x), tf.math.special.bessel_y0(x)], [np.float32(0.3)]
    yield "erfinv", lambda x: [tf.math.erfinv(x), tf.math.erfcinv(x + 1)], [np.linspace(-0.99, 0.99, 15).astype(np.float32)]
    yield "erfinv_double", lambda x: tf.math.erfinv(x), [np.append(np.linspace(-0.999, 0.999, 15), [1, -1])]
