"""One array under several names, from one iteration of a loop to the next: the gradient is right, or refused."""

from __future__ import annotations

import re

import numpy as np
import pytest

from adjoint import Unsupported, grad
from adjoint.lower import iteration, sharing
from adjoint.testing import assert_same, check_grads, numerical_gradient

X, Y = np.array([0.3, -0.2, 0.5, 0.1]), np.array([0.7, 0.2, -0.4, 0.9])


def loss(x):
    return np.sum(x * x * np.arange(1.0, 1 + len(x)))


def total(items):
    s = 0.0
    for w in items:
        s += loss(w)
    return s


class Model:
    def __init__(self, state):
        self.state, self.history, self.last = state, [], state[::-1]

    def step(self, value, i):
        self.state[i] = value
        new = self.state * 1.5
        self.history.append(new)
        self.last = new[::-1]
        self.state = new


def a_list_made_anew_keeps_the_buffer(x, y, n):
    b = x.copy()
    L = []
    for i in range(n):
        c = b.copy()
        L = L + [c]
        b[i] = y[-1]
        b = c
    return total(L)


def a_list_read_before_the_write(x, y, n):
    b = x.copy()
    L = []
    s = 0.0
    for i in range(n):
        if len(L) > 1:
            s += loss(L[0])
        c = b.copy()
        L.append(c)
        b[i] = y[-1] * 2
        b = c
    return s


def the_last_item_read_after_the_write(x, y, n):
    b = x.copy()
    L = []
    s = 0.0
    for i in range(n):
        if i > 0:
            b[i] = y[-1] * 2
            s += loss(L[-1])
        c = b.copy()
        L.append(c)
        b = c
    return s


def a_view_handed_on_and_its_base_exchanged(x, y, n):
    b = x.copy()
    k1 = x.copy()[::-1]
    k2 = x.copy()[::-1]
    s = 0.0
    for i in range(n):
        b[i] = y[-1] * 2
        s += loss(k2)
        c = b.copy()
        k2 = k1
        k1 = c[::-1]
        b = c
    return s


def a_view_handed_on_and_its_base_two_iterations_old(x, y, n):
    a = x.copy()
    b = x.copy()
    k1 = x.copy()[::-1]
    k2 = x.copy()[::-1]
    s = 0.0
    for i in range(n):
        a[i] = y[-1] * 2
        s += loss(k2)
        c = b.copy() * 1.5
        k2 = k1
        k1 = c[::-1]
        a = b
        b = c
    return s


def a_view_kept_from_the_second_iteration_on(x, y, n):
    b = x.copy()
    keep = x.copy()[::-1]
    s = 0.0
    first = True
    for i in range(n):
        b[i] = y[-1] * 2
        s += loss(keep)
        c = b.copy()
        if first:
            first = False
        else:
            keep = c[::-1]
        b = c
    return s


def a_view_read_after_the_loop(x, y, n):
    b = x.copy()
    keep = x.copy()[::-1]
    s = 0.0
    for i in range(n):
        c = b.copy() * 1.5
        keep = c[::-1]
        b = c
    b[0] = y[0]
    return loss(keep) + loss(b)


def a_list_read_after_the_loop(x, y, n):
    b = x.copy()
    L = []
    for i in range(n):
        c = b.copy() * 1.5
        L.append(c)
        b = c
    b[0] = y[0]
    return total(L)


def a_list_made_anew_read_after_the_loop(x, y, n):
    b = x.copy()
    L = []
    for i in range(n):
        c = b.copy() * 1.5
        L = L + [c]
        b = c
    b[0] = y[0]
    return total(L)


def another_name_for_the_list(x, y, n):
    b = x.copy()
    L = []
    for i in range(n):
        c = b.copy() * 1.5
        L.append(c)
        b = c
    M = L
    b[0] = y[0]
    return total(M)


def a_list_filled_in_an_inner_loop(x, y, n):
    b = x.copy()
    L = []
    for j in range(2):
        for i in range(n):
            c = b.copy() * 1.5
            L.append(c)
            b = c
        b[j] = y[0]
    return total(L)


def a_view_made_in_an_inner_loop(x, y, n):
    b = x.copy()
    keep = x[::-1].copy()
    s = 0.0
    for j in range(n):
        b[j] = y[0] * 2
        s += loss(keep)
        for i in range(n):
            c = b.copy() * 1.5
            keep = c[::-1]
            b = c
    return s


