# `just check` before a commit, `just ci` before a merge. Every recipe is one or two cargo commands; .ci/run runs the same.

# Format, lints, documentation: what a compiler can say.
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items

# Every test of both crates.
test:
    cargo test --workspace

# The scenario suite, or one folder or file of it.
run *ARGS:
    cargo run --release -- run {{ARGS}}

# Read every scenario file without running it.
scenarios:
    cargo run --release -- check

# The whole suite twice, on different numbers of threads: all reports are the same bytes.
determinism:
    rm -rf target/determinism
    cargo run --release -- run --quiet --report target/determinism/first
    cargo run --release -- run --quiet --report target/determinism/second --jobs 1
    diff -rq target/determinism/first target/determinism/second

# Look over changed snapshots (needs cargo-insta).
snap:
    cargo insta review

# Licences, advisories, duplicates and sources of every dependency (needs cargo-deny).
deny:
    cargo deny check

# Direct dependencies that nothing uses (needs cargo-machete).
unused:
    cargo machete

# The pictures of the README, from real runs.
pictures:
    docs/images/draw

# The vendors' own SDKs against the mocks, all versions, and the table of docs/sdk-streams.md (`just sdks --write`).
sdks *ARGS:
    tests/sdk/run {{ARGS}}

# SDKs, LangChain and the Vercel AI SDK through the router, while providers fail (`just sdks-router --quick`).
sdks-router *ARGS:
    tests/sdk/router/run {{ARGS}}

# Every format of a report, read by somebody else's program; the action's scripts and examples.
formats:
    tests/formats/run

# Mutants of the router's core, each built and tested in seconds (`just mutants --shard 0/8`); needs cargo-mutants.
mutants *ARGS:
    tests/mutants/run {{ARGS}}

# All mutants of the core or of the judge in one build, each behind a switch (`just all-mutants core`); needs cargo-mutants.
all-mutants *PARTS:
    tests/mutants/all {{PARTS}}

# Everything that a change has to pass.
ci:
    bash .ci/run
