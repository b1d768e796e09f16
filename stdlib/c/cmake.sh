toolchain=$build/xb-toolchain.cmake
{
  echo "set(CMAKE_C_COMPILER $CC)"
  echo "set(CMAKE_CXX_COMPILER $CXX)"
  echo "set(CMAKE_AR /usr/bin/$AR CACHE FILEPATH \"\")"
  echo "set(CMAKE_RANLIB /usr/bin/$RANLIB CACHE FILEPATH \"\")"
  if [ "$triple" != "$build_triple" ]; then
    echo "set(CMAKE_SYSTEM_NAME Linux)"
    echo "set(CMAKE_SYSTEM_PROCESSOR ${triple%%-*})"
    echo "set(CMAKE_LIBRARY_ARCHITECTURE $triple)"
  fi
} >"$toolchain"
# With its type, since a project that asks for a path of no type makes it one of the folder it is built in.
words "$cmake_options" cmake -S "$folder" -B "$build/xb-build" -G Ninja \
  -DCMAKE_TOOLCHAIN_FILE="$toolchain" \
  -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_INSTALL_PREFIX=/usr/local -DCMAKE_INSTALL_LIBDIR:PATH=lib \
  -DCMAKE_INSTALL_RPATH=/usr/local/lib -DCMAKE_PREFIX_PATH=/usr/local
run_build() {
  cmake --build "$build/xb-build" -j "$jobs" "$@"
}
build_target() {
  run_build --target "$@"
}
if [ -n "$cmake_targets" ]; then
  words "$cmake_targets" build_target
else
  run_build
fi
DESTDIR="$out" cmake --install "$build/xb-build"