def a_view_and_its_base_in_a_dict(x, y, n):
    d = {"b": x.copy(), "k": x.copy()[::-1]}
    s = 0.0
    for i in range(n):
        d["b"][i] = y[0] * 2
        s += loss(d["k"])
        c = d["b"].copy()
        d["k"] = c[::-1]
        d["b"] = c
    return s


def a_list_and_the_buffer_in_a_dict(x, y, n):
    d = {"b": x.copy(), "L": []}
    s = 0.0
    for i in range(n):
        d["b"][i] = y[0] * 2
        c = d["b"].copy()
        d["L"].append(c)
        d["b"] = c
    for w in d["L"]:
        s += loss(w)
    return s


def a_view_and_its_base_in_a_tuple(x, y, n):
    t = (x.copy(), x.copy()[::-1])
    s = 0.0
    for i in range(n):
        b, k = t
        b[i] = y[0] * 2
        s += loss(k)
        c = b.copy()
        t = (c, c[1:][::-1])
    return s


def tuples_in_a_list(x, y, n):
    b = x.copy()
    L = []
    s = 0.0
    for i in range(n):
        c = b.copy()
        L.append((c, i))
        b[i] = y[-1]
        b = c
    for w, i in L:
        s += loss(w) * i
    return s


def lists_in_a_list(x, y, n):
    b = x.copy()
    L = []
    s = 0.0
    for i in range(n):
        c = b.copy()
        L.append([c])
        b[i] = y[-1]
        b = c
    for w in L:
        s += loss(w[0])
    return s


def views_made_from_a_list(x, y, n):
    b = x.copy()
    L = []
    for i in range(n):
        c = b.copy()
        L.append(c)
        b[i] = y[-1]
        b = c
    M = [w[::-1] for w in L]
    return total(M)


def a_list_stacked(x, y, n):
    b = x.copy()
    L = []
    for i in range(n):
        c = b.copy()
        L.append(c)
        b[i] = y[-1]
        b = c
    return loss(np.array(L).ravel())


def a_buffer_copied_before_each_write(x, y, n):
    b = x.copy()
    L = [x]
    for i in range(n):
        b = b.copy()
        b[i] = y[-1]
        L.append(b)
    return loss(np.array(L).ravel())


def a_list_in_a_while_loop(x, y, n):
    b = x.copy()
    L = []
    i = 0
    while i < n:
        c = b.copy()
        L.append(c)
        b[i] = y[-1]
        b = c
        i += 1
    return loss(np.array(L).ravel())


def a_list_filled_in_a_branch(x, y, n):
    b = x.copy()
    L = []
    for i in range(n):
        if x[i] > 0:
            c = b.copy()
            L.append(c)
            b = c
        b[i] = y[-1]
    return total(L)


def a_view_made_in_a_branch(x, y, n):
    b = x.copy()
    keep = x.copy()
    s = 0.0
    for i in range(n):
        b[i] = y[-1] * 2
        s += loss(keep)
        if x[i] > 0:
            c = b.copy()
            keep = c[::-1]
            b = c
    return s


def a_function_that_puts_the_buffer_into_a_list(x, y, n):

    def step(b, L):
        c = b.copy()
        L.append(c)
        return c

    b = x.copy()
    L = []
    for i in range(n):
        b[i] = y[-1]
        b = step(b, L)
    return total(L)


def a_model_with_a_history(x, y, n):
    o = Model(x.copy())
    s = 0.0
    for i in range(n):
        o.step(y[0], i)
        s += loss(o.last)
    for w in o.history:
        s += loss(w)
    return s


def a_model_with_a_view_of_its_state(x, y, n):
    o = Model(x.copy())
    s = 0.0
    for i in range(n):
        s += loss(o.last)
        o.step(y[0], i)
    return s


def three_buffers_in_turn_and_in_a_list(x, y, n):
    a, b, c = (x.copy(), y.copy(), x * y)
    L = []
    for i in range(n):
        a[i] = b[0] * c[1]
        L.append(a)
        a, b, c = (b, c, a)
    return total(L)


def a_reshaped_buffer(x, y, n):
    b = x.copy()
    keep = x.copy().reshape(2, 2)
    s = 0.0
    for i in range(n):
        b[i] = y[0] * 2
        s += loss(keep.ravel())
        c = b * 1.5
        keep = c.reshape(2, 2)
        b = c
    return s


