//! What `brownout fuzz` does: our own router, every core, three depths side by side.

use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::net::{Net, Played, Spotted};
use super::workers::{Next, in_order};
use super::{Finding, made_small, plan, play, waiting};
use crate::fuzz::generate::{self, Given};
use crate::fuzz::play::{engine, simulated, sockets};
use crate::fuzz::shrink::Budget;
use crate::fuzz::{Broken, Case, Coverage, Depth, Doc, Player};
use crate::world::{Clock, Moment};

/// Cases tried to make a finding small that only shows over sockets: each takes seconds.
const SOCKETS_BUDGET: u32 = 60;

/// What to hunt, and for how long.
#[derive(Clone, Debug)]
pub struct Campaign {
    /// Seed of all worlds.
    pub seed: u64,
    /// A router around which worlds are made: the `router:` part of a scenario. None makes one up for each world.
    pub router: Option<Doc>,
    /// The number of the first case.
    pub from: u64,
    /// Cases at most; none is as many as there is time for.
    pub cases: Option<u64>,
    /// For how long cases are begun; none is until there are no more.
    pub lasts: Option<Duration>,
    /// How deep they are played; none mixes all three.
    pub depth: Option<Depth>,
    /// Threads that play.
    pub jobs: usize,
    /// Whether to go on after a finding, until one of each promise that breaks was found.
    pub keep_going: bool,
    /// How much may be tried to make a finding small.
    pub budget: Budget,
}

/// Who plays a case at which depth.
#[derive(Clone, Copy)]
pub struct Players<'a> {
    /// The pure core alone.
    pub engine: &'a dyn Player,
    /// The whole router on a simulated network.
    pub simulated: &'a dyn Player,
    /// The whole router over sockets.
    pub sockets: &'a dyn Player,
}

/// How a campaign goes, and the way to end it early.
#[derive(Debug, Default)]
pub struct Watch {
    /// Cases played, by depth: on the pure core, on a simulated network, over sockets.
    pub played: [AtomicU64; 3],
    /// Pairs of a fault and a state met.
    pub pairs: AtomicU64,
    /// Promises found broken.
    pub found: AtomicU64,
    /// Findings that are being made small, or are already.
    pub shrinking: AtomicU64,
    /// Cases played to make them small.
    pub tries: AtomicU64,
    /// Set from outside: no case is begun any more, and findings are left as small as they are.
    pub stop: AtomicBool,
}

/// What came of a campaign.
#[derive(Debug)]
pub struct Outcome {
    /// Findings: the first, or of each promise the first, in the order of the promises.
    pub caught: Vec<Caught>,
    /// What met what. Of a campaign that ended with its first finding, up to that.
    pub coverage: Coverage,
    /// Cases played, by depth, as in [`Watch`].
    pub played: [u64; 3],
    /// Whether it was stopped from outside.
    pub stopped: bool,
}

/// A finding of a campaign.
#[derive(Clone, Debug, PartialEq)]
pub struct Caught {
    /// The depth at which it was found.
    pub found_at: Depth,
    /// The depth at which the small one shows it: what was found over sockets is simulated where it shows there too.
    pub depth: Depth,
    /// The finding.
    pub finding: Finding,
    /// Other promises that the case broke as it was found.
    pub also: Vec<String>,
    /// How long it took to make it small, in real time.
    pub took: Duration,
}

impl Campaign {
    /// Plays cases for as long as it may, and makes small what is found.
    ///
    /// On any number of threads the findings are the same, and so is the coverage where only the number of cases is bounded:
    /// results are taken in the order of the numbers. What happens over sockets is real time's.
    ///
    /// # Errors
    ///
    /// When a case cannot be played at all: no port, no file.
    pub fn run(&self, players: Players<'_>, watch: &Watch) -> io::Result<Outcome> {
        let net = Net::new(self.keep_going);
        let mut net = self.play_all(players, watch, net);
        if let Some(error) = net.error.take() {
            return Err(error);
        }
        let (coverage, played) = (std::mem::take(&mut net.coverage), net.played);
        let spotted = net.into_spotted();
        let mut caught = Vec::new();
        let shrink = |at: u64| self.made_small(&spotted[usize::try_from(at).unwrap_or(0)], players, watch);
        in_order(0..spotted.len() as u64, self.jobs, &|| true, &shrink, &mut |_, one| {
            caught.push(one);
            Next::Case
        });
        Ok(Outcome { caught, coverage, played, stopped: watch.is_stopped() })
    }

