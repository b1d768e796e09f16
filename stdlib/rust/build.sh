if ! cargo metadata --format-version 1 --locked --offline >/dev/null; then
  echo "nothing is downloaded while building: crates are there by \`lock = ./Cargo.lock\`, a copy of the source's in the" >&2
  echo "project, or in the source, where \`cargo vendor\` puts them" >&2
  exit 1
fi
run_cargo build --locked
install_programs() {
  for package; do
    words "$cargo_flags" cargo install --path "$package" --root "$out/usr/local" --no-track \
      --offline --locked --target "$rust_target"
  done
}
words "$cargo_packages" install_programs