def two_views_of_one_array(x, y, n):
    k1 = x.copy()[:2]
    k2 = x.copy()[1:]
    s = 0.0
    for i in range(n):
        k1[0] = y[i]
        s += loss(k2)
        c = x * y
        k1 = c[:2]
        k2 = c[:3]
    return s


def a_write_through_the_last_item(x, y, n):
    L = []
    s = 0.0
    keep = x.copy()
    for i in range(n):
        if i > 0:
            L[-1][0] = y[i]
        s += loss(keep)
        c = x * y * (i + 1)
        keep = c[::-1]
        L.append(c)
    return s


def the_array_before(x, y, n):
    b = x.copy()
    prev = x.copy()
    s = 0.0
    for i in range(n):
        s += loss(prev)
        prev = b
        b = b.copy()
        b[i] = y[i] * 2
    return s + loss(prev) + loss(b)


def the_array_before_written_to(x, y, n):
    b = x.copy()
    prev = x.copy()
    s = 0.0
    for i in range(n):
        s += loss(prev)
        prev = b
        b[i] = y[i] * 2
        b = b.copy()
    return s + loss(prev) + loss(b)


def a_list_extended(x, y, n):
    b = x.copy()
    L = []
    for i in range(n):
        c = b.copy()
        L.extend([c, c[::-1]])
        b[i] = y[-1]
        b = c
    return total(L)


def a_copied_list(x, y, n):
    b = x.copy()
    L = []
    for i in range(n):
        c = b.copy()
        L.append(c)
        b = c
    M = L.copy()
    b[0] = 7 * y[0]
    return total(M)


def a_part_of_a_list(x, y, n):
    b = x.copy()
    L = []
    for i in range(n):
        c = b.copy()
        L.append(c)
        b = c
    M = L[1:]
    b[0] = 7 * y[0]
    return total(M)


def a_list_of_one_array_many_times(x, y, n):
    b = x.copy()
    L = [b] * n
    b[0] = 7 * y[0]
    return total(L)


def a_write_to_one_of_them(x, y, n):
    b = x.copy()
    L = [b] * n
    L[0][0] = 7 * y[0]
    return total(L) + loss(b)


def dicts_in_a_list(x, y, n):
    b = x.copy()
    L = []
    s = 0.0
    for i in range(n):
        c = b.copy()
        L.append({"u": c, "t": i})
        b[i] = y[-1] * 2
        b = c
    for w in L:
        s += loss(w["u"])
    return s


def objects_in_a_list(x, y, n):
    b = x.copy()
    L = []
    s = 0.0
    for i in range(n):
        c = b.copy()
        L.append(Model(c))
        b[i] = y[-1] * 2
        b = c
    for w in L:
        s += loss(w.state)
    return s


def the_last_item_written_in_a_loop_over_the_list(x, y, n):
    b = x.copy()
    L = []
    s = 0.0
    for i in range(n):
        c = b.copy() * i
        L.append(c)
        last = c
    for w in L:
        last[0] = 5 * y[1]
        s += loss(w)
    return s


def the_last_item_written_with_each(x, y, n):
    b = x.copy()
    L = []
    s = 0.0
    last = b
    for i in range(n):
        c = b.copy() * i
        L.append(c)
        last = c
    for w in L:
        last[0] = 5 * w[1]
        s += loss(w)
    return s


def pairs_of_a_list(x, y, n):
    b = x.copy()
    L = []
    s = 0.0
    last = b
    for i in range(n):
        c = b.copy() * i
        L.append(c)
        last = c
    for w, v in zip(L, L[2:], strict=False):
        last[0] = 5 * w[1]
        s += loss(v)
    return s


def items_written_by_number(x, y, n):
    L = [x.copy() for _ in range(n)]
    s = 0.0
    for i in range(n):
        w = L[i]
        w[0] = y[i]
        s += loss(L[i])
    return s


def a_tuple_that_grows(x, y, n):
    b = x.copy()
    T = ()
    for i in range(n):
        c = b.copy()
        T = T + (c,)
        b[i] = y[-1] * 2
        b = c
    return total(T)


def a_sorted_list(x, y, n):
    b = x.copy()
    L = [b, y.copy()]
    M = sorted(L, key=lambda w: w[0])
    b[0] = 7.0 * y[1]
    return loss(M[0]) + 2 * loss(M[1])


def items_put_by_number(x, y, n):
    b = x.copy()
    L = [None] * n
    for i in range(n):
        c = b.copy()
        L[i] = c
        b[i] = y[-1] * 2
        b = c
    return total(L)


