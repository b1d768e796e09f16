cd "$folder"
run_make() {
  make -j"$jobs" CC="$CC" CXX="$CXX" AR="$AR" RANLIB="$RANLIB" STRIP="$STRIP" "$@"
}
make_arguments() {
  words "$make_flags" "$@"
}
words "$make_targets" make_arguments run_make
if [ -n "$install_targets" ]; then
  words "$install_targets" words "$install_flags" make_arguments run_make DESTDIR="$out"
fi
