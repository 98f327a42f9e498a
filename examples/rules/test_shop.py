import unittest

from shop.domain.cart import Cart
from shop.store.prices import open_store
from shop.web.pages import bill


class Shop(unittest.TestCase):
    def test_a_cart_adds_up(self):
        cart = Cart()
        cart.add("tea", 2)
        self.assertEqual(cart.total({"tea": 3}), 6)

    def test_a_bill_names_the_price(self):
        database = open_store()
        database.execute("insert into prices values ('tea', 3)")
        self.assertEqual(bill(database, ["tea", "tea"]), "2 things for 6")


if __name__ == "__main__":
    unittest.main()
