//! Progress while scenarios run: a few live lines on stderr, only for a person who is watching.
//!
//! The [`Board`] knows what is planned, what is over and what is under way; `view` lays a moment of it out as text.

mod view;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use self::view::{Going, View};
pub(super) use self::view::{clock, track};
use super::screen;
use crate::judge::Verdict;
use crate::run::Progress;
use crate::scenario::{Arrivals, Scenario};
use crate::world::{Clock, Moment};

/// How often the lines are drawn anew.
const EVERY: Duration = Duration::from_millis(150);

/// A rate is measured over at least this long: shorter, it jumps.
const RATE_OVER: Duration = Duration::from_secs(1);

/// What the scenarios have told so far.
#[derive(Debug)]
pub(super) struct Board {
    /// Real time: nothing simulated sees it.
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Runs that are planned.
    planned: usize,
    /// The work of all of them, as [`work`] estimates it.
    work: f64,
    /// The work of those that are over.
    work_done: f64,
    /// Runs by verdict: passed, failed, inconclusive.
    ended: [usize; 3],
    /// Runs that ended without a verdict.
    unjudged: usize,
    under_way: Vec<Run>,
    /// How long each run took, the longest first; bounded.
    slowest: Vec<(Duration, String)>,
}

/// A run under way.
#[derive(Debug)]
struct Run {
    name: String,
    progress: Arc<Progress>,
    phases: Vec<(Moment, String)>,
    /// When its last request is sent, where that is known before.
    ends: Option<Moment>,
    /// Requests it intends, where that is known before.
    intended: Option<u64>,
    work: f64,
    began: Moment,
    /// Requests done a second of real time, and when and of how many that was measured.
    rate: f64,
    sampled: (Moment, u64),
}

