//! A new configuration for a running server: all of it, or nothing.
//!
//! Whatever can go wrong is tried first: reading, the authorities, the ports. Then everything is swapped at once.
//! Requests under way end as they began, and what is known of targets that stay is kept (that is
//! [`Router::reload`](crate::router::Router::reload)).

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::json;
use tokio::sync::{mpsc, watch};

use super::door::{Door, Kind};
use super::face::Face;
use super::phase::Phases;
use super::source::Files;
use super::{Server, addresses, trust};
use crate::scenario::serve::Serve;
use crate::world::Trust;

/// A door that lets connections in until it is dropped.
pub(super) struct Running {
    asked: SocketAddr,
    kind: Kind,
    /// Closes the door, and tells its connections to come to an end.
    _close: watch::Sender<bool>,
}

impl Running {
    pub(super) fn open(
        door: Door,
        face: &Arc<Face>,
        phases: &Phases,
        open: &mpsc::Sender<Infallible>,
    ) -> Self {
        let (close, closed) = watch::channel(false);
        let (asked, kind) = (door.asked(), door.kind());
        tokio::spawn(door.run(Arc::clone(face), phases.watch(), closed, open.clone()));
        Running { asked, kind, _close: close }
    }
}

/// Everything that a new configuration needs and that may be refused.
struct Ready {
    plan: Serve,
    files: Files,
    trust: Trust,
    doors: Vec<Door>,
}

impl Server {
    /// Takes up the configuration as it is now, or says why not.
    pub(super) async fn reload(&mut self, running: &mut Vec<Running>, open: &mpsc::Sender<Infallible>) {
        // What changes from here on is another change.
        self.files.seen();
        let witness = Arc::clone(self.face.witness());
        let (plan, problems) = self.source.read();
        if !problems.is_empty() {
            witness.say(problems.render(false));
        }
        let ready = match plan {
            Some(plan) => self.prepare(plan, running).await.map_err(|error| error.to_string()),
            None => Err("the file has mistakes".to_owned()),
        };
        match ready {
            Ok(ready) => {
                self.swap(ready, running, open);
                witness.metrics.reloaded(true);
                witness.event("reloaded", vec![("routes", json!(self.routes()))]);
            }
            Err(error) => {
                witness.metrics.reloaded(false);
                let path = self.source.path().display();
                witness.say(format!("error: `{path}` was not taken up, and what runs goes on: {error}\n"));
                witness.event("reload_refused", Vec::new());
            }
        }
    }

    async fn prepare(&self, plan: Serve, running: &[Running]) -> io::Result<Ready> {
        let trust = trust::of(&plan)?;
        let mut doors = Vec::new();
        for (asked, kind) in addresses(&plan) {
            if !running.iter().any(|known| (known.asked, known.kind) == (asked, kind)) {
                doors.push(Door::bind(asked, kind, self.tls.subscribe()).await?);
            }
        }
        let files = Files::of(&self.source, &plan);
        Ok(Ready { plan, files, trust, doors })
    }

    fn swap(&mut self, ready: Ready, running: &mut Vec<Running>, open: &mpsc::Sender<Infallible>) {
        let Ready { plan, files, trust, doors } = ready;
        let wanted: Vec<_> = addresses(&plan).collect();
        self.files = files;
        self.drain = plan.drain;
        self.trust.replace(&trust);
        self.tls.send_replace(plan.tls);
        self.face.witness().set_log(plan.log);
        self.face.set_apart(plan.admin.is_some());
        self.face.router().reload(plan.router);
        for door in doors {
            let origin = door.origin();
            self.face.witness().event("listening", vec![("at", json!(origin))]);
            running.push(Running::open(door, &self.face, &self.phases, open));
        }
        running.retain(|known| wanted.contains(&(known.asked, known.kind)));
    }
}
