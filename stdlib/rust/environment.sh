# What cargo and build scripts read, in the build and in the check.
if ! [ -f "$build/$folder/Cargo.toml" ]; then
  echo "there is no \`Cargo.toml\` in $build/$folder: \`folder\` says where the project lies" >&2
  exit 1
fi
cd "$build/$folder"
rust_host=$(rustc -vV | sed -n 's/^host: //p')
rust_target=${triple%%-*}-unknown-linux-gnu
export CARGO_HOME="$HOME/.cargo" CARGO_BUILD_JOBS="$jobs" CARGO_NET_OFFLINE=true PKG_CONFIG_ALLOW_CROSS=1

# tools_for TRIPLE CC CXX AR: what compiles and links for TRIPLE, whichever of them cargo is told to build for.
tools_for() {
  rust_name=$(echo "$1" | tr - _)
  export "CC_$rust_name=$2" "CXX_$rust_name=$3" "AR_$rust_name=$4"
  export "CARGO_TARGET_$(echo "$rust_name" | tr '[:lower:]' '[:upper:]')_LINKER=$2"
}
rust_prefix=${rust_host%%-*}-linux-gnu
tools_for "$rust_host" "$rust_prefix-gcc" "$rust_prefix-g++" "$rust_prefix-ar"
tools_for "$rust_target" "$CC" "$CXX" "$AR"

# The crates are those of the lock that the package names, so the source must mean the same one; else those of `vendor`.
mkdir -p "$CARGO_HOME"
rust_crates=$PWD/vendor
if [ -n "${inputs-}" ]; then
  rust_crates=$inputs/crates
  rust_workspace=$(cargo locate-project --workspace --message-format plain)
  take_lock "${rust_workspace%/*}/Cargo.lock" "$inputs/lock/Cargo.lock"
fi
if [ -d "$rust_crates" ]; then
  cat >"$CARGO_HOME/config.toml" <<END
[source.crates-io]
replace-with = "locked"
[source.locked]
directory = "$rust_crates"
END
fi
# Flags for the target alone: what is needed is found when the program runs, and no path of the sandbox is kept.
rust_flags="--remap-path-prefix=$build/= --remap-path-prefix=$rust_crates/=crates/"
for flag in $LDFLAGS; do
  rust_flags="$rust_flags -Clink-arg=$flag"
done
export "CARGO_TARGET_$(echo "$rust_target" | tr '[:lower:]-' '[:upper:]_')_RUSTFLAGS=$rust_flags ${rust_baseline-}"

run_cargo() {
  words "$cargo_flags" cargo "$@" --release --offline --target "$rust_target"
}
