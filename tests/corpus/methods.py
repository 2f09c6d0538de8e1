"""Methods: bound, static, class, property, operators; inheritance and `super()`."""

import math

from .registry import group

case = group("functions")


class Scaler:
    offset = 0.5

    def __init__(self, factor):
        self.factor = factor
        self.calls = 0

    def apply(self, x):
        return self.factor * x + self.offset

    def counted(self, x):
        self.calls += 1
        return self.apply(x) ** 2

    def __call__(self, x):
        return self.apply(math.sin(x))

    def __getitem__(self, k):
        return self.factor * k

    def __len__(self):
        return 3

    @property
    def double(self):
        return 2 * self.factor

    @staticmethod
    def cube(x):
        return x**3

    @classmethod
    def times(cls, x, factor):
        return cls(factor).apply(x)


class Shifted(Scaler):
    offset = -1.0

    def __init__(self, factor, shift):
        super().__init__(factor)
        self.shift = shift

    def apply(self, x):
        return super().apply(x) + self.shift * x**2


SCALER = Scaler(3.0)
SHIFTED = Shifted(2.0, 0.7)


class Dual:
    """A user's own number, with operators."""

    def __init__(self, value, slope):
        self.value = value
        self.slope = slope

    def __add__(self, other):
        other = other if isinstance(other, Dual) else Dual(other, 0.0)
        return Dual(self.value + other.value, self.slope + other.slope)

    __radd__ = __add__

    def __mul__(self, other):
        if not isinstance(other, Dual):
            return Dual(self.value * other, self.slope * other)
        return Dual(self.value * other.value, self.value * other.slope + self.slope * other.value)

    def __rmul__(self, other):
        return self * other

    def __neg__(self):
        return Dual(-self.value, -self.slope)

    def __sub__(self, other):
        return self + -other

    def __lt__(self, other):
        return self.value < other.value

    def __abs__(self):
        return -self if self.value < 0 else self


class Vec:
    def __init__(self, *parts):
        self.parts = list(parts)

    def __matmul__(self, other):
        return sum(a * b for a, b in zip(self.parts, other.parts, strict=True))

    def __iter__(self):
        return iter(self.parts)

    def __eq__(self, other):
        return self.parts == other.parts

    def __bool__(self):
        return len(self.parts) > 0

    def __iadd__(self, other):
        self.parts = [a + b for a, b in zip(self.parts, other.parts, strict=True)]
        return self


class Shape:
    def area(self):
        raise NotImplementedError

    def cost(self, price):
        return self.area() * price


class Disc(Shape):
    def __init__(self, r):
        self.r = r

    def area(self):
        return math.pi * self.r**2


class Box(Shape):
    def __init__(self, a, b):
        self.a, self.b = a, b

    def area(self):
        return self.a * self.b


case(1.3, features="bound method as the function")(SCALER.apply)
case(1.3, features="bound method of a subclass")(SHIFTED.apply)
case(1.3, features="static method as the function")(Scaler.cube)
case(1.3, 2.0, features="class method as the function")(Scaler.times)


@case(1.3, features="methods of a module-level object")
def calls_method(x):
    return SCALER.apply(x) * SCALER.apply(x**2)


@case(1.3, features="static method")
def calls_staticmethod(x):
    return Scaler.cube(x) + SCALER.cube(2 * x)


@case(1.3, features="class method, instance made inside")
def calls_classmethod(x):
    return Scaler.times(x, 2.0) * Scaler.times(2.0, x)


@case(1.3, features="property")
def reads_property(x):
    return SCALER.double * x + Scaler(x).double ** 2


@case(1.3, features="__call__")
def calls_object(x):
    return SCALER(x) + Scaler(x)(2.0)


@case(1.3, features="inheritance, super")
def inherited_method(x):
    return SHIFTED.apply(x) + SHIFTED(x) * SHIFTED.double


@case(1.3, features="inheritance, instance made inside")
def makes_subclass(x):
    s = Shifted(x, x**2)
    return s.apply(2.0) + s.counted(0.5) * s.factor


@case(1.3, features="bound method stored and passed")
def stores_bound_method(x):
    f = SCALER.apply
    fs = [f, SHIFTED.apply, Scaler(x).apply]
    return sum(g(x) for g in fs) + list(map(f, [x, 2.0]))[1] * x


@case(1.3, features="unbound method called with its object")
def calls_through_class(x):
    return Scaler.apply(SCALER, x) + Scaler.apply(SHIFTED, x) ** 2


@case(1.3, 0.5, features="operator methods on a user class")
def own_numbers(x, y):
    a, b = Dual(x, 1.0), Dual(y, 0.0)
    c = 2.0 * a * b + a * a - b + 1.0
    return c.value * c.slope


@case(1.3, 0.5, features="operator methods: comparison, abs, matmul, iteration, truth")
def own_vectors(x, y):
    u, v = Vec(x, y, 2.0), Vec(y, x * y, 1.0)
    total = u @ v
    for part in u:
        total = total + part**2
    if Vec() or abs(Dual(-x, 1.0)) < Dual(0.0, 0.0):
        total = 0.0
    u += v
    return total * u.parts[0]


@case(1.3, features="function chosen by the class of the object")
def polymorphic(x):
    total = 0.0
    for shape in [Disc(x), Box(x, 2.0), Box(1.0, x**2)]:
        total += shape.cost(x)
    return total
