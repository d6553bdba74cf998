//! The defects that can be switched on, each with one line on what it does; what it breaks is in `tests/zoo`.

macro_rules! defects {
    ($(#[doc = $doc:literal] $name:ident = $word:literal),* $(,)?) => {
        /// A deliberate defect of the router.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Defect {
            $(#[doc = $doc] $name),*
        }

        impl Defect {
            /// All of them.
            pub const ALL: &[Defect] = &[$(Defect::$name),*];

            /// Its name in documents and file names.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Defect::$name => $word),*
                }
            }

            /// What it does, in a sentence.
            #[must_use]
            pub fn about(self) -> &'static str {
                match self {
                    $(Defect::$name => $doc.trim_ascii()),*
                }
            }
        }
    };
}

defects! {
    // Recognising a failure
    /// A quota that is used up is taken for a rate limit, and asked again.
    TakesAQuotaForARate = "takes-a-quota-for-a-rate",
    /// Anthropic's 529 is in no list of statuses: it is taken for a bad request.
    KnowsNo529 = "knows-no-529",
    /// An error object inside a 200 stream of OpenAI's is read as a chunk without content.
    ReadsPastErrors = "reads-past-errors",
    /// Whatever an error event inside a 200 says, it is an internal error.
    EveryErrorInsideIsA500 = "every-error-inside-is-a-500",
    /// A finish reason that means failure is taken for the end of an answer.
    TakesAnErrorForAFinish = "takes-an-error-for-a-finish",
    /// A 200 without text or tool call is given to the caller as the answer.
    TakesNothingForAnAnswer = "takes-nothing-for-an-answer",
    /// A structured refusal is given to the caller where the route asks the next model.
    PassesARefusalOn = "passes-a-refusal-on",
    /// A connection that cannot be made has no status, so the next model is not asked.
    ConnectionsDoNotFallBack = "connections-do-not-fall-back",
    /// Only plain calls are guarded: the failure of a streamed one is the answer.
    StreamsDoNotFallBack = "streams-do-not-fall-back",
    /// The list of statuses that lead on to the next model is read and not used.
    IgnoresListedStatuses = "ignores-listed-statuses",
    /// What the request itself caused is tried on the model's other deployments, too.
    AsksTheSameAgain = "asks-the-same-again",
    /// A bad request at a fallback ends the request, though its first model was down.
    BelievesTheFallbacksComplaint = "believes-the-fallbacks-complaint",
    /// Only the first model of a chain is checked for what the request needs.
    ChecksAbilityOnTheFirstHop = "checks-ability-on-the-first-hop",
    // The end of a request
    /// The error is that of whoever failed last, not of what caused the trouble.
    BlamesTheLast = "blames-the-last",
    /// Every exhausted chain is an internal error, whatever the providers said.
    AlwaysSays500 = "always-says-500",
    /// The error says nothing of the wait that its provider asked for.
    KeepsTheWaitToItself = "keeps-the-wait-to-itself",
    // Repeats and waits
    /// A failure is repeated once more than declared.
    RepeatsOnceTooOften = "repeats-once-too-often",
    /// The transport retries by itself what the engine retries as well.
    RetriesInTwoLayers = "retries-in-two-layers",
    /// One attempt more is made than the route allows.
    CountsFromZero = "counts-from-zero",
    /// The cursor of a chain moves on twice.
    SkipsEverySecond = "skips-every-second",
    /// A request that may have been carried out is replayed, though the route surfaces that.
    RepeatsWhatMayBeDone = "repeats-what-may-be-done",
    /// A model's own word on repeats is read and not used.
    IgnoresAModelsRepeats = "ignores-a-models-repeats",
    /// Retry-After is not read.
    IgnoresRetryAfter = "ignores-retry-after",
    /// Retry-After in the form of a date is not understood.
    ReadsNoDates = "reads-no-dates",
    /// Only the request that was asked to wait does so.
    ForgetsWaits = "forgets-waits",
    /// A shorter wait that is asked for later takes the place of a longer one.
    MovesAWaitBack = "moves-a-wait-back",
    /// Repeats are made without their backoff.
    HammersAtOnce = "hammers-at-once",
    /// The backoff does not grow.
    NeverBacksOff = "never-backs-off",
    /// The backoff is not drawn: all callers come back together.
    RepeatsInStep = "repeats-in-step",
    /// The budget of repeats is asked, and its answer is not looked at.
    OverdrawsTheRetryBudget = "overdraws-the-retry-budget",
    /// As many hedges are made as there are models.
    HedgesAgainAndAgain = "hedges-again-and-again",
    /// A hedge is made after half the declared time.
    HedgesTooSoon = "hedges-too-soon",
    /// The budget of hedges is asked, and its answer is not looked at.
    OverdrawsTheHedgeBudget = "overdraws-the-hedge-budget",
    // Time
    /// Each attempt gets the whole time of the request.
    ForgetsTheDeadline = "forgets-the-deadline",
    /// The limit on connecting is not looked at.
    ConnectsForEver = "connects-for-ever",
    /// The clock stops when the headers are there: a body may take for ever.
    StopsTheClockAtHeaders = "stops-the-clock-at-headers",
    /// Any byte resets the idle timer, pings included.
    PingsAreProgress = "pings-are-progress",
    /// Once output has come, a stream may be silent for as long as the request may last.
    TimesTheFirstTokenOnly = "times-the-first-token-only",
    /// A model's own limits are read and not used.
    IgnoresAModelsLimits = "ignores-a-models-limits",
    // Streams
    /// A stream that just ends is ended like one that was whole.
    InventsATerminator = "invents-a-terminator",
    /// A stream that breaks after commit goes on with the words of another attempt.
    SplicesTwoAttempts = "splices-two-attempts",
    /// What is said again is skipped by its length, whether it is the same or not.
    SkipsWithoutReading = "skips-without-reading",
    /// A continuation is not marked as one.
    HidesASeam = "hides-a-seam",
    /// The first event of a stream commits it, though it has no words.
    CommitsOnARole = "commits-on-a-role",
    /// A tool call whose arguments are cut is presented as complete.
    AcceptsHalfACall = "accepts-half-a-call",
    /// An answer is gone on with although its caller has a tool call already.
    GoesOnAfterACall = "goes-on-after-a-call",
    /// Lines of a stream end with LF only.
    KnowsOnlyLineFeeds = "knows-only-line-feeds",
    /// A byte order mark makes the first line of a stream unreadable.
    StumblesOverABom = "stumbles-over-a-bom",
    // Health
    /// What is the request's own fault counts against its target.
    BlamesForBadRequests = "blames-for-bad-requests",
    /// A caller who leaves counts against the provider.
    BlamesWhoWasLeft = "blames-who-was-left",
    /// A caller in a hurry counts against the provider.
    BlamesShortDeadlines = "blames-short-deadlines",
    /// A probe that fails begins the bench anew, though it had longer to go.
    MovesABenchBack = "moves-a-bench-back",
    /// Failures are not counted: nobody is ever benched.
    NeverBenches = "never-benches",
    /// The end of a bench is not looked at.
    NeverLetsBack = "never-lets-back",
    /// A bench that is over lets everybody in, not one.
    EverybodyProbes = "everybody-probes",
    /// A probe that is given up keeps its slot.
    LosesAProbeSlot = "loses-a-probe-slot",
    /// A call that is given up keeps its place among those in flight.
    LosesPlaces = "loses-places",
    // Choice
    /// A chain in order of preference is shuffled.
    IgnoresTheOrder = "ignores-the-order",
    /// Weights are read and not used.
    IgnoresWeights = "ignores-weights",
    /// A failure is the fastest answer, so that it attracts traffic.
    FailingFastAttracts = "failing-fast-attracts",
    /// What nothing is known of is the fastest, however many calls it has not answered yet.
    SilenceAttracts = "silence-attracts",
    // Isolation and policy
    /// The next provider is shown the first one's key.
    LeaksAKey = "leaks-a-key",
    /// The next provider is asked for the first one's model.
    AsksForTheFirstModel = "asks-for-the-first-model",
    /// A caller's wish for no fallback is not looked at.
    FallsBackUnasked = "falls-back-unasked",
    /// Only the first model of a chain is checked against what its tenant may use.
    ChecksAccessOnTheFirstHop = "checks-access-on-the-first-hop",
    /// Only the first model of a chain is checked against the regions that are allowed.
    ChecksTheRegionOnTheFirstHop = "checks-the-region-on-the-first-hop",
    /// What a tenant may spend is only looked at when its request arrives.
    ForgetsTheBudgetOnTheSecondHop = "forgets-the-budget-on-the-second-hop",
    /// A last resort is asked whatever the tenant may use, spend, or be served from.
    LastResortKnowsNoRules = "last-resort-knows-no-rules",
    /// Tenants share the cache.
    SharesTheCache = "shares-the-cache",
    /// What came of a broken stream is kept in the cache.
    CachesHalfAnAnswer = "caches-half-an-answer",
    /// An answer stays in the cache for ever.
    ServesStaleAnswers = "serves-stale-answers",
    // What is told
    /// Callers are told that the first model served them.
    NamesTheFirstModel = "names-the-first-model",
    /// The attempt that served is not counted.
    CountsOnlyWhatFailed = "counts-only-what-failed",
    /// An attempt that lost a race is in no record.
    ForgetsLosers = "forgets-losers",
    /// Every attempt is billed at the first model's price.
    BillsAtTheFirstPrice = "bills-at-the-first-price",
    /// A usage that nobody told costs nothing.
    UnknownIsFree = "unknown-is-free",
    /// Usage that is told twice is counted twice.
    AddsUsageUp = "adds-usage-up",
    // Resources
    /// Who left during a wait is not noticed: the next attempt begins.
    StartsForNobody = "starts-for-nobody",
    /// Who left is not noticed until the work is done.
    WorksForNobody = "works-for-nobody",
    /// An attempt that is given up runs on.
    LetsLosersRun = "lets-losers-run",
    /// The timer of a hedge outlives the answer: one more attempt begins.
    StartsAfterTheAnswer = "starts-after-the-answer",
    /// A failed attempt is never taken off the count.
    LeaksAGauge = "leaks-a-gauge",
}
