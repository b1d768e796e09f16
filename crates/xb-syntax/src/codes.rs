//! The codes of this crate, with what `xb explain` says about each.

use xb_core::Code;

/// One code and what `xb explain` says about it.
#[derive(Clone, Copy, Debug)]
pub struct Explained {
    /// The code.
    pub code: Code,
    /// What it stands for, in a few words.
    pub title: &'static str,
    /// The whole story, in Markdown, with an example.
    pub text: &'static str,
}

macro_rules! codes {
    ($($name:ident $code:literal $title:literal $text:literal)*) => {
        $(pub(crate) const $name: Code = Code($code);)*

        /// Every code of this crate, in order.
        pub const CODES: &[Explained] = &[
            $(Explained { code: $name, title: $title, text: $text },)*
        ];
    };
}

codes! {
UNEXPECTED "E0101" "something else was expected here"
"The text does not follow the grammar at this place. The message says what could stand there and what does.

```xb
let a = = 1
```

Here a value was expected after the first `=`."

UNCLOSED "E0102" "a bracket is not closed"
"A `(`, `[`, `{` or `${` has no closing partner, or another bracket was closed first. The second label
shows where it was opened.

```xb
let names = [\"a\", \"b\"
let more = names
```"

UNCLOSED_TEXT "E0103" "a string is not closed"
"A string in `\"` ends on its line; one in `\"\"\"` ends at the next `\"\"\"`.

```xb
let greeting = \"hello
```

For text of several lines use `\"\"\"`."

MISSING_SEPARATOR "E0104" "a comma or a newline is missing"
"Items of lists and arguments are separated by commas; fields of records, packages and releases by commas or
newlines.

```xb
[1 2]
```"

SEMICOLON "E0105" "`;` separates nothing"
"Fields and items are separated by newlines or commas, never by `;`.

```xb
{ a = 1; b = 2; }
```"

FIELD_SIGN "E0106" "a field gets its value by `=`"
"`:` gives a type, `==` compares. A value is given by one `=`.

```xb
{ version: \"1.0\" }
```

With a type it is `version: String = \"1.0\"`."

CALL_SPACE "E0107" "a space before the arguments of a call"
"The `(` of a call touches what is called, so that `[f (x)]` cannot be read in two ways.

```xb
let f = x => x
let a = f (1)
```"

FOREIGN "E0108" "this is written otherwise in xb"
"The text uses a form of another language: `rec {`, `inherit`, `with x;`, `''` strings or `x: body` of Nix.

```xb
let a = rec { b = 1, c = b }
```

Names that use each other are bound by `let`; `inherit x;` is the field `x` alone; functions are `x => body`;
strings over several lines stand in `\"\"\"`."

FOREIGN_COMMENT "E0109" "a comment starts with `#`"
"`//` merges two records, and `/*` means nothing.

```xb
let a = 1 // the first
```"

ESCAPE "E0110" "an unknown escape"
"In strings these escapes are known: `\\n`, `\\t`, `\\r`, `\\0`, `\\\\`, `\\\"`, `\\$` and `\\u{1F600}`.

```xb
\"100\\%\"
```

A backslash itself is `\\\\`. In `sh\"...\"` nothing is escaped."

NUMBER "E0111" "a number out of range"
"Integers have 64 bits: from -9223372036854775808 to 9223372036854775807. Floats must be finite.

```xb
9223372036854775808
```"

TOO_DEEP "E0112" "nested too deeply"
"Brackets, and `if`, `let` and `assert` inside each other, may nest 256 levels deep; a chain of operators, calls
or `else if` may have about a thousand links. Deeper text is nearly always generated: bind parts of it by `let`.

A text of 300 opening brackets, `[[[[[...`, is such a text."

TOO_LARGE "E0113" "a file too large to read"
"A file may have 16 MiB. Data belongs in files of its own, read by `path.read`."

KEYWORD "E0114" "a keyword cannot be a name"
"These words cannot be names: `use as let in package release if then else match for assert error true false null
sh with`. A field may still be called so: `record.in`, `{ in = 1 }`.

```xb
let match = 1
```"

PARAMETERS "E0115" "these are no parameters"
"Before `=>` stands a name, or parameters in parentheses: names, each with a type and a default if wanted, and
patterns of records. Parentheses without `=>` hold exactly one expression.

```xb
(a, b)
```"

CHAINED_COMPARISON "E0116" "comparisons do not chain"
"`a < b < c` would compare a truth value with `c`.

```xb
1 < 2 < 3
```

Write `1 < 2 && 2 < 3`."

PACKAGE_FORM "E0117" "a package or release of a wrong form"
"A package has at least one parameter, the architecture of its result. A release has fields only.

```xb
package hello {
  version = \"1.0\"
}
```"

USE "E0118" "a `use` of a wrong form"
"`use` reads from `std`, a part of it (`std.c`), or a file in quotes; then follow the names to bring in, or `as`
and one name for the whole.

```xb
use std
```"

COMPREHENSION "E0119" "a comprehension of a wrong form"
"Before `for` stands exactly one value, `[value for x in list]`, or one field with a computed key,
`{ (key) = value for x in list }`.

```xb
[1, 2 for x in [3]]
```"

PATTERN "E0120" "a pattern of a wrong form"
"In a pattern `...` comes last, a string has no interpolation, and the alternatives of `|` bind no names.

```xb
match [1, 2] { [...t, h] => h, _ => 0 }
```"

BARE_WITH "E0121" "`.with` without a record"
"`.with` is no field: it makes a package anew with some fields replaced.

```xb
let p = { a = 1 }
let q = p.with
```

Write `p.with { field = value }`."

STRAY_REST "E0122" "`...` without anything after it"
"In a record `...r` spreads the fields of `r`. Alone it stands in parameters and patterns only.

```xb
{ a = 1, ... }
```"

CHARACTER "E0123" "a character that means nothing in xb"
"Outside of strings and comments xb is written in ASCII. Strings stand in `\"`.

```xb
let a = @b
```"

FIXED_TEXT "E0124" "a string that must be fixed"
"The path of a `use` and the strings in types are read before anything is evaluated, so they cannot interpolate.

```xb
let name = \"zlib\"
use \"./${name}.xb\" { zlib }
```"

ITEM_AFTER_VALUE "E0125" "an item after the value of the file"
"A file is items and then at most one expression, its value. Items cannot follow it.

```xb
1 + 1
let a = 2
```"

STRAY_CLOSING "E0126" "a closing bracket that closes nothing"
"There is no open bracket that this one could close.

```xb
let a = 1)
```"

UNKNOWN_NAME "E0201" "an unknown name"
"Nothing of this name is defined where it is used: no `let`, parameter, `use`, package, and no name of the language.

```xb
let version = \"1.0\"
let text = \"v${verison}\"
```"

DEFINED_TWICE "E0202" "a name is defined twice"
"In one scope or record every name is defined once.

```xb
{ a = 1, b = 2, a = 3 }
```"

ARITY "E0203" "arguments that do not fit the parameters"
"A function or package of the same file is called with too many arguments, without one that has no default, or with
a name that it does not have.

```xb
let add = (a, b) => a + b
let three = add(1)
```"

PACKAGE_FIELD "E0204" "an unknown field of a package"
"A package has known fields; what only its own fields use is bound by `let` in its body.

```xb
package hello(arch) {
  verison = \"1.0\"
}
```"

RELEASE_FIELD "E0205" "an unknown field of a release"
"A release has the fields `packages`, `arches`, `formats`, `version` and `name`.

```xb
release edge {
  package = []
}
```"

UNKNOWN_TYPE "E0206" "an unknown type"
"The types are `Any`, `Null`, `Bool`, `Int`, `Positive`, `Float`, `Number`, `String`, `Path`, `Script`, `Function`,
`Package`, `Tree`, `Arch`, `List` and `Record`, and what is built of them: `[T]`, `{ a: T }`, `A | B`, `T?`, `(A) -> B`.

```xb
let port: Integer = 80
```"

NEEDS_ITSELF "E0207" "a name defined as itself"
"Bindings of one `let` and the fields of a package see each other and themselves. So `version = version` does not
mean an outer `version`, it means itself.

```xb
let a = a
```"

UNUSED_BINDING "W0201" "a binding that is never used"
"A `let` that nothing uses is often a slip of the pen elsewhere. A name that starts with `_` is not reported.

```xb
let a = 1 let b = 2 in a
```"

UNUSED_USE "W0202" "a `use` that is never used"
"A name is brought in by `use` and nothing uses it.

```xb
use std { fetch, c }
let build = c.make {}
```"

HIDES "W0203" "a name that hides another"
"An inner name is the same as an outer one, a field of the package, or a name of the language. What follows means
the inner one, which surprises those who read it.

```xb
let a = 1
let f = a => a + 1
```"

TOOL_IN_NEEDS "W0204" "a tool in `needs`"
"`needs` is what is linked into the result: it has the result's architecture. What runs while building is in `tools`.

```xb
package hello(arch) {
  needs = [\"cmake\"]
}
```"

LIBRARY_IN_TOOLS "W0205" "a library in `tools`"
"`tools` run while building and have the builder's architecture, so a library in them cannot be linked into the
result of another one. It belongs in `needs`.

```xb
package hello(arch) {
  tools = [\"libssl-dev\"]
}
```"
}
