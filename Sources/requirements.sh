# Sourced by Sources/serve and Tests/run: the system packages and the compiler that both need.

# What Weir links against, and what the Swift toolchain needs to compile and link at all.
build_packages=(
    libssl-dev libnghttp2-dev pkg-config
    binutils git ca-certificates tzdata libc6-dev libgcc-12-dev libstdc++-12-dev
    libcurl4 libncurses6 libsqlite3-0 libxml2 zlib1g-dev
)

say() { printf '%s: %s\n' "$caller" "$*" >&2; }
fail() { say "$*"; exit 1; }

# Installs those of the named packages that are missing; apt-get alone is elevated.
install_missing() {
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        say "this is not Debian; these must be installed already: $*"
        return 0
    fi
    local missing=() package
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    local elevate=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null ||
            fail "missing packages: ${missing[*]}; install them as root, or install sudo"
        elevate=(sudo)
    fi
    say "installing ${missing[*]}"
    "${elevate[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q update >&2 ||
        fail "apt-get update failed; missing packages: ${missing[*]}"
    "${elevate[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y --no-install-recommends install "${missing[@]}" >&2 ||
        fail "apt-get install failed; missing packages: ${missing[*]}"
}

require_swift() {
    command -v swift >/dev/null ||
        fail "swift is not in PATH; Weir needs Swift 6.3 or later (https://www.swift.org/install)"
    local version
    version=$(swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9]+\.[0-9]+).*/\1/p' |
        head -n 1)
    [ -n "$version" ] || fail "\`swift --version\` does not run; is the toolchain complete?"
    local major=${version%%.*} minor=${version#*.}
    if [ "$major" -lt 6 ] || { [ "$major" -eq 6 ] && [ "$minor" -lt 3 ]; }; then
        fail "Swift $version is too old; Weir needs Swift 6.3 or later"
    fi
}
