# What the runners of the vendors' packages share: installing, one `brownout mock`, jobs. Sourced, with `here` (the suite's
# folder), `root` (the repository) and `cache` (where packages go) set.

work="$(mktemp -d)"
mock=
finish() {
    local jobs
    jobs="$(jobs -p)"
    if [[ -n $jobs ]]; then kill $jobs 2>/dev/null || true; fi
    wait
    rm -rf "$work"
}
trap finish EXIT

# absent WHAT: this machine cannot run the suites.
absent() {
    echo "sdk: skipped: $1" >&2
    if [[ ${CI:-} == true ]]; then exit 1; fi
    exit 4
}

tools() {
    local old='import sys; sys.exit(sys.version_info < (3, 10))'
    python3 -c "$old" 2>/dev/null || absent "Python 3.10 or newer is not installed"
    python3 -c 'import venv, ensurepip' 2>/dev/null || absent "Python's venv module is not installed"
    node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null || absent "Node 20 or newer is not installed"
    command -v npm >/dev/null || absent "npm is not installed"
}

# fresh FOLDER FILE...: whether the folder was installed from these very files.
fresh() {
    local folder="$1"
    shift
    [[ -f $folder/.made-from ]] && cat "$@" | cmp -s - "$folder/.made-from"
}

# install_python NAME FILE
install_python() {
    local folder="$cache/$1" wanted="$2"
    if fresh "$folder" "$wanted"; then return; fi
    echo "sdk: installing Python packages ($1)"
    rm -rf "$folder"
    python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check --requirement "$wanted" || {
        if "$folder/bin/pip" index versions pip >/dev/null 2>&1; then exit 1; fi
        absent "PyPI cannot be reached"
    }
    cp "$wanted" "$folder/.made-from"
}

# install_node NAME SOURCE
install_node() {
    local folder="$cache/$1" source="$2"
    if fresh "$folder" "$source/package-lock.json"; then return; fi
    echo "sdk: installing npm packages ($1)"
    rm -rf "$folder"
    mkdir -p "$folder"
    cp "$source/package.json" "$source/package-lock.json" "$folder"
    # Not `npm ci`: that insists on optional packages for other machines, which not every registry has.
    (cd "$folder" && npm install --no-audit --no-fund --ignore-scripts --loglevel=error >"$work/npm.log" 2>&1) || {
        cat "$work/npm.log" >&2
        if npm ping >/dev/null 2>&1; then exit 1; fi
        absent "npm cannot be reached"
    }
    cp "$source/package-lock.json" "$folder/.made-from"
}

# Starts `brownout mock` with a provider of every dialect, and waits until it says where.
serve() {
    program="${BROWNOUT:-$root/target/debug/brownout}"
    if [[ -z ${BROWNOUT:-} ]]; then cargo build --quiet --locked; fi
    program="$(cd "$(dirname "$program")" && pwd)/$(basename "$program")"
    "$program" schema >"$work/schema.json"
    "$program" mock --json --fast >"$work/mock.json" 2>"$work/mock.log" &
    mock=$!
    for _ in $(seq 200); do
        if [[ -s $work/mock.json ]]; then break; fi
        if ! kill -0 "$mock" 2>/dev/null; then break; fi
        sleep 0.05
    done
    if [[ ! -s $work/mock.json ]]; then
        echo "sdk: brownout mock did not start" >&2
        cat "$work/mock.log" >&2
        exit 1
    fi
    export BROWNOUT_MOCK="$work/mock.json" BROWNOUT_SDK_MODULES="$cache/node"
    authorities
}

# Every client reads all certificates it could ever need, for half of a run's time; none needs any here.
authorities() {
    awk '/BEGIN/ { found = 1 } found { print } /END/ { exit }' "$cache"/current/lib/*/site-packages/certifi/cacert.pem >"$work/ca.pem"
    export SSL_CERT_FILE="$work/ca.pem"
}

# Faults of the environment are not the vendors': no proxies, no keys, no settings of the caller.
clean() {
    local name
    for name in $(compgen -e | grep -iE '^(OPENAI|ANTHROPIC|AZURE|GEMINI|GOOGLE|MISTRAL|OLLAMA)_|_proxy$' || true); do
        unset "$name"
    done
    export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$root/tests/sdk/python"
}

# job NAME COMMAND...: in the background, at most two at a time (the machines of continuous integration have two cores).
# Its output is shown in full if it fails, else only its summary.
failed=0
running=0
job() {
    if ((running == 2)); then settle; fi
    (
        end=failed
        if ("${@:2}") >"$work/$1.log" 2>&1; then end=passed; fi
        echo "$end" >"$work/$1.part" && mv "$work/$1.part" "$work/$1.end"
    ) &
    running=$((running + 1))
}

# Waits until a job has ended, and says how.
settle() {
    local end name
    until compgen -G "$work/*.end" >/dev/null; do sleep 0.1; done
    for end in "$work"/*.end; do
        name="$(basename "$end" .end)"
        running=$((running - 1))
        if [[ $(<"$end") == passed ]]; then
            printf 'sdk: %-17s %s\n' "$name" "$(grep -E 'passed|read' "$work/$name.log" | tail -n 1 | sed 's/^ *//')"
        else
            failed=1
            printf '\nsdk: %s FAILED\n' "$name"
            cat "$work/$name.log"
        fi
        rm "$end"
    done
}

# Waits for all of them.
gather() {
    while ((running)); do settle; done
}
