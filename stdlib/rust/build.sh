run_cargo build --locked
install_programs() {
  for package; do
    words "$cargo_flags" cargo install --path "$package" --root "$out/usr/local" --no-track \
      --offline --locked --target "$rust_target"
  done
}
words "$cargo_packages" install_programs
