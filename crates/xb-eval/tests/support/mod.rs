//! What the tests of the language share: examples of documents, and the shortest way to a value.

use xb_eval::{Arena, Limits, MemoryWorld, Session};

/// An example of a document: a text, and what it gives.
#[allow(dead_code, reason = "not every test reads documents")]
pub struct Example {
    /// The text of a file.
    pub text: String,
    /// The printed value, or the code of the error.
    pub expect: String,
}

/// The examples of a document: a block `xb`, directly followed by a block `value` or `error`.
#[allow(dead_code, reason = "not every test reads documents")]
pub fn examples(document: &str) -> Vec<Example> {
    let blocks = document.split("```xb\n").skip(1);
    blocks
        .filter_map(|block| {
            let (text, rest) = block.split_once("\n```")?;
            let expect = match rest.strip_prefix("\n```value\n") {
                Some(value) => value.split("\n```").next()?,
                None => rest.strip_prefix("\n```error ")?.lines().next()?,
            };
            Some(Example { text: text.to_owned(), expect: expect.to_owned() })
        })
        .collect()
}

/// The files that examples may read.
pub fn world() -> MemoryWorld {
    MemoryWorld::default().with("VERSION", "1.2.3\n").with("zlib.xb", "package zlib(arch) { version = \"1.3.1\" }\n")
}

/// The printed value of a file of this text, or the code of its first error.
#[allow(dead_code, reason = "not every test evaluates alone")]
pub fn eval(text: &str) -> String {
    eval_in(&world(), text, Limits::default()).unwrap_or_else(|(code, _)| code)
}

/// The printed value of a file of this text, or the code and message of its first error.
#[allow(dead_code, reason = "not every test looks at messages")]
pub fn eval_in(world: &MemoryWorld, text: &str, limits: Limits) -> Result<String, (String, String)> {
    let arena = Arena::new();
    let session = Session::new(&arena, world, limits);
    let path = xb_core::RelPath::new("example.xb").expect("a clean path");
    let value = session.eval_text_at(&path, text).and_then(|value| match value {
        Some(value) => session.print(value),
        None => Ok(String::new()),
    });
    value.map_err(|diagnostics| {
        diagnostics.first().map(|first| (first.code.to_string(), first.message.clone())).unwrap_or_default()
    })
}
