//! Where mutants go in a file: the changed form stands beside the real one, and a switch chooses between them.
//!
//! `a < b` becomes `(if on(7) { a == b } else if on(8) { a > b } else { a < b })`. Only one mutant is on at a time, so the changed
//! forms are the text as it was, and only the last form has switches within.

use std::ops::Range;

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::list::{At, Genre, Mutant};

/// A file with switches, and where in it each mutant is.
#[derive(Debug)]
pub struct Switched {
    pub text: String,
    pub places: Vec<Place>,
}

/// Where a mutant is in a file with switches: its changed form, and all forms of the expression.
#[derive(Clone, Debug)]
pub struct Place {
    pub id: usize,
    pub form: Range<usize>,
    pub whole: Range<usize>,
}

/// A stretch of the text with what is put around it.
struct Site {
    range: Range<usize>,
    before: String,
    after: &'static str,
    /// Mutants, and where in `before` their form is.
    forms: Vec<(usize, Range<usize>)>,
}

/// Puts `mutants` into a file. Those with no place in it (in macros, or in a chain with `let`) are left out.
pub fn switched(source: &str, mutants: &[&Mutant]) -> Result<Switched, syn::Error> {
    let file = syn::parse_file(source)?;
    let mut finder = Finder { source, mutants, sites: Vec::new() };
    finder.visit_file(&file);
    let mut sites = finder.sites;
    // A stable sort: of two sites with the same range the one found first is the outer one.
    sites.sort_by_key(|site| (site.range.start, std::cmp::Reverse(site.range.end)));
    let mut out = Switched { text: String::new(), places: Vec::new() };
    let mut rest = &sites[..];
    write(source, 0..source.len(), &mut rest, &mut out);
    Ok(out)
}

/// Writes a stretch of the text with the sites that lie in it.
fn write(source: &str, range: Range<usize>, sites: &mut &[Site], out: &mut Switched) {
    let mut at = range.start;
    while let Some((site, rest)) = sites.split_first().filter(|(site, _)| site.range.end <= range.end) {
        *sites = rest;
        out.text.push_str(&source[at..site.range.start]);
        let start = out.text.len();
        out.text.push_str(&site.before);
        write(source, site.range.clone(), sites, out);
        out.text.push_str(site.after);
        let whole = start..out.text.len();
        for (id, form) in &site.forms {
            out.places.push(Place {
                id: *id,
                form: start + form.start..start + form.end,
                whole: whole.clone(),
            });
        }
        at = site.range.end;
    }
    out.text.push_str(&source[at..range.end]);
}

struct Finder<'a> {
    source: &'a str,
    mutants: &'a [&'a Mutant],
    sites: Vec<Site>,
}

fn start(span: Span) -> At {
    At { line: span.start().line, column: span.start().column + 1 }
}

fn end(span: Span) -> At {
    At { line: span.end().line, column: span.end().column + 1 }
}

impl<'a> Finder<'a> {
    fn raw(&self, item: &impl Spanned) -> &'a str {
        &self.source[item.span().byte_range()]
    }

    /// Mutants of a kind that begin where `span` does.
    fn at(&self, genre: Genre, span: Span) -> Vec<&'a Mutant> {
        let start = start(span);
        self.mutants
            .iter()
            .filter(|mutant| mutant.genre == genre && mutant.span.start == start)
            .copied()
            .collect()
    }

    /// Chooses between forms of the expression at `range`.
    fn choose(&mut self, range: Range<usize>, prefix: &str, forms: Vec<(usize, String)>) {
        if forms.is_empty() {
            return;
        }
        let mut site = Site { range, before: format!("{prefix}("), after: " })", forms: Vec::new() };
        for (id, form) in forms {
            site.before.push_str(&format!("if crate::switch::on({id}) {{ "));
            let from = site.before.len();
            site.before.push_str(&form);
            site.forms.push((id, from..site.before.len()));
            site.before.push_str("\n} else ");
        }
        site.before.push_str("{ ");
        self.sites.push(site);
    }

    /// Returns early with what a mutant has for the whole body.
    fn body(&mut self, block: &syn::Block) {
        let (from, to) = (start(block.span()), end(block.span()));
        // Functions within functions have bodies of their own: theirs is the one whose first statement it is.
        let Some(first) = block.stmts.first() else { return };
        let first = start(first.span());
        let braces = block.brace_token.span;
        let range = braces.open().byte_range().end..braces.close().byte_range().start;
        for mutant in self.mutants.iter().filter(|mutant| mutant.genre == Genre::FnValue) {
            if mutant.span.start < from || to < mutant.span.end || mutant.span.start != first {
                continue;
            }
            let lead = format!(" if crate::switch::on({}) {{ ", mutant.id);
            let form = format!("return {};", mutant.replacement);
            let forms = vec![(mutant.id, lead.len()..lead.len() + form.len())];
            self.sites.push(Site {
                range: range.clone(),
                before: format!("{lead}{form} }}"),
                after: "",
                forms,
            });
        }
    }
}

