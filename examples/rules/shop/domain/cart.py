"""What a customer has chosen."""


class Cart:
    def __init__(self):
        self.items = {}

    def add(self, name, count=1):
        self.items[name] = self.items.get(name, 0) + count

    def total(self, prices):
        return sum(prices[name] * count for name, count in self.items.items())