def items_put_by_number_into_arrays(x, y, n):
    b = x.copy()
    L = [x] * n
    for i in range(n):
        c = b.copy()
        L[i] = c
        b[i] = y[-1] * 2
        b = c
    return total(L)


def a_queue(x, y, n):
    b = x.copy()
    L = [x] * n
    for i in range(n):
        c = L.pop(0)
        c = c * y[0]
        L.append(c)
        b = c
    b[0] = 3 * y[0]
    return total(L)


def a_view_read_by_a_closure(x, y, n):
    b = x.copy()
    keep = x.copy()
    s = 0.0

    def get():
        return keep

    for i in range(n):
        b[i] = y[0] * 2
        s += loss(get())
        c = b.copy()
        keep = c[::-1]
        b = c
    return s


def a_list_added_to_in_place(x, y, n):
    b = x.copy()
    L = []
    for i in range(n):
        L += [b[::-1]]
        b[i] = y[0]
    return total(L)


def a_list_bound_anew_each_time(x, y, n):
    v = y.copy()
    L = []
    for i in range(n):
        L = [v[::-1]]
    v *= x
    return total(L)


def an_item_put_by_number_beside_others(x, y, n):
    b, c = x.copy(), y.copy()
    L = [b, c]
    s = 0.0
    for i in range(2):
        L[i] = L[1 - i] * y
        b[i] = x[0] * 3
        for w in L:
            s += loss(w)
    return s + loss(b)


def a_view_and_its_base_written_to_in_another_loop(x, y, n):
    b, v = x.copy(), y.copy()
    for i in range(n):
        b = np.sin(b)
        v = b[::-1]
    for i in range(n):
        b[i] += y[i]
    return loss(v) + loss(b)


def a_list_and_what_it_holds_written_to_in_another_loop(x, y, n):
    b = x.copy()
    L = []
    for i in range(n):
        b = np.sin(b)
        L.append(b)
    for i in range(n):
        b[i] += y[i]
    return loss(L[-1]) + loss(L[0]) + loss(b)


def a_view_and_its_base_written_to_in_a_branch(x, y, n):
    b, v = x.copy(), y.copy()
    for i in range(n):
        b = np.sin(b)
        v = b[::-1]
    if x[0] > 0:
        b[1] += y[0]
    return loss(v) + loss(b)


def names_exchanged_an_odd_number_of_times(x, y, n):
    a, b = x, y
    for _ in range(3):
        a, b = b, a
    y *= 0.3
    return loss(a) + 2.0 * loss(b)


def names_exchanged_as_often_as_an_argument_says(x, y, n):
    a, b = x, y
    for _ in range(n):
        a, b = b, a
    x[-2], a[-1] = a[-1], x[-2]
    return loss(a) * loss(b)


def a_name_bound_to_another_in_a_loop(x, y, n):
    a, b = x.copy(), x * 0.7
    for _ in range(2):
        b = a
    np.add(y, b, out=b, where=b > 0.15)
    return loss(a)


def a_name_first_bound_in_a_loop(x, y, n):
    for _ in range(2):
        a = x
    a[[3, 2, 1]] = a[-2::-1]
    return loss(x) + loss(a * y)


def a_copy_under_two_names(x, y, n):
    a, b = x, y * 0.5
    for _ in range(2):
        b = a.copy()
        a = b
    b[y > 0.0] = 0.0
    return loss(x) + loss(a) * loss(y)


def three_buffers_in_turn(x, y, n):
    old, now, new = x.copy(), y.copy(), np.zeros(4)
    for _ in range(4):
        for i in range(1, 3):
            new[i] = 2.0 * now[i] - old[i] + 0.1 * (now[i - 1] - 2.0 * now[i] + now[i + 1])
        old, now, new = now, new, old
    new[0] = now[1] * old[2]
    return loss(now) + 0.5 * loss(old) + loss(new)


class Pair:
    def __init__(self, u, v):
        self.u, self.v = u, v


def attributes_exchanged_in_a_nest(x, y, n):
    """What is known of cells refers to others, and these to it: it must not be written out to be compared."""
    pair = Pair(x, y)
    for i in range(1, n):
        for j in range(2, -1, -1):
            for _ in range(n):
                pair.v, pair.u = pair.u, pair.v
                pair.u[-4] = np.cos(0.3 * np.sum(y) + 0.1 * i * j)
            pair.u[n % 4] = np.sin(y[-1 - n % 4] + 0.3 * np.sum(x))
            x += 0.3 * (pair.v + pair.u)
    w = pair.u.reshape(2, 2)
    w[::2, :-1] = 0.5 * y[-1 - n % 4]
    y[:] = pair.v
    return loss(x) + 0.5 * loss(y) + 0.9 * loss(pair.u) + 1.1 * loss(pair.v)


