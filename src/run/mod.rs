//! Builds a world from a scenario, runs it, and hands on its history.
//!
//! One scenario, two places to run. *Simulated*: one current-thread runtime with paused time and a network in
//! memory, real HTTP bytes end to end; an hour takes seconds and the same seed gives the same bytes. *Real
//! time*: the same providers and the same router on loopback TCP.
//!
//! In the middle is our router or, by [`run_around`], anybody's.
//!
//! Flow: [`header()`] says what is planned; `world` starts providers and router; `drive` sends the callers;
//! `join` puts the three witnesses' words together, request by request; a consumer gets each record as soon
//! as it is complete. What never happens here: judging.

mod drive;
mod header;
mod join;
mod middle;
mod secrecy;
mod world;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

pub use drive::{arriving, asks};
pub use header::header;
pub use middle::{Around, Foreign, Middle, Serve};

use crate::history::{Aborted, CallerEnding, Footer, Gauges, HealthChange, Mode, Record};
use crate::judge::{Judge, Judgement};
use crate::router::Router;
use crate::scenario::Scenario;
use crate::world::{Clock, Dice, Moment};

/// How long after its last request a run waits for what is still under way at the providers.
const SETTLE: Duration = Duration::from_secs(5);

/// And for what the router still holds: a probe of its own may have begun a moment ago, and waits ten seconds at most.
const SETTLE_ROUTER: Duration = Duration::from_secs(11);

/// How often changes of health are fetched while no request ends.
const FETCH: Duration = Duration::from_secs(1);

/// And for what is still open at the providers behind a router that is not ours: it says of no request that it is done with it.
const SETTLE_FOREIGN: Duration = Duration::from_secs(60);

/// The same as [`SETTLE`] for a run that was stopped: its callers are gone, and somebody is waiting for the prompt.
const SETTLE_STOPPED: Duration = Duration::from_millis(100);

/// Takes a run's records as they are completed.
pub trait Consumer: Send {
    /// The next complete record, in order of completion.
    ///
    /// # Errors
    ///
    /// When it cannot be written down; the run ends.
    fn record(&mut self, record: &Record) -> io::Result<()>;

    /// A target's standing with the router changed.
    ///
    /// # Errors
    ///
    /// As [`Consumer::record`].
    fn health(&mut self, change: &HealthChange) -> io::Result<()> {
        let _ = change;
        Ok(())
    }

    /// Why the run can end now, if it can; asked after every record while callers are sent. Those under way are dropped,
    /// and leave no records.
    fn enough(&mut self) -> Option<Aborted> {
        None
    }
}

/// What a run tells while it goes on, and how it is told to stop.
#[derive(Debug, Default)]
pub struct Progress {
    /// Microseconds since the run's start, on its own clock.
    pub now_us: AtomicU64,
    /// Requests that are over.
    pub done: AtomicU64,
    /// Those of them whose callers got something that claims to be a whole answer: a first impression, not a judgement.
    pub answered: AtomicU64,
    /// Those of them whose callers left.
    pub left: AtomicU64,
    /// Set from outside: the run ends early, and says so.
    pub stop: AtomicBool,
}

/// Runs `scenario` and gives every record to `consumer`.
///
/// # Errors
///
/// When a recording cannot be read any more, a port cannot be bound, or the consumer fails.
pub fn run(
    scenario: &Scenario,
    mode: Mode,
    progress: &Arc<Progress>,
    consumer: &mut dyn Consumer,
) -> io::Result<Footer> {
    run_around(scenario, mode, progress, consumer, &Middle::Ours)
}

/// The same, with anybody's router in the middle.
///
/// # Errors
///
/// As [`run`].
pub fn run_around(
    scenario: &Scenario,
    mode: Mode,
    progress: &Arc<Progress>,
    consumer: &mut dyn Consumer,
    middle: &Middle,
) -> io::Result<Footer> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = match mode {
        Mode::Simulated => builder.enable_time().start_paused(true).build()?,
        Mode::RealTime => builder.enable_all().build()?,
    };
    let footer = runtime.block_on(live(scenario, mode, progress, consumer, middle));
    // Tasks that are still there (idle connections) end with their runtime; nothing waits for them.
    runtime.shutdown_background();
    footer
}

