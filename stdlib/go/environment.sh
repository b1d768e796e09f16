# cgo takes from variables of its own what the others take from the usual ones.
export CGO_CFLAGS="$CFLAGS" CGO_CXXFLAGS="$CXXFLAGS" CGO_CPPFLAGS="$CPPFLAGS" CGO_LDFLAGS="$LDFLAGS"
export GOFLAGS="-buildvcs=false -p=$jobs -tags=$go_tags ${GOFLAGS-}"
go telemetry off
if [ -n "$go_import" ]; then
  # Go does not look into folders whose name begins with a dot.
  export GO111MODULE=off GOPATH="$build/.xb-go:/usr/share/gocode"
fi
# Goes to where the project lies, by the path that it is imported by.
enter() {
  project=$build/$folder
  if [ -n "$go_import" ]; then
    project=$build/.xb-go/src/$go_import
    if ! [ -e "$project" ]; then
      mkdir -p "${project%/*}"
      ln -s "$build/$folder" "$project"
    fi
  elif ! [ -f "$project/go.mod" ]; then
    echo "there is no \`go.mod\` in the folder \`$folder\` of the source: \`folder\` says where it is; without one," >&2
    echo "\`import = \"host/path\"\` says by which path the source is imported" >&2
    exit 1
  elif [ -n "${inputs-}" ]; then
    use_lock
  elif [ -d "$project/vendor" ]; then
    GOFLAGS="-mod=vendor $GOFLAGS"
  fi
  cd "$project"
}
# The modules are those of the lock that the package names, so the source must mean the same one.
use_lock() {
  take_lock "$project/go.sum" "$inputs/lock/go.sum"
  # Nobody is asked whether a hash is the one that everybody sees: what `go.sum` says is there already.
  export GOMODCACHE="$inputs/modules" GOSUMDB=off
  GOFLAGS="-mod=readonly $GOFLAGS"
}
# find_modules [-test] PACKAGE...: says what to do where something is missing, since nothing can be downloaded here.
find_modules() {
  if go list -deps "$@" >/dev/null; then
    return
  fi
  if [ -n "$go_import" ]; then
    echo "what is not found belongs into \`needs\`, as the distribution's source package: \`github.com/pkg/errors\`" >&2
    echo "is in \`golang-github-pkg-errors-dev\`, most others accordingly" >&2
  else
    echo "modules come by \`lock = ./go.sum\`, a copy of the source's in the project, from a whole \`vendor\`" >&2
    echo "folder in the source, or, with \`import = \"$(go list -m)\"\`, from the distribution's source packages," >&2
    echo "\`golang-*-dev\` in \`needs\`" >&2
  fi
  exit 1
}