RIGHT = [
    attributes_exchanged_in_a_nest,
    names_exchanged_an_odd_number_of_times,
    names_exchanged_as_often_as_an_argument_says,
    a_name_bound_to_another_in_a_loop,
    a_name_first_bound_in_a_loop,
    a_copy_under_two_names,
    three_buffers_in_turn,
    a_view_and_its_base_written_to_in_another_loop,
    a_list_and_what_it_holds_written_to_in_another_loop,
    a_view_and_its_base_written_to_in_a_branch,
    a_list_added_to_in_place,
    a_list_bound_anew_each_time,
    an_item_put_by_number_beside_others,
    a_list_made_anew_keeps_the_buffer,
    the_last_item_read_after_the_write,
    a_view_handed_on_and_its_base_exchanged,
    a_view_handed_on_and_its_base_two_iterations_old,
    a_view_kept_from_the_second_iteration_on,
    a_view_and_its_base_in_a_dict,
    a_list_and_the_buffer_in_a_dict,
    a_view_and_its_base_in_a_tuple,
    a_buffer_copied_before_each_write,
    a_view_made_in_a_branch,
    a_function_that_puts_the_buffer_into_a_list,
    a_model_with_a_history,
    a_model_with_a_view_of_its_state,
    three_buffers_in_turn_and_in_a_list,
    a_reshaped_buffer,
    two_views_of_one_array,
    a_write_through_the_last_item,
    the_array_before,
    the_array_before_written_to,
    a_list_of_one_array_many_times,
    a_write_to_one_of_them,
    a_tuple_that_grows,
    a_view_read_by_a_closure,
    a_list_read_before_the_write,
    a_view_read_after_the_loop,
    a_list_read_after_the_loop,
    a_list_made_anew_read_after_the_loop,
    another_name_for_the_list,
    a_list_filled_in_an_inner_loop,
    a_view_made_in_an_inner_loop,
    tuples_in_a_list,
    lists_in_a_list,
    views_made_from_a_list,
    a_list_stacked,
    a_list_extended,
    a_copied_list,
    a_part_of_a_list,
    dicts_in_a_list,
    objects_in_a_list,
    the_last_item_written_in_a_loop_over_the_list,
    the_last_item_written_with_each,
    pairs_of_a_list,
    items_written_by_number,
    items_put_by_number,
    items_put_by_number_into_arrays,
    a_queue,
]
REFUSED = [
    a_list_in_a_while_loop,
    a_list_filled_in_a_branch,
    a_sorted_list,
]


def check(f, optimize=True):
    expected = tuple(numerical_gradient(lambda *xy: f(*(v.copy() for v in xy), 3), (X, Y), wrt) for wrt in (0, 1))
    assert_same(grad(f, (0, 1), optimize=optimize)(X, Y, 3), expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("optimize", [True, False])
@pytest.mark.parametrize("f", RIGHT)
def test_right(f, optimize):
    check(f, optimize)


@pytest.mark.parametrize("f", REFUSED)
def test_refused(f):
    with pytest.raises(Unsupported, match="updated"):
        grad(f, (0, 1))(X, Y, 3)


def test_what_a_list_holds_is_noted_once():
    """Each loop is lowered several times, the inner ones for each of these."""

    def f(x):
        s, L = 0.0, []
        for i in range(3):
            for j in range(3):
                for k in range(3):
                    b = x * s
                    L.extend([b, b])
                    L += [b]
                    s = s + np.sum(b) * k
            for w in L:
                s += 0.1 * loss(w)
        return s

    seen = []
    noted = sharing.hold

    def hold(cell, held):
        noted(cell, held)
        seen.append(len(cell.holds))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sharing, "hold", hold)
        check_grads(f, (X,))
    assert max(seen) < 100


@pytest.mark.parametrize("f", RIGHT)
def test_right_or_refused_as_a_loop(f, monkeypatch):
    """With one body for all iterations, as for a loop that is too long to be written out."""
    monkeypatch.setattr(iteration, "LONGEST_UNROLLED", 0)
    try:
        check(f)
    except Unsupported as refusal:
        assert re.search("updated|may be a view|may be no array|is held|computed|changes from one iteration", refusal.what), refusal
