//! Small Ruby projects, and the edges that the language's rules give them.

use crate::facts::sample::{between_files, holds, project, told, unresolved};

#[test]
fn features_are_looked_for_beside_and_on_the_load_path() {
    let files = [
        ("shop.gemspec", "Gem::Specification.new do |s|\n  s.require_paths = [\"lib\"]\nend\n"),
        (
            "lib/shop.rb",
            concat!(
                "\u{feff}# require 'shop/hidden'\r\nrequire 'json'\r\nrequire \"net/http\"\r\nrequire 'rack/utils'\r\nrequire 'shop/cart'\r\n",
                "require_relative 'shop/store/db'\r\nmodule Shop\r\n  autoload :Page, 'shop/page'\r\n",
                "  text = \"require 'shop/hidden'\"\r\n  more = <<~X\r\n    require 'shop/hidden'\r\n  X\r\nend\r\n",
                "require 'shop/gone'\r\nrequire name\r\nrequire \"shop/#{name}\"\r\nother.require 'shop/hidden'\r\n",
            ),
        ),
        ("lib/shop/cart.rb", "Kernel.require 'shop/store/db' if ENV['DB']\n"),
        ("lib/shop/hidden.rb", ""),
        (
            "lib/shop/page.rb",
            "require File.expand_path('../cart', __FILE__)\nrequire File.join(__dir__, 'hidden')\nrequire \"#{__dir__}/store/db\"\n",
        ),
        ("lib/shop/store/db.rb", "def open = require('sqlite3')\nrequire_relative '../gone'\n__END__\nrequire 'shop/hidden' end end\n"),
        ("test/helper.rb", "require 'shop'\n"),
        ("test/cart_test.rb", "require 'helper'\nload 'Rakefile.rb'\nload 'tools/seed.rb'\nload 'tools/db.rake'\n"),
        ("tools/db.rake", ""),
        ("tools/seed.rb", "require_relative '../lib/shop.rb'\n"),
    ];
    let found = project(&files, "", None);
    assert_eq!(
        told(&found),
        [
            "cart_test -> helper",
            "cart_test -> tools/db",
            "cart_test -> tools/seed",
            "helper -> shop",
            "shop -> json (stdlib)",
            "shop -> net (stdlib)",
            "shop -> rack (external)",
            "shop -> shop/cart",
            "shop -> shop/page",
            "shop -> shop/store/db",
            "shop/cart -> shop/store/db",
            "shop/page -> shop/cart",
            "shop/page -> shop/hidden",
            "shop/page -> shop/store/db",
            "shop/store/db -> sqlite3 (external)",
            "tools/seed -> shop",
        ]
    );
    assert_eq!(
        unresolved(&found),
        [
            "lib/shop.rb:14 shop/gone",
            "lib/shop.rb:15 require name",
            "lib/shop.rb:16 require \"shop/#{name}\"",
            "lib/shop/store/db.rb:2 ../gone",
            "test/cart_test.rb:2 Rakefile.rb"
        ]
    );
}

#[test]
fn gems_of_one_tree_find_each_other() {
    let files = [
        ("core/core.gemspec", "s.require_paths = %w[lib ext]\n"),
        ("core/lib/core.rb", "require 'core/fast'\n"),
        ("core/ext/core/fast.rb", ""),
        ("web/web.gemspec", "# s.require_paths = ['no']\ns.name = 'web'\n"),
        ("web/lib/web.rb", "require 'core'\nrequire 'util'\n"),
        ("web/lib/util.rb", ""),
        ("web/lib/rack/page.rb", "require 'rack'\nrequire 'rack/page'\nrequire 'rack/utils'\n"),
        ("core/lib/util.rb", ""),
        ("core/spec/spec_helper.rb", ""),
        ("web/spec/spec_helper.rb", ""),
        ("web/spec/web_spec.rb", "require 'spec_helper'\n"),
    ];
    holds(
        &files,
        &["core -> core/fast", "rack/page -> rack (external)", "web -> core", "web -> web/lib/util", "web_spec -> web/spec/spec_helper"],
    );
}

#[test]
fn a_broken_file_is_told_and_the_others_are_read() {
    let found = project(&[("a.rb", "require_relative 'b'\n"), ("b.rb", "def x(\n  ]\n")], "", None);
    assert_eq!(found.unreadable.len(), 1);
    assert_eq!(found.edges().len(), 1);
}

