//! Load: few requests, so that a world is quick, and those at times that matter.

use std::time::Duration;

use super::constants::{Against, Constants};
use super::draw::{Draw, Pace};
use super::faults::Seen;
use super::providers::Provider;
use super::send;
use super::swarm::Swarm;
use super::themes::Style;
use super::timeline::{Timeline, Window, whole};
use crate::fuzz::Doc;
use crate::router::config::Config;

/// What requests are made around.
pub(super) struct Crowd<'a> {
    pub(super) swarm: &'a Swarm,
    pub(super) pace: Pace,
    pub(super) config: &'a Config,
    pub(super) own: &'a Constants,
    pub(super) providers: &'a [Provider],
    pub(super) seen: &'a Seen,
}

/// Sources of load, and single requests.
#[derive(Debug, Default)]
pub(super) struct Load {
    pub(super) sources: Vec<Doc>,
    pub(super) requests: Vec<Doc>,
}

const STYLES: [(u64, Style); 6] = [
    (10, Style::Even),
    (10, Style::Script),
    (4, Style::Burst),
    (3, Style::Closed),
    (2, Style::Ramp),
    (2, Style::HalfOpen),
];

impl Crowd<'_> {
    /// Everything that is sent while faults rage. May move the windows to where it hurts.
    pub(super) fn drawn(&self, draw: &mut Draw, timeline: &mut Timeline) -> Load {
        let styles = self.swarm.theme.loads;
        let style = if styles.is_empty() { draw.weighted(&STYLES) } else { draw.pick(styles) };
        let mut load = Load::default();
        match style {
            Style::HalfOpen => load.requests = self.half_open(draw, timeline),
            Style::Script => load.requests = self.script(draw, timeline),
            style => {
                load.sources.push(self.source(draw, timeline, style));
                if draw.chance(12) {
                    let second = draw.pick(&[Style::Even, Style::Burst]);
                    load.sources.push(self.source(draw, timeline, second));
                }
                if draw.chance(25) {
                    load.requests = self.script(draw, timeline);
                }
            }
        }
        let listed =
            load.requests.iter().filter_map(|one| one.get("send")?.get("at")?.word().and_then(super::time));
        let last = if load.sources.is_empty() { listed.max() } else { Some(timeline.span) };
        timeline.close(last.unwrap_or_default());
        load
    }

    fn route(&self, draw: &mut Draw) -> String {
        let names: Vec<&String> = self.config.routes.keys().collect();
        draw.pick(&names).clone()
    }

    fn source(&self, draw: &mut Draw, timeline: &Timeline, style: Style) -> Doc {
        let span = timeline.span;
        let mut source = Doc::map([("route", self.route(draw).into())]);
        let rate = |count: u64| Doc::Word(format!("{}/h", (count * 3_600_000).div_ceil(millis(span)).max(1)));
        match style {
            Style::Burst => {
                let times = draw.pick(&[1_u32, 1, 2, 3]);
                let every = whole(span / times).max(Duration::from_millis(1));
                source
                    .set("burst", Doc::map([("size", draw.between(2, 10).into()), ("every", every.into())]));
            }
            Style::Closed => {
                let think = whole(span / draw.pick(&[4, 6, 10])).max(Duration::from_millis(1));
                source.set(
                    "closed",
                    Doc::map([("clients", draw.between(1, 3).into()), ("think", think.into())]),
                );
            }
            Style::Ramp => {
                let (from, to) = (rate(draw.between(1, 6)), rate(draw.between(6, 30)));
                source.set("ramp", Doc::map([("from", from), ("to", to)]));
            }
            Style::Crowd => source.set("rate", rate(draw.between(110, 260))),
            _ => {
                let more = if self.swarm.forces("cache") { 2 } else { 1 };
                source.set("rate", rate(draw.weighted(&[(2, 4), (4, 8), (4, 14), (2, 24)]) * more));
                if draw.chance(55) {
                    source.set("arrivals", draw.word(&["constant", "constant", "constant", "poisson"]));
                }
            }
        }
        source.set("for", span);
        let shares = match () {
            () if self.swarm.theme.both_paths => [(6, "50%"), (0, "true"), (0, "false")],
            () if self.swarm.forces("streams") => [(1, "50%"), (6, "true"), (0, "false")],
            () => [(4, "50%"), (2, "true"), (2, "false")],
        };
        source.set("stream", draw.weighted(&shares));
        source.set("prompt", draw.word(&["2", "5", "5", "3..20", "60"]));
        if draw.chance(20) && !self.swarm.forces("long") {
            source.set("output", draw.word(&["1", "4", "2..12"]));
        }
        if !self.seen.tenants.is_empty() {
            let weight = |name: &String| (name.clone(), Doc::from(draw.between(1, 3)));
            source.set("tenants", Doc::Map(self.seen.tenants.iter().map(weight).collect()));
        }
        if self.swarm.seldom(draw, "distinct") {
            source.set("distinct_prompts", draw.between(1, 3));
        }
        if self.swarm.seldom(draw, "patience") {
            source.set("patience", self.patience(draw));
        }
        source
    }

    /// How long a caller stays: often until just before or after something was due.
    fn patience(&self, draw: &mut Draw) -> Duration {
        let against = draw.pick(&[Against::First, Against::Whole, Against::Gap, Against::Wait]);
        self.own.around(draw, against)
    }

    /// Single requests at moments at which something may turn out differently.
    fn script(&self, draw: &mut Draw, timeline: &Timeline) -> Vec<Doc> {
        let count = draw.between(1, 9);
        let mut times: Vec<Duration> = (0..count).map(|_| timeline.moment(draw, self.own)).collect();
        times.sort_unstable();
        self.sent(draw, &times)
    }

    fn sent(&self, draw: &mut Draw, times: &[Duration]) -> Vec<Doc> {
        let one = |at: &Duration| {
            let route = self.route(draw);
            Doc::map([("send", self.send(draw, &route, whole(*at)))])
        };
        times.iter().map(one).collect()
    }

    fn send(&self, draw: &mut Draw, route: &str, at: Duration) -> Doc {
        let mut send = Doc::map([("route", route.into()), ("at", at.into())]);
        if draw.chance(if self.swarm.forces("streams") { 90 } else { 45 }) {
            send.set("stream", true);
        }
        if !self.seen.tenants.is_empty() && draw.chance(85) {
            send.set("tenant", draw.pick(&self.seen.tenants));
        }
        if self.swarm.seldom(draw, "leave") {
            send.set("leave_after", self.patience(draw));
        }
        send::needs(draw, self.swarm, &mut send);
        send::asks(draw, self, route, &mut send);
        send
    }

    /// A row of failures that benches, and callers who come exactly when the bench is over, and when its provider is well again.
    fn half_open(&self, draw: &mut Draw, timeline: &mut Timeline) -> Vec<Doc> {
        let ms = Duration::from_millis;
        let from = whole(timeline.span / 8);
        let gap = self.pace.ms(draw.pick(&[1, 20, 200]));
        let row = self.own.row.clamp(1, 8) + u32::from(draw.chance(30));
        let failing: Vec<Duration> = (0..row).map(|nth| from + gap * nth).collect();
        let error = self.providers.first().map_or(Duration::ZERO, |provider| provider.error);
        // Chance may lengthen the bench: then these are some of the moments before its end.
        let open = failing[failing.len() - 1] + error + self.own.one(draw, Against::Bench);
        let edge = |draw: &mut Draw, at: Duration| match draw.between(0, 5) {
            0 => at.saturating_sub(ms(1)),
            1 => at + ms(1),
            2 => at + ms(3),
            3 => at + at.saturating_sub(from) / 10,
            4 => at.saturating_sub(ms(20)),
            _ => at,
        };
        let well = whole(edge(draw, open)).max(from + ms(1));
        timeline.windows = vec![Window { from, to: well }];
        timeline.span = timeline.span.max(well + self.own.one(draw, Against::Bench) * 2);
        let mut times = failing;
        times.extend((0..draw.between(1, 4)).map(|_| edge(draw, open)));
        times.extend((0..draw.between(0, 2)).map(|_| edge(draw, well)));
        times.extend((0..draw.between(0, 3)).map(|_| well + self.own.around(draw, Against::Bench)));
        times.sort_unstable();
        let last = times.last().copied().unwrap_or_default();
        timeline.span = whole(timeline.span.max(last + ms(1)));
        self.sent(draw, &times)
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1)
}
