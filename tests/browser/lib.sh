# What the browser test and the screenshots share: tools, packages, pages. Sourced, with `here` (this folder) and `root`
# (the repository) set.

cache="${BROWNOUT_BROWSER_CACHE:-$root/target/browser}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# absent WHAT: this machine cannot run a browser.
absent() {
    echo "browser: skipped: $1" >&2
    if [[ ${CI:-} == true ]]; then exit 1; fi
    exit 4
}

# Where Chromium is; on a Debian that has none and lets us, it is installed.
browser() {
    local name
    for name in "${BROWNOUT_CHROMIUM:-}" chromium chromium-browser google-chrome; do
        if [[ -n $name ]] && command -v "$name" >/dev/null; then
            command -v "$name"
            return
        fi
    done
    if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
        echo "browser: installing chromium" >&2
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core; } >"$work/apt.log" 2>&1 \
            || { cat "$work/apt.log" >&2; return 1; }
        command -v chromium
        return
    fi
    return 1
}

tools() {
    node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null || absent "Node 20 or newer is not installed"
    command -v npm >/dev/null || absent "npm is not installed"
    BROWNOUT_CHROMIUM="$(browser)" || absent "Chromium is not installed"
    export BROWNOUT_CHROMIUM
    mkdir -p "$cache"
    if cmp -s "$here/package-lock.json" "$cache/.made-from"; then return; fi
    echo "browser: installing npm packages"
    cp "$here/package.json" "$here/package-lock.json" "$cache"
    (cd "$cache" && npm install --no-audit --no-fund --ignore-scripts --loglevel=error >"$work/npm.log" 2>&1) || {
        cat "$work/npm.log" >&2
        if npm ping >/dev/null 2>&1; then exit 1; fi
        absent "npm cannot be reached"
    }
    cp "$here/package-lock.json" "$cache/.made-from"
}

# page NAME SCENARIO...: runs them, whatever their verdicts, and keeps their report as NAME.html in $pages.
page() {
    local name="$1" code=0
    shift
    "$program" run "$@" --quiet --format html --report "$work/$name" >"$work/$name.log" 2>&1 || code=$?
    if [[ ! -s $work/$name/index.html ]]; then
        echo "browser: no report of $* (exit code $code)" >&2
        cat "$work/$name.log" >&2
        exit 1
    fi
    mv "$work/$name/index.html" "$pages/$name.html"
}

program="${BROWNOUT:-$root/target/debug/brownout}"
pages="$work/pages"
mkdir -p "$pages"
export BROWNOUT_BROWSER_MODULES="$cache" BROWNOUT_PAGES="$pages"