async fn live(
    scenario: &Scenario,
    mode: Mode,
    progress: &Arc<Progress>,
    consumer: &mut dyn Consumer,
    middle: &Middle,
) -> io::Result<Footer> {
    let clock = Clock::start(scenario.starts_us);
    let dice = Dice::new(scenario.seed);
    let (joiner, mut joined) = join::Joiner::new(clock, matches!(middle, Middle::Foreign(_)));
    let world = world::World::start(scenario, mode, clock, dice, &joiner, middle).await?;
    let callers = world.callers(clock);
    let drive = drive::Drive::new(scenario, callers, dice, clock, Arc::clone(&joiner), Arc::clone(progress));
    let intended = drive.intended();
    let given_up = {
        let mut driving = std::pin::pin!(drive.run());
        loop {
            tokio::select! {
                biased;
                record = joined.recv() => {
                    changes(&world, consumer)?;
                    if let Some(record) = record {
                        take(&record, consumer, progress, clock.now())?;
                    }
                    if let Some(why) = consumer.enough() {
                        break Some(why);
                    }
                }
                driven = &mut driving => {
                    driven?;
                    break None;
                }
                () = clock.sleep_until(clock.now() + FETCH) => changes(&world, consumer)?,
            }
        }
    };
    let ended = clock.now();
    let stopped = progress.stop.load(Ordering::Relaxed);
    let aborted = given_up.or(stopped.then_some(Aborted::Interrupted));
    let is_open = || if world.router().is_some() { joiner.open() > 0 } else { world.in_flight() > 0 };
    let longest = if world.router().is_some() { SETTLE } else { SETTLE_FOREIGN };
    settle(is_open, clock, if stopped { SETTLE_STOPPED } else { longest }).await;
    if aborted.is_none()
        && let Some(router) = world.router()
    {
        router.rest();
        settle(|| router.gauges() != (0, 0, 0), clock, SETTLE_ROUTER).await;
    }
    if world.router().is_none() {
        world.close().await;
    }
    joiner.flush();
    changes(&world, consumer)?;
    while let Ok(record) = joined.try_recv() {
        take(&record, consumer, progress, ended)?;
    }
    let (requests, attempts, probes) = world.router().map(Router::gauges).unwrap_or_default();
    Ok(Footer {
        ended,
        intended: intended.load(Ordering::Relaxed),
        fired: world.fired(scenario),
        gauges: Gauges { requests, attempts, probes },
        aborted,
    })
}

/// Waits while something is open, or long enough.
async fn settle(is_open: impl Fn() -> bool, clock: Clock, longest: Duration) {
    let until = clock.now() + longest;
    while is_open() && clock.now() < until {
        clock.sleep_until(clock.now() + Duration::from_millis(10)).await;
    }
}

/// Hands on what changed in the router's eyes, up to now.
fn changes(world: &world::World, consumer: &mut dyn Consumer) -> io::Result<()> {
    let changes = world.router().map(Router::changes).unwrap_or_default();
    changes.iter().try_for_each(|change| consumer.health(change))
}

fn take(record: &Record, consumer: &mut dyn Consumer, progress: &Progress, now: Moment) -> io::Result<()> {
    progress.now_us.store(now.as_us(), Ordering::Relaxed);
    progress.done.fetch_add(1, Ordering::Relaxed);
    match record.caller.ending {
        CallerEnding::Complete => drop(progress.answered.fetch_add(1, Ordering::Relaxed)),
        CallerEnding::Left => drop(progress.left.fetch_add(1, Ordering::Relaxed)),
        _ => {}
    }
    consumer.record(record)
}

/// A consumer that is a function.
impl<F: FnMut(&Record) -> io::Result<()> + Send> Consumer for F {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        self(record)
    }
}

/// A consumer that judges, and has enough when its judge says that the run is hopeless.
impl Consumer for Judge {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        Judge::record(self, record);
        Ok(())
    }

    fn health(&mut self, change: &HealthChange) -> io::Result<()> {
        Judge::health(self, change);
        Ok(())
    }

    fn enough(&mut self) -> Option<Aborted> {
        self.hopeless()
    }
}

/// Runs and judges a scenario in one go.
///
/// # Errors
///
/// As [`run`].
pub fn judge(scenario: &Scenario, mode: Mode) -> io::Result<Judgement> {
    let mut judge = Judge::new(header(scenario, mode));
    let footer = run(scenario, mode, &Arc::default(), &mut judge)?;
    Ok(judge.finish(footer))
}

#[cfg(test)]
mod tests;
