"""Objects: attributes read and written, in classes, instances and arguments. Methods of every kind: `methods.py`."""

import math
from dataclasses import dataclass

import numpy as np

from .methods import SCALER, Scaler, Shifted
from .registry import group

case = group("objects")

V = np.array([0.6, -1.2])


class Config:
    rate = 0.3
    depth = 3
    names = ("a", "b")


class Layer:
    def __init__(self, W, b, activation="tanh"):
        self.W, self.b = W, b
        self.activation = activation

    def forward(self, x):
        y = self.W @ x + self.b
        if self.activation == "tanh":
            return np.tanh(y)
        return y


class Network:
    def __init__(self, layers):
        self.layers = layers

    def __call__(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x


NETWORK = Network([Layer(np.array([[1.0, -0.5], [0.3, 0.8]]), 0.1), Layer(np.array([[0.4, 1.2]]), -0.2, "none")])


@dataclass
class Particle:
    position: np.ndarray
    velocity: np.ndarray
    mass: float = 1.0

    def kinetic(self):
        return 0.5 * self.mass * np.sum(self.velocity**2)

    def moved(self, dt):
        return Particle(self.position + dt * self.velocity, self.velocity, self.mass)

    def __add__(self, other):
        total = self.mass + other.mass
        v = (self.mass * self.velocity + other.mass * other.velocity) / total
        return Particle(self.position, v, total)


@dataclass(frozen=True)
class Interval:
    lo: float
    hi: float

    @property
    def width(self):
        return self.hi - self.lo

    @classmethod
    def around(cls, x, r):
        return cls(x - r, x + r)

    def __contains__(self, x):
        return self.lo <= x <= self.hi


@case(1.3, features="attributes of a module-level object")
def reads_object(x):
    return SCALER.factor * x + SCALER.offset * x**2 + Scaler.offset


@case(1.3, features="class as a namespace of constants")
def reads_class(x):
    for _ in range(Config.depth):
        x = x - Config.rate * math.sin(x) * len(Config.names)
    return x


@case(1.3, features="attribute writes on an object made inside")
def writes_attributes(x):
    s = Scaler(x)
    s.factor = s.factor**2
    s.extra = s.factor * x
    s.extra += 1.0
    return s.apply(2.0) * s.extra


@case(1.3, features="a counter in an object")
def counts_calls(x):
    s = Scaler(2.0)
    y = s.counted(x) + s.counted(x**2)
    return y * s.calls


@case(1.3, features="attribute write in a loop")
def state_in_an_object(x):
    s = Scaler(1.0)
    for k in range(4):
        s.factor = s.factor * x + k
    return s.factor


class Cell:
    pass


@case(1.3, 0.5, features="an empty object filled with attributes")
def ad_hoc_object(x, y):
    o = Cell()
    o.x, o.y = x, y
    o.next = Cell()
    o.next.value = o.x * o.y
    p = o.next
    p.value = p.value**2
    return o.next.value + o.x


class Rnn:
    def __init__(self, w, u):
        self.w, self.u = w, u
        self.h = 0.0

    def step(self, x):
        self.h = math.tanh(self.w * self.h + self.u * x)
        return self.h


@case(0.7, 1.2, [1.0, -0.5, 0.3], features="hidden state in self.h")
def stateful_cell(w, u, xs):
    cell = Rnn(w, u)
    outputs = [cell.step(x) for x in xs]
    return sum(outputs) * cell.h


@case(V, features="network of objects")
def network_of_objects(x):
    return NETWORK(x)[0] ** 2 + np.sum(NETWORK.layers[0].forward(x))


@case(np.array([[1.0, -0.5], [0.3, 0.8]]), 0.1, V, features="network of objects made inside, of active parameters")
def network_made_inside(W, b, x):
    net = Network([Layer(W, b), Layer(W.T, 2 * b, activation="none")])
    return np.sum(net(x) ** 2)


@case(Particle(V, V * 2 + 1, 1.5), 0.1, features="dataclass argument, methods that make new ones")
def dataclass_methods(p, dt):
    q = p.moved(dt).moved(dt)
    return q.kinetic() + np.sum(q.position**2) + (p + q).kinetic()


@case([Particle(V, V + 1.0, 2.0), Particle(-V, V * 0.5, 0.5)], features="list of dataclasses")
def list_of_dataclasses(particles):
    energy = sum(p.kinetic() for p in particles)
    r = particles[0].position - particles[1].position
    return energy - particles[0].mass * particles[1].mass / np.sqrt(r @ r)


@case(Interval(0.2, 1.9), 1.0, features="frozen dataclass, property, class method, in")
def intervals(interval, x):
    other = Interval.around(x, 0.3)
    if x in interval and 5.0 not in other:
        return interval.width * other.width * x + interval.lo
    return 0.0


@case(Particle(V, V), 0.5, features="attributes of an argument are written")
def writes_argument(p, dt):
    p.velocity = p.velocity - dt * p.position
    p.position = p.position + dt * p.velocity
    p.mass *= 2
    return p.kinetic() + np.sum(p.position)


@case(1.3, features="getattr, hasattr, setattr, isinstance")
def dynamic_attributes(x):
    s = Scaler(x)
    setattr(s, "extra", x**2)
    name = "factor"
    y = getattr(s, name) * getattr(s, "missing", 2.0)
    if hasattr(s, "extra") and isinstance(s, Scaler) and not isinstance(s, Shifted):
        y = y + s.extra
    return y


@case(1.3, features="getitem and len of a user class")
def indexes_object(x):
    s = Scaler(x)
    return s[2] * s[3] + SCALER[1] * x * len(s)


@case(1.3, features="class made inside the function")
def local_class(x):
    class Pair:
        def __init__(self, a, b):
            self.a = a
            self.b = b

        def product(self):
            return self.a * self.b * x

    return Pair(x, 2.0).product() + Pair(1.0, x**2).product()


class Countdown:
    def __init__(self, n):
        self.n = n

    def __enter__(self):
        return self.n

    def __exit__(self, *exc):
        return False


@case(1.3, features="a user's context manager")
def own_context(x):
    with Countdown(3) as n:
        y = x**n
    return y * n


class Polynomial:
    """Coefficients in an attribute; a method that fits nothing but multiplies."""

    def __init__(self, coefficients):
        self.coefficients = list(coefficients)

    def __call__(self, x):
        y = 0.0
        for c in reversed(self.coefficients):
            y = y * x + c
        return y

    def __mul__(self, other):
        product = [0.0] * (len(self.coefficients) + len(other.coefficients) - 1)
        for i, a in enumerate(self.coefficients):
            for j, b in enumerate(other.coefficients):
                product[i + j] += a * b
        return Polynomial(product)

    def derivative(self):
        return Polynomial([k * c for k, c in enumerate(self.coefficients)][1:])


@case([1.0, -0.5, 2.0], 0.7, features="class with lists, product of polynomials")
def polynomial_objects(coefficients, x):
    p = Polynomial(coefficients)
    q = p * p.derivative()
    return q(x) + (q * Polynomial([x, 1.0]))(0.5)


class Account:
    def __init__(self, balance):
        self._balance = balance
        self.history = []

    @property
    def balance(self):
        return self._balance

    @balance.setter
    def balance(self, value):
        self.history.append(self._balance)
        self._balance = value

    def grow(self, rate):
        self.balance = self.balance * (1 + rate)
        return self


@case(100.0, 0.05, features="property setter, method chaining")
def compound(start, rate):
    account = Account(start).grow(rate).grow(2 * rate)
    account.balance -= 10.0
    return account.balance + sum(account.history)


class Tracker:
    best = None

    def update(self, value):
        if self.best is None or value > self.best:
            self.best = value
        return self


@case([0.3, 1.7, 0.9], features="attribute None first, float later")
def best_so_far(values):
    tracker = Tracker()
    for v in values:
        tracker.update(math.sin(v))
    return tracker.best**2