/// Whether a `let` stands in a chain of `&&`: such a chain cannot be taken apart.
fn has_let(expr: &syn::Expr) -> bool {
    match expr {
        syn::Expr::Let(_) => true,
        syn::Expr::Binary(binary) if matches!(binary.op, syn::BinOp::And(_) | syn::BinOp::Or(_)) => {
            has_let(&binary.left) || has_let(&binary.right)
        }
        _ => false,
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.body(&item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.body(&item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.body(block);
        }
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_expr_binary(&mut self, item: &'ast syn::ExprBinary) {
        if !has_let(&item.left) && !has_let(&item.right) {
            let (left, right) = (self.raw(&*item.left), self.raw(&*item.right));
            let forms = self
                .at(Genre::BinaryOperator, item.op.span())
                .iter()
                .map(|mutant| (mutant.id, format!("{left} {} {right}", mutant.replacement)))
                .collect();
            self.choose(item.span().byte_range(), "", forms);
        }
        visit::visit_expr_binary(self, item);
    }

    fn visit_expr_unary(&mut self, item: &'ast syn::ExprUnary) {
        let operand = self.raw(&*item.expr);
        let forms = self
            .at(Genre::UnaryOperator, item.op.span())
            .iter()
            .map(|mutant| (mutant.id, format!("{} {operand}", mutant.replacement)))
            .collect();
        self.choose(item.span().byte_range(), "", forms);
        visit::visit_expr_unary(self, item);
    }

    fn visit_expr_match(&mut self, item: &'ast syn::ExprMatch) {
        // Nothing is put around it, but an error about the whole is one about its arms.
        let arms = item.arms.iter().flat_map(|arm| self.at(Genre::MatchArm, arm.span()));
        let forms: Vec<_> = arms.map(|mutant| (mutant.id, 0..0)).collect();
        if !forms.is_empty() {
            self.sites.push(Site {
                range: item.span().byte_range(),
                before: String::new(),
                after: "",
                forms,
            });
        }
        visit::visit_expr_match(self, item);
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        let guard = arm.guard.as_ref().map(|(_, guard)| &**guard);
        if !guard.is_some_and(has_let) {
            for mutant in self.at(Genre::MatchArm, arm.span()) {
                let on = format!("!crate::switch::on({})", mutant.id);
                let (range, lead, tail, after) = match guard {
                    Some(guard) => (guard.span().byte_range(), "", " && (", ")"),
                    None => {
                        let end = arm.pat.span().byte_range().end;
                        (end..end, " if ", "", "")
                    }
                };
                let forms = vec![(mutant.id, lead.len()..lead.len() + on.len())];
                self.sites.push(Site { range, before: format!("{lead}{on}{tail}"), after, forms });
            }
            if let Some(guard) = guard {
                let forms = self
                    .at(Genre::MatchArmGuard, guard.span())
                    .iter()
                    .map(|mutant| (mutant.id, mutant.replacement.clone()))
                    .collect();
                self.choose(guard.span().byte_range(), "", forms);
            }
        }
        visit::visit_arm(self, arm);
    }

    fn visit_expr_struct(&mut self, item: &'ast syn::ExprStruct) {
        if let Some(rest) = &item.rest {
            let (base, path) = (self.raw(&**rest), self.raw(&item.path));
            for field in &item.fields {
                let member = self.raw(&field.member);
                let forms = self
                    .at(Genre::StructField, field.span())
                    .iter()
                    .map(|mutant| (mutant.id, format!("let base: {path} = {base}; base.{member}")))
                    .collect();
                let prefix = if field.colon_token.is_some() { String::new() } else { format!("{member}: ") };
                self.choose(field.expr.span().byte_range(), &prefix, forms);
            }
        }
        visit::visit_expr_struct(self, item);
    }
}
