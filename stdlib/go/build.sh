enter
programs() {
  go list -e -f '{{if eq .Name "main"}}{{.Dir}}{{end}}' "$@"
}
build_programs() {
  words "$go_packages" go build -v -trimpath -o "$out/usr/local/bin/" "$@"
}
if [ -n "$go_packages" ]; then
  if [ -z "$(words "$go_packages" programs)" ]; then
    echo "there is no program in: $go_packages" | tr '\n' ' ' >&2
    echo "; the source has these: $(programs ./... | sed "s|^$PWD|.|" | tr '\n' ' ')" >&2
    echo "\`packages\` says which are built" >&2
    exit 1
  fi
  words "$go_packages" find_modules
  mkdir -p "$out/usr/local/bin"
  words "$go_flags" build_programs -ldflags="-buildid= $go_ldflags"
fi
