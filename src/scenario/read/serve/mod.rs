//! The file of `brownout serve`. Models, routes and policies are read as a scenario's are.

mod endpoint;
mod reference;
mod secrets;
mod tls;

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::code::Code;
use super::super::cx::{Cx, Fields, Shape};
use super::super::diagnostic::Diagnostic;
use super::super::serve::{Environment, Log, Serve};
use super::super::yaml::{Node, Span, Value};
use super::names::Names;
use super::{callers, check_version, router};

pub(in crate::scenario) use callers::CHAINS;

pub(in crate::scenario) use secrets::{random_words, secrets};

pub(in crate::scenario) const SERVE: Shape = Shape {
    what: "a configuration",
    name: "serve",
    keys: &["version", "listen", "admin", "tls", "providers", "router", "callers", "intake", "drain", "log"],
};

/// Every map with known keys that a scenario does not have.
pub(in crate::scenario) const SHAPES: [&Shape; 5] =
    [&SERVE, &endpoint::ENDPOINT, &tls::TLS, &callers::CALLERS, &callers::INTAKE];

/// How requests are told.
pub(in crate::scenario) const LOGS: [(&str, Log); 3] =
    [("json", Log::Json), ("text", Log::Text), ("off", Log::Off)];

/// Vendors that are known by name.
pub(in crate::scenario) use endpoint::vendors;

/// Time that running requests have at the end, where nothing is said.
const USUAL_DRAIN: Duration = Duration::from_secs(30);

/// What the readers of one file share.
struct Site<'a> {
    cx: &'a Cx,
    environment: Environment<'a>,
    folder: &'a Path,
    /// Files that were read.
    files: RefCell<Vec<PathBuf>>,
    /// Where references to the environment were read.
    references: RefCell<Vec<Span>>,
}

/// Reads a configuration; it may only be used if nothing but warnings was reported.
pub(in crate::scenario) fn file(cx: &Cx, root: &Node, path: &Path, environment: Environment<'_>) -> Serve {
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    let site = Site { cx, environment, folder, files: RefCell::default(), references: RefCell::default() };
    let fields = cx.fields(root, &SERVE);
    check_version(cx, &fields);
    let names = Names::gather(root);
    let endpoints = fields
        .require(cx, "providers", "{ openai: { key: \"${OPENAI_API_KEY}\" } }")
        .map(|node| endpoint::read_all(&site, node))
        .unwrap_or_default();
    let secrets = |node: &Node| site.secret(node);
    let (mut router, _) = fields
        .require(cx, "router", router::EXAMPLE)
        .map_or_else(router::none, |node| router::read_with(cx, node, &names, endpoints.providers, &secrets));
    if let Some(node) = fields.get("callers") {
        router.callers = callers::policy(cx, node);
    }
    if let Some(node) = fields.get("intake") {
        router.intake = callers::intake(cx, node);
    }
    let serve = Serve {
        listen: listen(&site, &fields),
        admin: fields.get("admin").and_then(|node| address(&site, node)),
        tls: fields.get("tls").and_then(|node| tls::identity(&site, node)),
        router,
        authorities: endpoints.authorities,
        drain: fields.get("drain").and_then(|node| cx.duration(node)).unwrap_or(USUAL_DRAIN),
        log: fields.get("log").and_then(|node| cx.word(node, &LOGS)).unwrap_or_default(),
        files: Vec::new(),
    };
    check_ports(cx, &fields, &serve);
    if !cx.has_errors() {
        warn_of_open_doors(cx, &fields, &serve);
    }
    site.stray_references(root);
    Serve { files: site.files.into_inner(), ..serve }
}

/// One address, or several.
fn listen(site: &Site<'_>, fields: &Fields<'_>) -> Vec<SocketAddr> {
    let Some(node) = fields.require(site.cx, "listen", "127.0.0.1:8080") else { return Vec::new() };
    match &node.value {
        Value::List(_) => {
            let items = site.cx.list(node, "`listen`").iter();
            items.filter_map(|item| address(site, item)).collect()
        }
        _ => address(site, node).into_iter().collect(),
    }
}

/// `127.0.0.1:8080`, `[::1]:8080` or `localhost:8080`.
fn address(site: &Site<'_>, node: &Node) -> Option<SocketAddr> {
    let text = site.text(node, "an address")?;
    let home = text.value.strip_prefix("localhost:").and_then(|port| port.parse().ok());
    let read = home
        .map(|port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port))
        .or_else(|| text.value.parse().ok());
    if read.is_none() {
        let port = text.value.trim_start_matches(':');
        let help = match port.parse::<u16>() {
            Ok(port) => format!("did you mean `127.0.0.1:{port}`, or `0.0.0.0:{port}` for every interface?"),
            Err(_) => {
                "write an IP address and a port: `127.0.0.1:8080`, `0.0.0.0:8080`, `[::1]:8080`".to_owned()
            }
        };
        let message = format!("{} is not an address to listen on", text.shown());
        site.cx.report(Diagnostic::new(Code::BAD_ADDRESS, message).at(&node.span).help(help));
    }
    read
}

/// Two listeners cannot share a port; port 0 is a new one every time.
fn check_ports(cx: &Cx, fields: &Fields<'_>, serve: &Serve) {
    let mut seen: Vec<SocketAddr> = Vec::new();
    for address in serve.listen.iter().chain(&serve.admin).filter(|address| address.port() != 0) {
        if seen.contains(address) {
            let key = if serve.admin == Some(*address) { "admin" } else { "listen" };
            let message = format!("`{address}` is listened on twice");
            let place = fields.get(key).map_or(&fields.span, |node| &node.span);
            cx.report(Diagnostic::new(Code::DUPLICATE_NAME, message).at(place));
        }
        seen.push(*address);
    }
}

/// Whoever reaches the router spends its owner's money.
fn warn_of_open_doors(cx: &Cx, fields: &Fields<'_>, serve: &Serve) {
    let reached = serve.listen.iter().find(|address| !address.ip().is_loopback());
    let asks = serve.router.tenants.values().any(|tenant| tenant.key.is_some());
    if let (Some(address), Some(node), false) = (reached, fields.get("listen"), asks) {
        let message = format!("whoever reaches `{address}` is answered at your expense");
        let problem = Diagnostic::new(Code::OPEN_TO_ALL, message).at(&node.span);
        cx.report(problem.help("give `router.tenants` keys, or listen on `127.0.0.1`"));
    }
}