#[test]
fn a_project_in_the_tree_finds_what_it_has_itself() {
    let files = [
        ("Gemfile", ""),
        ("spec/spec_helper.rb", ""),
        ("spec/a_spec.rb", "require 'spec_helper'\n"),
        ("sub/app/Gemfile", ""),
        ("sub/app/lib/tool.rb", "require 'rack'\n"),
        ("sub/app/spec/spec_helper.rb", "require 'tool'\n"),
        ("sub/app/spec/deep/b_spec.rb", "require 'spec_helper'\nrequire 'rspec'\n"),
        ("sub/other/c_spec.rb", "require 'tool'\n"),
        ("sub/tested/test/test_helper.rb", ""),
        ("sub/tested/test/d_test.rb", "require 'test_helper'\n"),
    ];
    holds(
        &files,
        &[
            "a_spec -> spec_helper",
            "sub/app/lib/tool -> rack (external)",
            "sub/app/spec/deep/b_spec -> rspec (external)",
            "sub/app/spec/deep/b_spec -> sub/app/spec/spec_helper",
            "sub/app/spec/spec_helper -> sub/app/lib/tool",
            "sub/other/c_spec -> tool (external)",
            "sub/tested/test/d_test -> sub/tested/test/test_helper",
        ],
    );
}

#[test]
fn paths_that_are_put_together_are_understood() {
    let files = [
        ("x.gemspec", "Gem::Specification.new do |s|\n  s.require_path = 'src'\nend\n"),
        (
            "web/a.rb",
            concat!(
                "require './low/one'\nrequire './two'\nrequire File.join(__dir__, '..', 'low', 'three')\nrequire __dir__ + '/../low/four'\n",
                "require_relative File.join('..', 'low/five')\nrequire File.join(File.dirname(__FILE__), '../low/six')\nrequire 'seven'\n",
                "require File.expand_path('../low/eight', __dir__)\nrequire './gone'\nrequire name + '/x'\n",
            ),
        ),
        ("web/two.rb", ""),
        ("low/one.rb", ""),
        ("low/three.rb", ""),
        ("low/four.rb", ""),
        ("low/five.rb", ""),
        ("low/six.rb", ""),
        ("low/eight.rb", ""),
        ("src/seven.rb", ""),
    ];
    let found = project(&files, "", None);
    let to: Vec<&str> = found.edges().map(|import| import.to).collect();
    assert_eq!(to, ["low/eight", "low/five", "low/four", "low/one", "low/six", "low/three", "seven", "web/two"]);
    assert_eq!(unresolved(&found), ["web/a.rb:9 ./gone", "web/a.rb:10 require name + '/x'"]);
}

#[test]
fn lambdas_may_have_variables_of_their_own() {
    holds(&[("a.rb", "f = ->(x, z; y, w) { require_relative 'b' }\n"), ("b.rb", "")], &["a -> b"]);
    assert_eq!(project(&[("a.rb", "f = ->(x; require 'b') { x }\n")], "", None).unreadable.len(), 1);
}

#[test]
fn the_root_has_its_own_helpers() {
    let files = [
        ("Gemfile", ""),
        ("Rakefile", "require 'rake'\nrequire_relative 'app/x'\n"),
        ("lib/tasks/db.rake", "require_relative '../../app/x'\n"),
        ("app/x.rb", ""),
        ("test/test_helper.rb", ""),
        ("test/models/a_test.rb", "require 'test_helper'\n"),
        ("engines/eng/eng.gemspec", "s.require_paths = ['lib']\n"),
        ("engines/eng/lib/eng.rb", ""),
        ("engines/eng/test/test_helper.rb", ""),
        ("engines/eng/test/e_test.rb", "require 'test_helper'\n"),
    ];
    assert_eq!(
        between_files(&files),
        [
            "Rakefile -> app/x.rb",
            "engines/eng/test/e_test.rb -> engines/eng/test/test_helper.rb",
            "lib/tasks/db.rake -> app/x.rb",
            "test/models/a_test.rb -> test/test_helper.rb",
        ]
    );
}

#[test]
fn what_is_required_by_a_name_that_is_worked_out_is_not_resolved() {
    let files = [
        (
            "a.rb",
            "require name\nDir['x/*'].each { |file| require_relative file }\nparams.require(:user)\nrequire_relative 'b'\nload other\n",
        ),
        ("b.rb", ""),
    ];
    assert_eq!(unresolved(&project(&files, "", None)), ["a.rb:1 require name", "a.rb:2 require_relative file"]);
    holds(&files, &["a -> b"]);
}