    fn play_all(&self, players: Players<'_>, watch: &Watch, net: Net) -> Net {
        let enough = AtomicBool::new(false);
        let may = self.may_begin(watch);
        let go_on = || !enough.load(Ordering::Relaxed) && may();
        let net = Mutex::new(net);
        let take = |number, played| {
            let mut net = net.lock().unwrap_or_else(PoisonError::into_inner);
            let next = net.take(number, played);
            watch.show(&net);
            if next == Next::Nothing {
                enough.store(true, Ordering::Relaxed);
            }
            next
        };
        let over_sockets = |number| {
            // What waits in the queue when it is enough was not begun.
            if go_on() {
                take(number, self.over_sockets(number, players));
            }
        };
        waiting::beside(&over_sockets, |bring| {
            let work = |number| match plan::depth(self.depth, number) {
                Depth::Sockets => {
                    bring(number);
                    None
                }
                depth => Some(self.one(number, depth, players)),
            };
            in_order(self.numbers(), self.jobs, &go_on, &work, &mut |number, played| {
                played.map_or(Next::Case, |played| take(number, played))
            });
        });
        net.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// The numbers of its cases.
    pub(super) fn numbers(&self) -> Range<u64> {
        self.from..self.cases.map_or(u64::MAX, |cases| self.from.saturating_add(cases))
    }

    /// Whether another case may begin: nobody has had enough, and from now on there is time.
    pub(super) fn may_begin(&self, watch: &Watch) -> impl Fn() -> bool + Sync {
        let clock = Clock::start(0);
        let until = self.lasts.map_or(Moment::NEVER, |lasts| clock.now() + lasts);
        move || !watch.is_stopped() && clock.now() < until
    }

    fn given(&self, depth: Depth) -> Given {
        Given { router: self.router.clone(), brief: depth == Depth::Sockets }
    }

    fn one(&self, number: u64, depth: Depth, players: Players<'_>) -> io::Result<Played> {
        let case = generate::world(&self.given(depth), self.seed, number);
        let mut coverage = Coverage::default();
        let broken = play(players.at(depth), &case, &mut coverage)?;
        let case = (!broken.is_empty()).then_some(case);
        Ok(Played { depth, coverage, broken, case })
    }

    /// In real time a machine that was busy may look like a router that was late: what breaks is played again, and counts if
    /// it breaks again.
    fn over_sockets(&self, number: u64, players: Players<'_>) -> io::Result<Played> {
        let mut played = self.one(number, Depth::Sockets, players)?;
        if let Some(case) = &played.case {
            let again = play(players.sockets, case, &mut Coverage::default())?;
            played.broken.retain(|broken| again.iter().any(|other| other.promise == broken.promise));
        }
        played.case = played.case.filter(|_| !played.broken.is_empty());
        Ok(played)
    }

    fn made_small(&self, spotted: &Spotted, players: Players<'_>, watch: &Watch) -> Caught {
        let clock = Clock::start(0);
        watch.shrinking.fetch_add(1, Ordering::Relaxed);
        let depth = Self::shown_at(spotted, players);
        let budget = match depth {
            Depth::Sockets => Budget { tries: self.budget.tries.min(SOCKETS_BUDGET), ..self.budget },
            _ => self.budget,
        };
        let Spotted { number, case, broken, .. } = spotted;
        let found = Self::at_once(depth, case, broken).unwrap_or_else(|| case.clone());
        let player = players.at(depth);
        let mut finding = made_small(player, *number, found, broken.clone(), budget, watch);
        if let Some(case) = Self::at_once(depth, &finding.shrunk.case, broken) {
            finding.shrunk.case = case;
        }
        let took = clock.now() - Moment::ZERO;
        Caught { found_at: spotted.depth, depth, finding, also: spotted.also.clone(), took }
    }

    /// On the core a case stands for several seeds: the same with the seed that breaks the promise as its own.
    fn at_once(depth: Depth, case: &Case, broken: &Broken) -> Option<Case> {
        (depth == Depth::Engine).then(|| engine::reseeded(case, &broken.promise)).flatten()
    }

    /// Where a finding is made small: where it was found or, if that was over sockets, on a simulated network if it shows there.
    fn shown_at(spotted: &Spotted, players: Players<'_>) -> Depth {
        let is_it = |case: &Case| {
            let broken = play(players.simulated, case, &mut Coverage::default()).unwrap_or_default();
            broken.iter().any(|other| other.promise == spotted.broken.promise)
        };
        match spotted.depth {
            Depth::Sockets if is_it(&spotted.case) => Depth::Simulated,
            depth => depth,
        }
    }
}

impl Players<'static> {
    /// Those of our own router.
    #[must_use]
    pub fn own() -> Players<'static> {
        Players { engine: &engine::play, simulated: &simulated::play, sockets: &sockets::play }
    }
}

impl<'a> Players<'a> {
    /// Who plays at a depth.
    #[must_use]
    pub const fn at(self, depth: Depth) -> &'a dyn Player {
        match depth {
            Depth::Engine => self.engine,
            Depth::Simulated => self.simulated,
            Depth::Sockets => self.sockets,
        }
    }
}

impl std::fmt::Debug for Players<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Players").finish_non_exhaustive()
    }
}

