use super::outline;
use crate::base::RelPath;

/// Returns the symbols of a text, a line each: kind, name, what tells it apart, and its first and last line.
fn told(path: &str, text: &str) -> String {
    let found = outline(&RelPath::parse(path).unwrap(), text.as_bytes()).unwrap();
    let line = |at: usize| text[..at].matches('\n').count() + 1;
    let symbols = found.symbols.iter().map(|symbol| {
        let key = &symbol.key;
        let number = if key.number > 0 { format!("#{}", key.number + 1) } else { String::new() };
        format!("{} {}{}{number} {}-{}", key.kind.word(), key.name, key.apart, line(symbol.start), line(symbol.end))
    });
    let errors = (!found.errors.is_empty()).then(|| format!("errors {}", found.errors.len()));
    symbols.chain(errors).collect::<Vec<_>>().join("\n")
}

#[test]
fn python() {
    let text = r#"import x

@cached
def top(a):
    def inner():
        pass
    return inner

class Cart(Base):
    """A cart."""

    class Line:
        async def total(self): ...

    @property
    def size(self):
        return 1

    @size.setter
    def size(self, value):
        pass

if x:
    def either(): pass
else:
    def either(): pass
"#;
    insta::assert_snapshot!(told("a.py", text), @"
    function top 3-7
    function top.inner 5-6
    class Cart 9-21
    class Cart.Line 12-13
    method Cart.Line.total 13-13
    method Cart.size 15-17
    method Cart.size(setter) 19-21
    function either 24-24
    function either#2 26-26
    ");
}

#[test]
fn rust() {
    let text = r#"use std::fmt;

/// Not a part of it.
#[derive(Debug)]
// Between.
#[must_use]
pub struct Cart<T>(T);

impl<T> Cart<T> {
    #[inline]
    pub fn total(&self) -> u32 {
        fn inner() {}
        1
    }
}

impl<T> fmt::Display for Cart<T> {
    fn fmt(&self) {}
}

pub trait Priced {
    fn price(&self) -> u32;
}

mod shop {
    enum Kind { A }
    pub fn open() {}
}
"#;
    insta::assert_snapshot!(told("a.rs", text), @"
    struct Cart 4-7
    method Cart::total 10-14
    function Cart::total::inner 12-12
    method <Cart as fmt::Display>::fmt 18-18
    trait Priced 21-23
    method Priced::price 22-22
    enum shop::Kind 26-26
    function shop::open 27-27
    ");
}

#[test]
fn javascript_and_typescript() {
    let text = r#"import x from "x";

export const add = (a, b) => a + b;
const one = () => 1, two = function () { return 2; };
export default function () {}
class Cart {
  #lines = [];
  total() { return this.#lines.map((line) => line.price); }
  get size() { return 0; }
  set size(value) {}
  static of = () => new Cart();
}
const api = {
  load() {},
  save: async () => {},
};
Cart.prototype.clear = function () {};
exports.run = function* () {};
"#;
    insta::assert_snapshot!(told("a.js", text), @"
    function add 3-3
    function one 4-4
    function two 4-4
    function default 5-5
    class Cart 6-12
    method Cart.total 8-8
    method Cart.size(get) 9-9
    method Cart.size(set) 10-10
    method Cart.of 11-11
    method api.load 14-14
    method api.save 15-15
    function Cart.prototype.clear 17-17
    function exports.run 18-18
    ");
    let text = r#"interface Priced { price(): number }
enum Kind { A }
namespace shop {
  export function open(): void {}
}
@Component({})
export abstract class Cart<T> {
  total(a: number): number;
  @Input()
  total(a: any) { return a; }
}
export const view = <T,>(props: T) => props;
"#;
    insta::assert_snapshot!(told("a.ts", text), @"
    interface Priced 1-1
    enum Kind 2-2
    function shop.open 4-4
    class Cart 6-11
    method Cart.total 9-10
    function view 12-12
    ");
    assert_eq!(told("a.tsx", "export function View() { return <p onClick={() => 1}>x</p>; }\n"), "function View 1-1");
}

#[test]
fn go() {
    let text = r#"package shop

type Cart struct {
	lines int
}

type (
	Priced interface { Price() int }
	Name string
)

func (c *Cart) Total() int { return 1 }
func (c Pair[K, V]) Key() {}
func Open() { f := func() {}; f() }
func init() {}
func init() {}
"#;
    insta::assert_snapshot!(told("a.go", text), @"
    struct Cart 3-5
    interface Priced 8-8
    method Cart.Total 12-12
    method Pair.Key 13-13
    function Open 14-14
    function init 15-15
    function init#2 16-16
    ");
}

#[test]
fn java_kotlin_and_csharp() {
    let text = r#"package shop;
public class Cart extends Base {
    @Deprecated
    public Cart(int size) {}
    int total() { return 1; }
    int total(int a, List<String> b, String... more) { return 2; }
    interface Priced { int price(); }
    enum Kind { A }
    record Line(int price) { Line { } }
}
"#;
    insta::assert_snapshot!(told("Cart.java", text), @"
    class Cart 2-10
    method Cart.Cart(int) 3-4
    method Cart.total() 5-5
    method Cart.total(int, List<String>, String...) 6-6
    interface Cart.Priced 7-7
    method Cart.Priced.price() 7-7
    enum Cart.Kind 8-8
    class Cart.Line 9-9
    method Cart.Line.Line 9-9
    ");
    let text = r#"package shop
interface Priced {
    fun price(): Int
}
class Cart(val size: Int) {
    constructor() : this(1)
    fun total(a: Int, b: List<String>): Int = 1
    companion object { fun of() = Cart() }
}
fun open() {}
"#;
    insta::assert_snapshot!(told("Cart.kt", text), @"
    interface Priced 2-4
    method Priced.price() 3-3
    class Cart 5-9
    method Cart.constructor() 6-6
    method Cart.total(Int, List<String>) 7-7
    method Cart.Companion.of() 8-8
    function open() 10-10
    ");
    let text = r#"namespace Shop {
    public class Cart {
        [Fact]
        public int Total(int a, string b) { int Inner() => 1; return Inner(); }
        ~Cart() {}
        public static Cart operator +(Cart a, Cart b) => a;
    }
    struct Point {}
}
"#;
    insta::assert_snapshot!(told("Cart.cs", text), @"
    class Shop.Cart 2-7
    method Shop.Cart.Total(int, string) 3-4
    function Shop.Cart.Total.Inner() 4-4
    method Shop.Cart.~Cart 5-5
    method Shop.Cart.operator +(Cart, Cart) 6-6
    struct Shop.Point 8-8
    ");
}

#[test]
fn c_and_cpp() {
    let text = r#"#include <stdio.h>
int declared(int a);
struct line { int price; };
typedef struct { int size; } cart;
static struct line *find(int a, struct line (*by)(int)) { return 0; }
#ifdef X
int either(void) { return 1; }
#else
int either(void) { return 2; }
#endif
"#;
    insta::assert_snapshot!(told("a.c", text), @"
    struct line 3-3
    struct cart 4-4
    function find 5-5
    function either 7-7
    function either#2 9-9
    ");
    let text = r#"namespace shop {
class Cart : public Base {
 public:
  Cart();
  ~Cart() {}
  int total(int a, const std::string& name = "x") const { return 1; }
  bool operator==(const Cart& other) const { return true; }
};
template <typename T>
T largest(T a, T b) { return a; }
}
shop::Cart::Cart() {}
int& shop::Cart::at(int i) { return x; }
"#;
    insta::assert_snapshot!(told("a.cpp", text), @"
    class shop::Cart 2-8
    method shop::Cart::~Cart() 5-5
    method shop::Cart::total(int, const std::string&) const 6-6
    method shop::Cart::operator==(const Cart&) const 7-7
    function shop::largest(T, T) 9-10
    method shop::Cart::Cart() 12-12
    method shop::Cart::at(int) 13-13
    ");
    assert_eq!(told("a.h", "class A { void f() {} };\n"), "class A 1-1\nmethod A::f() 1-1");
}

#[test]
fn php_and_ruby() {
    let text = "<?php\nfunction open() {}\n#[A]\nclass Cart {\n    public function total(int $a) {}\n}\ntrait T {}\n";
    insta::assert_snapshot!(told("a.php", text), @"
    function open 2-2
    class Cart 3-6
    method Cart::total 5-5
    trait T 7-7
    ");
    let text = "module Shop\n  class Cart\n    def total; end\n    def self.of; end\n  end\nend\ndef open; end\n";
    insta::assert_snapshot!(told("a.rb", text), @"
    module Shop 1-6
    class Shop::Cart 2-5
    method Shop::Cart#total 3-3
    method Shop::Cart.of 4-4
    function open 7-7
    ");
}

#[test]
fn what_cannot_be_parsed_is_noted_and_the_rest_is_found() {
    let found = told("a.js", "function one() { return 1; }\n)))\nfunction two() { return 2; }\n");
    assert!(found.starts_with("function one 1-1\nfunction two 3-3\nerrors "), "{found}");
    assert_eq!(told("a.py", ""), "");
    assert!(outline(&RelPath::parse("a.txt").unwrap(), b"def f(): pass").is_none());
    let deep = "{".repeat(100_000);
    assert!(outline(&RelPath::parse("a.js").unwrap(), deep.as_bytes()).is_some());
    outline(&RelPath::parse("a.rs").unwrap(), b"fn a\xff() {}\0 fn b() {}").unwrap();
}
