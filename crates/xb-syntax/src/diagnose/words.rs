//! What rules and tokens are called in messages.

use crate::grammar::Rule;
use crate::scan::Open;

/// The words that cannot be names.
pub(crate) const KEYWORDS: [&str; 18] = [
    "use", "as", "let", "in", "package", "release", "if", "then", "else", "match", "for", "assert", "error", "true",
    "false", "null", "sh", "with",
];

pub(super) fn is_keyword(word: &str) -> bool {
    KEYWORDS.contains(&word)
}

/// What would have been right, as a person would say it.
pub(super) fn expected(wanted: &[Rule], innermost: Option<Open>) -> String {
    let mut words: Vec<&str> = Vec::new();
    for rule in wanted {
        let word = word(*rule);
        if !word.is_empty() && !words.contains(&word) {
            words.push(word);
        }
    }
    let value = words.contains(&"a value");
    words.retain(|word| !value || !matches!(*word, "a name" | "a string" | "a number"));
    let closing = innermost.map(|open| format!("`{}`", open.opener.closing()));
    if words.contains(&"an operator") {
        words.retain(|word| *word == "an operator");
        if innermost.is_some() {
            words.push("`,`");
        }
        words.extend(closing.as_deref());
    }
    match words.as_slice() {
        [] => closing.unwrap_or_else(|| "something else".to_owned()),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// A rule in user's words; empty for what is not worth telling.
fn word(rule: Rule) -> &'static str {
    match rule {
        Rule::expr | Rule::plain | Rule::operand | Rule::plain_operand | Rule::prefix => "a value",
        Rule::if_lead | Rule::let_lead | Rule::error_lead | Rule::assert_lead => "a value",
        Rule::callable | Rule::literal | Rule::lead | Rule::group | Rule::list | Rule::record => "a value",
        Rule::path | Rule::constant | Rule::script | Rule::match_expr | Rule::list_item => "a value",
        Rule::one_expr | Rule::group_item | Rule::argument | Rule::value => "a value",
        Rule::op | Rule::infix | Rule::arrow => "an operator",
        Rule::call | Rule::record_call | Rule::postfix | Rule::plain_postfix => "",
        Rule::member | Rule::dot => "",
        Rule::text_line | Rule::text_block => "a string",
        Rule::number | Rule::digits => "a number",
        Rule::name | Rule::letter | Rule::word | Rule::short => "a name",
        Rule::key | Rule::key_name | Rule::key_path | Rule::computed => "a name",
        Rule::file | Rule::item | Rule::use_item | Rule::let_item => "an item",
        Rule::package_item | Rule::release_item | Rule::package_head | Rule::release_head => "an item",
        Rule::std_path => "`std`",
        Rule::use_names => "`{`",
        Rule::use_name => "a name",
        Rule::binding => "a name",
        Rule::body_item | Rule::field | Rule::record_item | Rule::record_field | Rule::one_body_item => "a field",
        Rule::spread | Rule::rest | Rule::rest_pattern => "`...`",
        Rule::let_body => "",
        Rule::annotation => "`:`",
        Rule::default => "`=`",
        Rule::clause | Rule::for_clause | Rule::if_clause => "`for`",
        Rule::arm => "an arm `pattern => value`",
        Rule::guard => "`if`",
        Rule::pattern | Rule::one_pattern | Rule::any | Rule::negative => "a pattern",
        Rule::list_pattern | Rule::list_pattern_item | Rule::record_pattern => "a pattern",
        Rule::record_pattern_item | Rule::field_pattern => "a field",
        Rule::r#type | Rule::one_type | Rule::type_null | Rule::type_group => "a type",
        Rule::type_list | Rule::type_map | Rule::type_record => "a type",
        Rule::type_op | Rule::optional | Rule::optional_field => "",
        Rule::type_field => "a field",
        Rule::path_char | Rule::line_text | Rule::block_text | Rule::escape => "",
        Rule::script_block | Rule::script_line => "",
        Rule::interpolation => "",
        Rule::keyword | Rule::kw_use | Rule::kw_as | Rule::kw_let | Rule::kw_in => "",
        Rule::kw_package | Rule::kw_release | Rule::kw_if | Rule::kw_then | Rule::kw_else => "",
        Rule::kw_match | Rule::kw_for | Rule::kw_assert | Rule::kw_error => "",
        Rule::eq | Rule::s | Rule::b | Rule::comment | Rule::closer => "",
        Rule::EOI => "",
    }
}
