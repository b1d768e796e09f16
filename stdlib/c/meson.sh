if ! [ -f "$folder/meson.build" ]; then
  echo "there is no \`meson.build\` in $PWD/$folder: \`folder\` says where the project lies in the source" >&2
  exit 1
fi
# What a machine file says wins over the environment, and over what Meson would find by itself.
tools_of() {
  cat <<EOF
[binaries]
c = '$1'
cpp = '$2'
ar = '$3'
strip = '$4'
pkg-config = '$PKG_CONFIG'
[properties]
pkg_config_libdir = '$5'
EOF
}
target_machine=$build/xb-target.ini
tools_of "$CC" "$CXX" "$AR" "$STRIP" "$PKG_CONFIG_LIBDIR" >"$target_machine"
if [ "$triple" = "$build_triple" ]; then
  machine_files=--native-file=$target_machine
else
  # No `exe_wrapper`: Meson knows then that it cannot run what it builds.
  cat >>"$target_machine" <<EOF
needs_exe_wrapper = true
[host_machine]
system = 'linux'
cpu_family = '${triple%%-*}'
cpu = '${triple%%-*}'
endian = 'little'
EOF
  build_machine=$build/xb-build-machine.ini
  tools_of "$CC_FOR_BUILD" "$CXX_FOR_BUILD" ar strip \
    "/usr/lib/$build_triple/pkgconfig:/usr/share/pkgconfig" >"$build_machine"
  machine_files="--cross-file=$target_machine
--native-file=$build_machine"
fi
set_up() {
  meson setup "$build/xb-build" "$folder" --wrap-mode=nodownload --buildtype=release \
    --prefix=/usr/local --libdir=lib --sysconfdir=/etc --localstatedir=/var "$@"
}
words "$machine_files" words "$meson_options" set_up
ninja -C "$build/xb-build" -j "$jobs"
DESTDIR="$out" meson install -C "$build/xb-build" --no-rebuild
# Meson would skip, and call it success, the tests of what is built for another machine. The check runs on that machine.
if [ "$triple" != "$build_triple" ]; then
  python3 - "$build/xb-build/meson-private/meson_test_setup.dat" <<'EOF'
import pickle
import sys

sys.path.append("/usr/share/meson")
with open(sys.argv[1], "rb") as file:
    tests = pickle.load(file)
for test in tests:
    if test.is_cross_built:
        test.is_cross_built = False
with open(sys.argv[1], "wb") as file:
    pickle.dump(tests, file)
EOF
fi
