"""What a customer sees."""

from shop.domain.cart import Cart
from shop.store import prices


def bill(database, names):
    cart = Cart()
    for name in names:
        cart.add(name)
    return f"{len(names)} things for {prices.total(database, cart)}"
