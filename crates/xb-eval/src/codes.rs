//! The codes of this crate, with what `xb explain` says about each.

use xb_core::Code;
use xb_syntax::Explained;

macro_rules! codes {
    ($($name:ident $code:literal $title:literal $text:literal)*) => {
        $(
            #[doc = $title]
            pub const $name: Code = Code($code);
        )*

        /// Every code of the evaluator, explained.
        pub const CODES: &[Explained] = &[
            $(Explained { code: $name, title: $title, text: $text },)*
        ];
    };
}

codes! {
    UNKNOWN_NAME "E0301" "A name is not defined"
    "A name is used that no `use`, `let`, `package`, parameter or pattern around it defines, and that the language \
    does not predefine. Names are found where they stand: a file sees its own items and what it brings in by `use`.\n\n\
    ```xb\nlet version = \"1.0\"\nverison    # E0301, did you mean `version`?\n```"
    UNREADABLE "E0302" "A file cannot be read"
    "A `use` or a reading function names a file that is not there, is a folder, or is not UTF-8 text. Paths are \
    relative to the file in which they stand."
    NOT_DEFINED "E0303" "A file does not define a name"
    "`use \"./file.xb\" { name }` takes `name` from the record of what the file defines, or from the record that its \
    last expression gives. What the file itself only brings in by `use` is not part of that."
    OUTSIDE "E0304" "A path leads out of the project"
    "Everything that a build uses lies in the project or is fetched with a digest. A path may go up with `..`, but \
    not above the folder of the project."
    UNKNOWN_TYPE "E0305" "There is no such type"
    "The names of types are Any, Null, Bool, Int, Positive, Float, Number, String, Path, Script, Function, Package, \
    Tree, Arch, List and Record; others are built from them: `[Int]`, `{ a: Int, b?: String }`, `{ *: Int }`, `Int | String`, \
    `Int?`, `(Int) -> Int`."
    BOUND_TWICE "E0306" "A name is given twice"
    "Two bindings of one group, two items of one file, two parameters of one function, or two parts of one pattern have \
    the same name, so it is unclear which one is meant. An inner scope may use the name of an outer one again."
    ALIKE "E0307" "Alternatives of a type cannot be told apart"
    "A choice between two kinds of list, of function or of map cannot be checked without evaluating what is in them. Put \
    the choice inside: `[Int | String]`, `{ *: Int | String }`. Records are told apart by the names of their fields."

    CYCLE "E0401" "A value needs itself"
    "To find the value, the value itself is needed. The message shows the way around as a path of names.\n\n\
    ```xb\nlet a = b + 1 let b = a * 2 in a    # E0401: `a` needs `b` needs `a`\n```"
    TOO_DEEP "E0402" "Evaluation is nested too deep"
    "Calls, and values that need each other, are nested deeper than the limit allows. Mostly a recursion that does \
    not end; sometimes a recursion that goes once around for every element of a long list, which `list.fold` does \
    without nesting."
    TOO_LONG "E0403" "Evaluation takes too long"
    "The evaluation took more steps than its limit allows."
    TOO_LARGE "E0404" "Evaluation needs too much memory"
    "The values of the evaluation need more memory than its limit allows: mostly a list or a string that grows with \
    every step."
    KIND "E0405" "A value is of the wrong kind"
    "An operator or a form of the language was given a value that it cannot work with. Nothing is converted \
    silently: numbers are added to numbers, strings are joined with strings, only `true` and `false` decide.\n\n\
    ```xb\n1 + \"2\"    # E0405\n```"
    OVERFLOW "E0406" "A number does not fit"
    "Integers have 64 bits and floats are finite. A result beyond that is an error instead of a wrong number."
    ZERO "E0407" "Division by zero"
    "The right side of `/` or `%` is zero."
    NO_FIELD "E0408" "There is no such field"
    "A field was asked of a record that does not have it. Where it may be absent, write `r?.field`, which is null \
    then, or `r?.field ?? default`."
    NOT_CALLABLE "E0409" "A value cannot be called"
    "Only functions and packages can be called. A common cause is a package that has its arguments already."
    ARGUMENTS "E0410" "The arguments do not fit the parameters"
    "A call gives too many arguments, leaves out one that has no default, gives one twice, or names a parameter that \
    does not exist."
    DUPLICATE "E0411" "A field is given twice"
    "A record names one field twice. To replace a field of another record, merge with `//` or put the field after a \
    spread: `{ ...r, a = 1 }`."
    NO_MATCH "E0412" "No pattern fits"
    "No arm of a `match` has the form of the value, or an element of a list does not have the form that a \
    comprehension takes apart. `_ => ...` fits everything."
    RAISED "E0413" "The description raised an error"
    "The description itself says `error \"...\"` at this place; the message is its own."
    ASSERT "E0414" "An assertion does not hold"
    "`assert condition, \"message\" in value` gives the value only where the condition is true."
    COMPARE "E0415" "Values cannot be compared"
    "Functions are not equal or unequal to anything, and only numbers, strings, bools and lists of them have an order."
    VALUE "E0416" "A function cannot work with this argument"
    "The kind of the argument is right, its value is not: an index beyond the end of a list, a text that is no number."
    NO_DATA "E0417" "A value is not plain data"
    "Only null, bools, numbers, strings, lists and records can be written as JSON or TOML or hashed; functions, \
    packages and trees cannot."

    ANNOTATION "E0501" "A value does not have its declared type"
    "The error shows the value and the annotation. Annotations are checked when the value is needed: elements of \
    lists and fields of records when they are."
    ARGUMENT_KIND "E0502" "A function of the language got an argument of the wrong kind"
    "The functions of the language check what they are given. `xb explain` cannot know which one; the message names \
    it, and its page in the reference shows what it takes."
    FIELD_TYPE "E0503" "A field of a package or a release has the wrong type"
    "The fields of packages and releases have fixed types, such as `needs: [Package | String]` and `version: String`."

    PACKAGE_FIELD "E0601" "A package has no such field"
    "Packages have a fixed set of fields, so that a slip of the pen is found. A helper of your own inside a package \
    is a `let`; what a builder needs to know belongs into the builder's record."
    NO_TARGET "E0602" "There is nothing to build"
    "What was asked for is not a package, or the file does not define it."
    ARCH "E0603" "A package is called without an architecture"
    "The first parameter of every package is the architecture that its result is for: `zlib(arch)`."
    NO_METHOD "E0604" "No allowed method builds the package"
    "The package's `methods` and the methods that were asked for have nothing in common."
    NO_BUILD "E0605" "A package says nothing about its build"
    "A package that is built needs the field `build`: a builder such as `c.make {}` or a script."
    PRIMITIVE "E0606" "A primitive cannot work with its arguments"
    "The primitives beneath the standard library check what they are given. Unless a package passes something \
    unusual on to the standard library, this is a mistake in the standard library."
    REALISE "E0607" "The standard library gave no runs for a package"
    "`realise` of the standard library turns a package into runs; it gave something else."
    NEEDS_CYCLE "E0608" "Packages need each other in a circle"
    "A package needs itself by way of its needs or tools, so no order exists to build them in."
    TOO_EARLY "E0609" "A result is used before it exists"
    "The result of a package's build can be used by its check, and not by its build."
    NO_TREE "E0610" "A value is not a tree"
    "A tree, a path or a package was expected: something that leads to files."
    OTHER_ARCH "E0611" "A need or a tool is of another architecture"
    "What a package needs is linked into its result, so it is of the result's architecture; its tools run while it is \
    built, so they are of the builder's. Name the package alone, and it is applied to the right one.\n\n\
    ```xb\nneeds = [zlib(amd64)]    # E0611 where the package is for arm64\n\
    needs = [zlib]           # right for each\n```"
    NEED_BASELINE "E0612" "A need asks for newer processors than its user"
    "What a package needs is linked into its result, so the result runs only where both do: the `baseline` of a package \
    has everything that the baselines of its needs have.\n\n\
    ```xb\npackage app(arch) {\n  needs = [fast]                          # its baseline: arm64 = \"armv8.1-a\"\n  \
    baseline = { arm64 = \"armv8.1-a\" }    # without this, E0612 for arm64\n}\n```"
}
