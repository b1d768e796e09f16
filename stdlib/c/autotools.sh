cd "$folder"
if [ -n "$reconfigure" ]; then
  autoreconf --force --install --verbose
fi
if ! [ -f configure ]; then
  echo "there is no \`configure\` in $PWD: \`reconfigure = true\` makes it, \`folder\` says where the project lies" >&2
  exit 1
fi
# Answers to tests that a build for another architecture cannot run itself.
words "$configure_cache" printf '%s\n' >config.site.xb
export CONFIG_SITE="$PWD/config.site.xb"
words "$configure_flags" ./configure \
  --build="$build_triple" --host="$triple" \
  --prefix=/usr/local --libdir=/usr/local/lib --sysconfdir=/etc --localstatedir=/var \
  --disable-dependency-tracking
words "$make_flags" make -j"$jobs"
run_install() {
  words "$make_flags" make DESTDIR="$out" "$@"
}
if [ -n "$install_targets" ]; then
  words "$install_targets" run_install
fi
find "$out" -name '*.la' -delete