impl Board {
    /// A board for runs of these scenarios, one each.
    pub(super) fn new<'a>(runs: impl IntoIterator<Item = &'a Scenario>) -> Board {
        let mut state = State::default();
        for scenario in runs {
            state.planned += 1;
            state.work += work(scenario);
        }
        Board { clock: Clock::start(0), state: Mutex::new(state) }
    }

    /// A run of `scenario` begins, which goes by `name`.
    pub(super) fn begin(&self, scenario: &Scenario, name: &str) -> Arc<Progress> {
        let progress = Arc::new(Progress::default());
        let now = self.clock.now();
        self.lock().under_way.push(Run {
            name: name.to_owned(),
            progress: Arc::clone(&progress),
            phases: scenario.phases.iter().map(|phase| (phase.from, phase.name.clone())).collect(),
            ends: scenario.ends(),
            intended: scenario.intended().map(|requests| requests as u64),
            work: work(scenario),
            began: now,
            rate: 0.0,
            sampled: (now, 0),
        });
        progress
    }

    /// A run is over; without a verdict when it was stopped or could not be run.
    pub(super) fn end(&self, progress: &Arc<Progress>, verdict: Option<Verdict>) {
        let now = self.clock.now();
        let mut state = self.lock();
        let Some(at) = state.under_way.iter().position(|run| Arc::ptr_eq(&run.progress, progress)) else {
            return;
        };
        let run = state.under_way.remove(at);
        state.work_done += run.work;
        match verdict {
            Some(verdict) => state.ended[verdict as usize] += 1,
            None => state.unjudged += 1,
        }
        state.remember(now - run.began, run.name);
    }

    /// Tells every run to stop.
    pub(super) fn stop(&self) {
        for run in &self.lock().under_way {
            run.progress.stop.store(true, Ordering::Relaxed);
        }
    }

    /// How long everything has taken so far, in real time.
    pub(super) fn took(&self) -> Duration {
        self.clock.now() - Moment::ZERO
    }

    /// The runs that took longest, in real time, the longest first.
    pub(super) fn slowest(&self) -> Vec<(Duration, String)> {
        self.lock().slowest.clone()
    }

    /// The present, to be drawn.
    fn view(&self) -> View {
        let now = self.clock.now();
        let mut state = self.lock();
        let going: Vec<Going> = state.under_way.iter_mut().map(|run| run.look(now)).collect();
        let under_way: f64 = state
            .under_way
            .iter()
            .zip(&going)
            .map(|(run, going)| run.work * going.share.unwrap_or(0.0))
            .sum();
        View {
            planned: state.planned,
            ended: state.ended,
            unjudged: state.unjudged,
            took: now - Moment::ZERO,
            share: if state.work > 0.0 { (state.work_done + under_way) / state.work } else { 0.0 },
            going,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Keeps a run if it is among the slowest.
    fn remember(&mut self, took: Duration, name: String) {
        const KEPT: usize = 3;
        let place = self.slowest.partition_point(|(other, _)| *other >= took);
        self.slowest.insert(place, (took, name));
        self.slowest.truncate(KEPT);
    }
}

impl Run {
    fn look(&mut self, now: Moment) -> Going {
        let load = |of: &std::sync::atomic::AtomicU64| of.load(Ordering::Relaxed);
        let at = Moment::from_us(load(&self.progress.now_us));
        let (done, left) = (load(&self.progress.done), load(&self.progress.left));
        let since = now - self.sampled.0;
        if since >= RATE_OVER || self.rate == 0.0 {
            self.rate = (done - self.sampled.1) as f64 / since.as_secs_f64().max(1e-3);
        }
        if since >= RATE_OVER {
            self.sampled = (now, done);
        }
        let owed = done.saturating_sub(left);
        Going {
            name: self.name.clone(),
            at,
            ends: self.ends,
            phase: self.phases.iter().rev().find(|(from, _)| *from <= at).map(|(_, name)| name.clone()),
            share: self.share(at, done),
            done,
            rate: self.rate,
            answered: (owed > 0).then(|| load(&self.progress.answered) as f64 / owed as f64),
        }
    }

    /// How much of it is done: by its clock where its end is known, else by requests. Never all of it: what was sent
    /// last still has to be answered.
    fn share(&self, at: Moment, done: u64) -> Option<f64> {
        const MOST: f64 = 0.99;
        let ends = self.ends.map(Moment::as_us).filter(|ends| *ends > 0);
        let by_clock = ends.map(|ends| at.as_us() as f64 / ends as f64);
        let by_count = self.intended.filter(|many| *many > 0).map(|many| done as f64 / many as f64);
        by_clock.or(by_count).map(|share| share.min(MOST))
    }
}

/// An estimate of what a run costs: its requests, and a few for starting at all. Of a closed load one a second and
/// client.
fn work(scenario: &Scenario) -> f64 {
    const START: f64 = 20.0;
    let closed = scenario.load.iter().map(|source| match &source.arrivals {
        Arrivals::Closed { clients, span, .. } => *clients as f64 * span.1.since(span.0).as_secs_f64(),
        _ => 0.0,
    });
    START + scenario.intended().unwrap_or(0.0) + closed.sum::<f64>()
}

/// Does `work` while the board is drawn.
pub(super) fn watch<R>(board: &Board, quiet: bool, work: impl FnOnce() -> R) -> R {
    std::thread::scope(|scope| {
        let (done, over) = std::sync::mpsc::channel();
        scope.spawn(move || draw(board, &over, quiet));
        let result = work();
        drop(done);
        result
    })
}

/// Draws the board until asked to stop; draws nothing unless somebody is watching.
pub(super) fn draw(board: &Board, over: &std::sync::mpsc::Receiver<()>, quiet: bool) {
    let shown = !quiet && screen::is_live();
    let color = screen::stderr_color();
    while let Err(std::sync::mpsc::RecvTimeoutError::Timeout) = over.recv_timeout(EVERY) {
        if let Some((columns, rows)) = screen::size().filter(|_| shown) {
            let view = board.view();
            let room = view::Room { columns: columns.saturating_sub(1), rows, color };
            let plain = view.lines(view::Room { color: false, ..room });
            screen::redraw(&view.lines(room), &plain, columns);
        }
    }
    screen::wipe();
}
