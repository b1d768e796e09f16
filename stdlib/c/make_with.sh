# make_with TARGET...: with the tools of the result's architecture, and the flags of the package behind them.
make_with() {
  words "$make_flags" make -j"$jobs" CC="$CC" CXX="$CXX" AR="$AR" RANLIB="$RANLIB" STRIP="$STRIP" "$@"
}
