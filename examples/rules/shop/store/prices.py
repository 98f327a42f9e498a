"""What things cost, in a database."""

import sqlite3

from shop.domain.cart import Cart


def open_store(path=":memory:"):
    database = sqlite3.connect(path)
    database.execute("create table if not exists prices (name text primary key, price integer)")
    return database


def total(database, cart: Cart):
    return cart.total(dict(database.execute("select name, price from prices")))