impl Watch {
    /// Whether somebody has had enough.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn show(&self, net: &Net) {
        for (shown, played) in self.played.iter().zip(net.played) {
            shown.store(played, Ordering::Relaxed);
        }
        self.pairs.store(net.coverage.len() as u64, Ordering::Relaxed);
        self.found.store(net.found() as u64, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(promise: &str) -> Broken {
        Broken { promise: promise.to_owned(), what: "as it had to".to_owned(), request: None }
    }

    fn campaign(jobs: usize) -> Campaign {
        Campaign {
            seed: 3,
            router: None,
            from: 0,
            cases: Some(60),
            lasts: None,
            depth: Some(Depth::Simulated),
            jobs,
            keep_going: false,
            budget: Budget { tries: 40, ..Budget::default() },
        }
    }

    /// Breaks two promises, by what a case's text is made of.
    fn by_text(case: &Case, coverage: &mut Coverage) -> io::Result<Vec<Broken>> {
        coverage.check("I01", 1);
        let sum: u32 = case.doc.yaml().bytes().map(u32::from).sum();
        let mut all = Vec::new();
        all.extend(sum.is_multiple_of(11).then(|| broken("I20")));
        all.extend(sum.is_multiple_of(17).then(|| broken("I10")));
        Ok(all)
    }

    fn players<'a>(player: &'a dyn Player) -> Players<'a> {
        Players { engine: player, simulated: player, sockets: player }
    }

    fn run(campaign: &Campaign, player: &dyn Player) -> (Vec<(String, u64)>, Coverage, [u64; 3]) {
        let outcome = campaign.run(players(player), &Watch::default()).expect("it plays");
        let caught = outcome.caught.iter();
        let seen = caught.map(|caught| (caught.finding.shown.promise.clone(), caught.finding.number));
        (seen.collect(), outcome.coverage, outcome.played)
    }

    #[test]
    fn findings_and_coverage_do_not_depend_on_the_number_of_threads() {
        for keep_going in [false, true] {
            let one = run(&Campaign { keep_going, ..campaign(1) }, &by_text);
            assert!(!one.0.is_empty(), "none of 60 texts has a sum that 11 or 17 divides");
            for jobs in [2, 5] {
                assert_eq!(run(&Campaign { keep_going, ..campaign(jobs) }, &by_text), one, "{jobs} threads");
            }
            // Of a hunt that ends with its first finding everything up to that was played, and nothing behind it counts.
            let expected = if keep_going { 60 } else { one.0[0].1 + 1 };
            assert_eq!(one.2, [0, expected, 0]);
        }
    }

    #[test]
    fn what_breaks_over_sockets_once_only_is_not_a_finding() {
        let plays = AtomicU64::new(0);
        let flaky = |_: &Case, _: &mut Coverage| {
            // Every case is played twice, and breaks something else each time.
            let nth = plays.fetch_add(1, Ordering::SeqCst);
            Ok(vec![broken(&format!("P{nth}"))])
        };
        let campaign = Campaign { depth: Some(Depth::Sockets), cases: Some(4), ..campaign(2) };
        let (caught, _, played) = run(&campaign, &flaky);
        assert_eq!((caught, played, plays.into_inner()), (Vec::new(), [0, 0, 4], 8));
    }

    #[test]
    fn what_breaks_over_sockets_is_shown_in_simulation_where_it_breaks_there_too() {
        let always = |_: &Case, _: &mut Coverage| Ok(vec![broken("I12")]);
        let never = |_: &Case, _: &mut Coverage| Ok(Vec::new());
        let campaign = Campaign { depth: Some(Depth::Sockets), cases: Some(1), ..campaign(1) };
        for (simulated, expected) in [(&always as &dyn Player, Depth::Simulated), (&never, Depth::Sockets)] {
            let players = Players { engine: &never, simulated, sockets: &always };
            let outcome = campaign.run(players, &Watch::default()).expect("it plays");
            assert_eq!((outcome.caught[0].found_at, outcome.caught[0].depth), (Depth::Sockets, expected));
        }
    }

    #[test]
    fn a_hunt_without_time_or_that_was_stopped_plays_nothing() {
        let never = |_: &Case, _: &mut Coverage| Ok(Vec::new());
        let campaign = Campaign { cases: None, lasts: Some(Duration::ZERO), ..campaign(2) };
        assert_eq!(run(&campaign, &never).2, [0; 3]);
        let watch = Watch { stop: AtomicBool::new(true), ..Watch::default() };
        let outcome = Campaign { lasts: None, ..campaign }.run(players(&never), &watch).expect("it plays");
        assert_eq!((outcome.played, outcome.stopped), ([0; 3], true));
    }

    #[test]
    fn the_first_error_ends_it() {
        let fails = |_: &Case, _: &mut Coverage| Err(io::Error::other("no port"));
        let error = campaign(2).run(players(&fails), &Watch::default()).expect_err("it cannot be played");
        assert_eq!(error.to_string(), "no port");
    }
}
